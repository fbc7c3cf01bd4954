//! One open scope of a thread: the id that its guard holds, and its frame.

use crate::tracker::paths::node::Node;

/// The kind of a scope, which decides how it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum FrameKind {
    /// No frame, or not yet: an entry or exit interrupted by a signal. Zeroed memory is vacant.
    Vacant = 0,
    /// One poll of a future, or its drop. Ends like a call, but is not one.
    Poll,
    /// An entered context: its work belongs to another path, and no frame beneath counts it.
    Context,
    /// An entered measurement. As in a context, calls in it are not inner calls of a recursion that began beneath; but
    /// its work counts for the frames beneath.
    Measurement,
    /// No open scope: the work of ended contexts that were entered above the frame beneath. See
    /// [`ScopeFrame::subtracted`].
    Subtracted,
    /// A function's body: it ends after everything that began in it, so a scope that is still open above it was
    /// forgotten.
    Call,
    /// A guard in the user's hands: it may end before what began in it.
    Block,
}

impl FrameKind {
    /// True if it is a call, from its entry to its end.
    #[inline(always)]
    pub(crate) fn is_call(self) -> bool {
        // PERF: the two are the last ones, so that one comparison tells.
        matches!(self, FrameKind::Call | FrameKind::Block)
    }
}

/// Work of contexts, which the frames beneath them must not count.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Foreign {
    pub(crate) allocated: u64,
    pub(crate) count: u64,
    pub(crate) net: i64,
}

impl Foreign {
    pub(crate) fn and(self, other: Foreign) -> Foreign {
        Foreign {
            allocated: self.allocated.wrapping_add(other.allocated),
            count: self.count.wrapping_add(other.count),
            net: self.net.wrapping_add(other.net),
        }
    }
}

/// The identity of a frame: its offset from the bottom of the stack in bytes, and a serial number. One word, so that an
/// exit needs one comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameId(pub(crate) u64);

impl FrameId {
    /// Id of frames without a guard: no frame has this offset.
    const NOBODYS: FrameId = FrameId(u64::MAX);

    /// Unused low bits of the offset in a word: the thread was panicking; the word is not empty.
    const PANICKING: u64 = 1;
    const IS_ID: u64 = 2;
    /// Set in a frame above which calls without a frame were opened: it ends on the slow path.
    pub(crate) const MARKED: u64 = 1;
    /// Set in the id of a scope without a frame: no frame has so large an offset.
    const FRAMELESS: u64 = 1 << 31;

    #[inline(always)]
    pub(crate) fn offset(self) -> usize {
        self.0 as u32 as usize
    }

    /// Id of the frame pushed directly before this one.
    pub(crate) fn before(self) -> Self {
        Self(self.0.wrapping_sub((1 << 32) + FRAME as u64))
    }

    /// The id as a word, never 0, that also says if the thread was panicking when the scope ended.
    #[inline(always)]
    pub(crate) fn word(self, panicking: bool) -> u64 {
        self.0 | Self::IS_ID | if panicking { Self::PANICKING } else { 0 }
    }

    /// Id of a scope without a frame: its node, and the facts that its end needs. The lowest three bits are unused.
    pub(crate) fn frameless(node: &'static Node, is_call: bool, panicking: bool) -> Self {
        let node = std::ptr::from_ref(node).expose_provenance() as u64 / align_of::<Node>() as u64;
        let facts = node << 2 | u64::from(is_call) << 1 | u64::from(panicking);
        Self((facts >> 28) << 32 | Self::FRAMELESS | (facts << 3 & (Self::FRAMELESS - 1)))
    }

    /// The scope that [`frameless`](Self::frameless) has packed; `None`: the scope has a frame.
    pub(crate) fn without_frame(self) -> Option<Frameless> {
        if self.0 & Self::FRAMELESS == 0 {
            return None;
        }
        let facts = (self.0 >> 32) << 28 | (self.0 & (Self::FRAMELESS - 1)) >> 3;
        let node = std::ptr::with_exposed_provenance::<Node>((facts >> 2) as usize * align_of::<Node>());
        // SAFETY: `frameless` was given this node, and nodes are never freed. No other id has this bit: no frame has so
        // large an offset.
        let node = unsafe { &*node };
        Some(Frameless { node, is_call: facts & 2 != 0, panicking_at_entry: facts & 1 != 0 })
    }

    /// True if the frame ends on the slow path.
    pub(crate) fn is_marked(self) -> bool {
        self.0 & Self::MARKED != 0
    }

    /// The id without the mark, as its guard holds it.
    pub(crate) fn unmarked(self) -> Self {
        Self(self.0 & !Self::MARKED)
    }

    /// The id that [`word`](Self::word) has packed, and if the thread was panicking.
    #[inline(always)]
    pub(crate) fn from_word(word: u64) -> (Self, bool) {
        (Self(word & !(Self::IS_ID | Self::PANICKING)), word & Self::PANICKING != 0)
    }
}

/// An open scope without a frame, for which there was no memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frameless {
    pub(crate) node: &'static Node,
    pub(crate) is_call: bool,
    pub(crate) panicking_at_entry: bool,
}

/// The state of a frame. Written last, as one word.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(4))]
pub(crate) struct FrameState {
    pub(crate) kind: FrameKind,
    pub(crate) panicking_at_entry: bool,
    /// True for a block that ended while other scopes were open above it. No guard refers to it any more.
    pub(crate) ended: bool,
}

impl FrameState {
    pub(crate) const VACANT: FrameState = FrameState::of(FrameKind::Vacant, false);

    #[inline(always)]
    pub(crate) const fn of(kind: FrameKind, panicking_at_entry: bool) -> Self {
        Self { kind, panicking_at_entry, ended: false }
    }
}

/// One open scope.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct ScopeFrame {
    pub(crate) id: FrameId,
    pub(crate) node: &'static Node,
    /// The node that is charged when this scope ends.
    pub(crate) node_before: &'static Node,
    /// The thread's highest net before this scope began.
    pub(crate) high_before: i64,
    pub(crate) net_at_entry: i64,
    pub(crate) allocated_at_entry: u64,
    pub(crate) count_at_entry: u64,
    /// Open scopes of the same site beneath; 0: the outermost of a recursion.
    pub(crate) open_before: u32,
    pub(crate) state: FrameState,
}

impl ScopeFrame {
    /// The frame that replaces an ended context and is handed down from frame to frame as they end: the amount that
    /// none of them must count, and the highest net so far without it. `node` has no meaning.
    pub(crate) fn subtracted(foreign: Foreign, highest: i64, node: &'static Node) -> ScopeFrame {
        ScopeFrame {
            id: FrameId::NOBODYS,
            node,
            node_before: node,
            high_before: highest,
            net_at_entry: foreign.net,
            allocated_at_entry: foreign.allocated,
            count_at_entry: foreign.count,
            open_before: 0,
            state: FrameState::of(FrameKind::Subtracted, false),
        }
    }

    /// The totals at entry; in a [`subtracted`](Self::subtracted) frame, the amount that must not be counted.
    pub(crate) fn totals(&self) -> Foreign {
        Foreign { allocated: self.allocated_at_entry, count: self.count_at_entry, net: self.net_at_entry }
    }

    /// Adds later work to a [`subtracted`](Self::subtracted) frame.
    pub(crate) fn subtract(&mut self, foreign: Foreign, highest: i64) {
        self.high_before = self.high_before.max(highest.wrapping_sub(self.net_at_entry));
        let both = self.totals().and(foreign);
        (self.allocated_at_entry, self.count_at_entry, self.net_at_entry) = (both.allocated, both.count, both.net);
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.state.ended && !matches!(self.state.kind, FrameKind::Subtracted | FrameKind::Vacant)
    }

    pub(crate) fn is_block(&self) -> bool {
        self.state.kind == FrameKind::Block
    }

    /// True if the counts of open scopes beneath are set aside while it is open.
    pub(crate) fn sets_aside(&self) -> bool {
        matches!(self.state.kind, FrameKind::Context | FrameKind::Measurement)
    }

    /// True if it is no frame, or not yet.
    pub(crate) fn is_vacant(&self) -> bool {
        self.state.kind == FrameKind::Vacant
    }

    /// Makes it end on the slow path.
    pub(crate) fn mark(&mut self) {
        self.id.0 |= FrameId::MARKED;
    }

    pub(crate) fn is_subtracted(&self) -> bool {
        self.state.kind == FrameKind::Subtracted
    }
}

pub(crate) const FRAME: usize = size_of::<ScopeFrame>();
const _: () = assert!(FRAME.is_multiple_of(4), "an id has two bits to spare");

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
            assert!(id.offset() > 1 << 30 && id.0.trailing_zeros() >= 3);
            let frameless = id.without_frame().expect("it has no frame");
            assert!(std::ptr::eq(frameless.node, node));
            assert_eq!((frameless.is_call, frameless.panicking_at_entry), (is_call, panicking));
        }
        assert!(FrameId(5 << 32 | 640).without_frame().is_none());
    }

    #[test]
    fn the_id_of_a_frame_survives_its_word_and_its_mark() {
        for offset in [0, FRAME as u64, 640 * FRAME as u64] {
            for serial in [1, 5, u64::from(u32::MAX)] {
                let id = FrameId(serial << 32 | offset);
                for panicking in [false, true] {
                    assert!(id.word(panicking) != 0);
                    assert_eq!(FrameId::from_word(id.word(panicking)), (id, panicking));
                }
                let marked = FrameId(id.0 | FrameId::MARKED);
                assert_eq!((id.is_marked(), marked.is_marked(), marked.unmarked()), (false, true, id));
                assert_eq!((id.offset(), id.without_frame().is_none()), (offset as usize, true));
            }
        }
        assert_eq!(FrameId((7 << 32) | (2 * FRAME as u64)).before(), FrameId((6 << 32) | FRAME as u64));
    }
}
