//! The open scopes of one thread, outermost first.
//!
//! Guards on the user's side hold only where their frame was put and which one it was: they can be dropped out of
//! order, on another thread, or never, and the stack stays sound.
//!
//! A signal handler may open and close scopes between any two instructions of its thread. So the slots above the top are
//! vacant; an entry takes its slot first, fills it, and says last what it is; an exit leaves its slot vacant before it gives it
//! back. What a handler finds is the stack without the scope that is being opened or closed, and it leaves it so. The
//! frames never move beneath an entry or exit that was interrupted (see [`Frames::make_room`]), and no place where they
//! were is given back.

use super::node::Node;
use crate::os::pages;
use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed, Ordering::SeqCst, compiler_fence};

/// Scopes that one thread can have open at once. A real stack of 8 MiB holds fewer tracked calls than this; only
/// guards that are forgotten in a loop get there.
const MAX_FRAMES: usize = 64 * 1024;
const FIRST_FRAMES: usize = 256;
/// Slots that are kept for signal handlers that interrupt what must not be moved.
const SPARE: usize = 16 * FRAME;

/// What opened a scope, and so how it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum FrameKind {
    /// No frame, or not yet: an entry or exit that a signal has interrupted. Zeroed memory is vacant.
    Vacant = 0,
    /// One poll of a future, or its drop. Ends like a call, but is not one.
    Poll,
    /// A context that was entered: what happens in it is another path's, and none of the frames beneath counts it.
    Context,
    /// A measurement that was entered. What is called in it is no inner call of a recursion that began beneath, as in a
    /// context; but it is a part of what the frames beneath do.
    Measurement,
    /// No open scope: what contexts did that were entered above the frame beneath, and have ended. See
    /// [`Frame::subtracted`].
    Subtracted,
    /// A function's body: it ends after everything that began in it, so what is still open above it was forgotten.
    Call,
    /// A guard in the user's hands: it may end before what began in it.
    Block,
}

impl FrameKind {
    /// Whether it is a call, from its entry to its end.
    #[inline(always)]
    pub(super) fn is_call(self) -> bool {
        // PERF: the two are the last ones, so that one comparison tells.
        matches!(self, FrameKind::Call | FrameKind::Block)
    }
}

/// What happened through contexts, and is not to be counted by the frames beneath them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Foreign {
    pub(super) allocated: u64,
    pub(super) count: u64,
    pub(super) net: i64,
}

impl Foreign {
    pub(super) fn and(self, other: Foreign) -> Foreign {
        Foreign {
            allocated: self.allocated.wrapping_add(other.allocated),
            count: self.count.wrapping_add(other.count),
            net: self.net.wrapping_add(other.net),
        }
    }
}

/// Which frame it is: where it was put (bytes above the bottom) and a serial number. One word, so that an exit compares
/// it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameId(u64);

impl FrameId {
    /// Of a frame that no guard knows: no frame is put there.
    const NOBODYS: FrameId = FrameId(u64::MAX);

    /// In a word where the frame was put, its lowest bits are free: there was a panic; it is a word at all, not 0.
    const PANICKING: u64 = 1;
    const IS_ID: u64 = 2;
    /// In a frame: calls without a frame were opened above it, so it ends the long way.
    const MARKED: u64 = 1;
    /// Of a scope without a frame: no frame is put so far up.
    const FRAMELESS: u64 = 1 << 31;

    #[inline(always)]
    pub(super) fn offset(self) -> usize {
        self.0 as u32 as usize
    }

    /// The frame that was put before this one, where nothing else was put in between.
    pub(super) fn before(self) -> Self {
        Self(self.0.wrapping_sub((1 << 32) + FRAME as u64))
    }

    /// As a word, never 0, that also says whether there was a panic when the scope ended.
    #[inline(always)]
    pub(super) fn word(self, panicking: bool) -> u64 {
        self.0 | Self::IS_ID | if panicking { Self::PANICKING } else { 0 }
    }

    /// Of a scope that found no room for its frame: its node, and what an end has to know. The lowest three bits are free.
    pub(super) fn frameless(node: &'static Node, is_call: bool, panicking: bool) -> Self {
        let node = std::ptr::from_ref(node).expose_provenance() as u64 / align_of::<Node>() as u64;
        let facts = node << 2 | u64::from(is_call) << 1 | u64::from(panicking);
        Self((facts >> 28) << 32 | Self::FRAMELESS | (facts << 3 & (Self::FRAMELESS - 1)))
    }

    /// What [`frameless`](Self::frameless) was made of; `None`: the scope has a frame.
    pub(super) fn without_frame(self) -> Option<Frameless> {
        if self.0 & Self::FRAMELESS == 0 {
            return None;
        }
        let facts = (self.0 >> 32) << 28 | (self.0 & (Self::FRAMELESS - 1)) >> 3;
        let node = std::ptr::with_exposed_provenance::<Node>((facts >> 2) as usize * align_of::<Node>());
        // SAFETY: `frameless` was given this node, and nodes are never freed. No other id has this bit: `push` puts no frame
        // so far up.
        let node = unsafe { &*node };
        Some(Frameless { node, is_call: facts & 2 != 0, panicking_at_entry: facts & 1 != 0 })
    }

    /// Of a frame: whether it ends the long way.
    pub(super) fn is_marked(self) -> bool {
        self.0 & Self::MARKED != 0
    }

    /// The same without the mark, as its guard knows it.
    fn unmarked(self) -> Self {
        Self(self.0 & !Self::MARKED)
    }

    /// What [`word`](Self::word) was made of.
    #[inline(always)]
    pub(super) fn from_word(word: u64) -> (Self, bool) {
        (Self(word & !(Self::IS_ID | Self::PANICKING)), word & Self::PANICKING != 0)
    }
}

/// An open scope that found no room for its frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frameless {
    pub(super) node: &'static Node,
    pub(super) is_call: bool,
    pub(super) panicking_at_entry: bool,
}

/// What a frame is. Written last, in one piece.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(4))]
pub(super) struct State {
    pub(super) kind: FrameKind,
    pub(super) panicking_at_entry: bool,
    /// A block that ended while others were open above it. Nothing leads to it any more.
    pub(super) ended: bool,
}

impl State {
    const VACANT: State = State::of(FrameKind::Vacant, false);

    #[inline(always)]
    pub(super) const fn of(kind: FrameKind, panicking_at_entry: bool) -> Self {
        Self { kind, panicking_at_entry, ended: false }
    }
}

/// One open scope.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(super) struct Frame {
    pub(super) id: FrameId,
    pub(super) node: &'static Node,
    /// What is charged when this scope ends.
    pub(super) node_before: &'static Node,
    /// The thread's highest net before this scope began.
    pub(super) high_before: i64,
    pub(super) net_at_entry: i64,
    pub(super) allocated_at_entry: u64,
    pub(super) count_at_entry: u64,
    /// Scopes of the same site that were open beneath: 0 is the outermost of a recursion.
    pub(super) open_before: u32,
    pub(super) state: State,
}

impl Frame {
    /// What takes the place of a context that has ended, and is handed down from frame to frame as they end: how much
    /// each of them must not count, and the highest net until now, without it. `node` is of no meaning.
    pub(super) fn subtracted(foreign: Foreign, highest: i64, node: &'static Node) -> Frame {
        Frame {
            id: FrameId::NOBODYS,
            node,
            node_before: node,
            high_before: highest,
            net_at_entry: foreign.net,
            allocated_at_entry: foreign.allocated,
            count_at_entry: foreign.count,
            open_before: 0,
            state: State::of(FrameKind::Subtracted, false),
        }
    }

    /// The totals at entry; of a [`subtracted`](Self::subtracted) frame, what is not to be counted.
    pub(super) fn totals(&self) -> Foreign {
        Foreign { allocated: self.allocated_at_entry, count: self.count_at_entry, net: self.net_at_entry }
    }

    /// Adds to a [`subtracted`](Self::subtracted) frame what happened after it.
    pub(super) fn subtract(&mut self, foreign: Foreign, highest: i64) {
        self.high_before = self.high_before.max(highest.wrapping_sub(self.net_at_entry));
        let both = self.totals().and(foreign);
        (self.allocated_at_entry, self.count_at_entry, self.net_at_entry) = (both.allocated, both.count, both.net);
    }

    pub(super) fn is_open(&self) -> bool {
        !self.state.ended && !matches!(self.state.kind, FrameKind::Subtracted | FrameKind::Vacant)
    }

    pub(super) fn is_block(&self) -> bool {
        self.state.kind == FrameKind::Block
    }

    /// Whether the counts of open scopes beneath are set aside while it is open.
    pub(super) fn sets_aside(&self) -> bool {
        matches!(self.state.kind, FrameKind::Context | FrameKind::Measurement)
    }

    /// Whether it is no frame, or not yet.
    pub(super) fn is_vacant(&self) -> bool {
        self.state.kind == FrameKind::Vacant
    }

    /// Has it end the long way.
    pub(super) fn mark(&mut self) {
        self.id.0 |= FrameId::MARKED;
    }

    pub(super) fn is_subtracted(&self) -> bool {
        self.state.kind == FrameKind::Subtracted
    }
}

pub(super) const FRAME: usize = size_of::<Frame>();
const _: () = assert!(FRAME.is_multiple_of(4), "an id has two bits to spare");

/// The stack of open scopes. The owner alone touches it, but for what sends it the long way.
#[derive(Debug)]
pub(super) struct Frames {
    start: Cell<*mut Frame>,
    /// Bytes in use.
    top: Cell<usize>,
    /// Bytes reserved.
    room: Cell<usize>,
    /// The bytes that an entry may use without a further look: `room` without what is spare, or 0 where it has to take the
    /// long way. Others set it to 0, so that an entry asks for both at once.
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
    busy: Cell<bool>,
}

/// Keeps the frames where they are.
#[derive(Debug)]
#[must_use]
pub(super) struct Still<'f> {
    frames: &'f Frames,
    before: bool,
}

impl Drop for Still<'_> {
    fn drop(&mut self) {
        compiler_fence(SeqCst);
        self.frames.busy.set(self.before);
    }
}

impl Frames {
    pub(super) const fn new() -> Self {
        Self {
            start: Cell::new(null_mut()),
            top: Cell::new(0),
            room: Cell::new(0),
            limit: AtomicUsize::new(0),
            serial: Cell::new(0),
            ended: Cell::new(0),
            frameless: Cell::new(0),
            frameless_from: Cell::new(0),
            busy: Cell::new(false),
        }
    }

    /// Keeps the frames where they are until this is dropped, whatever a signal handler opens meanwhile.
    pub(super) fn hold_still(&self) -> Still<'_> {
        let before = self.busy.replace(true);
        compiler_fence(SeqCst);
        Still { frames: self, before }
    }

    /// True if the owner was among the frames when a signal interrupted it: who asks is a handler.
    pub(super) fn is_held(&self) -> bool {
        self.busy.get()
    }

    /// Whether one more frame fits, and nothing is to be done before.
    #[inline(always)]
    pub(super) fn has_room(&self) -> bool {
        self.top.get() < self.limit.load(Relaxed)
    }

    /// Sends the next entry the long way. Called by any thread.
    pub(super) fn shut(&self) {
        self.limit.store(0, Relaxed);
    }

    /// Lets entries take the short way again.
    pub(super) fn unshut(&self) {
        self.limit.store(self.usual_room(), Relaxed);
    }

    fn usual_room(&self) -> usize {
        self.room.get().saturating_sub(SPARE)
    }

    /// Takes the next slot, and says which frame it is.
    #[inline(always)]
    pub(super) fn take_slot(&self) -> (FrameId, *mut Frame) {
        let serial = self.serial.get().wrapping_add(1 << 32);
        self.serial.set(serial);
        let top = self.top.get();
        debug_assert!(top < self.room.get());
        self.top.set(top + FRAME);
        // No instruction: a handler, or a child that another thread forks just now, finds the slot taken before anything is
        // written to it. Where the frames are is asked after that: from here on they stay there.
        compiler_fence(SeqCst);
        // SAFETY: `top` is a multiple of a frame's size and below the room, which is one too.
        (FrameId(serial | top as u64), unsafe { self.start.get().byte_add(top) })
    }

    /// Fills the slot that was taken: whoever walks the frames finds them whole.
    ///
    /// # Safety
    /// [`take_slot`](Self::take_slot) gave the slot, and nothing was pushed or taken off since.
    #[inline(always)]
    pub(super) unsafe fn fill(slot: *mut Frame, frame: &Frame) {
        // SAFETY: the slot is a place for one frame that nobody else writes to, says the caller. Field by field: the state
        // comes last.
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

    /// Pushes a frame that no guard knows; the caller has asked [`has_room`](Self::has_room).
    pub(super) fn push(&self, frame: Frame) {
        let (_, slot) = self.take_slot();
        // SAFETY: the slot was taken just now.
        unsafe { Self::fill(slot, &frame) };
    }

    /// The innermost frame, if it is this very one.
    #[inline(always)]
    pub(super) fn innermost(&self, id: FrameId) -> Option<&Frame> {
        let offset = id.offset();
        if offset + FRAME != self.top.get() {
            return None;
        }
        // SAFETY: the offset is that of the topmost frame, which `fill` has written. The reference is not kept across a push.
        let frame = unsafe { &*self.start.get().byte_add(offset) };
        if frame.id == id { Some(frame) } else { None }
    }

    /// Closes the innermost scope, which is this one: [`innermost`](Self::innermost) has found it.
    #[inline(always)]
    pub(super) fn pop(&self, frame: &Frame, id: FrameId) {
        compiler_fence(SeqCst);
        // SAFETY: the frame is one of ours, which the owner alone touches; whoever has the reference reads nothing more.
        unsafe { (&raw const frame.state).cast_mut().write(State::VACANT) };
        compiler_fence(SeqCst);
        // Not one frame less than there are: a handler's context has left word above.
        self.top.set(id.offset());
    }

    /// How many frames there are.
    pub(super) fn len(&self) -> usize {
        self.top.get() / FRAME
    }

    /// All frames, outermost first; one that is vacant is being opened or closed. For the exits that are not in order.
    #[allow(clippy::mut_from_ref, reason = "the owner is one thread, and callers hold one such slice at a time")]
    pub(super) fn all(&self) -> &mut [Frame] {
        if self.start.get().is_null() {
            return &mut [];
        }
        // SAFETY: the first `len` frames were written by `fill`, or are zero or old ones; the owner alone calls this, and
        // holds no other reference into the stack meanwhile.
        unsafe { std::slice::from_raw_parts_mut(self.start.get(), self.len()) }
    }

    /// The place of a frame that is open. It may have moved since its guard was made (see [`make_room`]).
    pub(super) fn find(&self, id: FrameId) -> Option<usize> {
        let open = |frame: &Frame| frame.is_open() && frame.id.unmarked() == id;
        let all = self.all();
        let first_guess = id.offset() / FRAME;
        if all.get(first_guess).is_some_and(open) { Some(first_guess) } else { all.iter().rposition(open) }
    }

    /// Marks a frame as ended while others are open above it.
    pub(super) fn end(&self, index: usize) {
        if let Some(frame) = self.all().get_mut(index) {
            frame.state.ended = true;
            self.ended.set(self.ended.get() + 1);
        }
    }

    /// Takes frames off down to `len`.
    pub(super) fn truncate(&self, len: usize) {
        let mut gone = 0;
        for frame in self.all().get_mut(len..).into_iter().flatten() {
            gone += usize::from(frame.state.ended);
            frame.state = State::VACANT;
        }
        self.ended.set(self.ended.get().saturating_sub(gone));
        compiler_fence(SeqCst);
        self.top.set(self.top.get().min(len * FRAME));
    }

    /// Makes sure that one more frame fits; entries take the long way until [`unshut`](Self::unshut). False: too many are
    /// open, or the system has no memory.
    pub(super) fn make_room(&self) -> bool {
        let fits = || self.top.get() < self.usual_room();
        if fits() {
            return true;
        }
        // A handler has interrupted an entry, or somebody among the frames: they have to stay where they are.
        if self.is_held() || self.all().last().is_some_and(Frame::is_vacant) {
            return self.top.get() < self.room.get();
        }
        let _still = self.hold_still();
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
        all[kept..].iter_mut().for_each(|frame| frame.state = State::VACANT);
        self.frameless_from.set(frameless_from.unwrap_or(kept));
        self.mark_innermost_if_frameless(kept);
        self.top.set(kept * FRAME);
        self.ended.set(0);
    }

    fn grow(&self) -> bool {
        let room = self.room.get();
        let larger = (room * 2).max(FIRST_FRAMES * FRAME);
        if larger > MAX_FRAMES * FRAME {
            return false;
        }
        let place = pages::reserve(larger).cast::<Frame>();
        if place.is_null() {
            return false;
        }
        if room > 0 {
            // SAFETY: both regions hold at least `room` bytes and do not overlap.
            unsafe { place.copy_from_nonoverlapping(self.start.get(), self.len()) };
        }
        compiler_fence(SeqCst);
        self.start.set(place);
        // The old place is kept: an exit that a signal handler has interrupted may be reading there, or a forked child. All
        // of them together take no more than the new one.
        self.room.set(larger);
        true
    }

    /// Notes a call that is open without a frame, of this node.
    pub(super) fn note_frameless(&self, node: &'static Node) {
        if self.frameless.get() == 0 {
            self.frameless_from.set(self.len());
        }
        self.frameless.set(self.frameless.get().wrapping_add(1));
        node.frameless.set(node.frameless.get().wrapping_add(1));
        self.mark_innermost_if_frameless(self.len());
    }

    /// A call without a frame has ended. False: it had ended before, with what is around it.
    pub(super) fn end_frameless(&self, node: &'static Node) -> bool {
        let open = node.frameless.get();
        if open == 0 {
            return false;
        }
        node.frameless.set(open - 1);
        self.frameless.set(self.frameless.get().saturating_sub(1));
        true
    }

    /// True if calls without a frame are open, all of them above this many frames.
    pub(super) fn are_frameless_above(&self, len: usize) -> bool {
        self.frameless.get() > 0 && len <= self.frameless_from.get()
    }

    /// They have been ended.
    pub(super) fn forget_frameless(&self) {
        self.frameless.set(0);
    }

    /// The innermost of so many frames ends the long way if there are calls without a frame above it.
    pub(super) fn mark_innermost_if_frameless(&self, len: usize) {
        if self.frameless.get() > 0
            && let Some(frame) = len.checked_sub(1).and_then(|index| self.all().get_mut(index))
        {
            frame.mark();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_scope_without_a_frame_says_what_its_end_has_to_know() {
        let node: &'static Node = Box::leak(Box::new(Node::root()));
        for (is_call, panicking) in [(false, false), (false, true), (true, false), (true, true)] {
            let id = FrameId::frameless(node, is_call, panicking);
            for (word, was_panicking) in [(id.word(false), false), (id.word(true), true)] {
                let (back, panicking_at_end) = FrameId::from_word(word);
                assert_eq!((back, panicking_at_end), (id, was_panicking));
            }
            assert!(id.offset() > MAX_FRAMES * FRAME && id.0.trailing_zeros() >= 3);
            let frameless = id.without_frame().expect("it has no frame");
            assert!(std::ptr::eq(frameless.node, node));
            assert_eq!((frameless.is_call, frameless.panicking_at_entry), (is_call, panicking));
        }
        assert!(FrameId(5 << 32 | 640).without_frame().is_none());
    }
}
