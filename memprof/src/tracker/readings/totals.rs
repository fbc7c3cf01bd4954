//! Totals of the whole process.

use crate::MemoryStats;
use crate::tracker::paths::counters::Flow;
use crate::tracker::threads::ledger::{Ledger, PUBLISH_STEP};
use crate::tracker::threads::ledgers::{self, REGISTRY, SHARED};
use crate::tracker::threads::thread;
use crate::tracker::threads::{published, test_events};

/// The highest net of the process, and its possible error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peak {
    pub(crate) bytes: u64,
    pub(crate) error_bytes: u64,
}

/// The peak, given the present net.
pub(crate) fn peak(net: i64) -> Peak {
    if let Some(highest) = highest_of_only_thread() {
        return Peak { bytes: highest.max(net).max(0) as u64, error_bytes: 0 };
    }
    let ledgers = REGISTRY.iter().count() as u64;
    Peak { bytes: published::peak().max(net).max(0) as u64, error_bytes: PUBLISH_STEP * ledgers }
}

/// The exact peak of a program whose only thread ever is this one: the thread's own highest net.
fn highest_of_only_thread() -> Option<i64> {
    let mut all = REGISTRY.iter();
    let only: &'static Ledger = all.next()?;
    let shared = &SHARED.root().counters;
    let shared_is_unused = shared.read_allocated() == Flow::default() && shared.read_deallocated() == Flow::default();
    if all.next().is_some() || !thread::has(only) || !shared_is_unused {
        return None;
    }
    Some(only.highest_net())
}

/// Totals of the whole process so far: bytes and blocks, allocated and deallocated.
///
/// All zero if [`AllocationTracker`](crate::AllocationTracker) is not the global allocator. Cost: two walks over the
/// call paths of every thread, a few nanoseconds each. Does not allocate, lock or panic.
///
/// ```
/// let stats = memprof::memory_stats();
/// println!("{:.1} MB live, {:.1} MB at the peak", stats.net_allocated_mb(), stats.peak_allocated_mb());
/// assert!(stats.allocated >= stats.deallocated);
/// ```
pub fn memory_stats() -> MemoryStats {
    let (allocated, deallocated) = flows();
    let net = allocated.bytes.wrapping_sub(deallocated.bytes);
    MemoryStats {
        allocated: allocated.bytes as usize,
        deallocated: deallocated.bytes as usize,
        net_allocated: net as usize,
        allocated_count: allocated.count as usize,
        deallocated_count: deallocated.count as usize,
        net_count: allocated.count.wrapping_sub(deallocated.count) as usize,
        peak_allocated: peak(net as i64).bytes as usize,
    }
}

/// Allocated − deallocated of the process, bytes.
pub(crate) fn net() -> i64 {
    let (allocated, deallocated) = flows();
    allocated.bytes.wrapping_sub(deallocated.bytes) as i64
}

/// Allocations and deallocations of the process.
pub(crate) fn flows() -> (Flow, Flow) {
    ledgers::flows(&|_| true)
}

/// As [`flows`], without the main thread of a test process.
pub(super) fn of_followed() -> (Flow, Flow) {
    ledgers::flows(&|ledger| !test_events::is_main(ledger))
}
