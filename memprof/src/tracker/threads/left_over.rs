//! Blocks left by the profiler's own work, summed here until the program is charged with them.

use super::ledger::Ledger;
use super::ledgers::{REPORTING, each_node};
use crate::tracker::paths::counters::{Counters, Flow};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI64, AtomicU64};

/// Bytes and blocks left by reporting and not yet charged to the program.
static LEFT_BYTES: AtomicI64 = AtomicI64::new(0);
static LEFT_COUNT: AtomicI64 = AtomicI64::new(0);
/// Total charged to the program so far, as allocations and as deallocations.
static HANDED_OVER: Counters = Counters::new();
/// The highest net of one piece of work, bytes.
static PEAK: AtomicU64 = AtomicU64::new(0);

/// Takes all bytes and blocks that are left, to charge the program with them.
pub(crate) fn take() -> (i64, i64) {
    (LEFT_BYTES.swap(0, Relaxed), LEFT_COUNT.swap(0, Relaxed))
}

/// Notes an amount that the program was charged with.
pub(crate) fn note_handed_over(bytes: i64, count: i64) {
    HANDED_OVER.add_shared(bytes, count);
}

/// State to which the thread of a reporting ledger returns.
pub(crate) fn before(ledger: &'static Ledger) -> usize {
    ledger.own_work().before.get()
}

/// Ends the reporting of a thread that is over, in any scope. Returns the state from before the reporting.
pub(crate) fn end_of_thread(ledger: &'static Ledger) -> usize {
    leave(ledger);
    let before = ledger.own_work().before.get();
    REPORTING.release(ledger);
    before
}

/// Adds the net of a ledger to the blocks that are left.
pub(crate) fn leave(ledger: &'static Ledger) {
    let work = ledger.own_work();
    let peak = ledger.high.get().wrapping_sub(work.left_bytes.get());
    PEAK.fetch_max(peak.max(0) as u64, Relaxed);
    let (allocated, deallocated) = flows(ledger);
    let bytes = allocated.bytes.wrapping_sub(deallocated.bytes) as i64;
    let count = allocated.count.wrapping_sub(deallocated.count) as i64;
    LEFT_BYTES.fetch_add(bytes.wrapping_sub(work.left_bytes.replace(bytes)), Relaxed);
    LEFT_COUNT.fetch_add(count.wrapping_sub(work.left_count.replace(count)), Relaxed);
}

/// Allocations and deallocations of a ledger.
fn flows(ledger: &'static Ledger) -> (Flow, Flow) {
    let sum = |read: fn(&Counters) -> Flow| {
        each_node(ledger).map(|node| read(&node.counters)).fold(Flow::default(), Flow::plus)
    };
    (sum(Counters::read_allocated), sum(Counters::read_deallocated))
}

/// Total charged to the program so far: allocations and deallocations.
pub(crate) fn handed_over() -> (Flow, Flow) {
    let deallocated = HANDED_OVER.read_deallocated();
    (HANDED_OVER.read_allocated(), deallocated)
}

/// The profiler's own ordinary allocations, without those charged to the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnFigures {
    pub(crate) allocated_bytes: u64,
    pub(crate) allocated_count: u64,
    /// The highest net of one piece of work that has ended, bytes.
    pub(crate) peak_bytes: u64,
}

impl OwnFigures {
    /// The present figures. Does not allocate.
    pub(crate) fn now() -> Self {
        let all = REPORTING.iter().map(|ledger| flows(ledger).0).fold(Flow::default(), Flow::plus);
        let (given, _) = handed_over();
        Self {
            allocated_bytes: all.bytes.saturating_sub(given.bytes),
            allocated_count: all.count.saturating_sub(given.count),
            peak_bytes: PEAK.load(Relaxed),
        }
    }
}
