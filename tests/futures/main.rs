//! Tracked futures: their calls, peaks, forms and sizes, on one thread and on many.
#![allow(missing_docs)]

mod calls;
mod large;
mod peaks;
mod returned;
mod runtimes;
mod sizes;

use memprof::AllocationTracker;
use memprof_tests::Counting;

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);
