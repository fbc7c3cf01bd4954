//! How the figures of a function's calls are spread: compared with all of them, sorted.

use memprof::report::data::Distribution;
use memprof::track_memory;
use memprof_tests::{Block, Profile, function};
use std::mem::forget;

/// The values of a repeatable run: small and large ones, and many zeros.
fn sizes() -> Vec<usize> {
    let mut state = 7u64;
    let sizes = (0..4000).map(|_| {
        // Marsaglia's xorshift64.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match state % 5 {
            0 => 0,
            1 => (state >> 8) as usize % 16,
            _ => ((state >> 8) as usize % (1 << 20)) >> ((state >> 40) % 20),
        }
    });
    sizes.collect()
}

/// Percentiles by nearest rank within 3.2 %, the extremes exact.
fn assert_spread(found: &Distribution, mut truth: Vec<usize>) {
    truth.sort_unstable();
    let rank = |percent: usize| truth[(truth.len() * percent).div_ceil(100) - 1] as f64;
    assert_eq!((found.min, found.max), (truth[0] as u64, truth[truth.len() - 1] as u64));
    for (percent, value) in [(50, found.p50), (95, found.p95), (99, found.p99)] {
        let (value, truth) = (value.unwrap() as f64, rank(percent));
        assert!((value - truth).abs() <= truth * 0.032, "p{percent}: {value} instead of {truth}");
    }
}

#[track_memory]
fn twice(size: usize) {
    if size > 0 {
        drop(Block::new(size));
        drop(Block::new(size));
    }
}

#[test]
fn percentiles_are_those_of_all_calls() {
    let profile = Profile::start();
    let sizes = sizes();
    std::thread::scope(|scope| {
        // Three ledgers: the report merges them.
        for part in sizes.chunks(sizes.len() / 3 + 1) {
            scope.spawn(move || part.iter().for_each(|&size| twice(size)));
        }
    });
    let report = profile.report();
    let row = function(&report, "scopes::distributions::twice");
    assert_eq!(row.calls, 4000);
    assert_spread(row.peak_per_call.as_ref().unwrap(), sizes.clone());
    assert_spread(row.per_call.as_ref().unwrap(), sizes.iter().map(|size| size * 2).collect());
    assert_eq!(row.peak_bytes, sizes.iter().max().map(|&size| size as u64));
}

#[track_memory]
fn recursive(depth: usize) {
    drop(Block::new(100));
    if depth > 1 {
        recursive(depth - 1);
    }
}

#[test]
fn of_a_recursion_the_outermost_call_counts() {
    let profile = Profile::start();
    recursive(10);
    recursive(1);
    let report = profile.report();
    let row = function(&report, "scopes::distributions::recursive");
    assert_eq!(row.calls, 11);
    assert_spread(row.per_call.as_ref().unwrap(), vec![1000, 100]);
    assert_spread(row.peak_per_call.as_ref().unwrap(), vec![100, 100]);
}

#[track_memory]
fn runs_until(wait: &std::sync::Barrier) {
    drop(Block::new(10));
    wait.wait();
    wait.wait();
}

#[test]
fn a_call_that_has_not_ended_is_in_no_distribution() {
    let profile = Profile::start();
    let wait = std::sync::Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| runs_until(&wait));
        wait.wait();
        let report = profile.report();
        let row = function(&report, "scopes::distributions::runs_until");
        assert_eq!((row.active, row.per_call.as_ref(), row.peak_per_call.as_ref()), (1, None, None));
        wait.wait();
    });
}

#[track_memory]
fn forgets() {
    drop(Block::new(100));
    forget(memprof::scope!("forgotten"));
    drop(Block::new(1000));
}

#[test]
fn a_block_that_was_forgotten_is_in_no_distribution() {
    let profile = Profile::start();
    forgets();
    let report = profile.report();
    assert_spread(function(&report, "scopes::distributions::forgets").per_call.as_ref().unwrap(), vec![1100]);
    let row = function(&report, "forgotten");
    assert_eq!((row.calls, row.active, row.per_call.as_ref()), (1, 0, None));
}

#[track_memory]
async fn in_polls(sizes: [usize; 3]) {
    for size in sizes {
        drop(Block::new(size));
        tokio::task::yield_now().await;
    }
}

#[test]
fn a_future_is_one_call_over_all_its_polls() {
    let profile = Profile::start();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let all = [[10, 20, 30], [1000, 1, 1], [5, 5, 5]];
        let tasks: Vec<_> = all.map(|sizes| tokio::spawn(in_polls(sizes))).into_iter().collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    drop(runtime);
    let report = profile.report();
    let row = function(&report, "scopes::distributions::in_polls");
    // What tokio allocates when a task yields is the task's: a few bytes more, if any, in the largest of the queues.
    let (per_call, peak) = (row.per_call.as_ref().unwrap(), row.peak_per_call.as_ref().unwrap());
    assert_eq!((row.calls, row.active), (3, 0));
    assert!(per_call.min >= 15 && per_call.max >= 1002 && per_call.p50.unwrap() >= 58, "{per_call:?}");
    assert!(peak.min >= 5 && peak.max >= 1000, "{peak:?}");
}
