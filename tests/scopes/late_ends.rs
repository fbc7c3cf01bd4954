//! Guards that are dropped on another thread than the one where their scope began: that thread ends the scope before it
//! counts anything more, whatever it does next.

use memprof::__private::Guard;
use memprof::{Context, Report, track_memory};
use memprof_tests::{Block, Flow, Profile, assert_stats_agree, flash, flashes, function, own, paths, total};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, Mutex};
use std::thread;

/// Hands guards to another thread, without an allocation or free on the one that hands them.
struct Elsewhere {
    handed: Mutex<Option<Vec<Guard>>>,
    changed: Condvar,
}

/// The other thread ends, also where an assertion fails.
struct End<'a>(&'a Elsewhere);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.drop_there(Vec::new());
    }
}

impl Elsewhere {
    /// Runs `body` beside a thread that drops what it is handed.
    fn beside<R>(body: impl FnOnce(&Elsewhere) -> R) -> R {
        let elsewhere = Elsewhere { handed: Mutex::new(None), changed: Condvar::new() };
        thread::scope(|threads| {
            threads.spawn(|| elsewhere.receive());
            let _end = End(&elsewhere);
            body(&elsewhere)
        })
    }

    /// Drops them, the first one first, until there are none.
    fn receive(&self) {
        loop {
            let mut handed = self.handed.lock().unwrap();
            while handed.is_none() {
                handed = self.changed.wait(handed).unwrap();
            }
            let is_last = handed.as_ref().is_some_and(Vec::is_empty);
            *handed = None;
            drop(handed);
            self.changed.notify_all();
            if is_last {
                return;
            }
        }
    }

    /// Returns when they have been dropped.
    fn drop_there(&self, guards: Vec<Guard>) {
        let mut handed = self.handed.lock().unwrap();
        *handed = Some(guards);
        self.changed.notify_all();
        while handed.is_some() {
            handed = self.changed.wait(handed).unwrap();
        }
    }
}

fn calls_and_active(report: &Report, name: &str) -> (u64, u64, u64) {
    let row = function(report, name);
    (row.calls, row.active, row.panicked)
}

/// The next action of a thread. Each has to end the scope first.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Next {
    Allocate,
    Free,
    Reallocate,
    Call,
    Capture,
    Enter,
}

#[track_memory(name = "late: callee")]
fn callee() {
    flash(7);
}

/// The next action of a function without an outer scope after its guard has ended on another thread.
fn does_next(next: Next, elsewhere: &Elsewhere, mut block: Block, context: &Context) {
    let mut guards = Vec::with_capacity(1);
    guards.push(memprof::scope!("late: scope"));
    flash(10);
    elsewhere.drop_there(guards);
    match next {
        Next::Allocate => std::mem::forget(Block::new(20)),
        Next::Free => drop(block),
        Next::Reallocate => assert!(block.resize(30)),
        Next::Call => callee(),
        Next::Capture => Context::current().scope(callee),
        Next::Enter => context.scope(callee),
    }
}

#[test]
fn whatever_comes_next_is_charged_to_what_is_open() {
    for tracked in [true, false] {
        let profile = Profile::with(|config| config.memory_profiling.track_allocations = tracked);
        for next in [Next::Allocate, Next::Free, Next::Reallocate, Next::Call, Next::Capture, Next::Enter] {
            Elsewhere::beside(|elsewhere| {
                let (block, context) = (Block::new(1), Context::current());
                let before = profile.report();
                let scope = |report: &Report| {
                    let row = report.functions.iter().find(|row| row.name == "late: scope");
                    row.map_or((Flow::default(), 0), |row| (total(row), row.calls))
                };
                does_next(next, elsewhere, block, &context);
                let report = profile.report();
                let (flow, calls) = scope(&before);
                assert_eq!(scope(&report), (flow + flashes(10, 1), calls + 1), "{next:?}, tracked: {tracked}");
                assert_eq!(calls_and_active(&report, "late: scope").1, 0, "{next:?}");
                assert_eq!(report.overhead.misplaced_guards, before.overhead.misplaced_guards + 1);
                if report.functions.iter().any(|row| row.name == "late: callee") {
                    let paths = paths(&report, "late: callee");
                    assert_eq!(paths.keys().collect::<Vec<_>>(), ["late: callee"], "{next:?}");
                }
            });
        }
        assert_stats_agree();
    }
}

#[track_memory(name = "late: around")]
fn around(elsewhere: &Elsewhere) {
    let mut guards = Vec::with_capacity(2);
    let first = memprof::scope!("late: first");
    flash(1);
    guards.push(memprof::scope!("late: second"));
    flash(10);
    let third = memprof::scope!("late: third");
    flash(100);
    guards.push(first);
    elsewhere.drop_there(guards);
    // The third is still open, and is charged.
    flash(1000);
    drop(third);
    flash(10_000);
}

#[test]
fn between_others_that_are_open() {
    let profile = Profile::start();
    let misplaced = profile.report().overhead.misplaced_guards;
    Elsewhere::beside(around);
    let report = profile.report();
    for (name, flow) in [("first", flashes(1, 1)), ("second", flashes(10, 1)), ("third", flashes(1100, 2))] {
        let name = format!("late: {name}");
        assert_eq!((own(function(&report, &name)), calls_and_active(&report, &name)), (flow, (1, 0, 0)), "{name}");
    }
    // The vector with the guards was made here.
    let around = own(function(&report, "late: around"));
    assert_eq!((around.allocated - 2 * size_of::<Guard>() as u64, around.freed), (10_000, 10_000));
    assert_eq!(report.overhead.misplaced_guards, misplaced + 2);
    // Nobody knows what these calls did: they have no peak. The third was closed here.
    assert_eq!(function(&report, "late: first").peak_bytes, None);
    assert_eq!(function(&report, "late: third").peak_bytes, Some(1000));
}

#[track_memory(name = "late: has ended")]
fn has_ended() -> Guard {
    memprof::scope!("late: stale")
}

#[track_memory(name = "late: goes on")]
fn goes_on(elsewhere: &Elsewhere) {
    let stale = vec![has_ended()];
    let _open = memprof::scope!("late: in the same place");
    elsewhere.drop_there(stale);
    flash(5);
}

#[test]
fn a_scope_that_was_ended_already_stays_so() {
    let profile = Profile::start();
    Elsewhere::beside(goes_on);
    let report = profile.report();
    assert_eq!(own(function(&report, "late: in the same place")), flashes(5, 1));
    assert_eq!(calls_and_active(&report, "late: stale"), (1, 0, 0));
    assert_eq!(calls_and_active(&report, "late: in the same place"), (1, 0, 0));
}

#[track_memory(name = "late: after many")]
fn after_many() {}

fn many(times: u64) -> Vec<Guard> {
    (0..times).map(|_| memprof::scope!("late: many")).collect()
}

#[test]
fn more_than_there_is_room_for() {
    // Twice, so that the places are used again; the second time more than there are.
    let profile = Profile::with(|config| config.memory_profiling.track_allocations = false);
    let mut calls = 0;
    for times in [5_000, 20_000] {
        Elsewhere::beside(|elsewhere| {
            let guards = many(times);
            elsewhere.drop_there(guards);
            after_many();
            calls += times;
            let report = profile.report();
            assert_eq!(calls_and_active(&report, "late: many"), (calls, 0, 0));
            assert_eq!(paths(&report, "late: after many").keys().collect::<Vec<_>>(), ["late: after many"]);
        });
    }
    let profiler_bytes = profile.report().overhead.profiler_bytes;
    for _ in 0..10 {
        Elsewhere::beside(|elsewhere| {
            elsewhere.drop_there(many(20_000));
            flash(1);
        });
    }
    assert_eq!(calls_and_active(&profile.report(), "late: many"), (calls + 200_000, 0, 0));
    // A thread that is not quite over has not left its ledger to the next one.
    assert!(profile.report().overhead.profiler_bytes <= profiler_bytes + (512 << 10));
}

#[test]
fn of_a_thread_that_is_over() {
    let profile = Profile::start();
    let guard = thread::spawn(|| memprof::scope!("late: thread is over")).join().unwrap();
    thread::spawn(move || {
        // The ledger may be this thread's by now.
        let _scope = memprof::scope!("late: next thread");
        drop(guard);
        flash(9);
    })
    .join()
    .unwrap();
    let report = profile.report();
    assert_eq!(calls_and_active(&report, "late: thread is over"), (1, 0, 0));
    assert_eq!(calls_and_active(&report, "late: next thread"), (1, 0, 0));
    assert_eq!(own(function(&report, "late: next thread")), flashes(9, 1));
}

#[test]
fn by_a_panic() {
    let profile = Profile::start();
    let guard = memprof::scope!("late: panics elsewhere");
    let unwind = AssertUnwindSafe(move || {
        let _guard = guard;
        resume_unwind(Box::new(()));
    });
    thread::scope(|threads| threads.spawn(|| assert!(catch_unwind(unwind).is_err())).join().unwrap());
    flash(1);
    let report = profile.report();
    assert_eq!(calls_and_active(&report, "late: panics elsewhere"), (1, 0, 1));
}

#[track_memory(name = "late: turn")]
fn turn() {
    flash(3);
}

/// The owner sets its thresholds anew all the time, by what it allocates, while the other thread wants to change them.
#[test]
fn while_the_owner_publishes() {
    const ROUNDS: u64 = 3_000;
    let profile = Profile::with(|config| config.memory_profiling.track_allocations = false);
    let handed: Mutex<Option<Guard>> = Mutex::new(None);
    let dropped = std::sync::atomic::AtomicU64::new(0);
    use std::sync::atomic::Ordering::{Acquire, Release};
    thread::scope(|threads| {
        threads.spawn(|| {
            while dropped.load(Acquire) < ROUNDS {
                let guard = handed.lock().unwrap().take();
                if guard.is_some() {
                    drop(guard);
                    dropped.fetch_add(1, Release);
                }
                thread::yield_now();
            }
        });
        for round in 1..=ROUNDS {
            *handed.lock().unwrap() = Some(memprof::scope!("late: raced"));
            while dropped.load(Acquire) < round {
                flash(40_000);
            }
            // It has been dropped, whatever we were at: nothing more is charged to it.
            turn();
        }
    });
    let report = profile.report();
    assert_eq!(calls_and_active(&report, "late: raced"), (ROUNDS, 0, 0));
    let calls = paths(&report, "late: turn");
    assert_eq!(calls.keys().collect::<Vec<_>>(), ["late: turn"], "{calls:?}");
    assert_stats_agree();
}
