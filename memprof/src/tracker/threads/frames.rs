//! The open scopes of one thread, outermost first.
//!
//! Guards on the user's side hold only where their frame was put and which one it was: they can be dropped out of
//! order, on another thread, or never, and the stack stays sound.
//!
//! A signal handler may open and close scopes between any two instructions of its thread. So the slots above the top
//! are vacant; an entry takes its slot first, fills it, and says last what it is; an exit leaves its slot vacant before
//! it gives it back. What a handler finds is the stack without the scope that is being opened or closed, and it leaves
//! it so. The frames never move beneath an entry or exit that was interrupted (see [`Frames::reserve_frame`]), and no place
//! where they were is given back.

pub(crate) use super::frame::{FRAME, Foreign, FrameId, FrameKind, FrameState, Frameless, ScopeFrame};
use crate::os::pages;
use crate::tracker::paths::node::Node;
use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed, Ordering::SeqCst, compiler_fence};

/// Frames that one thread can have at once, what is spare among them. Calls beyond that are counted without one.
const MAX_FRAMES: usize = 64 * 1024;
const FIRST_FRAMES: usize = 256;
/// Slots that are kept for signal handlers that interrupt what must not be moved.
const SPARE: usize = 16 * FRAME;
const _: () = assert!(MAX_FRAMES * FRAME < 1 << 31, "the id of a scope without a frame has this bit");

/// The stack of open scopes. The owner alone touches it, but for what sends it the long way.
#[derive(Debug)]
pub(crate) struct Frames {
    start: Cell<*mut ScopeFrame>,
    /// Bytes in use.
    top: Cell<usize>,
    /// Bytes reserved.
    reserved: Cell<usize>,
    /// The bytes that an entry may use without a further look: `reserved` without what is spare, or 0 where it has to take
    /// the long way. Others set it to 0, so that an entry asks for both at once.
    limit: AtomicUsize,
    /// The next serial number, in the upper half.
    serial: Cell<u64>,
    /// How many of the frames have ended.
    ended: Cell<usize>,
    /// Calls that are open without a frame.
    frameless: Cell<u64>,
    /// How many frames there were when the first of these was opened.
    frameless_from: Cell<usize>,
    /// True while the owner is among the frames: they must not move.
    pinned: Cell<bool>,
}

/// Keeps the frames where they are.
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

    /// Keeps the frames where they are until this is dropped, whatever a signal handler opens meanwhile.
    pub(crate) fn pin(&self) -> Pinned<'_> {
        let before = self.pinned.replace(true);
        compiler_fence(SeqCst);
        Pinned { frames: self, before }
    }

    /// True if the owner was among the frames when a signal interrupted it: who asks is a handler.
    pub(crate) fn is_pinned(&self) -> bool {
        self.pinned.get()
    }

    /// Whether one more frame fits, and nothing is to be done before.
    #[inline(always)]
    pub(crate) fn has_capacity(&self) -> bool {
        self.top.get() < self.limit.load(Relaxed)
    }

    /// Sends the next entry the long way. Called by any thread.
    pub(crate) fn force_slow_path(&self) {
        self.limit.store(0, Relaxed);
    }

    /// Lets entries take the short way again.
    pub(crate) fn allow_fast_path(&self) {
        self.limit.store(self.usable(), Relaxed);
    }

    fn usable(&self) -> usize {
        self.reserved.get().saturating_sub(SPARE)
    }

    /// Takes the next slot, and says which frame it is.
    #[inline(always)]
    pub(crate) fn take_slot(&self) -> (FrameId, *mut ScopeFrame) {
        let serial = self.serial.get().wrapping_add(1 << 32);
        self.serial.set(serial);
        let top = self.top.get();
        debug_assert!(top < self.reserved.get());
        self.top.set(top + FRAME);
        // No instruction: a handler, or a child that another thread forks just now, finds the slot taken before
        // anything is written to it. Where the frames are is asked after that: from here on they stay there.
        compiler_fence(SeqCst);
        // SAFETY: `top` is a multiple of a frame's size and below the room, which is one too.
        (FrameId(serial | top as u64), unsafe { self.start.get().byte_add(top) })
    }

    /// Fills the slot that was taken: whoever walks the frames finds them whole.
    ///
    /// # Safety
    /// [`take_slot`](Self::take_slot) gave the slot, and nothing was pushed or taken off since.
    #[inline(always)]
    pub(crate) unsafe fn fill(slot: *mut ScopeFrame, frame: &ScopeFrame) {
        // SAFETY: the slot is a place for one frame that nobody else writes to, says the caller. Field by field: the
        // state comes last.
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

    /// Pushes a frame that no guard knows; the caller has asked [`has_capacity`](Self::has_capacity).
    pub(crate) fn push(&self, frame: ScopeFrame) {
        let (_, slot) = self.take_slot();
        // SAFETY: the slot was taken just now.
        unsafe { Self::fill(slot, &frame) };
    }

    /// The innermost frame, if it is this very one.
    #[inline(always)]
    pub(crate) fn innermost(&self, id: FrameId) -> Option<&ScopeFrame> {
        let offset = id.offset();
        if offset + FRAME != self.top.get() {
            return None;
        }
        // SAFETY: the offset is that of the topmost frame, which `fill` has written. The reference is not kept across a
        // push.
        let frame = unsafe { &*self.start.get().byte_add(offset) };
        if frame.id == id { Some(frame) } else { None }
    }

    /// Closes the innermost scope, which is this one: [`innermost`](Self::innermost) has found it.
    #[inline(always)]
    pub(crate) fn pop(&self, frame: &ScopeFrame, id: FrameId) {
        compiler_fence(SeqCst);
        // SAFETY: the frame is one of ours, which the owner alone touches; whoever has the reference reads nothing
        // more.
        unsafe { (&raw const frame.state).cast_mut().write(FrameState::VACANT) };
        compiler_fence(SeqCst);
        // Not one frame less than there are: a handler's context has left word above.
        self.top.set(id.offset());
    }

    /// How many frames there are.
    pub(crate) fn len(&self) -> usize {
        self.top.get() / FRAME
    }

    /// All frames, outermost first; one that is vacant is being opened or closed. For the exits that are not in order.
    #[allow(clippy::mut_from_ref, reason = "the owner is one thread, and callers hold one such slice at a time")]
    pub(crate) fn all(&self) -> &mut [ScopeFrame] {
        if self.start.get().is_null() {
            return &mut [];
        }
        // SAFETY: the first `len` frames were written by `fill`, or are zero or old ones; the owner alone calls this,
        // and holds no other reference into the stack meanwhile.
        unsafe { std::slice::from_raw_parts_mut(self.start.get(), self.len()) }
    }

    /// The place of a frame that is open. It may have moved since its guard was made (see `reserve_frame`).
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

    /// Takes frames off down to `len`.
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

    /// Makes sure that one more frame fits; entries take the long way until [`allow_fast_path`](Self::allow_fast_path). False: too many are
    /// open, or the system has no memory.
    pub(crate) fn reserve_frame(&self) -> bool {
        let fits = || self.top.get() < self.usable();
        if fits() {
            return true;
        }
        // A handler has interrupted an entry, or somebody among the frames: they have to stay where they are.
        if self.is_pinned() || self.all().last().is_some_and(ScopeFrame::is_vacant) {
            return self.top.get() < self.reserved.get();
        }
        let _still = self.pin();
        // Ended blocks can lie beneath open ones for ever, where tasks take turns on one thread. Dropping them looks at
        // every frame, so they have to be many: where guards are forgotten in a loop this is asked at each turn.
        if self.ended.get() > 0 && self.ended.get() >= self.len() / 4 {
            self.drop_ended();
        }
        fits() || self.grow()
    }

    /// Takes the ended frames out. Their guards are gone, and the guards of what moves find it by its id.
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
            // Only what stood between them kept these two apart.
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
        // The old place is kept: an exit that a signal handler has interrupted may be reading there, or a forked child.
        // All of them together take no more than the new one.
        self.reserved.set(larger);
        true
    }

    /// Notes a call that is open without a frame, of this node.
    pub(crate) fn note_frameless(&self, node: &'static Node) {
        if self.frameless.get() == 0 {
            self.frameless_from.set(self.len());
        }
        self.frameless.set(self.frameless.get().wrapping_add(1));
        node.frameless.set(node.frameless.get().wrapping_add(1));
        self.mark_innermost_if_frameless(self.len());
    }

    /// A call without a frame has ended. False: it had ended before, with what is around it.
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

    /// They have been ended.
    pub(crate) fn reset_frameless(&self) {
        self.frameless.set(0);
    }

    /// The innermost of so many frames ends the long way if there are calls without a frame above it.
    pub(crate) fn mark_innermost_if_frameless(&self, len: usize) {
        if self.frameless.get() > 0
            && let Some(frame) = len.checked_sub(1).and_then(|index| self.all().get_mut(index))
        {
            frame.mark();
        }
    }
}
