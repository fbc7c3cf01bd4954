//! Threads that come and go: nothing is lost, and nothing grows with their number.
#![allow(missing_docs)]

use memprof::{AllocationTracker, Report, track_memory};
use memprof_tests::{Block, Counting, Flow, Profile, assert_stats_agree, function, own, total};
use std::sync::{Arc, Barrier};
use std::thread;

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

#[track_memory]
fn short_lived(number: u64) -> Block {
    drop(Block::new(1));
    let mut block = Block::new(number as usize % 100 + 2);
    assert!(block.resize(number as usize % 100 + 1));
    beneath(number);
    block
}

#[track_memory]
fn beneath(number: u64) {
    drop(Block::new(number as usize % 7 + 1));
}

fn served(report: &Report) -> u64 {
    report.threads.iter().map(|row| row.threads_served).sum()
}

#[test]
fn a_hundred_thousand_threads_use_a_few_ledgers() {
    const THREADS: u64 = 100_000;
    const AT_ONCE: u64 = 4;
    // Without the live table: a report copies it, and that is in `profiler_bytes` too.
    let profile = Profile::with(|config| config.memory_profiling.track_allocations = false);
    let before = profile.report();
    let mut profiler_bytes = 0;
    let barrier = Arc::new(Barrier::new(AT_ONCE as usize));
    for round in 0..THREADS / AT_ONCE {
        let spawn = |number| {
            let number = round * AT_ONCE + number;
            let barrier = Arc::clone(&barrier);
            let body = move || {
                // Once, all are alive together. In the other rounds a thread may be over before the next begins.
                if round == 0 {
                    barrier.wait();
                }
                drop(short_lived(number));
            };
            thread::Builder::new().stack_size(64 * 1024).spawn(body).unwrap()
        };
        let running: Vec<_> = (0..AT_ONCE).map(spawn).collect();
        running.into_iter().for_each(|thread| thread.join().unwrap());
        if round == 0 {
            profiler_bytes = profile.report().overhead.profiler_bytes;
        }
    }
    let report = profile.report();
    // Numbers of 1 to 100 equally often, of 1 to 7 as they come.
    let sizes = |modulus: u64| (0..THREADS).map(|number| number % modulus + 1).sum::<u64>();
    let resized = 2 * sizes(100) + THREADS;
    let own_flow = own(function(&report, "threads::short_lived"));
    // What the closure drops, it drops outside of the function.
    assert_eq!(own_flow, Flow::new((THREADS + resized, 3 * THREADS), (THREADS + sizes(100) + THREADS, 2 * THREADS)));
    let small = Flow::new((sizes(7), THREADS), (sizes(7), THREADS));
    assert_eq!(own(function(&report, "threads::beneath")), small);
    assert_eq!(total(function(&report, "threads::short_lived")), own_flow + small);
    assert_eq!(function(&report, "threads::short_lived").calls, THREADS);
    assert_eq!(function(&report, "threads::short_lived").active, 0);

    assert_eq!(served(&report) - served(&before), THREADS);
    let ledgers = report.threads.len() - before.threads.len();
    assert!((1..=AT_ONCE as usize).contains(&ledgers), "{ledgers} ledgers for {AT_ONCE} threads at once");
    assert_eq!(report.overhead.profiler_bytes, profiler_bytes);
    assert_stats_agree();
    drop(profile);

    as_many_ledgers_as_threads_at_once();
}

/// Called by the one test above: another test's threads would be counted too.
fn as_many_ledgers_as_threads_at_once() {
    const AT_ONCE: usize = 40;
    let profile = Profile::start();
    let all_alive = || {
        let barrier = Arc::new(Barrier::new(AT_ONCE));
        let spawn = |_| {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || {
                barrier.wait();
            })
        };
        let running: Vec<_> = (0..AT_ONCE).map(spawn).collect();
        running.into_iter().for_each(|thread| thread.join().unwrap());
    };
    let before = profile.report();
    all_alive();
    let once = profile.report();
    // Some ledgers were free already.
    assert!(once.threads.len() >= AT_ONCE);
    assert!(once.threads.len() <= before.threads.len() + AT_ONCE);
    assert_eq!(served(&once) - served(&before), AT_ONCE as u64);
    for _ in 0..5 {
        all_alive();
    }
    let six_times = profile.report();
    assert_eq!(six_times.threads.len(), once.threads.len());
    assert_eq!(served(&six_times) - served(&once), 5 * AT_ONCE as u64);
}
