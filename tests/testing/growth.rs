//! Measurements one after the other take nothing with them.
#![allow(missing_docs)]

use memprof::report::data::CallTreeNode;
use memprof::testing::{assert_no_leaks, measure};
use memprof::{AllocationTracker, Context, track, track_memory};
use memprof_tests::{Profile, assert_rows_add_up, function, pause, poll};
use std::hint::black_box;

#[global_allocator]
static ALLOC: AllocationTracker = AllocationTracker::system();

#[track_memory]
fn work(n: usize) -> Vec<u8> {
    black_box(vec![1; n])
}

#[track_memory]
fn once(elsewhere: &rayon::ThreadPool) {
    let measured = measure(|| {
        elsewhere.install(Context::current().wrap(|| drop(work(10))));
        let mut future = std::pin::pin!(track("in turn", async {
            pause().await;
            work(20)
        }));
        while poll(future.as_mut()).is_pending() {}
        // The function that measures is open, and does it again.
        work(30)
    });
    assert_eq!(
        measured.functions.iter().find(|row| row.name.ends_with("work")).map(|row| row.allocated_count),
        Some(3)
    );
}

#[track_memory]
fn checked() {
    assert_no_leaks!(|| work(40));
}

#[test]
fn nothing_grows_with_the_number_of_measurements() {
    // One thread for all: a new one does not always find the ledger of the last one free.
    let elsewhere = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let profile = Profile::start();
    (0..10).for_each(|_| once(&elsewhere));
    checked();
    let before = profile.report();
    (0..1000).for_each(|_| once(&elsewhere));
    (0..50).for_each(|_| checked());
    let report = profile.report();
    assert_rows_add_up(&report);
    assert_eq!(report.overhead.profiler_bytes, before.overhead.profiler_bytes);
    assert_eq!(report.call_tree.len(), before.call_tree.len());
    // All measurements are one row, and what they held is in its total; the function's total has each byte once.
    assert_eq!(function(&report, "memprof::testing").calls, 0);
    assert_eq!(function(&report, "testing_growth::work").allocated_bytes, 1010 * 60 + 51 * 40);
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
}

#[track_memory]
fn recursive_work() -> Vec<u8> {
    black_box(vec![1; 100])
}

#[track_memory]
fn recursive(depth: usize) -> u64 {
    let held = recursive_work();
    let below = if depth == 0 { 0 } else { measure(|| recursive(depth - 1)).value };
    below + held.len() as u64
}

#[test]
fn a_function_that_measures_itself_counts_each_byte_once_in_its_total() {
    let profile = Profile::start();
    assert_eq!(recursive(3), 400);
    let report = profile.report();
    let row = function(&report, "testing_growth::recursive");
    assert_eq!(row.calls, 4);
    // `recursive` three times beneath itself, each in a measurement: 400 bytes of blocks. What the results of the
    // measurements took is in none of them.
    let row_of = |id: u32| report.call_tree.iter().find(|row| row.id == id);
    let is_here = |row: &CallTreeNode| {
        std::iter::successors(Some(row), |row| row_of(row.parent?))
            .any(|row| row.function == "testing_growth::recursive")
    };
    // Not what the other test has measured in this process.
    let beneath = |name: &str| -> u64 {
        let paths = report.call_tree.iter().filter(|row| row.function == name && is_here(row));
        paths.map(|row| row.self_allocated_bytes).sum()
    };
    assert_eq!(beneath("testing_growth::recursive_work"), 400);
    let whole = row.self_allocated_bytes + 400 + beneath("memprof::testing");
    assert_eq!(row.allocated_bytes, whole);
}
