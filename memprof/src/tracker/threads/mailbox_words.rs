//! The words of a mailbox: other threads tell the owner of a ledger which of its scopes have ended.
//!
//! Putting is one compare-exchange (mostly), taking one exchange for each word. Neither waits for the other.
//!
//! No allocation checks the mailbox: the owner is woken by the thresholds that it compares anyway. It may set them
//! again at the very moment when another thread wakes it: see [`MailboxWords::arm`]. `tests/models/loom` compiles this
//! very file against loom's atomics.

use crate::tracker::sync::{Acquire, AtomicU64, AtomicUsize, Relaxed, Release, SeqCst, fence};

/// Marks that a word was lost because all slots were taken.
const LOST: usize = usize::MAX;

/// The state of the words. Their slots are passed in; each holds a word, or 0.
#[derive(Debug)]
pub(crate) struct MailboxWords {
    /// Words are in the slots below this index. 0: there are none.
    pub(crate) upto: AtomicUsize,
}

impl MailboxWords {
    /// True if nothing has been put in since the owner took the words.
    #[inline(always)]
    pub(crate) fn is_empty(&self) -> bool {
        self.upto.load(Relaxed) == 0
    }

    /// Puts in a word, not 0, and wakes the owner. Bounded by the number of slots; called by any thread.
    pub(crate) fn put(&self, slots: &[AtomicU64], word: u64, wake: impl FnOnce()) {
        // A slot below may be free, if the owner is taking the words just now; then all slots will soon be free.
        let first = self.upto.load(Relaxed);
        let free = slots
            .iter()
            .enumerate()
            .skip(first)
            .find(|(_, slot)| slot.load(Relaxed) == 0 && slot.compare_exchange(0, word, Relaxed, Relaxed).is_ok());
        // Release: a thread that sees that there is a word sees the word.
        self.upto.fetch_max(free.map_or(LOST, |(index, _)| index + 1), Release);
        // Together with the fence of `arm`.
        fence(SeqCst);
        wake();
    }

    /// Sets the thresholds that wake the owner: `arm` stores them, and `wake` is called if a word was put in meanwhile.
    /// For the owner alone.
    pub(crate) fn arm(&self, arm: impl FnOnce(), wake: impl FnOnce()) {
        arm();
        // Together with the fence of `put`: either we see the word now, or the stores of `put` that wake us come after
        // those of `arm`.
        fence(SeqCst);
        if !self.is_empty() {
            wake();
        }
    }

    /// Takes all words out, preceded by a `None` if others were lost. For the owner alone.
    pub(crate) fn take(&self, slots: &[AtomicU64], mut each: impl FnMut(Option<u64>)) {
        // A word beyond `upto` is one whose `put` is not finished: it will raise `upto` and wake us again.
        let upto = self.upto.swap(0, Acquire);
        if upto == LOST {
            each(None);
        }
        // The last one first: ending the innermost scope first is fastest.
        for slot in slots.iter().take(upto).rev() {
            match slot.swap(0, Relaxed) {
                0 => {}
                word => each(Some(word)),
            }
        }
    }
}
