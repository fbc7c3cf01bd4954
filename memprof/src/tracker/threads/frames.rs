//! The open scopes of one thread, outermost first.
//!
//! A guard in the user's code holds only the offset and the serial number of its frame. It can be dropped out of order,
//! on another thread, or never, and the stack stays sound.
//!
//! A signal handler may open and close scopes between any two instructions of its thread. So the slots above the top
//! are vacant; an entry takes its slot first, fills it, and writes its state last; an exit makes its slot vacant before
//! it gives it back. A handler finds the stack without the scope that is being opened or closed, and leaves it like
//! that. The frames never move during an interrupted entry or exit (see [`Frames::reserve_frame`]), and their old
//! memory is never released.

pub(crate) use super::frame::{FRAME, Foreign, FrameId, FrameKind, FrameState, Frameless, ScopeFrame};
use crate::os::memory::pages;
use crate::tracker::paths::node::Node;
use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed, Ordering::SeqCst, compiler_fence};

/// Maximum number of frames of one thread, including the spare ones. Calls beyond it are counted without a frame.
const MAX_FRAMES: usize = 64 * 1024;
const FIRST_FRAMES: usize = 256;
/// Bytes reserved for signal handlers that interrupt while the frames must not move.
const SPARE: usize = 16 * FRAME;
const _: () = assert!(MAX_FRAMES * FRAME < 1 << 31, "the id of a scope without a frame has this bit");

/// The stack of open scopes. The owner alone touches it, except for `limit`.
#[derive(Debug)]
pub(crate) struct Frames {
    start: Cell<*mut ScopeFrame>,
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
    pub(crate) fn take_slot(&self) -> (FrameId, *mut ScopeFrame) {
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

    /// Fills a slot that was taken, so that a walk over the frames finds them complete.
    ///
    /// # Safety
    /// [`take_slot`](Self::take_slot) returned the slot, and nothing has been pushed or popped since.
    #[inline(always)]
    pub(crate) unsafe fn fill(slot: *mut ScopeFrame, frame: &ScopeFrame) {
        // SAFETY: the slot has memory for one frame that nobody else writes to, as the caller guarantees. Field by
        // field, because the state comes last.
        unsafe {
            (&raw mut (*slot).id).write(frame.id);
            (&raw mut (*slot).node).write(frame.node);
            (&raw mut (*slot).node_before).write(frame.node_before);
            (&raw mut (*slot).high_before).write(frame.high_before);
            (&raw mut (*slot).net_at_entry).write(frame.net_at_entry);
            (&raw mut (*slot).allocated_at_entry).write(frame.allocated_at_entry);
            (&raw mut (*slot).count_at_entry).write(frame.count_at_entry);
            (&raw mut (*slot).open_before).write(frame.open_before);
            compiler_fence(SeqCst);
            (&raw mut (*slot).state).write(frame.state);
        }
        compiler_fence(SeqCst);
    }

    /// Pushes a frame without a guard; the caller has checked [`has_capacity`](Self::has_capacity).
    pub(crate) fn push(&self, frame: ScopeFrame) {
        let (_, slot) = self.take_slot();
        // SAFETY: the slot has just been taken.
        unsafe { Self::fill(slot, &frame) };
    }

    /// The innermost frame, if it has this id.
    #[inline(always)]
    pub(crate) fn innermost(&self, id: FrameId) -> Option<&ScopeFrame> {
        let offset = id.offset();
        if offset + FRAME != self.top.get() {
            return None;
        }
        // SAFETY: the offset is that of the topmost frame, which `fill` has written. No reference is kept across a
        // push.
        let frame = unsafe { &*self.start.get().byte_add(offset) };
        if frame.id == id { Some(frame) } else { None }
    }

    /// Pops the innermost frame, which [`innermost`](Self::innermost) has returned.
    #[inline(always)]
    pub(crate) fn pop(&self, frame: &ScopeFrame, id: FrameId) {
        compiler_fence(SeqCst);
        // SAFETY: the frame belongs to this stack, which the owner alone touches; the holder of the reference reads
        // nothing more.
        unsafe { (&raw const frame.state).cast_mut().write(FrameState::VACANT) };
        compiler_fence(SeqCst);
        // Set to the offset, not one frame fewer: the context of a signal handler may have left a frame above.
        self.top.set(id.offset());
    }

    /// Number of frames.
    pub(crate) fn len(&self) -> usize {
        self.top.get() / FRAME
    }

    /// All frames, outermost first; a vacant one is being opened or closed. For exits out of order.
    #[allow(clippy::mut_from_ref, reason = "the owner is one thread, and callers hold one such slice at a time")]
    pub(crate) fn all(&self) -> &mut [ScopeFrame] {
        if self.start.get().is_null() {
            return &mut [];
        }
        // SAFETY: the first `len` frames were written by `fill`, or are zero or old ones; the owner alone calls this,
        // and holds no other reference into the stack meanwhile.
        unsafe { std::slice::from_raw_parts_mut(self.start.get(), self.len()) }
    }

    /// The index of an open frame. It may have moved since its guard was created (see `reserve_frame`).
    pub(crate) fn find(&self, id: FrameId) -> Option<usize> {
        let open = |frame: &ScopeFrame| frame.is_open() && frame.id.unmarked() == id;
        let all = self.all();
        let first_guess = id.offset() / FRAME;
        if all.get(first_guess).is_some_and(open) { Some(first_guess) } else { all.iter().rposition(open) }
    }

    /// Marks a frame as ended while others are open above it.
    pub(crate) fn end(&self, index: usize) {
        if let Some(frame) = self.all().get_mut(index) {
            frame.state.ended = true;
            self.ended.set(self.ended.get() + 1);
        }
    }

    /// Pops frames down to `len`.
    pub(crate) fn truncate(&self, len: usize) {
        let mut gone = 0;
        for frame in self.all().get_mut(len..).into_iter().flatten() {
            gone += usize::from(frame.state.ended);
            frame.state = FrameState::VACANT;
        }
        self.ended.set(self.ended.get().saturating_sub(gone));
        compiler_fence(SeqCst);
        self.top.set(self.top.get().min(len * FRAME));
    }

    /// Makes sure that one more frame fits; entries take the slow path until
    /// [`allow_fast_path`](Self::allow_fast_path). False: too many are open, or the system has no memory.
    pub(crate) fn reserve_frame(&self) -> bool {
        let fits = || self.top.get() < self.usable();
        if fits() {
            return true;
        }
        // A signal handler has interrupted an entry or other work on the frames: they must not move.
        if self.is_pinned() || self.all().last().is_some_and(ScopeFrame::is_vacant) {
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
        let all = self.all();
        let mut frameless_from = None;
        for index in 0..all.len() {
            if index == self.frameless_from.get() {
                frameless_from = Some(kept);
            }
            if all[index].state.ended {
                continue;
            }
            // Only the removed frames separated these two.
            if kept > 0 && all[index].is_subtracted() && all[kept - 1].is_subtracted() {
                let upper = all[index];
                all[kept - 1].subtract(upper.totals(), upper.high_before);
                continue;
            }
            all[kept] = all[index];
            kept += 1;
        }
        all[kept..].iter_mut().for_each(|frame| frame.state = FrameState::VACANT);
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
        let memory = pages::reserve(larger).cast::<ScopeFrame>();
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

    /// Notes a call of this node that is open without a frame.
    pub(crate) fn note_frameless(&self, node: &'static Node) {
        if self.frameless.get() == 0 {
            self.frameless_from.set(self.len());
        }
        self.frameless.set(self.frameless.get().wrapping_add(1));
        node.frameless.set(node.frameless.get().wrapping_add(1));
        self.mark_innermost_if_frameless(self.len());
    }

    /// Ends a call without a frame. False: it had already ended with an enclosing scope.
    pub(crate) fn end_frameless(&self, node: &'static Node) -> bool {
        let open = node.frameless.get();
        if open == 0 {
            return false;
        }
        node.frameless.set(open - 1);
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
            && let Some(frame) = len.checked_sub(1).and_then(|index| self.all().get_mut(index))
        {
            frame.mark();
        }
    }
}
