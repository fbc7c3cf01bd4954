//! Limits of calls and tests of them: budgets, and windows of the whole process.
#![allow(missing_docs)]

mod budgets;
mod items;
mod windows;

use memprof::AllocationTracker;
use memprof_tests::Counting;

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);
