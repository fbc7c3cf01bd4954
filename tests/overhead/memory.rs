//! Memory of the profiler itself: bounded by the configuration and the threads, never by the program's work.
#![allow(missing_docs)]

use memprof::{AllocationTracker, track_memory};
use memprof_tests::{Block, Counting, Profile};
use std::sync::Barrier;
use std::thread;

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

const THREADS: usize = 4;
/// Together a little less than the table holds: the threads have blocks of their own.
const HELD: usize = 2_400;

#[track_memory]
fn leaf(size: usize) -> Block {
    Block::new(size)
}

/// Many ways to one place.
#[track_memory]
fn beneath(depth: usize, size: usize) -> Block {
    if depth == 0 { leaf(size) } else { std::hint::black_box(beneath(depth - 1, size)) }
}

/// Replaces the held blocks so many times, from stacks of 1 to 40 tracked frames.
fn churn(held: &mut Vec<Block>, times: usize) {
    for turn in 0..times {
        held.clear();
        held.extend((0..HELD).map(|number| beneath((number + turn) % 40, 32 + number)));
    }
}

#[test]
fn ten_times_as_many_calls_take_no_more_memory() {
    let profile = Profile::with(|config| {
        config.memory_profiling.max_tracked_allocations = 10_000;
        config.memory_profiling.backtraces = true;
    });
    let (worked, looked) = (Barrier::new(THREADS + 1), Barrier::new(THREADS + 1));
    let (first, second) = thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| {
                let mut held = Vec::with_capacity(HELD);
                for times in [3, 30] {
                    churn(&mut held, times);
                    worked.wait();
                    looked.wait();
                }
            });
        }
        let look = || {
            worked.wait();
            let report = profile.report();
            looked.wait();
            (report.overhead.profiler_bytes, report.live.tracked)
        };
        (look(), look())
    });
    assert!(first.1 >= Some((THREADS * HELD) as u64), "{first:?}");
    println!("{} bytes, with {:?} tracked allocations on {THREADS} threads", first.0, first.1);
    assert!(first.0 <= 6 << 20, "{first:?}");
    assert_eq!(second.0, first.0, "{first:?} {second:?}");
}
