//! Meters: the memory of one piece of work, on whichever threads and tasks it runs.
#![allow(missing_docs)]

mod figures;
mod lives;
mod service;
mod threads;

use memprof::AllocationTracker;
use memprof_tests::Counting;

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

/// Allocated, net and peak.
fn of(meter: &memprof::Meter) -> (u64, i64, u64) {
    (meter.allocated(), meter.net(), meter.peak())
}
