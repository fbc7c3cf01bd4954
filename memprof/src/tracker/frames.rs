//! The open scopes of one thread, outermost first.
//!
//! Guards on the user's side hold only where their frame was put and which one it was: they can be dropped out of
//! order, on another thread, or never, and the stack stays sound.

use super::node::Node;
use crate::os::pages;
use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed, Ordering::SeqCst, compiler_fence};

/// Scopes that one thread can have open at once. A real stack of 8 MiB holds fewer tracked calls than this; only
/// guards that are forgotten in a loop get there.
const MAX_FRAMES: usize = 64 * 1024;
const FIRST_FRAMES: usize = 256;

/// What opened a scope, and so how it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// A function's body: it ends after everything that began in it, so what is still open above it was forgotten.
    Call,
    /// A guard in the user's hands: it may end before what began in it.
    Block,
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
}

impl FrameKind {
    /// Whether it is a call, from its entry to its end.
    #[inline(always)]
    pub(super) fn is_call(self) -> bool {
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

    /// What [`word`](Self::word) was made of.
    #[inline(always)]
    pub(super) fn from_word(word: u64) -> (Self, bool) {
        (Self(word & !(Self::IS_ID | Self::PANICKING)), word & Self::PANICKING != 0)
    }
}

/// One open scope.
#[derive(Clone, Copy, Debug)]
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
    pub(super) kind: FrameKind,
    pub(super) panicking_at_entry: bool,
    /// A block that ended while others were open above it. Nothing leads to it any more.
    pub(super) ended: bool,
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
            kind: FrameKind::Subtracted,
            panicking_at_entry: false,
            ended: false,
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
        !self.ended && self.kind != FrameKind::Subtracted
    }

    pub(super) fn is_block(&self) -> bool {
        self.kind == FrameKind::Block
    }

    /// Whether the counts of open scopes beneath are set aside while it is open.
    pub(super) fn sets_aside(&self) -> bool {
        matches!(self.kind, FrameKind::Context | FrameKind::Measurement)
    }

    pub(super) fn is_subtracted(&self) -> bool {
        self.kind == FrameKind::Subtracted
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
    /// The bytes that an entry may use without a further look: `room`, or 0 where it has to take the long way. Others set it
    /// to 0, so that an entry asks for both at once.
    limit: AtomicUsize,
    /// The next serial number, in the upper half.
    serial: Cell<u64>,
    /// How many of the frames have ended.
    ended: Cell<usize>,
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
        }
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
        self.limit.store(self.room.get(), Relaxed);
    }

    /// Where the next frame goes.
    #[inline(always)]
    pub(super) fn next_id(&self) -> FrameId {
        let serial = self.serial.get().wrapping_add(1 << 32);
        self.serial.set(serial);
        FrameId(serial | self.top.get() as u64)
    }

    /// Opens a scope; the caller has asked [`has_room`](Self::has_room).
    #[inline(always)]
    pub(super) fn push(&self, frame: Frame) {
        let top = self.top.get();
        debug_assert!(top < self.room.get());
        // SAFETY: `top` is a multiple of a frame's size and below the room, which is one too.
        unsafe { self.start.get().byte_add(top).write(frame) };
        // No instruction: a child that another thread forks just now reads the frames that `top` says there are.
        compiler_fence(SeqCst);
        self.top.set(top + FRAME);
    }

    /// The innermost frame, if it is this very one.
    #[inline(always)]
    pub(super) fn innermost(&self, id: FrameId) -> Option<&Frame> {
        let offset = id.offset();
        if offset + FRAME != self.top.get() {
            return None;
        }
        // SAFETY: the offset is that of the topmost frame, which `push` has written. The reference is not kept across
        // a push.
        let frame = unsafe { &*self.start.get().byte_add(offset) };
        if frame.id == id { Some(frame) } else { None }
    }

    /// Closes the innermost scope.
    #[inline(always)]
    pub(super) fn pop(&self) {
        self.top.set(self.top.get() - FRAME);
    }

    /// How many frames there are.
    pub(super) fn len(&self) -> usize {
        self.top.get() / FRAME
    }

    /// All frames, outermost first. For the exits that are not in order.
    #[allow(clippy::mut_from_ref, reason = "the owner is one thread, and callers hold one such slice at a time")]
    pub(super) fn all(&self) -> &mut [Frame] {
        if self.start.get().is_null() {
            return &mut [];
        }
        // SAFETY: the first `len` frames were written by `push`; the owner alone calls this, and holds no other
        // reference into the stack meanwhile.
        unsafe { std::slice::from_raw_parts_mut(self.start.get(), self.len()) }
    }

    /// The place of a frame that is open. It may have moved since its guard was made (see [`make_room`]).
    pub(super) fn find(&self, id: FrameId) -> Option<usize> {
        let open = |frame: &Frame| frame.id == id && frame.is_open();
        let all = self.all();
        let first_guess = id.offset() / FRAME;
        if all.get(first_guess).is_some_and(open) { Some(first_guess) } else { all.iter().rposition(open) }
    }

    /// Marks a frame as ended while others are open above it.
    pub(super) fn end(&self, index: usize) {
        if let Some(frame) = self.all().get_mut(index) {
            frame.ended = true;
            self.ended.set(self.ended.get() + 1);
        }
    }

    /// Takes frames off down to `len`.
    pub(super) fn truncate(&self, len: usize) {
        let gone = self.all().get(len..).into_iter().flatten().filter(|frame| frame.ended).count();
        self.ended.set(self.ended.get().saturating_sub(gone));
        self.top.set(self.top.get().min(len * FRAME));
    }

    /// Makes sure that one more frame fits; entries take the long way until [`unshut`](Self::unshut). False: too many are
    /// open, or the system has no memory.
    pub(super) fn make_room(&self) -> bool {
        let fits = || self.top.get() < self.room.get();
        if fits() {
            return true;
        }
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
        for index in 0..all.len() {
            if all[index].ended {
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
        let old = self.start.get();
        // Before the old place is given back: a forked child reads the frames of threads that it does not have, wherever
        // those were.
        if room > 0 {
            // SAFETY: both regions hold at least `room` bytes and do not overlap.
            unsafe { place.copy_from_nonoverlapping(old, self.len()) };
        }
        compiler_fence(SeqCst);
        self.start.set(place);
        self.room.set(larger);
        if room > 0 {
            compiler_fence(SeqCst);
            // SAFETY: the old place came from `reserve` with this size, and nothing refers to it any more.
            unsafe { pages::release(old.cast(), room) };
        }
        true
    }
}
