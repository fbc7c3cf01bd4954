//! Words that other threads leave for the owner of a ledger: which of its scopes have ended elsewhere.
//!
//! Putting is one compare-exchange (mostly), taking one exchange for each word. Neither waits for the other.
//!
//! Nobody asks an inbox whether there is something in it with each allocation: the owner is woken by what it compares
//! anyhow, its thresholds. It may set those anew at the very moment in which another thread wakes it: see [`MailboxWords::arm`].
//! `tests/tests/loom` compiles this very file against loom's atomics.

use crate::tracker::sync::{Acquire, AtomicU64, AtomicUsize, Relaxed, Release, SeqCst, fence};

/// A word found no room: the owner has to do without knowing which.
const LOST: usize = usize::MAX;

/// The places stand elsewhere, and are handed in: each holds a word, or 0.
#[derive(Debug)]
pub(crate) struct MailboxWords {
    /// Words stand in the places below this one. 0: none does.
    pub(crate) upto: AtomicUsize,
}

impl MailboxWords {
    /// Whether nothing was put in since the owner has taken.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.upto.load(Relaxed) == 0
    }

    /// Leaves a word, not 0, and wakes the owner. Bounded by the number of places; called by any thread.
    pub(crate) fn put(&self, slots: &[AtomicU64], word: u64, wake: impl FnOnce()) {
        // A place below may be free, if the owner takes just now; then there is room for all again soon.
        let first = self.upto.load(Relaxed);
        let free = slots
            .iter()
            .enumerate()
            .skip(first)
            .find(|(_, slot)| slot.load(Relaxed) == 0 && slot.compare_exchange(0, word, Relaxed, Relaxed).is_ok());
        // Release: whoever sees that there is a word sees the word.
        self.upto.fetch_max(free.map_or(LOST, |(index, _)| index + 1), Release);
        // Together with the fence of `arm`.
        fence(SeqCst);
        wake();
    }

    /// Sets what wakes the owner: `arm` stores it, and `wake` is called if something was put in meanwhile. For the owner
    /// alone.
    pub(crate) fn arm(&self, arm: impl FnOnce(), wake: impl FnOnce()) {
        arm();
        // Together with the fence of `put`: either we see now that there is something, or what `put` stores to wake us
        // comes after what `arm` has stored.
        fence(SeqCst);
        if !self.is_empty() {
            wake();
        }
    }

    /// Takes all words out; before them a `None` if others were lost. For the owner alone.
    pub(crate) fn take(&self, slots: &[AtomicU64], mut each: impl FnMut(Option<u64>)) {
        // A word that stands beyond is one whose `put` is not over: it raises `upto` again, and wakes us again.
        let upto = self.upto.swap(0, Acquire);
        if upto == LOST {
            each(None);
        }
        // The last one first: what ends innermost first ends fastest.
        for slot in slots.iter().take(upto).rev() {
            match slot.swap(0, Relaxed) {
                0 => {}
                word => each(Some(word)),
            }
        }
    }
}
