//! Scopes that end on another thread than the one where they began: a guard held across an `.await` moves with its task.
//!
//! The frame stands on the first thread, and only that thread may touch it. The guard leaves word in the inbox of its
//! ledger and sends the thread the long way: its next allocation, free or scope ends the frame before it counts. Until
//! then the thread has done nothing that could be charged to the wrong node. A frame that is gone by then (something
//! outside of it has ended, the thread is over) stays gone: serial numbers are not used twice.

use super::enter_exit::Closed;
use crate::tracker::threads::frames::{FrameId, FrameKind};
use crate::tracker::threads::ledger::Ledger;
use std::sync::atomic::Ordering::Relaxed;

impl Ledger {
    /// A guard of this ledger was dropped on a thread that does not own it.
    pub(crate) fn end_on_other_thread(&'static self, id: FrameId, panicking: bool) {
        let mailbox = self.mailbox();
        mailbox.init();
        mailbox.words.put(mailbox.slots(), id.word(panicking), || self.wake());
    }

    /// Has the next allocation, free and scope of the owner look at the inbox. Called by any thread.
    fn wake(&self) {
        self.hurry();
        self.frames().force_slow_path();
    }

    /// Ends the scopes that have ended elsewhere, if any. For the owner alone.
    #[inline(always)]
    pub(crate) fn catch_up(&'static self) {
        if !self.mailbox().is_empty() {
            self.close_ended();
        }
    }

    #[cold]
    #[inline(never)]
    fn close_ended(&'static self) {
        // A signal handler has interrupted somebody among the frames: the words wait.
        if self.frames().is_pinned() {
            return;
        }
        let still = self.frames().pin();
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
            // Which blocks have ended is not known any more. The guards of those that have not will find nothing to end.
            None => {
                let innermost = || self.frames().all().iter().rposition(|frame| frame.is_open() && frame.is_block());
                while let Some(index) = innermost() {
                    self.close_ended_at(index, false);
                }
            }
        });
        drop(still);
        self.publish(false);
        self.rearm_entries();
    }

    /// Makes sure that one more scope can be opened; one that cannot is counted. For the owner alone.
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
        self.scopes_not_opened.store(self.scopes_not_opened.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// Lets entries take the short way, unless a scope has ended elsewhere meanwhile.
    fn rearm_entries(&self) {
        self.mailbox().arm(|| self.frames().allow_fast_path(), || self.frames().force_slow_path());
    }

    /// What this thread did until it heard of the end is not what the call did: it counts as a call without figures.
    fn close_ended_at(&'static self, index: usize, panicking: bool) {
        let kind = self.frames().all().get(index).map(|frame| frame.state.kind);
        let closed = self.close_at(index, panicking);
        if kind.is_some_and(FrameKind::is_call) {
            closed.node.count_unrecorded();
        }
        note_panic(closed);
    }
}

fn note_panic(closed: Closed) {
    if closed.panicked {
        closed.node.count_panicked();
    }
}
