//! One open scope of a thread: what its guard knows, and what stands in its frame.

use crate::tracker::paths::node::Node;

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
    /// [`ScopeFrame::subtracted`].
    Subtracted,
    /// A function's body: it ends after everything that began in it, so what is still open above it was forgotten.
    Call,
    /// A guard in the user's hands: it may end before what began in it.
    Block,
}

impl FrameKind {
    /// Whether it is a call, from its entry to its end.
    #[inline(always)]
    pub(crate) fn is_call(self) -> bool {
        // PERF: the two are the last ones, so that one comparison tells.
        matches!(self, FrameKind::Call | FrameKind::Block)
    }
}

/// What happened through contexts, and is not to be counted by the frames beneath them.
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

/// Which frame it is: where it was put (bytes above the bottom) and a serial number. One word, so that an exit compares
/// it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameId(pub(crate) u64);

impl FrameId {
    /// Of a frame that no guard knows: no frame is put there.
    const NOBODYS: FrameId = FrameId(u64::MAX);

    /// In a word where the frame was put, its lowest bits are free: there was a panic; it is a word at all, not 0.
    const PANICKING: u64 = 1;
    const IS_ID: u64 = 2;
    /// In a frame: calls without a frame were opened above it, so it ends the long way.
    pub(crate) const MARKED: u64 = 1;
    /// Of a scope without a frame: no frame is put so far up.
    const FRAMELESS: u64 = 1 << 31;

    #[inline(always)]
    pub(crate) fn offset(self) -> usize {
        self.0 as u32 as usize
    }

    /// The frame that was put before this one, where nothing else was put in between.
    pub(crate) fn before(self) -> Self {
        Self(self.0.wrapping_sub((1 << 32) + FRAME as u64))
    }

    /// As a word, never 0, that also says whether there was a panic when the scope ended.
    #[inline(always)]
    pub(crate) fn word(self, panicking: bool) -> u64 {
        self.0 | Self::IS_ID | if panicking { Self::PANICKING } else { 0 }
    }

    /// Of a scope that found no room for its frame: its node, and what an end has to know. The lowest three bits are free.
    pub(crate) fn frameless(node: &'static Node, is_call: bool, panicking: bool) -> Self {
        let node = std::ptr::from_ref(node).expose_provenance() as u64 / align_of::<Node>() as u64;
        let facts = node << 2 | u64::from(is_call) << 1 | u64::from(panicking);
        Self((facts >> 28) << 32 | Self::FRAMELESS | (facts << 3 & (Self::FRAMELESS - 1)))
    }

    /// What [`frameless`](Self::frameless) was made of; `None`: the scope has a frame.
    pub(crate) fn without_frame(self) -> Option<Frameless> {
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
    pub(crate) fn is_marked(self) -> bool {
        self.0 & Self::MARKED != 0
    }

    /// The same without the mark, as its guard knows it.
    pub(crate) fn unmarked(self) -> Self {
        Self(self.0 & !Self::MARKED)
    }

    /// What [`word`](Self::word) was made of.
    #[inline(always)]
    pub(crate) fn from_word(word: u64) -> (Self, bool) {
        (Self(word & !(Self::IS_ID | Self::PANICKING)), word & Self::PANICKING != 0)
    }
}

/// An open scope that found no room for its frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frameless {
    pub(crate) node: &'static Node,
    pub(crate) is_call: bool,
    pub(crate) panicking_at_entry: bool,
}

/// What a frame is. Written last, in one piece.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(4))]
pub(crate) struct FrameState {
    pub(crate) kind: FrameKind,
    pub(crate) panicking_at_entry: bool,
    /// A block that ended while others were open above it. Nothing leads to it any more.
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
    /// What is charged when this scope ends.
    pub(crate) node_before: &'static Node,
    /// The thread's highest net before this scope began.
    pub(crate) high_before: i64,
    pub(crate) net_at_entry: i64,
    pub(crate) allocated_at_entry: u64,
    pub(crate) count_at_entry: u64,
    /// Scopes of the same site that were open beneath: 0 is the outermost of a recursion.
    pub(crate) open_before: u32,
    pub(crate) state: FrameState,
}

impl ScopeFrame {
    /// What takes the place of a context that has ended, and is handed down from frame to frame as they end: how much
    /// each of them must not count, and the highest net until now, without it. `node` is of no meaning.
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

    /// The totals at entry; of a [`subtracted`](Self::subtracted) frame, what is not to be counted.
    pub(crate) fn totals(&self) -> Foreign {
        Foreign { allocated: self.allocated_at_entry, count: self.count_at_entry, net: self.net_at_entry }
    }

    /// Adds to a [`subtracted`](Self::subtracted) frame what happened after it.
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

    /// Whether the counts of open scopes beneath are set aside while it is open.
    pub(crate) fn sets_aside(&self) -> bool {
        matches!(self.state.kind, FrameKind::Context | FrameKind::Measurement)
    }

    /// Whether it is no frame, or not yet.
    pub(crate) fn is_vacant(&self) -> bool {
        self.state.kind == FrameKind::Vacant
    }

    /// Has it end the long way.
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
}
