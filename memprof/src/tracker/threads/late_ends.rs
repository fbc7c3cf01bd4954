//! Word of scopes that have ended on other threads: the inbox of a ledger, with its places.

use super::inbox::Inbox;
use crate::os::pages;
use crate::tracker::sync::{AtomicU64, AtomicUsize};
use std::ptr::null_mut;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

/// Ends that can wait for one thread. Beyond that it ends all blocks that it has open.
const PLACES: usize = 8 * 1024;
const BYTES: usize = PLACES * size_of::<AtomicU64>();

/// The inbox of a ledger, with its places.
#[derive(Debug)]
pub(crate) struct LateEnds {
    pub(crate) inbox: Inbox,
    /// Null until the first word: most threads never get one.
    places: AtomicPtr<AtomicU64>,
}

impl LateEnds {
    pub(crate) const fn new() -> Self {
        Self { inbox: Inbox { upto: AtomicUsize::new(0) }, places: AtomicPtr::new(null_mut()) }
    }

    /// Whether no scope of the ledger has ended elsewhere.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.inbox.is_empty()
    }

    /// See [`Inbox::arm`](Inbox::arm).
    pub(crate) fn arm(&self, arm: impl FnOnce(), wake: impl FnOnce()) {
        self.inbox.arm(arm, wake);
    }

    pub(crate) fn places(&self) -> &[AtomicU64] {
        let start = self.places.load(Acquire);
        if start.is_null() {
            return &[];
        }
        // SAFETY: `found` stores nothing but a mapping of `PLACES` zeroed words, which is never freed.
        unsafe { std::slice::from_raw_parts(start, PLACES) }
    }

    /// Makes the places. Without memory there are none, and each word is one that found no room.
    pub(crate) fn found(&self) {
        if !self.places.load(Relaxed).is_null() {
            return;
        }
        let made = pages::reserve(BYTES);
        if !made.is_null() && self.places.compare_exchange(null_mut(), made.cast(), AcqRel, Relaxed).is_err() {
            // SAFETY: the mapping was made above with this size; nobody else knows it, another thread was faster.
            unsafe { pages::release(made, BYTES) };
        }
    }
}
