//! Work that a context carries to another thread is charged to the path where the context was captured.

use memprof::{Context, Report, track_memory};
use memprof_tests::{Block, Flow, Profile, assert_stats_agree, flash, flashes, function, own, paths, total};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

fn expected(paths: &[(&str, u64)]) -> HashMap<String, u64> {
    paths.iter().map(|&(path, calls)| (path.to_owned(), calls)).collect()
}

fn peak(report: &Report, name: &str) -> Option<u64> {
    function(report, name).peak_bytes
}

/// The context of a function of this name.
macro_rules! captured_in {
    ($name:literal) => {{
        #[track_memory(name = $name)]
        fn captured() -> Context {
            Context::current()
        }
        captured()
    }};
}

#[track_memory(name = "spawned: leaf")]
fn spawned_leaf() {
    flash(100);
}

#[test]
fn a_thread_goes_on_where_the_context_was_captured_although_that_function_has_ended() {
    let profile = Profile::start();
    let here = captured_in!("spawned: caller");
    let wrapped = here.wrap(|| {
        flash(10);
        spawned_leaf();
    });
    thread::spawn(move || {
        flash(1_000_000);
        wrapped();
        spawned_leaf();
    })
    .join()
    .unwrap();
    thread::scope(|threads| {
        threads.spawn(|| here.scope(spawned_leaf));
        here.scope(spawned_leaf);
    });
    let report = profile.report();
    assert_eq!(own(function(&report, "spawned: caller")), flashes(10, 1));
    assert_eq!(total(function(&report, "spawned: caller")), flashes(310, 4));
    assert_eq!(
        paths(&report, "spawned: leaf"),
        expected(&[("spawned: caller → spawned: leaf", 3), ("spawned: leaf", 1)])
    );
    assert_eq!((function(&report, "spawned: caller").calls, function(&report, "spawned: caller").active), (1, 0));
    assert_stats_agree();
}

#[track_memory(name = "nested: outer")]
fn nested_outer() -> Context {
    nested_inner()
}

#[track_memory(name = "nested: inner")]
fn nested_inner() -> Context {
    Context::current()
}

#[track_memory(name = "nested: other")]
fn nested_other(within: &Context) {
    let root = flash_in(within);
    let here = Context::current();
    // On another ledger, in a context, in which a context is entered and one captured.
    thread::scope(|threads| {
        threads.spawn(|| {
            here.scope(|| {
                within.scope(|| {
                    flash(1);
                    let deeper = Context::current();
                    here.scope(|| flash(20));
                    root.scope(|| deeper.scope(|| flash(300)));
                    flash(4000);
                });
                flash(50_000);
            });
        });
    });
}

fn flash_in(within: &Context) -> Context {
    within.scope(|| flash(600_000));
    within.clone()
}

#[test]
fn contexts_within_contexts() {
    let profile = Profile::start();
    let inner = nested_outer();
    nested_other(&inner);
    let report = profile.report();
    assert_eq!(own(function(&report, "nested: inner")), flashes(604_301, 4));
    assert_eq!(own(function(&report, "nested: outer")), Flow::default());
    assert_eq!(total(function(&report, "nested: outer")), flashes(604_301, 4));
    // Besides, what it takes to start a thread.
    let other = own(function(&report, "nested: other"));
    assert!(other.allocated > 50_020 && other.allocated < 54_000, "{other:?}");
    assert_eq!(paths(&report, "nested: inner"), expected(&[("nested: outer → nested: inner", 1)]));
    assert_eq!(paths(&report, "nested: other"), expected(&[("nested: other", 1)]));
}

#[track_memory(name = "recursion: sort")]
fn sort(depth: usize) {
    let _held = Block::new(1 << depth);
    if depth > 0 {
        let here = Context::current();
        thread::scope(|threads| {
            threads.spawn(here.wrap(|| sort(depth - 1)));
            here.scope(|| sort(depth - 1));
        });
    }
}

#[track_memory(name = "recursion: on one thread")]
fn on_one_thread(depth: usize) {
    let _held = Block::new(100);
    if depth > 0 {
        // The first is part of the call, the second is not.
        if depth.is_multiple_of(2) {
            on_one_thread(depth - 1);
        } else {
            Context::current().scope(|| on_one_thread(depth - 1));
        }
    }
}

#[test]
fn a_recursion_through_contexts_folds() {
    let profile = Profile::start();
    sort(5);
    on_one_thread(9);
    let report = profile.report();
    let row = function(&report, "recursion: sort");
    assert_eq!((row.calls, row.active), (63, 0));
    assert_eq!(paths(&report, "recursion: sort"), expected(&[("recursion: sort", 63)]));
    assert_eq!(total(row), own(row));
    let row = function(&report, "recursion: on one thread");
    assert_eq!((row.calls, row.active, own(row)), (10, 0, flashes(1000, 10)));
    assert_eq!(row.peak_bytes, Some(200));
    assert_eq!(row.per_call.clone().unwrap().max, 200);
    assert_eq!(paths(&report, "recursion: on one thread"), expected(&[("recursion: on one thread", 10)]));
}

#[track_memory(name = "panics: inside")]
fn panics_inside() {
    let _block = Block::new(10);
    std::panic::resume_unwind(Box::new(()));
}

#[track_memory(name = "panics: catches")]
fn catches(job: &Context) {
    flash(5);
    assert!(catch_unwind(AssertUnwindSafe(|| job.scope(panics_inside))).is_err());
    flash(7);
}

#[test]
fn panics_leave_the_context() {
    let profile = Profile::start();
    let job = captured_in!("panics: captured");
    catches(&job);
    let report = profile.report();
    let row = function(&report, "panics: inside");
    assert_eq!((row.calls, row.active, row.panicked), (1, 0, 1));
    // The box of the panic has no size.
    let row = function(&report, "panics: catches");
    assert!(own(row).allocated >= 12 && own(row).allocated < 200);
    assert_eq!((row.active, row.panicked), (0, 0));
    assert_eq!(paths(&report, "panics: inside"), expected(&[("panics: captured → panics: inside", 1)]));
}

#[track_memory(name = "forgotten: function")]
fn forgets(job: &Context) {
    let outer = memprof::scope!("forgotten: outer");
    flash(1);
    job.scope(|| {
        flash(1_000);
        std::mem::forget(memprof::scope!("forgotten: inside"));
        flash(2_000);
        // It began beneath the context.
        drop(outer);
        flash(4_000);
    });
    flash(10);
    let crossed = memprof::scope!("forgotten: crossed");
    flash(20);
    let late = job.scope(|| {
        flash(8_000);
        memprof::scope!("forgotten: late")
    });
    flash(40);
    drop(late);
    drop(crossed);
    flash(80);
}

#[test]
fn guards_that_are_forgotten_or_end_out_of_order() {
    let profile = Profile::start();
    let job = captured_in!("forgotten: job");
    for _ in 0..2 {
        forgets(&job);
    }
    let report = profile.report();
    assert_eq!(own(function(&report, "forgotten: function")), flashes(2 * 90, 4));
    assert_eq!(own(function(&report, "forgotten: outer")), flashes(2, 2));
    assert_eq!(own(function(&report, "forgotten: inside")), flashes(12_000, 4));
    assert_eq!(own(function(&report, "forgotten: crossed")), flashes(120, 4));
    for name in ["function", "outer", "inside", "crossed", "late"] {
        let row = function(&report, &format!("forgotten: {name}"));
        assert_eq!((row.calls, row.active), (2, 0), "{name}");
    }
    assert_eq!(peak(&report, "forgotten: function"), Some(80));
    assert_eq!((peak(&report, "forgotten: outer"), peak(&report, "forgotten: crossed")), (Some(1), Some(40)));
    assert_eq!(function(&report, "forgotten: crossed").per_call.clone().unwrap().max, 60);
}
