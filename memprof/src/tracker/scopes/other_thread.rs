//! Scopes that end on another thread than the one that opened them: a guard held across an `.await` moves with its
//! task.
//!
//! The frame belongs to the first thread, and only that thread may touch it. The guard puts a word into the mailbox of
//! its ledger and forces the slow path: the thread's next allocation, free or scope ends the frame before it counts.
//! Until then the thread has done nothing that could be charged to the wrong node. A frame that is gone by then (an
//! enclosing scope has ended, or the thread is over) stays gone, because serial numbers are never reused.

use super::enter_exit::Closed;
use crate::tracker::threads::frames::FrameId;
use crate::tracker::threads::frames::{FrameSlot, ScopeFrame};
use crate::tracker::threads::ledger::Ledger;

impl Ledger {
    /// Handles a guard of this ledger that was dropped on a thread that does not own it.
    pub(crate) fn end_on_other_thread(&'static self, id: FrameId, panicking: bool) {
        let mailbox = self.mailbox();
        mailbox.init();
        mailbox.words.put(mailbox.slots(), id.word(panicking), || self.wake());
    }

    /// Makes the next allocation, free and scope of the owner check the mailbox. Called by any thread.
    fn wake(&self) {
        self.hurry();
        self.frames().force_slow_path();
    }

    /// Ends the scopes whose guards were dropped on other threads, if any. For the owner alone.
    #[inline(always)]
    pub(crate) fn catch_up(&'static self) {
        if !self.mailbox().is_empty() {
            self.close_ended();
        }
    }

    #[cold]
    #[inline(never)]
    fn close_ended(&'static self) {
        // A signal handler has interrupted code that works on the frames: the words wait.
        if self.frames().is_pinned() {
            return;
        }
        let pinned = self.frames().pin();
        let mailbox = self.mailbox();
        mailbox.words.take(mailbox.slots(), |word| match word.map(FrameId::from_word) {
            Some((id, panicking)) => {
                if let Some(frameless) = id.without_frame() {
                    if let Some(closed) = self.close_frameless(frameless, panicking) {
                        closed.node.count_unrecorded();
                        note_panic(closed);
                    }
                } else if let Some(index) = self.frames().find(id) {
                    self.close_ended_at(index, panicking);
                }
            }
            // It is unknown which block scopes have ended, so all of them are closed. Guards of those that had not
            // ended find nothing to close.
            None => {
                let is_open_block_scope = |slot: &FrameSlot| slot.open_scope().is_some_and(ScopeFrame::is_block);
                let innermost = || self.frames().all().iter().rposition(is_open_block_scope);
                while let Some(index) = innermost()
                    && self.close_ended_at(index, false)
                {}
            }
        });
        drop(pinned);
        self.publish(false);
        self.rearm_entries();
    }

    /// Makes sure that one more scope can be opened; if not, it is counted. For the owner alone.
    pub(crate) fn reserve_frame(&self) -> bool {
        if self.frames().has_capacity() {
            return true;
        }
        let has_capacity = self.frames().reserve_frame();
        if has_capacity {
            self.rearm_entries();
        } else {
            self.count_not_opened();
        }
        has_capacity
    }

    /// Counts a scope that could not be opened. For the owner alone.
    pub(crate) fn count_not_opened(&self) {
        self.scopes_not_opened.add(1);
    }

    /// Lets entries take the fast path, unless a scope has ended on another thread meanwhile.
    fn rearm_entries(&self) {
        self.mailbox().arm(|| self.frames().allow_fast_path(), || self.frames().force_slow_path());
    }

    /// Ends a scope without figures: what this thread did until it learned of the end is not the work of the call.
    /// False: there is no scope at this index.
    fn close_ended_at(&'static self, index: usize, panicking: bool) -> bool {
        let Some(kind) = self.frames().at(index).map(|at| at.scope.kind()) else { return false };
        let Some(closed) = self.close_at(index, panicking) else { return false };
        if kind.is_call() {
            closed.node.count_unrecorded();
        }
        note_panic(closed);
        true
    }
}

fn note_panic(closed: Closed) {
    if closed.panicked {
        closed.node.count_panic();
    }
}
