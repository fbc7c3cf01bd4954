//! The open scopes of one thread, outermost first.
//!
//! A guard in the user's code holds only the offset and the serial number of its frame. It can be dropped out of order,
//! on another thread, or never, and the stack stays sound.
//!
//! A signal handler may open and close scopes between any two instructions of its thread. So the slots above the top
//! are vacant; an entry takes its slot first, fills it, and writes last what it holds; an exit makes its slot vacant
//! before it gives it back. A handler finds the stack without the scope that is being opened or closed, and leaves it
//! like that. The frames never move during an interrupted entry or exit (see [`Frames::reserve_frame`]), and their old
//! memory is never released.

mod frame;
mod growth;
mod id;
mod slot;

pub(crate) use frame::{Entry, ScopeFrame, ScopeKind, SubtractedFrame, Tally};
pub(crate) use id::{FrameId, Frameless};
pub(crate) use slot::{FrameSlot, OpenFrame};

use self::id::FRAME;
use crate::tracker::paths::node::Node;
use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed, Ordering::SeqCst, compiler_fence};

/// Maximum number of frames of one thread, including the spare ones. Calls beyond it are counted without a frame.
const MAX_FRAMES: usize = 64 * 1024;
/// Bytes reserved for signal handlers that interrupt while the frames must not move.
const SPARE: usize = 16 * FRAME;
const _: () = assert!(MAX_FRAMES * FRAME < 1 << 31, "the id of a scope without a frame has this bit");

/// The stack of open scopes. The owner alone touches it, except for `limit`.
#[derive(Debug)]
pub(crate) struct Frames {
    start: Cell<*mut FrameSlot>,
    /// Bytes in use.
    top: Cell<usize>,
    /// Bytes reserved.
    reserved: Cell<usize>,
    /// Bytes that the fast path of an entry may use: `reserved` without the spare ones, or 0 to force the slow path.
    /// Other threads set it to 0, so that an entry needs one comparison for both.
    limit: AtomicUsize,
    /// The next serial number, in the upper half.
    serial: Cell<u64>,
    /// Number of frames that have ended.
    ended: Cell<usize>,
    /// Calls that are open without a frame.
    frameless: Cell<u64>,
    /// Number of frames when the first of these was opened.
    frameless_from: Cell<usize>,
    /// True while the owner works on the frames, which must not move.
    pinned: Cell<bool>,
}

/// Keeps the frames from moving.
#[derive(Debug)]
#[must_use]
pub(crate) struct Pinned<'f> {
    frames: &'f Frames,
    before: bool,
}

impl Drop for Pinned<'_> {
    fn drop(&mut self) {
        compiler_fence(SeqCst);
        self.frames.pinned.set(self.before);
    }
}

/// The innermost frame: that of an open scope.
#[derive(Debug)]
pub(crate) struct Innermost<'f> {
    frames: &'f Frames,
    slot: *mut FrameSlot,
    pub(crate) scope: &'f ScopeFrame,
}

impl Innermost<'_> {
    /// Pops the frame. By reference: no one may write to what a reference among the arguments refers to.
    #[inline(always)]
    pub(crate) fn pop(&self, id: FrameId) {
        compiler_fence(SeqCst);
        // SAFETY: `Frames::innermost` has made the pointer, and the frames have not moved since.
        unsafe { FrameSlot::vacate_at(self.slot) };
        compiler_fence(SeqCst);
        // Set to the offset, not one frame fewer: the context of a signal handler may have left a frame above.
        self.frames.top.set(id.offset());
    }
}

/// One scope, and the frames around it.
pub(crate) struct AtIndex<'f> {
    pub(crate) beneath: &'f mut [FrameSlot],
    pub(crate) scope: &'f mut ScopeFrame,
    pub(crate) above: &'f mut [FrameSlot],
}

impl Frames {
    pub(crate) const fn new() -> Self {
        Self {
            start: Cell::new(null_mut()),
            top: Cell::new(0),
            reserved: Cell::new(0),
            limit: AtomicUsize::new(0),
            serial: Cell::new(0),
            ended: Cell::new(0),
            frameless: Cell::new(0),
            frameless_from: Cell::new(0),
            pinned: Cell::new(false),
        }
    }

    /// Keeps the frames from moving until this is dropped, whatever a signal handler opens meanwhile.
    pub(crate) fn pin(&self) -> Pinned<'_> {
        let before = self.pinned.replace(true);
        compiler_fence(SeqCst);
        Pinned { frames: self, before }
    }

    /// True if the owner was working on the frames when a signal interrupted it; then the caller is a signal handler.
    pub(crate) fn is_pinned(&self) -> bool {
        self.pinned.get()
    }

    /// True if one more frame fits and the fast path may be taken.
    #[inline(always)]
    pub(crate) fn has_capacity(&self) -> bool {
        self.top.get() < self.limit.load(Relaxed)
    }

    /// Forces the next entry onto the slow path. Called by any thread.
    pub(crate) fn force_slow_path(&self) {
        self.limit.store(0, Relaxed);
    }

    /// Lets entries take the fast path again.
    pub(crate) fn allow_fast_path(&self) {
        self.limit.store(self.usable(), Relaxed);
    }

    fn usable(&self) -> usize {
        self.reserved.get().saturating_sub(SPARE)
    }

    /// Takes the next slot and returns the id of its frame.
    #[inline(always)]
    fn take_slot(&self) -> (FrameId, *mut FrameSlot) {
        let serial = self.serial.get().wrapping_add(1 << 32);
        self.serial.set(serial);
        let top = self.top.get();
        debug_assert!(top < self.reserved.get());
        self.top.set(top + FRAME);
        // No instruction: a signal handler, or a child forked by another thread, finds the slot taken before anything
        // is written to it. The address of the frames is loaded after that: from here on they do not move.
        compiler_fence(SeqCst);
        // SAFETY: `top` is a multiple of a frame's size and below `reserved`, which is one too.
        (FrameId(serial | top as u64), unsafe { self.start.get().byte_add(top) })
    }

    /// Pushes the frame of a scope and returns its id; the caller has checked [`has_capacity`](Self::has_capacity).
    /// `scope` makes the frame once its slot is taken, and opens no scope.
    #[inline(always)]
    pub(crate) fn push(&self, scope: impl FnOnce(FrameId) -> ScopeFrame) -> FrameId {
        let (id, slot) = self.take_slot();
        // SAFETY: the slot has just been taken, and the owner alone touches it.
        unsafe { FrameSlot::fill_at(slot, &scope(id)) };
        compiler_fence(SeqCst);
        id
    }

    /// Pushes work to be subtracted; the caller has just popped a frame.
    pub(crate) fn push_subtracted(&self, frame: SubtractedFrame) {
        let (_, slot) = self.take_slot();
        // SAFETY: as in `push`.
        unsafe { FrameSlot::fill_subtracted_at(slot, frame) };
        compiler_fence(SeqCst);
    }

    /// The innermost scope, if it has this id, which is that of a scope with a frame.
    #[inline(always)]
    pub(crate) fn innermost(&self, id: FrameId) -> Option<Innermost<'_>> {
        let offset = id.offset();
        if offset + FRAME != self.top.get() {
            return None;
        }
        // SAFETY: the offset is that of the topmost frame, which has been filled. `push` has returned the id. No
        // reference is kept across a push.
        let slot = unsafe { self.start.get().byte_add(offset) };
        // SAFETY: as above.
        unsafe { FrameSlot::scope_at(slot, id) }.map(|scope| Innermost { frames: self, slot, scope })
    }

    /// Number of frames.
    pub(crate) fn len(&self) -> usize {
        self.top.get() / FRAME
    }

    /// All frames, outermost first; a vacant one is being opened or closed. For exits out of order.
    pub(crate) fn all(&self) -> &[FrameSlot] {
        self.all_mut()
    }

    /// As [`all`](Self::all), to be changed.
    #[allow(clippy::mut_from_ref, reason = "the owner is one thread, and callers hold one such slice at a time")]
    pub(crate) fn all_mut(&self) -> &mut [FrameSlot] {
        if self.start.get().is_null() {
            return &mut [];
        }
        // SAFETY: the first `len` frames have been filled, or are zero or old ones; the owner alone calls this, and
        // holds no other reference into the stack meanwhile.
        unsafe { std::slice::from_raw_parts_mut(self.start.get(), self.len()) }
    }

    /// The scope at an index of the stack, with the frames beneath and above. `None`: there is none.
    pub(crate) fn at(&self, index: usize) -> Option<AtIndex<'_>> {
        let (beneath, rest) = self.all_mut().split_at_mut_checked(index)?;
        let (slot, above) = rest.split_first_mut()?;
        Some(AtIndex { beneath, scope: slot.scope_mut()?, above })
    }

    /// The index of an open scope. Its frame may have moved since its guard was created (see `reserve_frame`).
    pub(crate) fn find(&self, id: FrameId) -> Option<usize> {
        let has_id = |slot: &FrameSlot| slot.open_scope().is_some_and(|scope| scope.id.unmarked() == id);
        let all = self.all();
        let first_guess = id.offset() / FRAME;
        if all.get(first_guess).is_some_and(has_id) { Some(first_guess) } else { all.iter().rposition(has_id) }
    }

    /// The id of the context or measurement that is the next open scope beneath a scope. Its frame may have been pushed
    /// before others were removed, so its offset does not follow from that of the scope.
    pub(crate) fn context_beneath(&self, id: FrameId) -> Option<FrameId> {
        let beneath = self.all().get(..self.find(id)?)?;
        let next = beneath.iter().rev().find_map(FrameSlot::open_scope)?;
        next.sets_aside().then(|| next.id.unmarked())
    }

    /// Makes a scope end on the slow path.
    pub(crate) fn mark(&self, id: FrameId) {
        if let Some(AtIndex { scope, .. }) = self.find(id).and_then(|index| self.at(index)) {
            scope.mark();
        }
    }

    /// Marks a block as ended while others are open above it.
    pub(crate) fn end(&self, index: usize) {
        if let Some(AtIndex { scope, .. }) = self.at(index) {
            scope.end();
            self.ended.set(self.ended.get() + 1);
        }
    }

    /// Pops frames down to `len`.
    pub(crate) fn truncate(&self, len: usize) {
        let mut gone = 0;
        for slot in self.all_mut().get_mut(len..).into_iter().flatten() {
            gone += usize::from(slot.scope().is_some_and(|scope| !scope.is_open()));
            slot.vacate();
        }
        self.ended.set(self.ended.get().saturating_sub(gone));
        compiler_fence(SeqCst);
        self.top.set(self.top.get().min(len * FRAME));
    }

    /// Notes a call of this node that is open without a frame.
    pub(crate) fn note_frameless(&self, node: &'static Node) {
        if self.frameless.get() == 0 {
            self.frameless_from.set(self.len());
        }
        self.frameless.set(self.frameless.get().wrapping_add(1));
        node.enter_frameless();
        self.mark_innermost_if_frameless(self.len());
    }

    /// Ends a call without a frame. False: it had already ended with an enclosing scope.
    pub(crate) fn end_frameless(&self, node: &'static Node) -> bool {
        if !node.leave_frameless() {
            return false;
        }
        self.frameless.set(self.frameless.get().saturating_sub(1));
        true
    }

    /// True if calls without a frame are open, all of them above this many frames.
    pub(crate) fn are_frameless_above(&self, len: usize) -> bool {
        self.frameless.get() > 0 && len <= self.frameless_from.get()
    }

    /// Resets the count of calls without a frame: all have been ended.
    pub(crate) fn reset_frameless(&self) {
        self.frameless.set(0);
    }

    /// Makes the innermost of `len` frames end on the slow path if there are calls without a frame above it.
    pub(crate) fn mark_innermost_if_frameless(&self, len: usize) {
        if self.frameless.get() > 0
            && let Some(slot) = len.checked_sub(1).and_then(|index| self.all_mut().get_mut(index))
        {
            slot.mark();
        }
    }
}
