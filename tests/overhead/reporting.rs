//! Allocations of reports are in no figure of the program: all figures are compared with a counting inner allocator.
#![allow(missing_docs)]

use memprof::testing::measure;
use memprof::{AllocationTracker, Context, Report, memory_stats, track_memory, write_report};
use memprof_tests::{Block, Counting, Flow, Profile, assert_rows_add_up, function, own, total};

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

/// Everything that was allocated until a report began: the program's and the profiler's.
fn assert_whole(report: &Report, truth: Flow) {
    let own = &report.overhead.reporting;
    assert_eq!(report.totals.allocated_bytes + own.allocated_bytes, truth.allocated);
    assert_eq!(report.totals.allocated_count + own.allocated_count, truth.allocations);
    assert_eq!(report.totals.net_bytes, (truth.allocated - truth.freed) as i64);
    assert_eq!(report.totals.net_count, (truth.allocations - truth.frees) as i64);
}

/// The live bytes and blocks are the allocator's. What was allocated and freed by reports is not asked for.
fn assert_net_agrees() {
    let stats = memory_stats();
    let truth = Counting::flow();
    assert_eq!(stats.net_allocated as u64, truth.allocated - truth.freed);
    assert_eq!(stats.net_count as u64, truth.allocations - truth.frees);
}

#[track_memory]
fn writes() {
    drop(write_report().unwrap());
}

#[track_memory(window = "process")]
fn writes_in_a_window() {
    drop(write_report().unwrap());
}

#[track_memory(max_allocated = "100 B", max_count = 1, max_net = "100 B", max_peak = "100 B")]
fn writes_within_a_budget() {
    drop(write_report().unwrap());
}

#[track_memory]
fn works() {
    drop(Block::new(4096));
}

fn reports_are_in_no_row_and_no_total() {
    let profile = Profile::start();
    works();
    // What the first reports leave to the program: buffers, and what they know of their files.
    writes();
    drop(profile.report());
    let before = memory_stats();
    let flow = Counting::flow();
    for _ in 0..3 {
        writes();
        writes_within_a_budget();
        writes_in_a_window();
        drop(profile.report());
        assert_net_agrees();
    }
    let after = memory_stats();
    assert!(Counting::flow().allocated - flow.allocated > 100_000);
    // Each report that was dropped was the program's until then.
    assert!(after.allocated - before.allocated < 100_000, "{}", after.allocated - before.allocated);
    let truth = Counting::flow();
    let report = profile.report();
    assert_whole(&report, truth);
    assert_rows_add_up(&report);
    assert!(report.overhead.reporting.peak_bytes > 10_000);
    assert!(!report.functions.iter().any(|row| row.name == "memprof (reporting)"));
    assert!(!report.call_tree.iter().any(|row| row.function == "memprof (reporting)"));
    for name in ["writes", "writes_in_a_window", "writes_within_a_budget"] {
        let row = function(&report, &format!("reporting::{name}"));
        // The call itself frees what it was given.
        assert_eq!((total(row).allocated, row.peak_bytes), (0, Some(0)), "{name}");
    }
    let window = function(&report, "reporting::writes_in_a_window").window.clone().unwrap();
    assert_eq!((window.calls, window.allocated_bytes), (3, 0), "{window:?}");
    assert_eq!(report.violations().count(), 0);
}

fn a_report_that_is_held_is_the_programs_until_it_is_freed() {
    let profile = Profile::start();
    let first = profile.report();
    let root = own(&first.unattributed);
    let live = memory_stats();
    let held: Vec<Report> = (0..10).map(|_| profile.report()).collect();
    assert_net_agrees();
    assert!(memory_stats().net_allocated > live.net_allocated + 10 * 1000);
    let last = profile.report();
    assert!(own(&last.unattributed).allocated > root.allocated + 10 * 1000);
    assert_rows_add_up(&last);
    drop(held);
    assert_net_agrees();
    // Freed on a thread that has never reported.
    std::thread::scope(|threads| threads.spawn(|| drop((first, last))).join()).unwrap();
    assert_net_agrees();
}

fn a_measurement_around_a_report_sees_none_of_it() {
    let profile = Profile::start();
    let measured = measure(writes);
    assert_eq!((measured.allocated_bytes, measured.allocated_count, measured.peak_bytes), (0, 0, 0));
    drop(profile);
}

fn reports_of_several_threads_at_once_and_in_contexts_balance() {
    let profile = Profile::start();
    let here = Context::current();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                for _ in 0..10 {
                    let report = here.scope(|| profile.report());
                    assert!(report.totals.allocated_bytes >= report.totals.deallocated_bytes);
                    drop(write_report().unwrap());
                    drop(report);
                }
            });
        }
    });
    let truth = Counting::flow();
    let report = profile.report();
    assert_whole(&report, truth);
    assert_rows_add_up(&report);
}

fn a_profile_that_ends_gives_back_what_it_was_given() {
    drop(Profile::start());
    let before = memory_stats();
    for _ in 0..5 {
        drop(Profile::start());
        assert_net_agrees();
    }
    let after = memory_stats();
    assert_eq!(after.net_allocated, before.net_allocated);
}

fn a_program_without_a_profile_agrees() {
    let before = memory_stats();
    let flow = Counting::flow();
    assert!(write_report().is_err());
    let kept = Block::new(100);
    assert_eq!(memory_stats().allocated - before.allocated, (Counting::flow().allocated - flow.allocated) as usize);
    drop(kept);
}

/// One test: nothing else allocates in the process meanwhile.
#[test]
fn figures_are_the_programs() {
    a_program_without_a_profile_agrees();
    reports_are_in_no_row_and_no_total();
    a_report_that_is_held_is_the_programs_until_it_is_freed();
    a_measurement_around_a_report_sees_none_of_it();
    reports_of_several_threads_at_once_and_in_contexts_balance();
    a_profile_that_ends_gives_back_what_it_was_given();
}
