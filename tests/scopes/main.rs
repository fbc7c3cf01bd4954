//! Scopes and their calls: how they begin and end, and what each is charged.
#![allow(missing_docs)]

mod distributions;
mod frees;
mod generics;
mod guards;
mod late_ends;
mod many_open_calls;
mod panics;
mod recursion;

use memprof::AllocationTracker;
use memprof_tests::Counting;

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);
