//! One consistent reading of all nodes, made without allocating.
//!
//! The readings are stored in the nodes themselves. The totals of a report are the sum of these very readings, so its
//! rows add up to the byte whatever other threads do meanwhile.

use super::counters::Flow;
use super::ledger::each_ledger;
use super::node::Node;
use super::tree::each_node;
use crate::os::fork_lock::{ForkLock, Held};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed};

/// What the last snapshot read of a node. All zero in a node that is younger than the snapshot.
#[derive(Debug)]
pub(super) struct Seen {
    allocated_bytes: AtomicU64,
    allocated_count: AtomicU64,
    deallocated_bytes: AtomicU64,
    deallocated_count: AtomicU64,
    reallocated_count: AtomicU64,
    grown_bytes: AtomicU64,
    calls: AtomicU64,
    finished: AtomicU64,
}

impl Seen {
    pub(super) const fn new() -> Self {
        Self {
            allocated_bytes: AtomicU64::new(0),
            allocated_count: AtomicU64::new(0),
            deallocated_bytes: AtomicU64::new(0),
            deallocated_count: AtomicU64::new(0),
            reallocated_count: AtomicU64::new(0),
            grown_bytes: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            finished: AtomicU64::new(0),
        }
    }
}

impl Flow {
    fn minus(self, other: Flow) -> Flow {
        Flow { bytes: self.bytes.wrapping_sub(other.bytes), count: self.count.wrapping_sub(other.count) }
    }
}

/// The readings of one node.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reading {
    pub(crate) allocated: Flow,
    pub(crate) deallocated: Flow,
    pub(crate) reallocated_count: u64,
    pub(crate) grown_bytes: u64,
    pub(crate) calls: u64,
    pub(crate) finished: u64,
}

impl Reading {
    pub(crate) fn plus(&self, other: &Reading) -> Reading {
        Reading {
            allocated: self.allocated.plus(other.allocated),
            deallocated: self.deallocated.plus(other.deallocated),
            reallocated_count: self.reallocated_count.wrapping_add(other.reallocated_count),
            grown_bytes: self.grown_bytes.wrapping_add(other.grown_bytes),
            calls: self.calls.wrapping_add(other.calls),
            finished: self.finished.wrapping_add(other.finished),
        }
    }

    /// What was counted between an earlier reading of the same node and this one.
    pub(crate) fn since(&self, earlier: &Reading) -> Reading {
        Reading {
            allocated: self.allocated.minus(earlier.allocated),
            deallocated: self.deallocated.minus(earlier.deallocated),
            reallocated_count: self.reallocated_count.wrapping_sub(earlier.reallocated_count),
            grown_bytes: self.grown_bytes.wrapping_sub(earlier.grown_bytes),
            calls: self.calls.wrapping_sub(earlier.calls),
            finished: self.finished.wrapping_sub(earlier.finished),
        }
    }

    /// Allocated − deallocated, bytes; negative where others' blocks were freed.
    pub(crate) fn net_bytes(&self) -> i64 {
        self.allocated.bytes.wrapping_sub(self.deallocated.bytes) as i64
    }

    /// Allocated − deallocated, blocks.
    pub(crate) fn net_count(&self) -> i64 {
        self.allocated.count.wrapping_sub(self.deallocated.count) as i64
    }

    pub(crate) fn is_used(&self) -> bool {
        self.allocated.count != 0 || self.deallocated.count != 0
    }
}

/// The right to read what the last snapshot saw: there is one at a time.
#[derive(Debug)]
pub(crate) struct Snapshot {
    _one_at_a_time: Held<'static, ()>,
}

impl Snapshot {
    /// Reads all nodes. Waits for another reporter; never called inside an allocation.
    pub(crate) fn take() -> Self {
        Self::take_of(|_| true)
    }

    /// Reads some nodes. As [`take`](Self::take).
    pub(crate) fn take_of(wanted: impl Fn(&Node) -> bool) -> Self {
        static ONE_AT_A_TIME: ForkLock<()> = ForkLock::new();
        let guard = ONE_AT_A_TIME.lock();
        let nodes = || each_ledger().flat_map(each_node).filter(|node| wanted(node));
        for node in nodes() {
            let freed = node.counters.read_deallocated();
            node.seen.deallocated_bytes.store(freed.bytes, Relaxed);
            node.seen.deallocated_count.store(freed.count, Relaxed);
            // Like frees: a call that is seen to end was seen to begin.
            node.seen.finished.store(node.finished.load(Acquire), Relaxed);
        }
        // The lists are walked again from their heads: a block may have been freed by an old thread and allocated by
        // one that began meanwhile.
        for node in nodes() {
            let allocated = node.counters.read_allocated();
            node.seen.allocated_bytes.store(allocated.bytes, Relaxed);
            node.seen.allocated_count.store(allocated.count, Relaxed);
            node.seen.reallocated_count.store(node.reallocated_count.load(Relaxed), Relaxed);
            node.seen.grown_bytes.store(node.grown_bytes.load(Relaxed), Relaxed);
            node.seen.calls.store(node.calls.load(Relaxed), Relaxed);
        }
        Self { _one_at_a_time: guard }
    }

    /// What the snapshot read of a node.
    pub(crate) fn reading(&self, node: &Node) -> Reading {
        let seen = &node.seen;
        Reading {
            allocated: Flow { bytes: seen.allocated_bytes.load(Relaxed), count: seen.allocated_count.load(Relaxed) },
            deallocated: Flow {
                bytes: seen.deallocated_bytes.load(Relaxed),
                count: seen.deallocated_count.load(Relaxed),
            },
            reallocated_count: seen.reallocated_count.load(Relaxed),
            grown_bytes: seen.grown_bytes.load(Relaxed),
            calls: seen.calls.load(Relaxed),
            finished: seen.finished.load(Relaxed),
        }
    }
}
