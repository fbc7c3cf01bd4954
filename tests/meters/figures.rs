//! The figures of one thread: to the byte, at every moment.

use crate::of;
use memprof::testing::measure;
use memprof::{Context, Meter, track_memory};
use memprof_tests::{Block, flash, pause, poll};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;

#[test]
fn a_meter_counts_what_happens_in_it_and_nothing_else() {
    let meter = Meter::new();
    assert_eq!(of(&meter), (0, 0, 0));
    flash(1_000);
    let kept = meter.run(|| {
        flash(700);
        let kept = Block::new(300);
        // Exact for the thread that asks, in the middle of the work.
        assert_eq!((meter.allocated(), meter.net()), (1_000, 300));
        kept
    });
    flash(5_000);
    assert_eq!(of(&meter), (1_000, 300, 700));
    // Freed outside: it stays in the net, as in that of a function.
    drop(kept);
    assert_eq!(of(&meter), (1_000, 300, 700));
    let mut other = Block::new(2_000);
    meter.run(|| {
        assert!(other.resize(10));
        drop(other);
    });
    assert_eq!((meter.allocated(), meter.net()), (1_010, 300 + 10 - 2_010));
    assert!(!meter.is_over(0), "a negative net is not over anything");
}

#[test]
fn the_figures_are_those_of_a_measurement() {
    let meter = Meter::new();
    let measured = measure(|| {
        meter.run(|| {
            let mut words = Vec::new();
            for word in 0..5_000 {
                words.push(format!("word {word}"));
                if word % 3 == 0 {
                    words.swap_remove(word / 5);
                }
            }
            words
        })
    });
    assert_eq!(meter.allocated(), measured.allocated_bytes as u64);
    assert_eq!(meter.net(), measured.net_bytes as i64);
    assert_eq!(meter.peak(), measured.peak_bytes as u64);
}

#[test]
fn it_is_over_once_more_is_kept_than_that() {
    let meter = Meter::new();
    let mut held = Vec::with_capacity(100);
    let refused_at = meter.run(|| {
        (0..100).find(|_| {
            held.push(Block::new(1 << 20));
            meter.is_over(64 << 20)
        })
    });
    assert_eq!(refused_at, Some(64));
    assert!(meter.is_over((65 << 20) - 1) && !meter.is_over(65 << 20));
    meter.run(|| held.clear());
    assert!(!meter.is_over(0));
    assert_eq!(of(&meter), (65 << 20, 0, 65 << 20));
}

#[test]
fn a_meter_within_another_counts_for_both_and_each_byte_once() {
    let (outer, inner) = (Meter::new(), Meter::new());
    outer.run(|| {
        flash(100);
        inner.run(|| {
            let _held = Block::new(1_000);
            // It is in both already.
            outer.run(|| inner.clone().run(|| flash(10)));
            assert_eq!((outer.net(), inner.net()), (1_000, 1_000));
        });
        flash(3);
    });
    assert_eq!((of(&inner), of(&outer)), ((1_010, 0, 1_010), (1_113, 0, 1_010)));
    // The other way round, and one after the other.
    inner.run(|| outer.run(|| flash(5_000)));
    inner.run(|| flash(1));
    assert_eq!((of(&inner), of(&outer)), ((6_011, 0, 5_000), (6_113, 0, 5_000)));
}

#[test]
fn a_recursion_of_new_meters_counts_in_all_of_them_up_to_the_limit() {
    fn descend(depth: usize, meters: &[Meter]) {
        match meters.get(depth) {
            Some(meter) => meter.run(|| descend(depth + 1, meters)),
            None => flash(100_000),
        }
    }
    let meters: Vec<Meter> = (0..80).map(|_| Meter::new()).collect();
    descend(0, &meters);
    for (depth, meter) in meters.iter().enumerate() {
        let expected = if depth < 64 { (100_000, 0, 100_000) } else { (0, 0, 0) };
        assert_eq!(of(meter), expected, "{depth}");
    }
}

#[test]
fn a_panic_leaves_the_meter() {
    let meter = Meter::new();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        meter.run(|| {
            let _freed_by_the_panic = Block::new(1_000);
            std::panic::resume_unwind(Box::new(()));
        });
    }));
    drop(outcome);
    let counted = of(&meter);
    // The panic itself was allocated inside, and is freed where it is caught.
    assert!(counted.1 < 500 && counted.2 >= 1_000, "{counted:?}");
    flash(10_000);
    assert_eq!(of(&meter), counted);
}

#[test]
fn a_future_is_metered_while_it_is_polled_and_dropped() {
    let meter = Meter::new();
    {
        let mut future = pin!(meter.wrap_future(async {
            let held = Block::new(1_000);
            pause().await;
            drop(held);
            let _freed_by_the_drop = Block::new(3_000);
            pause().await;
        }));
        assert_eq!(of(&meter), (0, 0, 0));
        assert!(poll(future.as_mut()).is_pending());
        flash(7_777);
        assert_eq!(of(&meter), (1_000, 1_000, 1_000));
        assert!(poll(future.as_mut()).is_pending());
        assert_eq!(of(&meter), (4_000, 3_000, 3_000));
    }
    assert_eq!(of(&meter), (4_000, 0, 3_000));
    let future = async { [0_u8; 100] };
    let size = size_of_val(&future);
    assert_eq!(size_of_val(&meter.wrap_future(future)), size.next_multiple_of(8) + 8);
}

#[test]
fn work_of_another_context_does_not_count() {
    let (meter, other) = (Meter::new(), Meter::new());
    let outside = Context::current();
    let of_other = other.run(Context::current);
    meter.run(|| {
        flash(1);
        // As a thread of a pool runs the job of another query while it waits.
        outside.scope(|| flash(100));
        of_other.scope(|| {
            flash(1_000);
            // A context of the work itself, entered from within the other's.
            assert_eq!(meter.net(), 0);
        });
        flash(2);
        let here = Context::current();
        of_other.scope(|| here.scope(|| flash(4)));
    });
    assert_eq!((meter.allocated(), other.allocated()), (7, 1_000));
}

#[track_memory(name = "meters: recursive")]
fn recursive(depth: usize, meter: &Meter) {
    flash(10);
    if depth > 0 {
        meter.run(|| recursive(depth - 1, meter));
    }
}

/// A meter changes no figure of the functions around it and in it.
#[test]
fn functions_have_the_figures_that_they_have_without_it() {
    let profile = memprof_tests::Profile::start();
    let meter = Meter::new();
    meter.run(|| recursive(5, &meter));
    let report = profile.report();
    let row = memprof_tests::function(&report, "meters: recursive");
    assert_eq!((row.calls, row.active, row.allocated_bytes, row.peak_bytes), (6, 0, 60, Some(10)));
    assert_eq!(row.per_call.as_ref().map(|spread| spread.max), Some(60));
    assert_eq!(meter.allocated(), 60);
}

/// The profiler's own work is in no meter, and a report is one allocation of the program outside all work.
#[test]
fn reports_are_in_no_meter() {
    let _profile = memprof_tests::Profile::start();
    let meter = Meter::new();
    let written = meter.run(|| memprof::write_report().unwrap());
    assert_eq!(of(&meter), (0, 0, 0));
    meter.run(|| drop(written));
    assert!(meter.net() < 0, "it is an allocation of the program");
}
