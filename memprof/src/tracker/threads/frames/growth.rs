//! More memory for the frames of a thread, and frames that are given up before more is taken.

use super::frame::SubtractedFrame;
use super::id::FRAME;
use super::slot::{FrameSlot, OpenFrame};
use super::{Frames, MAX_FRAMES};
use crate::os::memory::pages;
use std::sync::atomic::{Ordering::SeqCst, compiler_fence};

/// Number of frames that a thread has memory for at first.
const FIRST_FRAMES: usize = 256;

impl Frames {
    /// Makes sure that one more frame fits; entries take the slow path until
    /// [`allow_fast_path`](Self::allow_fast_path). False: too many are open, or the system has no memory.
    pub(crate) fn reserve_frame(&self) -> bool {
        let fits = || self.top.get() < self.usable();
        if fits() {
            return true;
        }
        // A signal handler has interrupted an entry or other work on the frames: they must not move.
        if self.is_pinned() || matches!(self.all().last().map(FrameSlot::get), Some(OpenFrame::Vacant)) {
            return self.top.get() < self.reserved.get();
        }
        let _pinned = self.pin();
        // Ended blocks can lie beneath open ones forever, if tasks take turns on one thread. Dropping them visits every
        // frame, so it waits until there are many: if guards are forgotten in a loop, this is called at each turn.
        if self.ended.get() > 0 && self.ended.get() >= self.len() / 4 {
            self.drop_ended();
        }
        fits() || self.grow()
    }

    /// Removes the ended frames. Their guards are gone, and the guards of moved frames find them by their ids.
    fn drop_ended(&self) {
        let mut kept = 0;
        let all = self.all_mut();
        let mut frameless_from = None;
        for index in 0..all.len() {
            if index == self.frameless_from.get() {
                frameless_from = Some(kept);
            }
            let Some(slot) = all.get(index).copied() else { break };
            match slot.get() {
                OpenFrame::Scope(scope) if !scope.is_open() => continue,
                OpenFrame::Subtracted(upper) => {
                    // Only the removed frames separated these two.
                    if let Some(lower) = last_subtracted(all, kept) {
                        lower.subtract(upper.work, upper.highest);
                        continue;
                    }
                }
                OpenFrame::Scope(_) | OpenFrame::Vacant => {}
            }
            if let Some(place) = all.get_mut(kept) {
                *place = slot;
                kept += 1;
            }
        }
        all.get_mut(kept..).into_iter().flatten().for_each(FrameSlot::vacate);
        self.frameless_from.set(frameless_from.unwrap_or(kept));
        self.mark_innermost_if_frameless(kept);
        self.top.set(kept * FRAME);
        self.ended.set(0);
    }

    fn grow(&self) -> bool {
        let reserved = self.reserved.get();
        let larger = (reserved * 2).max(FIRST_FRAMES * FRAME);
        if larger > MAX_FRAMES * FRAME {
            return false;
        }
        let memory = pages::reserve(larger).cast::<FrameSlot>();
        if memory.is_null() {
            return false;
        }
        if reserved > 0 {
            // SAFETY: both regions hold at least `reserved` bytes and do not overlap.
            unsafe { memory.copy_from_nonoverlapping(self.start.get(), self.len()) };
        }
        compiler_fence(SeqCst);
        self.start.set(memory);
        // The old memory is kept: an interrupted exit or a forked child may be reading it. All old pieces together take
        // no more than the new one.
        self.reserved.set(larger);
        true
    }
}

/// The last of the first `len` frames, if it is work to be subtracted.
fn last_subtracted(all: &mut [FrameSlot], len: usize) -> Option<&mut SubtractedFrame> {
    len.checked_sub(1).and_then(|last| all.get_mut(last)).and_then(FrameSlot::subtracted_mut)
}

#[cfg(test)]
mod tests {
    use crate::tracker::paths::node::Node;
    use crate::tracker::threads::frames::{
        Entry, FrameId, Frames, OpenFrame, ScopeFrame, ScopeKind, SubtractedFrame, Tally,
    };

    fn push(frames: &Frames) -> FrameId {
        let node: &'static Node = Box::leak(Box::new(Node::root()));
        let entry = Entry { kind: ScopeKind::Block, panicking: false, node, node_before: node, open_before: 0 };
        assert!(frames.reserve_frame());
        frames.allow_fast_path();
        frames.push(|id| ScopeFrame::new(id, entry, 0, Tally::default()))
    }

    fn push_subtracted(frames: &Frames, net: i64, highest: i64) {
        assert!(frames.reserve_frame());
        frames.push_subtracted(SubtractedFrame::new(Tally { net, allocated: 1, count: 1 }, highest));
    }

    #[test]
    fn frames_keep_their_order_and_contents_when_there_is_more_memory() {
        let frames = Frames::new();
        let ids: Vec<FrameId> = (0..1000).map(|_| push(&frames)).collect();
        for (index, &id) in ids.iter().enumerate() {
            assert_eq!(frames.find(id), Some(index));
        }
        assert!(frames.innermost(ids[999]).is_some() && frames.innermost(ids[998]).is_none());
    }

    /// Under Miri also that nothing refers to the frame while it is written to.
    #[test]
    fn the_innermost_frame_is_popped() {
        let frames = Frames::new();
        let (first, last) = (push(&frames), push(&frames));
        let innermost = frames.innermost(last).expect("it is open");
        assert_eq!(innermost.scope.id, last);
        innermost.pop(last);
        assert_eq!((frames.len(), frames.find(first), frames.find(last)), (1, Some(0), None));
        assert!(frames.innermost(first).is_some() && frames.innermost(last).is_none());
    }

    #[test]
    fn work_that_ended_frames_separated_is_one_frame_without_them() {
        let frames = Frames::new();
        let first = push(&frames);
        push_subtracted(&frames, 5, 9);
        let ended = push(&frames);
        push_subtracted(&frames, 3, 20);
        let last = push(&frames);
        frames.end(frames.find(ended).expect("it is open"));
        frames.drop_ended();
        assert_eq!(
            (frames.len(), frames.find(first), frames.find(ended), frames.find(last)),
            (3, Some(0), None, Some(2))
        );
        let middle = frames.all().get(1).map(|slot| slot.get());
        // The upper one's highest net is without the lower one's work.
        assert!(
            matches!(middle, Some(OpenFrame::Subtracted(it)) if it.work == Tally { net: 8, allocated: 2, count: 2 } && it.highest == 15),
            "{middle:?}"
        );
    }
}
