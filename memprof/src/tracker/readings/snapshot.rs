//! A snapshot: one consistent reading of all nodes, made without allocating.
//!
//! The readings are stored in the nodes themselves. The totals of a report are the sum of these very readings, so its
//! rows add up to the byte, whatever other threads do meanwhile.

use crate::os::process::fork_lock::{ForkLock, LockGuard};
use crate::tracker::paths::node::Node;
use crate::tracker::paths::reading::Reading;
use crate::tracker::threads::ledgers::every_node;

/// The right to read the last snapshot: there is one at a time.
#[derive(Debug)]
pub(crate) struct Snapshot {
    _one_at_a_time: LockGuard<'static, ()>,
}

impl Snapshot {
    /// Reads all nodes. Waits for another reporter; never called inside an allocation.
    pub(crate) fn take() -> Self {
        Self::take_of(&|_| true)
    }

    /// As [`take`](Self::take), for the wanted nodes only.
    pub(crate) fn take_of(wanted: &dyn Fn(&Node) -> bool) -> Self {
        static ONE_AT_A_TIME: ForkLock<()> = ForkLock::new();
        let guard = ONE_AT_A_TIME.lock();
        let nodes = || every_node().map(|(_, node)| node).filter(|node| wanted(node));
        for node in nodes() {
            // As with frees: if the end of a call is seen, so is its beginning.
            node.last_reading.store_ends(node.counters.read_deallocated(), node.finished());
        }
        // The lists are walked again from their heads: a block may have been freed by an old thread and allocated by
        // one that has started meanwhile.
        for node in nodes() {
            node.last_reading.store_beginnings(node.counters.read_allocated(), node.reallocations(), node.calls());
        }
        Self { _one_at_a_time: guard }
    }

    /// The reading of a node in this snapshot.
    pub(crate) fn reading(&self, node: &Node) -> Reading {
        node.last_reading.get()
    }
}
