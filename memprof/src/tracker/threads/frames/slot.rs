//! The memory of one frame: vacant, a scope, or work to be subtracted.
//!
//! A signal handler may walk over the frames between any two instructions of an entry or exit, so what a frame is must
//! be written last, at once, with the facts of its scope. Rust writes an enum whole, and one with these parts is 72
//! bytes. So the memory is a union of 64 bytes, each part of which begins with [`Part`], and [`FrameSlot::get`] is the
//! enum.

use super::frame::{Part, ScopeFacts, ScopeFrame, SubtractedFrame};
use super::id::{FRAME, FrameId};
use std::sync::atomic::{Ordering::SeqCst, compiler_fence};

/// The beginning of each part.
#[derive(Clone, Copy)]
#[repr(C)]
struct Head {
    part: Part,
    id: FrameId,
}

/// Memory of one frame. Zeroed memory is valid.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) union FrameSlot {
    head: Head,
    scope: ScopeFrame,
    subtracted: SubtractedFrame,
}

const _: () = assert!(size_of::<FrameSlot>() == FRAME, "a frame is one cache line");
const _: () = {
    use std::mem::offset_of;
    assert!(offset_of!(Head, part) == offset_of!(ScopeFrame, facts) + offset_of!(ScopeFacts, part));
    assert!(offset_of!(Head, part) == offset_of!(SubtractedFrame, part));
    assert!(offset_of!(Head, id) == offset_of!(ScopeFrame, id));
    assert!(offset_of!(Head, id) == offset_of!(SubtractedFrame, id));
};

/// A frame, as it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum OpenFrame<'s> {
    /// Not yet a frame, or no more: a signal has interrupted an entry or exit.
    Vacant,
    /// A scope that is open, or a block that has ended beneath one.
    Scope(&'s ScopeFrame),
    Subtracted(&'s SubtractedFrame),
}

impl FrameSlot {
    /// The frame in it.
    pub(crate) fn get(&self) -> OpenFrame<'_> {
        // SAFETY: memory of frames is zero at first, and each part begins with its own `Part`, which is written after
        // the rest of the part, and replaced before it.
        unsafe {
            match self.head.part {
                Part::Vacant => OpenFrame::Vacant,
                Part::Scope => OpenFrame::Scope(&self.scope),
                Part::Subtracted => OpenFrame::Subtracted(&self.subtracted),
            }
        }
    }

    /// The scope in it, open or ended.
    pub(crate) fn scope(&self) -> Option<&ScopeFrame> {
        if let OpenFrame::Scope(scope) = self.get() { Some(scope) } else { None }
    }

    /// The scope in it, if it is open.
    pub(crate) fn open_scope(&self) -> Option<&ScopeFrame> {
        self.scope().filter(|scope| scope.is_open())
    }

    /// As [`scope`](Self::scope), to be changed.
    pub(crate) fn scope_mut(&mut self) -> Option<&mut ScopeFrame> {
        // SAFETY: as in `get`.
        unsafe { if self.head.part == Part::Scope { Some(&mut self.scope) } else { None } }
    }

    /// The work to be subtracted, if it holds that.
    pub(crate) fn subtracted_mut(&mut self) -> Option<&mut SubtractedFrame> {
        // SAFETY: as in `get`.
        unsafe { if self.head.part == Part::Subtracted { Some(&mut self.subtracted) } else { None } }
    }

    /// Makes the scope in it end on the slow path. Also a scope that is not complete yet.
    pub(super) fn mark(&mut self) {
        // SAFETY: each part has an id here, and so has zeroed memory; any word is one.
        unsafe { self.head.id = self.head.id.marked() };
    }

    /// Makes it vacant.
    pub(super) fn vacate(&mut self) {
        self.head.part = Part::Vacant;
    }

    /// Makes it vacant.
    ///
    /// # Safety
    /// `slot` is a frame of the present thread.
    #[inline(always)]
    pub(super) unsafe fn vacate_at(slot: *mut Self) {
        // SAFETY: guaranteed by the caller.
        unsafe { (&raw mut (*slot).head.part).write(Part::Vacant) };
    }

    /// Fills it with a scope, its facts last.
    ///
    /// # Safety
    /// `slot` is a vacant frame of the present thread.
    #[inline(always)]
    pub(super) unsafe fn fill_at(slot: *mut Self, frame: &ScopeFrame) {
        // SAFETY: guaranteed by the caller. Field by field, because the facts come last.
        unsafe {
            let scope = &raw mut (*slot).scope;
            (&raw mut (*scope).id).write(frame.id);
            (&raw mut (*scope).node).write(frame.node);
            (&raw mut (*scope).node_before).write(frame.node_before);
            (&raw mut (*scope).high_before).write(frame.high_before);
            (&raw mut (*scope).at_entry).write(frame.at_entry);
            (&raw mut (*scope).open_before).write(frame.open_before);
            compiler_fence(SeqCst);
            (&raw mut (*scope).facts).write(frame.facts);
        }
    }

    /// Fills it with work to be subtracted.
    ///
    /// # Safety
    /// As for [`fill_at`](Self::fill_at).
    pub(super) unsafe fn fill_subtracted_at(slot: *mut Self, frame: SubtractedFrame) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            let subtracted = &raw mut (*slot).subtracted;
            (&raw mut (*subtracted).id).write(frame.id);
            (&raw mut (*subtracted).highest).write(frame.highest);
            (&raw mut (*subtracted).work).write(frame.work);
            compiler_fence(SeqCst);
            (&raw mut (*subtracted).part).write(frame.part);
        }
    }

    /// The scope in it, if it has this id. PERF: one comparison, without a look at the part.
    ///
    /// # Safety
    /// `slot` is a frame of the present thread, and the id is that of a scope that [`Frames`](super::Frames) has
    /// pushed, completely.
    #[inline(always)]
    pub(super) unsafe fn scope_at<'s>(slot: *const Self, id: FrameId) -> Option<&'s ScopeFrame> {
        // SAFETY: the slot is readable, as the caller guarantees, and each part has an id here. No other part has the
        // id of a scope: ids are used once, and a frame that is replaced gets another one.
        unsafe { if (*slot).head.id == id { Some(&(*slot).scope) } else { None } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracker::paths::node::Node;
    use crate::tracker::threads::frames::{Entry, ScopeKind, Tally};

    fn zeroed() -> FrameSlot {
        // SAFETY: zeroed memory is a vacant frame.
        unsafe { std::mem::zeroed() }
    }

    fn scope(id: FrameId, kind: ScopeKind) -> ScopeFrame {
        let node: &'static Node = Box::leak(Box::new(Node::root()));
        let entry = Entry { kind, panicking: true, node, node_before: node, open_before: 3 };
        ScopeFrame::new(id, entry, 11, Tally { net: -1, allocated: 2, count: 4 })
    }

    #[test]
    fn a_frame_is_what_was_written_into_it() {
        use ScopeKind::{Block, Call, Context, Measurement, Poll};
        let id = FrameId(5 << 32 | 640);
        let mut slot = zeroed();
        for kind in [Poll, Context, Measurement, Call, Block] {
            assert!(matches!(slot.get(), OpenFrame::Vacant));
            assert!(slot.scope().is_none() && slot.scope_mut().is_none() && slot.subtracted_mut().is_none());
            // SAFETY: the slot is vacant, and this thread's.
            unsafe { FrameSlot::fill_at(&raw mut slot, &scope(id, kind)) };
            let OpenFrame::Scope(frame) = slot.get() else { panic!("it holds {:?}", slot.get()) };
            assert_eq!((frame.kind(), frame.id, frame.open_before, frame.high_before), (kind, id, 3, 11));
            assert_eq!(frame.at_entry, Tally { net: -1, allocated: 2, count: 4 });
            assert!(frame.was_panicking_at_entry() && frame.is_open() && slot.subtracted_mut().is_none());
            slot.scope_mut().expect("a scope").end();
            assert!(slot.open_scope().is_none() && slot.scope().is_some());
            slot.vacate();
        }
    }

    #[test]
    fn no_id_is_that_of_work_to_be_subtracted() {
        let id = FrameId(5 << 32 | 640);
        let mut slot = zeroed();
        // SAFETY: the slot is vacant, and this thread's; the second call reads it.
        unsafe {
            FrameSlot::fill_at(&raw mut slot, &scope(id, ScopeKind::Call));
            assert!(FrameSlot::scope_at(&raw const slot, id).is_some());
        }
        slot.vacate();
        let work = Tally { net: 7, allocated: id.0, count: id.0 };
        // SAFETY: as above.
        unsafe {
            FrameSlot::fill_subtracted_at(&raw mut slot, SubtractedFrame::new(work, id.0 as i64));
            assert!(FrameSlot::scope_at(&raw const slot, id).is_none());
        }
        slot.mark();
        assert!(
            matches!(slot.get(), OpenFrame::Subtracted(frame) if frame.work == work && frame.highest == id.0 as i64)
        );
    }

    #[test]
    fn a_marked_scope_is_not_found_by_the_fast_path() {
        let id = FrameId(5 << 32 | 640);
        let mut slot = zeroed();
        // SAFETY: the slot is vacant, and this thread's.
        unsafe { FrameSlot::fill_at(&raw mut slot, &scope(id, ScopeKind::Call)) };
        slot.mark();
        // SAFETY: as above.
        assert!(unsafe { FrameSlot::scope_at(&raw const slot, id) }.is_none());
        assert_eq!(slot.scope().map(|scope| scope.id.unmarked()), Some(id));
    }
}
