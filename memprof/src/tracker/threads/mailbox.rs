//! The mailbox of a ledger: words about scopes that have ended on other threads.

use super::mailbox_words::MailboxWords;
use crate::os::memory::pages;
use crate::tracker::sync::{AtomicU64, AtomicUsize};
use std::ptr::null_mut;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

/// Words that can wait for one thread. Beyond that, the thread ends all its open blocks.
const SLOTS: usize = 8 * 1024;
const BYTES: usize = SLOTS * size_of::<AtomicU64>();

/// The mailbox of a ledger, with the memory of its slots.
#[derive(Debug)]
pub(crate) struct Mailbox {
    pub(crate) words: MailboxWords,
    /// Slots of the words. Null until the first word: most threads never get one.
    slots: AtomicPtr<AtomicU64>,
}

impl Mailbox {
    pub(crate) const fn new() -> Self {
        Self { words: MailboxWords { upto: AtomicUsize::new(0) }, slots: AtomicPtr::new(null_mut()) }
    }

    /// True if no scope of the ledger has ended on another thread.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// See [`MailboxWords::arm`](MailboxWords::arm).
    pub(crate) fn arm(&self, arm: impl FnOnce(), wake: impl FnOnce()) {
        self.words.arm(arm, wake);
    }

    pub(crate) fn slots(&self) -> &[AtomicU64] {
        let start = self.slots.load(Acquire);
        if start.is_null() {
            return &[];
        }
        // SAFETY: `init` stores only a mapping of `SLOTS` zeroed words, which is never freed.
        unsafe { std::slice::from_raw_parts(start, SLOTS) }
    }

    /// Allocates the slots. Without memory there are none, and each word is lost.
    pub(crate) fn init(&self) {
        if !self.slots.load(Relaxed).is_null() {
            return;
        }
        let made = pages::reserve(BYTES);
        if !made.is_null() && self.slots.compare_exchange(null_mut(), made.cast(), AcqRel, Relaxed).is_err() {
            // SAFETY: the mapping was made above with this size; nobody else knows it, another thread was faster.
            unsafe { pages::release(made, BYTES) };
        }
    }
}
