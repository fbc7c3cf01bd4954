//! The parts of which a frame holds one: a scope, or work to be subtracted.

use super::id::FrameId;
use crate::tracker::paths::node::Node;

/// The kind of a scope, which decides how it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ScopeKind {
    /// One poll of a future, or its drop. Ends like a call, but is not one.
    Poll,
    /// An entered context: its work belongs to another path, and no frame beneath counts it.
    Context,
    /// An entered measurement. As in a context, calls in it are not inner calls of a recursion that began beneath; but
    /// its work counts for the frames beneath.
    Measurement,
    /// A function's body: it ends after everything that began in it, so a scope that is still open above it was
    /// forgotten.
    Call,
    /// A guard in the user's hands: it may end before what began in it.
    Block,
}

impl ScopeKind {
    /// True if it is a call, from its entry to its end.
    #[inline(always)]
    pub(crate) fn is_call(self) -> bool {
        // PERF: the two are the last ones, so that one comparison tells.
        matches!(self, ScopeKind::Call | ScopeKind::Block)
    }
}

/// Allocations and net of a thread: up to a moment, or between two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Tally {
    /// Allocated − deallocated, bytes.
    pub(crate) net: i64,
    /// Bytes allocated.
    pub(crate) allocated: u64,
    /// Allocations.
    pub(crate) count: u64,
}

impl Tally {
    #[inline(always)]
    pub(crate) fn plus(self, other: Tally) -> Tally {
        Tally {
            net: self.net.wrapping_add(other.net),
            allocated: self.allocated.wrapping_add(other.allocated),
            count: self.count.wrapping_add(other.count),
        }
    }

    #[inline(always)]
    pub(crate) fn minus(self, other: Tally) -> Tally {
        Tally {
            net: self.net.wrapping_sub(other.net),
            allocated: self.allocated.wrapping_sub(other.allocated),
            count: self.count.wrapping_sub(other.count),
        }
    }
}

/// The part that a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Part {
    /// Zeroed memory is vacant.
    Vacant = 0,
    Scope,
    Subtracted,
}

/// The facts of a scope that are written last, as one word.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(4))]
pub(super) struct ScopeFacts {
    pub(super) part: Part,
    kind: ScopeKind,
    panicking_at_entry: bool,
    ended: bool,
}

/// The frame of one scope.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct ScopeFrame {
    pub(super) facts: ScopeFacts,
    /// Open scopes of the same site beneath; 0: the outermost of a recursion.
    pub(crate) open_before: u32,
    pub(crate) id: FrameId,
    /// The node that is charged while this is the innermost scope.
    pub(crate) node: &'static Node,
    /// The node that is charged when this scope ends.
    pub(crate) node_before: &'static Node,
    /// The thread's highest net before this scope began.
    pub(crate) high_before: i64,
    /// The thread's totals when this scope began.
    pub(crate) at_entry: Tally,
}

/// Figures of a scope at its entry, besides the [totals](Tally) of its thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) kind: ScopeKind,
    pub(crate) panicking: bool,
    pub(crate) node: &'static Node,
    pub(crate) node_before: &'static Node,
    pub(crate) open_before: u32,
}

impl ScopeFrame {
    #[inline(always)]
    pub(crate) fn new(id: FrameId, entry: Entry, high_before: i64, at_entry: Tally) -> Self {
        let Entry { kind, panicking, node, node_before, open_before } = entry;
        let facts = ScopeFacts { part: Part::Scope, kind, panicking_at_entry: panicking, ended: false };
        Self { facts, open_before, id, node, node_before, high_before, at_entry }
    }

    #[inline(always)]
    pub(crate) fn kind(&self) -> ScopeKind {
        self.facts.kind
    }

    #[inline(always)]
    pub(crate) fn was_panicking_at_entry(&self) -> bool {
        self.facts.panicking_at_entry
    }

    /// False for a block that ended while other scopes were open above it. No guard refers to it any more.
    pub(crate) fn is_open(&self) -> bool {
        !self.facts.ended
    }

    /// Notes that it has ended, while others are open above it.
    pub(super) fn end(&mut self) {
        self.facts.ended = true;
    }

    pub(crate) fn is_block(&self) -> bool {
        self.kind() == ScopeKind::Block
    }

    /// True if the counts of open scopes beneath are set aside while it is open.
    pub(crate) fn sets_aside(&self) -> bool {
        matches!(self.kind(), ScopeKind::Context | ScopeKind::Measurement)
    }

    /// Makes it end on the slow path.
    pub(crate) fn mark(&mut self) {
        self.id = self.id.marked();
    }
}

/// Work of ended contexts that were entered above the frame beneath, which that frame must not count. It is handed down
/// from frame to frame as they end.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct SubtractedFrame {
    pub(super) part: Part,
    /// That of no scope.
    pub(super) id: FrameId,
    /// The highest net so far, without this work.
    pub(crate) highest: i64,
    pub(crate) work: Tally,
}

impl SubtractedFrame {
    pub(crate) fn new(work: Tally, highest: i64) -> Self {
        Self { part: Part::Subtracted, id: FrameId::NOBODYS, highest, work }
    }

    /// Adds later work.
    pub(crate) fn subtract(&mut self, work: Tally, highest: i64) {
        self.highest = self.highest.max(highest.wrapping_sub(self.work.net));
        self.work = self.work.plus(work);
    }
}
