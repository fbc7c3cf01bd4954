//! More calls open on one thread than there is room for their frames: each of them is counted, and ends.

use memprof::__private::Guard;
use memprof::{Report, track_memory};
use memprof_tests::{Profile, flash, function, own, poll, total};
use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::thread;

/// Beyond the 65,520 that have frames.
const MANY: usize = 100_000;

/// Runs on a thread with room for so many calls.
fn on_a_large_stack<R: Send>(body: impl FnOnce() -> R + Send) -> R {
    thread::scope(|threads| {
        let thread = thread::Builder::new().stack_size(1 << 30).spawn_scoped(threads, body).unwrap();
        thread.join().unwrap()
    })
}

fn calls_and_active(report: &Report, name: &str) -> (u64, u64) {
    let row = function(report, name);
    (row.calls, row.active)
}

fn not_opened(report: &Report) -> u64 {
    report.overhead.scopes_not_opened
}

#[track_memory(name = "deep")]
fn deep(levels: usize, at_the_bottom: &dyn Fn()) {
    if levels > 1 {
        deep(levels - 1, at_the_bottom);
    } else {
        flash(10);
        at_the_bottom();
    }
    flash(1);
}

#[track_memory(name = "after deep")]
fn after() {
    flash(1000);
}

#[test]
fn a_recursion() {
    let profile = Profile::start();
    let before = profile.report();
    on_a_large_stack(|| {
        deep(MANY, &|| {});
        after();
        deep(3, &|| {});
    });
    let report = profile.report();
    assert_eq!(calls_and_active(&report, "deep"), (MANY as u64 + 3, 0));
    assert_eq!(own(function(&report, "deep")).allocated, MANY as u64 + 3 + 20);
    on_a_large_stack(|| {
        deep(66_000, &|| {
            assert_eq!(calls_and_active(&profile.report(), "deep"), (MANY as u64 + 66_003, 66_000));
        });
    });
    assert_eq!(total(function(&report, "after deep")).allocated, 1000);
    let beyond = not_opened(&report) - not_opened(&before);
    assert_eq!(beyond, MANY as u64 - 65_520);
    assert!(
        report.warnings.iter().any(|warning| warning.contains("had no scope of their own")),
        "{:?}",
        report.warnings
    );
}

#[track_memory(name = "deep, panics")]
fn panics(levels: usize) {
    if levels > 1 {
        panics(levels - 1);
    } else {
        std::panic::resume_unwind(Box::new(0));
    }
    // Not a tail call.
    flash(1);
}

#[test]
fn a_panic_through_all_of_them() {
    let profile = Profile::start();
    on_a_large_stack(|| assert!(catch_unwind(|| panics(70_000)).is_err()));
    let report = profile.report();
    assert_eq!(calls_and_active(&report, "deep, panics"), (70_000, 0));
    assert_eq!(function(&report, "deep, panics").panicked, 70_000);
}

#[track_memory(name = "deep future")]
async fn future(many: &[u8]) -> usize {
    flash(3);
    many.len()
}

#[track_memory(name = "above the future")]
fn polls_at_the_bottom(levels: usize) {
    if levels > 1 {
        polls_at_the_bottom(levels - 1);
    } else {
        let mut future = pin!(future(&[1, 2]));
        assert!(poll(future.as_mut()).is_ready());
        drop(Box::pin(self::future(&[])));
    }
    flash(1);
}

#[test]
fn a_future_that_is_polled_at_the_bottom() {
    let profile = Profile::start();
    on_a_large_stack(|| polls_at_the_bottom(70_000));
    let report = profile.report();
    assert_eq!(calls_and_active(&report, "deep future"), (1, 0));
    assert_eq!(calls_and_active(&report, "above the future"), (70_000, 0));
}

/// The ways in which guards can go.
#[test]
fn guards() {
    fn open() -> Vec<Guard> {
        (0..MANY).map(|_| memprof::scope!("many guards")).collect()
    }
    #[track_memory(name = "around guards")]
    fn around(end: &dyn Fn(Vec<Guard>)) {
        let first = memprof::scope!("first of many");
        end(open());
        drop(first);
        flash(7);
    }
    let profile = Profile::start();
    let ways: [&(dyn Fn(Vec<Guard>) + Sync); 4] = [
        // Those without a frame first, in the order in which they were opened.
        &|mut guards| {
            drop(guards.split_off(65_000));
            while guards.pop().is_some() {}
        },
        &|mut guards| while guards.pop().is_some() {},
        &forget,
        &|guards| thread::spawn(|| drop(guards)).join().unwrap(),
    ];
    for (index, way) in ways.into_iter().enumerate() {
        let report = thread::scope(|threads| {
            let thread = threads.spawn(|| {
                around(way);
                // Something outside of them has ended.
                profile.report()
            });
            thread.join().unwrap()
        });
        let times = index as u64 + 1;
        assert_eq!(calls_and_active(&report, "many guards").0, times * MANY as u64, "{index}");
        assert_eq!(calls_and_active(&report, "around guards"), (times, 0), "{index}");
        assert_eq!(calls_and_active(&report, "first of many"), (times, 0), "{index}");
        assert_eq!(calls_and_active(&report, "many guards").1, 0, "{index}");
    }
    // All of them on a thread that is over.
    thread::spawn(|| forget(open())).join().unwrap();
    assert_eq!(calls_and_active(&profile.report(), "many guards"), (5 * MANY as u64, 0));
}

#[track_memory(name = "deep, catches a panic")]
fn deeper(levels: usize, at_the_bottom: &dyn Fn()) {
    if levels > 1 {
        deeper(levels - 1, at_the_bottom);
    } else {
        at_the_bottom();
    }
    flash(1);
}

#[test]
fn a_call_that_panics_at_the_bottom_has_its_message_counted() {
    let profile = Profile::start();
    let calls = |report: &Report| report.functions.iter().find(|row| row.name == "(panic)").map_or(0, |row| row.calls);
    let before = calls(&profile.report());
    on_a_large_stack(|| {
        deeper(70_000, &|| {
            let caught = catch_unwind(AssertUnwindSafe(|| panic!("at the bottom")));
            assert!(caught.is_err());
        });
    });
    assert_eq!(calls(&profile.report()), before + 1);
}
