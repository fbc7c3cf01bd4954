//! The lives of meters and of their work: either may outlive the other, and nothing is left.

use crate::of;
use memprof::testing::measure;
use memprof::{Context, Meter};
use memprof_tests::{Block, Profile, flash, pause, poll};
use std::thread;

#[test]
fn a_meter_that_is_dropped_before_its_work_ends_goes_on_with_it() {
    let meter = Meter::new();
    let mut future = Box::pin(meter.wrap_future(async {
        flash(1_000);
        pause().await;
        flash(1_000);
    }));
    assert!(poll(future.as_mut()).is_pending());
    let context = meter.run(Context::current);
    let clone = meter.clone();
    drop(meter);
    assert!(poll(future.as_mut()).is_ready());
    assert_eq!(clone.allocated(), 2_000);
    drop((clone, future));
    // The context still has it. Another meter made now is not it.
    let other = Meter::new();
    context.scope(|| flash(5_000));
    drop(context);
    assert_eq!(of(&other), (0, 0, 0));
}

#[test]
fn the_work_may_drop_its_own_meter() {
    let meter = Meter::new();
    let context = meter.run(|| meter.clone()).run(Context::current);
    let clone = meter.clone();
    clone.run(move || {
        drop(meter);
        flash(10);
    });
    assert_eq!(clone.allocated(), 10);
    drop(clone);
    context.scope(|| drop(context.clone()));
}

#[test]
fn making_and_entering_meters_allocates_nothing() {
    let measured = measure(|| {
        let (one, two) = (Meter::new(), Meter::new());
        one.run(|| two.run(|| drop(Context::current().wrap(|| ()))));
    });
    assert_eq!((measured.allocated_bytes, measured.allocated_count), (0, 0));
}

fn profiler_bytes(profile: &Profile) -> u64 {
    profile.report().overhead.profiler_bytes
}

#[test]
fn ten_thousand_meters_at_once_and_their_memory_is_used_again() {
    let profile = Profile::start();
    let round = || {
        let meters: Vec<Meter> = (0..10_000).map(|_| Meter::new()).collect();
        let contexts: Vec<Context> = meters
            .iter()
            .enumerate()
            .map(|(number, meter)| {
                meter.run(|| {
                    let _held = Block::new(number + 1);
                    Context::current()
                })
            })
            .collect();
        thread::scope(|threads| {
            threads.spawn(|| contexts.iter().rev().for_each(|context| context.scope(|| flash(1))));
        });
        for (number, meter) in meters.iter().enumerate() {
            assert_eq!(of(meter), (number as u64 + 2, 0, number as u64 + 1));
        }
        drop(meters);
        contexts.iter().for_each(|context| context.scope(|| flash(1)));
    };
    let before = profiler_bytes(&profile);
    round();
    let after_one = profiler_bytes(&profile);
    // 64 bytes each, in segments that double.
    assert!(after_one - before < 4 << 20, "{}", after_one - before);
    (0..5).for_each(|_| round());
    // Other tests run in this process. Without the memory of the first round, these would take 3 MB more.
    assert!(profiler_bytes(&profile) < after_one + (1 << 20));
}
