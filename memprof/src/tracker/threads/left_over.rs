//! What the profiler's own work has left behind: it is summed here until the program is charged with it.

use super::ledger::{Ledger, REPORTING, each_node};
use crate::tracker::paths::counters::{Counters, Flow};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI64, AtomicU64};

/// Bytes and blocks that were left by reporting and are not charged to the program yet.
static LEFT_BYTES: AtomicI64 = AtomicI64::new(0);
static LEFT_COUNT: AtomicI64 = AtomicI64::new(0);
/// Everything that the program was charged with so far, as allocations and as frees.
static HANDED_OVER: Counters = Counters::new();
/// The highest net of one piece of work, bytes.
static PEAK: AtomicU64 = AtomicU64::new(0);

/// Takes all that is left, bytes and blocks, for the program to be charged with.
pub(crate) fn take() -> (i64, i64) {
    (LEFT_BYTES.swap(0, Relaxed), LEFT_COUNT.swap(0, Relaxed))
}

/// Notes that the program was charged with so much.
pub(crate) fn note_handed_over(bytes: i64, count: i64) {
    HANDED_OVER.add_shared(bytes, count);
}

/// State that the thread of a reporting ledger goes back to.
pub(crate) fn before(ledger: &'static Ledger) -> usize {
    ledger.own_work().before.get()
}

/// The thread is over, in whichever scope. Returns what it goes back to.
pub(crate) fn end_of_thread(ledger: &'static Ledger) -> usize {
    leave(ledger);
    let before = ledger.own_work().before.get();
    REPORTING.release(ledger);
    before
}

/// Puts the net of a ledger among what is left.
pub(crate) fn leave(ledger: &'static Ledger) {
    let work = ledger.own_work();
    let peak = ledger.high.get().wrapping_sub(work.left_bytes.get());
    PEAK.fetch_max(peak.max(0) as u64, Relaxed);
    let (allocated, freed) = flows(ledger);
    let bytes = allocated.bytes.wrapping_sub(freed.bytes) as i64;
    let count = allocated.count.wrapping_sub(freed.count) as i64;
    LEFT_BYTES.fetch_add(bytes.wrapping_sub(work.left_bytes.replace(bytes)), Relaxed);
    LEFT_COUNT.fetch_add(count.wrapping_sub(work.left_count.replace(count)), Relaxed);
}

/// Allocations and frees of a ledger.
fn flows(ledger: &'static Ledger) -> (Flow, Flow) {
    let sum = |read: fn(&Counters) -> Flow| {
        each_node(ledger).map(|node| read(&node.counters)).fold(Flow::default(), Flow::plus)
    };
    (sum(Counters::read_allocated), sum(Counters::read_deallocated))
}

/// Everything that was charged to the program so far: allocations, and frees.
pub(crate) fn handed_over() -> (Flow, Flow) {
    let freed = HANDED_OVER.read_deallocated();
    (HANDED_OVER.read_allocated(), freed)
}

/// The profiler's own ordinary allocations, without what the program has been given of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnFigures {
    pub(crate) allocated_bytes: u64,
    pub(crate) allocated_count: u64,
    /// The highest net of one piece of work that has ended, bytes.
    pub(crate) peak_bytes: u64,
}

impl OwnFigures {
    /// Those of now. Does not allocate.
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
