//! Far more of everything than a program has: nothing panics, the rows add up, and ten times as much needs no more
//! memory of the profiler.
#![allow(missing_docs)]

use memprof::{AllocationTracker, Report, track_memory};
use memprof_tests::{
    Block, Counting, Profile, assert_stats_agree, flash, flashes, function, own, paths, pause, poll, total,
};
use std::mem::forget;
use std::panic::resume_unwind;
use std::thread;
use tokio::runtime::Builder;

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

/// The parts of the profiler that could grow: everything but the live table.
fn start() -> Profile {
    Profile::with(|config| config.memory_profiling.track_allocations = false)
}

/// Runs `load` often enough for all ledgers and their rooms to be made, then ten times as often.
fn nothing_grows(profile: &Profile, load: impl Fn()) {
    load();
    let before = profile.report().overhead.profiler_bytes;
    (0..10).for_each(|_| load());
    // A thread that is not quite over has not left its ledger to the next one: a few can be made, whatever the load.
    assert!(profile.report().overhead.profiler_bytes <= before + (512 << 10));
    assert_stats_agree();
}

fn assert_at_root(report: &Report, name: &str) {
    assert_eq!(paths(report, name).keys().collect::<Vec<_>>(), [name]);
}

const DEPTH: u64 = 10_000;

#[track_memory(name = "load: even")]
fn even(depth: u64) {
    let _held = Block::new(1);
    if depth > 0 {
        odd(depth - 1);
    }
}

#[track_memory(name = "load: odd")]
fn odd(depth: u64) {
    let _held = Block::new(10);
    if depth > 0 {
        even(depth - 1);
    }
}

#[track_memory(name = "load: after nested calls")]
fn after_nested_calls() {
    flash(1);
}

#[test]
fn ten_thousand_nested_calls() {
    let profile = start();
    let nested = || {
        even(DEPTH - 1);
        after_nested_calls();
    };
    let on_a_thread = || thread::Builder::new().stack_size(64 << 20).spawn(nested).unwrap().join().unwrap();
    nothing_grows(&profile, on_a_thread);
    let report = profile.report();
    let (even, odd) = (function(&report, "load: even"), function(&report, "load: odd"));
    let calls = 11 * DEPTH / 2;
    assert_eq!((even.calls, odd.calls, even.active, odd.active), (calls, calls, 0, 0));
    assert_eq!((own(even), own(odd)), (flashes(calls, calls), flashes(10 * calls, calls)));
    assert_eq!(total(even), flashes(11 * calls, 2 * calls));
    assert_eq!((even.peak_bytes, odd.peak_bytes), (Some(11 * DEPTH / 2), Some(11 * DEPTH / 2 - 1)));
    assert_at_root(&report, "load: after nested calls");
}

#[track_memory(name = "load: task")]
async fn task(number: usize) {
    let _held = Block::new(number % 50 + 1);
    pause().await;
    inner(number).await;
    pause().await;
}

#[track_memory(name = "load: inner")]
async fn inner(number: usize) {
    let _held = Block::new(7);
    pause().await;
    if number % 10 == 3 {
        // Without a word on stderr. A zero-sized payload takes the unwinding's own block only.
        resume_unwind(Box::new(()));
    }
}

const TASKS: usize = 100_000;

#[test]
fn a_hundred_thousand_tasks() {
    let profile = start();
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let tasks = |tasks: usize| {
        runtime.block_on(async {
            let mut joined = (0, 0);
            for first in (0..tasks).step_by(1000) {
                let run = |number: usize| async move {
                    let mut running = Box::pin(task(number));
                    if number % 10 == 6 {
                        // Dropped half-way, by whichever thread comes next.
                        let polls = number % 3 + 1;
                        (0..polls).for_each(|_| assert!(poll(running.as_mut()).is_pending()));
                        return tokio::spawn(async move { drop(running) }).await.unwrap();
                    }
                    running.await;
                };
                let running: Vec<_> = (first..first + 1000).map(|number| tokio::spawn(run(number))).collect();
                for task in running {
                    match task.await {
                        Ok(()) => joined.0 += 1,
                        Err(_) => joined.1 += 1,
                    }
                }
            }
            assert_eq!(joined, (tasks - tasks / 10, tasks / 10));
        });
    };
    tasks(TASKS / 10);
    let profiler_bytes = profile.report().overhead.profiler_bytes;
    tasks(TASKS);
    let report = profile.report();
    assert!(report.overhead.profiler_bytes <= profiler_bytes + (512 << 10));
    let all = (TASKS + TASKS / 10) as u64;
    let row = function(&report, "load: task");
    assert_eq!((row.calls, row.active, row.panicked), (all, 0, all / 10));
    let held: u64 = all / 50 * (1..=50).sum::<u64>();
    assert_eq!(own(row), flashes(held, all));
    // Those dropped at the first pause have never come to the inner function.
    let dropped_early = |tasks: usize| (0..tasks).filter(|number| number % 10 == 6 && number % 3 == 0).count() as u64;
    let inner_calls = all - dropped_early(TASKS) - dropped_early(TASKS / 10);
    let row = function(&report, "load: inner");
    assert_eq!((row.calls, row.active, row.panicked), (inner_calls, 0, all / 10));
    assert_eq!((own(row).freed, own(row).frees), (7 * inner_calls, inner_calls));
    assert_eq!(paths(&report, "load: inner").keys().collect::<Vec<_>>(), ["load: task → load: inner"]);
    drop(runtime);
    assert_stats_agree();
}

#[track_memory(name = "load: around guards")]
fn around_guards(times: u64) {
    for turn in 0..times {
        let first = memprof::scope!("load: first");
        flash(1);
        let second = memprof::scope!("load: second");
        flash(10);
        match turn % 4 {
            0 => drop((first, second)),
            1 => drop((second, first)),
            2 => {
                forget(second);
                drop(first);
            }
            _ => {
                drop(first);
                forget(second);
            }
        }
    }
}

#[track_memory(name = "load: after guards")]
fn after_guards() {
    flash(100);
}

#[test]
fn a_million_guards_out_of_order_and_forgotten() {
    const TURNS: u64 = 50_000;
    let profile = start();
    // On one thread, that goes on: its ledger is where all this piles up, if anywhere.
    nothing_grows(&profile, || {
        around_guards(TURNS);
        after_guards();
    });
    let report = profile.report();
    let (first, second) = (function(&report, "load: first"), function(&report, "load: second"));
    assert_eq!((first.calls, second.calls), (11 * TURNS, 11 * TURNS));
    assert_eq!((first.active, second.active), (0, 0));
    let around = function(&report, "load: around guards");
    assert_eq!(total(around), flashes(11 * 11 * TURNS, 2 * 11 * TURNS));
    assert_eq!((around.calls, around.active), (11, 0));
    assert_eq!(own(function(&report, "load: after guards")), flashes(1100, 11));
    assert_at_root(&report, "load: after guards");
}
