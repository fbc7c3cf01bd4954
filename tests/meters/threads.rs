//! Meters on many threads: carried by contexts, exact when all have left, and within 64 KB for each thread before.

use crate::of;
use memprof::{Context, Meter, track_memory};
use memprof_tests::{Block, flash};
use rayon::prelude::*;
use std::sync::Barrier;
use std::thread;

const STEP: i64 = 64 * 1024;

#[track_memory(name = "meters: item")]
fn item(size: usize) -> usize {
    flash(size);
    size
}

#[test]
fn contexts_carry_the_meter_through_a_pool() {
    for workers in [1, 2, 4] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(workers).build().unwrap();
        // Two queries at once, whose jobs steal from each other.
        let meters = [Meter::new(), Meter::new()];
        pool.install(|| {
            let search = |meter: &Meter, more: usize| {
                meter.run(|| {
                    let here = Context::current();
                    here.clone().scope(|| {
                        let _: usize = (1..=1000).into_par_iter().map(here.wrap_fn(|n| item(n + more))).sum();
                    });
                });
            };
            // Rayon's own allocations, made on first use, are charged to no meter.
            let warm = Meter::new();
            search(&warm, 0);
            let outside = Context::current();
            rayon::join(|| search(&meters[0], 0), outside.wrap(|| search(&meters[1], 1000)));
        });
        // Rayon makes its queues larger, and frees the old ones some time later, in whichever work it does then. The
        // model (`model.rs`) is exact to the byte.
        const QUEUES: u64 = 32 * 1024;
        for (meter, exact) in meters.iter().zip([500_500, 1_500_500]) {
            let (allocated, net) = (meter.allocated(), meter.net());
            assert!((exact..exact + QUEUES).contains(&allocated), "{workers} workers: {allocated} of {exact}");
            assert!(net.unsigned_abs() < QUEUES, "{workers} workers: {net}");
        }
    }
}

#[test]
fn a_task_is_metered_on_every_thread_that_polls_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let meters: Vec<Meter> = (0..20).map(|_| Meter::new()).collect();
    runtime.block_on(async {
        let tasks: Vec<_> = meters
            .iter()
            .enumerate()
            .map(|(number, meter)| {
                tokio::spawn(meter.wrap_future(async move {
                    for _ in 0..10 {
                        let held = Block::new(1_000 + number);
                        memprof_tests::pause().await;
                        drop(held);
                    }
                    // A task of its own, in the same work.
                    let own = async { flash(7) };
                    let here = Context::current();
                    here.wrap_future(own).await;
                }))
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    for (number, meter) in meters.iter().enumerate() {
        // The runtime may make its queues larger when a task wakes itself.
        let exact = 10 * (1_000 + number as u64) + 7;
        assert!((exact..exact + 16_000).contains(&meter.allocated()), "{number}: {}", meter.allocated());
        assert!((1_000 + number as u64..20_000).contains(&meter.peak()), "{number}");
    }
}

#[test]
fn others_see_what_a_thread_has_done_but_for_64_kb() {
    let meter = Meter::new();
    let (started, looked) = (Barrier::new(5), Barrier::new(5));
    let work = meter.run(Context::current);
    let off = thread::scope(|threads| {
        for number in 0..4 {
            let (work, started, looked) = (&work, &started, &looked);
            threads.spawn(move || {
                work.scope(|| {
                    let mut held: Vec<Block> = Vec::with_capacity(2_000);
                    held.extend((0..1_000 + 100 * number).map(|_| Block::new(500)));
                    started.wait();
                    looked.wait();
                    held.truncate(10);
                    started.wait();
                    looked.wait();
                });
            });
        }
        let own: i64 = 4 * 2_000 * size_of::<Block>() as i64;
        [(4_000 + 600) * 500, 4 * 10 * 500].map(|expected| {
            started.wait();
            let off = meter.net() - own - expected;
            looked.wait();
            off
        })
    });
    assert!(off.iter().all(|off| off.abs() <= 4 * STEP), "{off:?}");
    assert_eq!(meter.net(), 0);
    let highest = (4_000 + 600) * 500 + 4 * 2_000 * size_of::<Block>() as i64;
    assert!((meter.peak() as i64 - highest).abs() <= 4 * STEP);
}

#[test]
fn the_peak_is_that_of_all_threads_together_even_if_it_is_short() {
    let meter = Meter::new();
    let together = Barrier::new(4);
    let work = meter.run(Context::current);
    thread::scope(|threads| {
        for _ in 0..4 {
            let (work, together) = (&work, &together);
            threads.spawn(move || {
                work.scope(|| {
                    let held = Block::new(1 << 20);
                    together.wait();
                    drop(held);
                    together.wait();
                    // One after the other it is as high as one.
                });
            });
        }
    });
    assert_eq!(of(&meter), (4 << 20, 0, 4 << 20));
}

#[test]
fn a_thread_that_dies_inside_leaves_the_meter() {
    let meter = Meter::new();
    for _ in 0..10 {
        let meter = meter.clone();
        let died = thread::spawn(move || {
            meter.run(|| {
                std::mem::forget(Block::new(100));
                flash(1_000);
                std::panic::resume_unwind(Box::new(()));
            });
        });
        assert!(died.join().is_err());
    }
    let counted = meter.allocated();
    assert!(counted >= 11_000, "{counted}");
    // The next threads have the ledgers of those, and none of their work.
    for _ in 0..10 {
        thread::spawn(|| flash(1_000)).join().unwrap();
    }
    assert_eq!(meter.allocated(), counted);
}

/// Many threads enter and leave at once, and make and drop meters meanwhile.
#[test]
fn entering_and_leaving_loses_nothing() {
    let meter = Meter::new();
    thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                for turn in 0..2_000 {
                    let own = Meter::new();
                    own.run(|| meter.run(|| flash(turn + 1)));
                    assert_eq!(of(&own), (turn as u64 + 1, 0, turn as u64 + 1));
                }
            });
        }
    });
    assert_eq!((meter.allocated(), meter.net()), (8 * 2_001_000, 0));
}
