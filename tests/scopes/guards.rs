//! Guards that end out of order, elsewhere, late or never: nothing is lost or counted twice, and the thread is charged
//! right again once something outside has ended.

use memprof::{Report, track_memory};
use memprof_tests::{Flow, Profile, assert_stats_agree, flash, flashes, function, own, paths, total};
use std::mem::forget;
use std::thread;

fn calls_and_active(report: &Report, name: &str) -> (u64, u64) {
    let row = function(report, name);
    (row.calls, row.active)
}

#[track_memory]
fn in_order() {
    flash(1);
    let _outer = memprof::scope!("in order: outer");
    flash(10);
    {
        let _inner = memprof::scope!("in order: inner");
        flash(100);
    }
    flash(1000);
}

#[test]
fn nested() {
    let profile = Profile::start();
    let misplaced = profile.report().overhead.misplaced_guards;
    in_order();
    let report = profile.report();
    assert_eq!(own(function(&report, "scopes::guards::in_order")), flashes(1, 1));
    assert_eq!(own(function(&report, "in order: outer")), flashes(1010, 2));
    assert_eq!(own(function(&report, "in order: inner")), flashes(100, 1));
    assert_eq!(total(function(&report, "scopes::guards::in_order")), flashes(1111, 4));
    assert_eq!(function(&report, "in order: outer").peak_bytes, Some(1000));
    assert_eq!(report.overhead.misplaced_guards, misplaced);
}

#[track_memory]
fn three_guards() {
    let first = memprof::scope!("crossed: first");
    flash(1);
    let second = memprof::scope!("crossed: second");
    flash(10);
    let third = memprof::scope!("crossed: third");
    flash(100);
    drop(first);
    // The innermost open guard is charged.
    flash(1000);
    drop(second);
    flash(10_000);
    drop(third);
    // None is left: the function.
    flash(100_000);
}

#[test]
fn out_of_order() {
    let profile = Profile::start();
    let misplaced = profile.report().overhead.misplaced_guards;
    three_guards();
    three_guards();
    let report = profile.report();
    assert_eq!(own(function(&report, "crossed: first")), flashes(2, 2));
    assert_eq!(own(function(&report, "crossed: second")), flashes(20, 2));
    assert_eq!(own(function(&report, "crossed: third")), flashes(22_200, 6));
    assert_eq!(own(function(&report, "scopes::guards::three_guards")), flashes(200_000, 2));
    for name in ["crossed: first", "crossed: second", "crossed: third", "scopes::guards::three_guards"] {
        assert_eq!(calls_and_active(&report, name), (2, 0), "{name}");
    }
    // From entry to exit, whatever was charged: the first saw 100, the second 1000, the third 10,000 bytes at most.
    let peak = |name| function(&report, name).peak_bytes;
    let peaks = (peak("crossed: first"), peak("crossed: second"), peak("crossed: third"));
    assert_eq!(peaks, (Some(100), Some(1000), Some(10_000)));
    assert_eq!(peak("scopes::guards::three_guards"), Some(100_000));
    assert_eq!(paths(&report, "crossed: third").len(), 1, "{:?}", paths(&report, "crossed: third"));
    assert_eq!(report.overhead.misplaced_guards, misplaced);
}

#[track_memory]
fn takes_turns(rounds: usize) {
    // As tasks on one thread do: there is never a moment without an open guard.
    let turn = |even| if even { memprof::scope!("in turns: even") } else { memprof::scope!("in turns: odd") };
    let mut held = turn(true);
    for round in 0..rounds {
        drop(std::mem::replace(&mut held, turn(round % 2 == 1)));
        flash(3);
    }
}

#[test]
fn guards_that_take_turns_do_not_pile_up() {
    const ROUNDS: u64 = 300_000;
    let profile = Profile::start();
    let before = profile.report().overhead;
    takes_turns(ROUNDS as usize);
    let report = profile.report();
    let (even, odd) = (function(&report, "in turns: even"), function(&report, "in turns: odd"));
    assert_eq!(own(even) + own(odd), flashes(3 * ROUNDS, ROUNDS));
    assert_eq!((even.calls, odd.calls), (ROUNDS / 2 + 1, ROUNDS / 2));
    assert_eq!((even.active, odd.active), (0, 0));
    assert_eq!(report.overhead.scopes_not_opened, before.scopes_not_opened);
    assert!(report.overhead.profiler_bytes <= before.profiler_bytes + (1 << 20));
    assert_eq!(total(function(&report, "scopes::guards::takes_turns")), flashes(3 * ROUNDS, ROUNDS));
}

#[track_memory]
fn forgets() {
    flash(1);
    forget(memprof::scope!("forgotten once"));
    // The guard is still open.
    flash(10);
    in_between();
}

#[track_memory]
fn in_between() {
    flash(100);
}

#[track_memory]
fn around_forgets() {
    forgets();
    flash(1000);
}

#[test]
fn forgotten_and_healed_by_the_next_outer_exit() {
    let profile = Profile::start();
    around_forgets();
    let report = profile.report();
    assert_eq!(own(function(&report, "scopes::guards::forgets")), flashes(1, 1));
    assert_eq!(own(function(&report, "forgotten once")), flashes(10, 1));
    assert_eq!(own(function(&report, "scopes::guards::in_between")), flashes(100, 1));
    assert_eq!(own(function(&report, "scopes::guards::around_forgets")), flashes(1000, 1));
    assert_eq!(calls_and_active(&report, "forgotten once"), (1, 0));
    assert_eq!(function(&report, "scopes::guards::around_forgets").active, 0);
}

#[track_memory]
fn forgets_for_ever(times: usize) {
    for _ in 0..times {
        forget(memprof::scope!("forgotten for ever"));
        flash(1);
    }
}

#[track_memory]
fn after_all_that() {
    flash(77);
}

#[test]
fn a_million_forgotten_guards() {
    const TIMES: u64 = 1_000_000;
    let profile = Profile::start();
    let before = profile.report();
    forgets_for_ever(TIMES as usize);
    after_all_that();
    let report = profile.report();
    let row = function(&report, "forgotten for ever");
    let not_opened = report.overhead.scopes_not_opened - before.overhead.scopes_not_opened;
    // Those without a frame are counted, too.
    assert!(not_opened > TIMES - 70_000 && not_opened < TIMES, "{not_opened}");
    assert_eq!((row.calls, row.active), (TIMES, 0));
    assert_eq!(own(row), flashes(TIMES, TIMES));
    assert_eq!(own(function(&report, "scopes::guards::forgets_for_ever")), Flow::default());
    // The thread is in order again.
    assert_eq!(own(function(&report, "scopes::guards::after_all_that")), flashes(77, 1));
    assert_eq!(paths(&report, "scopes::guards::after_all_that").len(), 1);
    // 65,536 frames of 64 bytes, and as much again in the smaller rooms that they outgrew; the rest is for other paths.
    let grown = report.overhead.profiler_bytes.saturating_sub(before.overhead.profiler_bytes);
    assert!(grown <= 2 * 65_536 * 64 + (1 << 20), "{grown}");
    assert!(report.warnings.iter().any(|warning| warning.contains("forgotten")), "{:?}", report.warnings);
}

#[track_memory]
fn sends_its_guard_away() {
    let guard = memprof::scope!("sent away");
    flash(1);
    thread::spawn(move || receives(guard)).join().unwrap();
    after_the_other_thread();
}

#[track_memory]
fn receives(guard: impl Sized) {
    flash(20);
    drop(guard);
    flash(300);
}

#[track_memory]
fn after_the_other_thread() {
    flash(4000);
}

#[test]
fn dropped_on_another_thread() {
    let profile = Profile::start();
    let misplaced = profile.report().overhead.misplaced_guards;
    sends_its_guard_away();
    after_the_other_thread();
    let report = profile.report();
    assert_eq!(report.overhead.misplaced_guards, misplaced + 1);
    assert!(report.warnings.iter().any(|warning| warning.contains("another thread")), "{:?}", report.warnings);
    assert_eq!(own(function(&report, "scopes::guards::receives")), flashes(320, 2));
    // On its own thread the scope has ended too, before anything else was charged there.
    let calls = paths(&report, "scopes::guards::after_the_other_thread");
    assert_eq!(calls["scopes::guards::sends_its_guard_away → scopes::guards::after_the_other_thread"], 1);
    assert_eq!(calls["scopes::guards::after_the_other_thread"], 1);
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert_eq!(calls_and_active(&report, "sent away"), (1, 0));
    assert_eq!(own(function(&report, "scopes::guards::after_the_other_thread")), flashes(8000, 2));
    assert_stats_agree();
}

#[track_memory]
fn makes_a_guard() -> impl Sized {
    let guard = memprof::scope!("outlives its function");
    flash(1);
    guard
}

#[track_memory]
fn holds_it() {
    let guard = makes_a_guard();
    // The function has ended, and what was open in it.
    flash(20);
    drop(guard);
    flash(300);
}

#[test]
fn outliving_the_function_that_made_it() {
    let profile = Profile::start();
    let misplaced = profile.report().overhead.misplaced_guards;
    holds_it();
    let report = profile.report();
    assert_eq!(own(function(&report, "outlives its function")), flashes(1, 1));
    assert_eq!(own(function(&report, "scopes::guards::makes_a_guard")), Flow::default());
    assert_eq!(own(function(&report, "scopes::guards::holds_it")), flashes(320, 2));
    assert_eq!(calls_and_active(&report, "outlives its function"), (1, 0));
    assert_eq!(report.overhead.misplaced_guards, misplaced + 1);
}

#[test]
fn left_open_by_a_thread_that_ends() {
    let profile = Profile::start();
    let body = || {
        forget(memprof::scope!("open at the end of its thread"));
        flash(5);
    };
    thread::spawn(body).join().unwrap();
    // The next thread may have the same ledger: nothing of the first one is charged to it.
    thread::spawn(after_the_thread).join().unwrap();
    let report = profile.report();
    let row = function(&report, "open at the end of its thread");
    assert_eq!(calls_and_active(&report, "open at the end of its thread"), (1, 0));
    assert_eq!((own(row).allocated, own(row).allocations), (5, 1));
    let calls = paths(&report, "scopes::guards::after_the_thread");
    assert_eq!(calls.keys().collect::<Vec<_>>(), ["scopes::guards::after_the_thread"]);
}

#[track_memory]
fn after_the_thread() {
    flash(6);
}
