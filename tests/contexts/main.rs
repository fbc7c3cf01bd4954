//! Work that a context carries to other threads and futures: the figures of the function that it was captured in.
#![allow(missing_docs)]

mod charging;
mod futures;
mod peaks;
mod pools;
mod recipes;
mod services;

use memprof::AllocationTracker;
use memprof_tests::Counting;

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);
