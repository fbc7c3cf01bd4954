//! One consistent reading of all nodes, made without allocating.
//!
//! The readings are stored in the nodes themselves. The totals of a report are the sum of these very readings, so its
//! rows add up to the byte whatever other threads do meanwhile.

use super::counters::Flow;
use super::ledger::{Ledger, REGISTRY, SHARED};
use super::tree::{Node, each_node};
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed};

/// What the last snapshot read of a node. All zero in a node that is younger than the snapshot.
#[derive(Debug)]
pub(crate) struct Seen {
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

/// One ledger, and what stands for its thread.
pub(crate) struct LedgerRow {
    pub(crate) ledger: &'static Ledger,
    /// The ledger of threads that are over.
    pub(crate) is_shared: bool,
}

/// The right to read what the last snapshot saw: there is one at a time.
pub(crate) struct Snapshot(#[allow(dead_code)] MutexGuard<'static, ()>);

impl Snapshot {
    /// Reads all nodes. Waits for another reporter; never called inside an allocation.
    pub(crate) fn take() -> Self {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        for row in Self::ledgers_in_memory() {
            for node in each_node(row.ledger) {
                let freed = node.counters.read_deallocated();
                node.seen.deallocated_bytes.store(freed.bytes, Relaxed);
                node.seen.deallocated_count.store(freed.count, Relaxed);
                // Like frees: a call that is seen to end was seen to begin.
                node.seen.finished.store(node.finished.load(Acquire), Relaxed);
            }
        }
        // The lists are walked again from their heads: a block may have been freed by an old thread and allocated by
        // one that began meanwhile.
        for row in Self::ledgers_in_memory() {
            for node in each_node(row.ledger) {
                let allocated = node.counters.read_allocated();
                node.seen.allocated_bytes.store(allocated.bytes, Relaxed);
                node.seen.allocated_count.store(allocated.count, Relaxed);
                node.seen.reallocated_count.store(node.reallocated_count.load(Relaxed), Relaxed);
                node.seen.grown_bytes.store(node.grown_bytes.load(Relaxed), Relaxed);
                node.seen.calls.store(node.calls.load(Relaxed), Relaxed);
            }
        }
        Self(guard)
    }

    fn ledgers_in_memory() -> impl Iterator<Item = LedgerRow> {
        REGISTRY
            .iter()
            .map(|ledger| LedgerRow { ledger, is_shared: false })
            .chain(std::iter::once(LedgerRow { ledger: &SHARED, is_shared: true }))
    }

    /// All ledgers. One that came after the snapshot has readings of zero.
    pub(crate) fn ledgers(&self) -> impl Iterator<Item = LedgerRow> {
        Self::ledgers_in_memory()
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
