//! Measurements and assertions, in a typical test binary: its tests run in parallel, and each sees its own figures.
#![allow(missing_docs)]

use memprof::testing::{assert_allocated, assert_no_leaks, measure, measure_async};
use memprof::{AllocationTracker, Context, track, track_memory};
use memprof_tests::pause;
use rayon::prelude::*;
use std::hint::black_box;
use std::sync::Mutex;
use std::thread;

#[global_allocator]
static ALLOC: AllocationTracker = AllocationTracker::system();

#[track_memory]
fn bytes(n: usize) -> Vec<u8> {
    black_box(vec![1; n])
}

#[track_memory]
fn churn(times: usize) {
    (0..times).for_each(|_| drop(bytes(100)));
}

/// Waits until the task is done, so that nothing of the test's own waits in the measurement.
fn runtime(workers: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build().unwrap()
}

macro_rules! in_parallel {
    ($($name:ident: $size:literal,)*) => {$(
        #[test]
        fn $name() {
            for round in 0..200 {
                let measured = measure(|| {
                    churn(10);
                    bytes($size + round)
                });
                assert_eq!(measured.allocated_bytes, 1000 + ($size + round) as u64);
                assert_eq!((measured.allocated_count, measured.deallocated_count), (11, 10));
                assert_eq!(measured.net_bytes, ($size + round) as i64);
                assert_eq!(measured.functions[0].allocated_bytes, measured.allocated_bytes, "{measured}");
            }
        }
    )*};
}

in_parallel! {
    one_in_parallel: 1000,
    two_in_parallel: 2000,
    three_in_parallel: 3000,
    four_in_parallel: 4000,
    five_in_parallel: 5000,
    six_in_parallel: 6000,
}

#[test]
fn the_rows_add_up_to_the_figures() {
    let measured = measure(|| {
        let mut own = black_box(vec![0u8; 10]);
        own.reserve_exact(90);
        churn(3);
        own
    });
    let sum =
        |figure: fn(&memprof::testing::MeasuredFunction) -> u64| measured.functions.iter().map(figure).sum::<u64>();
    assert_eq!(measured.allocated_bytes, 10 + 100 + 300);
    assert_eq!((measured.reallocated_count, measured.grown_bytes), (1, 90));
    assert_eq!((measured.net_bytes, measured.net_count, measured.peak_bytes), (100, 1, 200));
    assert_eq!(sum(|row| row.allocated_bytes), measured.allocated_bytes);
    assert_eq!(sum(|row| row.allocated_count), measured.allocated_count);
    assert_eq!(sum(|row| row.deallocated_bytes), measured.deallocated_bytes);
    let names: Vec<&str> = measured.functions.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["testing::bytes", "(outside tracked functions)", "testing::churn"]);
    let line = "allocated 410 bytes in 5 blocks, deallocated 310 bytes in 4, net 100 bytes in 1, peak 200 bytes, grown by 90 bytes \
                in 1 reallocation\n  300 bytes in 3 blocks  testing::bytes (tests/testing/measurements.rs:";
    assert!(measured.to_string().starts_with(line), "{measured}");
}

#[test]
fn a_measurement_may_stand_in_another() {
    let outer = measure(|| {
        let kept = bytes(1000);
        // An assertion that holds allocates nothing itself.
        assert_allocated!(== 50, || bytes(50));
        kept
    });
    assert_eq!((outer.allocated_bytes, outer.net_bytes, outer.peak_bytes), (1050, 1000, 1050));
    // The list of functions of the inner one is not made in the outer one, but dropped there.
    let mut held = None;
    let outer = measure(|| held = Some(measure(|| bytes(50))));
    assert_eq!((outer.allocated_bytes, outer.net_bytes, outer.peak_bytes), (50, 50, 50));
    let dropped = measure(|| drop(held));
    assert!(dropped.deallocated_bytes > 50);
}

#[track_memory]
fn measures_itself(depth: usize) -> u64 {
    if depth == 0 {
        return bytes(10).len() as u64;
    }
    // The function is open already: what it does in the measurement counts there nevertheless.
    assert_allocated!(== 10 * depth as u64, || {
        let own = black_box(vec![0u8; 10 * depth - 10]);
        measures_itself(0) + own.len() as u64
    })
}

#[test]
fn recursion_does_not_fold_across_a_measurement() {
    assert_eq!(measures_itself(7), 70);
    let outer = measure(|| measures_itself(3));
    assert_eq!(outer.allocated_bytes, 30);
}

#[test]
fn a_panic_ends_the_measurement() {
    for _ in 0..200 {
        let panicked = std::panic::catch_unwind(|| measure(|| std::panic::resume_unwind(Box::new(bytes(10)))));
        assert!(panicked.is_err());
    }
    assert_eq!(measure(|| bytes(5)).allocated_bytes, 5);
}

#[test]
fn contexts_carry_the_measurement_to_other_threads() {
    let measured = measure(|| {
        let here = Context::current();
        thread::scope(|threads| {
            // What the thread itself takes is allocated here, and is no part of what is asked below.
            (1..=4).for_each(|n| drop(threads.spawn(here.wrap(move || drop(bytes(n * 1000))))));
            threads.spawn(|| drop(bytes(999)));
        });
    });
    let row = measured.functions.iter().find(|row| row.name == "testing::bytes").unwrap();
    assert_eq!((row.allocated_bytes, row.allocated_count), (10_000, 4));
    // The free is its caller's, the closure.
    assert_eq!(row.net_bytes, 10_000);
}

#[test]
fn contexts_carry_the_measurement_to_rayon() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    for _ in 0..20 {
        let measured = measure(|| {
            let here = Context::current();
            pool.install(|| (1..=100usize).into_par_iter().for_each(here.wrap_fn(|n| drop(bytes(n)))));
        });
        let row = measured.functions.iter().find(|row| row.name == "testing::bytes").unwrap();
        assert_eq!((row.allocated_bytes, row.allocated_count), (5050, 100));
    }
}

#[test]
fn a_context_of_a_measurement_that_has_ended_is_in_no_other() {
    let here = measure(Context::current).value;
    let measured = measure(|| here.scope(|| bytes(77)));
    assert_eq!(measured.allocated_bytes, 0, "{measured}");
    let measured =
        measure(|| thread::scope(|threads| threads.spawn(|| here.scope(|| bytes(77)).len()).join().unwrap()));
    assert!(measured.functions.iter().all(|row| row.name != "testing::bytes"), "{measured}");
}

#[test]
fn work_that_goes_on_after_the_end_is_in_no_other_measurement() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let (done, finished) = std::sync::mpsc::channel::<usize>();
    let worker = measure(|| {
        let here = Context::current();
        thread::spawn(move || {
            here.scope(|| {
                done.send(0).unwrap();
                while wait.recv().is_ok() {
                    done.send(bytes(4321).len()).unwrap();
                }
            });
        })
    });
    finished.recv().unwrap();
    for _ in 0..10 {
        let measured = measure(|| {
            go.send(()).unwrap();
            finished.recv().unwrap()
        });
        assert!(measured.functions.iter().all(|row| row.name != "testing::bytes"), "{measured}");
    }
    drop(go);
    worker.value.join().unwrap();
}

// `tokio::task::yield_now` would keep a list of its own, allocated by whoever comes first.
async fn of_others(n: usize) -> usize {
    pause().await;
    let held = bytes(n);
    pause().await;
    held.len()
}

#[test]
fn futures_that_were_named_in_a_measurement_count_wherever_they_are_polled() {
    let runtime = runtime(3);
    for _ in 0..20 {
        let measured = measure(|| {
            let tasks: Vec<_> = (1..=20).map(|n| runtime.spawn(track("task", of_others(n * 10)))).collect();
            runtime.block_on(async {
                for task in tasks {
                    task.await.unwrap();
                }
            });
        });
        let row = measured.functions.iter().find(|row| row.name == "testing::bytes").unwrap();
        assert_eq!((row.allocated_bytes, row.allocated_count), (2100, 20), "{measured}");
        let task = measured.functions.iter().find(|row| row.name == "task").unwrap();
        assert!(task.deallocated_bytes >= 2100, "{measured}");
    }
}

#[track_memory]
async fn tracked(n: usize) -> usize {
    of_others(n).await
}

/// The frames of a thread are moved together when they fill its memory, wherever that happens.
#[test]
fn a_measurement_ends_with_the_drop_of_its_future_however_many_guards_have_ended_out_of_order() {
    #[track_memory]
    async fn pending(held: Vec<u8>) {
        std::future::pending::<()>().await;
        drop(held);
    }
    for open in 200..300 {
        let measured = measure(|| {
            let mut future = Box::pin(pending(black_box(vec![0; 10])));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(future.as_mut().poll(&mut context).is_pending());
            thread::spawn(move || {
                let mut guards: Vec<_> = (0..open).map(|_| Some(memprof::scope!("held"))).collect();
                // These frames stay beneath the last ones.
                guards.iter_mut().take(open - 5).for_each(|guard| *guard = None);
                drop(future);
                drop(black_box(vec![0_u8; 1_000_000]));
            })
            .join()
            .unwrap();
        });
        assert!(measured.allocated_bytes < 1_000, "{open} open guards: {measured}");
    }
}

#[test]
fn tracked_functions_that_are_spawned_in_a_measurement_count() {
    let runtime = runtime(3);
    for _ in 0..20 {
        let measured = measure(|| {
            let tasks: Vec<_> = (1..=20).map(|n| runtime.spawn(tracked(n * 10))).collect();
            runtime.block_on(async {
                for task in tasks {
                    task.await.unwrap();
                }
            });
        });
        let row = measured.functions.iter().find(|row| row.name == "testing::bytes").unwrap();
        assert_eq!((row.allocated_bytes, row.allocated_count), (2100, 20), "{measured}");
    }
}

#[test]
fn a_future_that_outlives_its_measurement_is_in_no_other() {
    let runtime = runtime(2);
    let future = measure(|| track("late", of_others(55))).value;
    let measured = measure(|| runtime.block_on(runtime.spawn(future)).unwrap());
    assert!(measured.functions.iter().all(|row| row.name != "testing::bytes"), "{measured}");
}

#[test]
fn a_future_is_measured_on_the_threads_that_poll_it() {
    let runtime = runtime(3);
    let sums: Vec<u64> = runtime.block_on(async {
        let tasks: Vec<_> = (1..=30)
            .map(|n| {
                tokio::spawn(async move {
                    let measured = measure_async(async move {
                        let kept = of_others(n).await;
                        let more = bytes(1000);
                        pause().await;
                        (kept, more)
                    })
                    .await;
                    assert_eq!(measured.value.0, n);
                    assert_eq!((measured.net_bytes, measured.net_count), (1000, 1), "{measured}");
                    assert_eq!(measured.peak_bytes, 1000.max(n as u64));
                    measured.allocated_bytes - n as u64
                })
            })
            .collect();
        let mut sums = Vec::new();
        for task in tasks {
            sums.push(task.await.unwrap());
        }
        sums
    });
    assert_eq!(sums, [1000; 30]);
}

#[test]
fn comparisons_take_sizes_and_numbers() {
    let limit = 100;
    assert_eq!(assert_allocated!(<= "100 B", || bytes(100)).len(), 100);
    assert_allocated!(< "0.5 KiB", || bytes(511));
    assert_allocated!(== limit, || bytes(100), "not {limit}");
    assert_allocated!(>= 2 * limit, || bytes(200),);
    assert_allocated!(> "1 KB", || bytes(1025), "{} {}", 1, 2);
    // The closure may take what it names, and change what is outside.
    let (taken, mut changed) = (bytes(10), 0);
    assert_allocated!(== "0 B", || {
        changed += taken.len();
        drop(taken);
    }, "{changed}");
    assert_eq!(changed, 10);
}

#[test]
fn what_is_freed_is_no_leak() {
    assert_no_leaks!(|| bytes(100));
    assert_no_leaks!(|| churn(100), "with {}", "words");
    // A block that was there before may be freed or stay.
    let (before, stays) = (bytes(10), bytes(20));
    assert_no_leaks!(|| drop(before));
    drop(stays);
}

static LEFT: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

#[test]
fn what_earlier_measurements_left_is_no_leak_of_this_one() {
    for _ in 0..20 {
        let left = measure(|| bytes(10)).value;
        assert_no_leaks!(|| bytes(10));
        LEFT.lock().unwrap().push(left);
    }
}

#[memprof::test]
fn a_test_without_limits() {
    churn(3);
}

#[memprof::test(max_allocated = "1000 B", max_count = 10, max_peak = "100 B", max_net = "0 B", no_leaks)]
fn a_test_at_its_limits() {
    churn(10);
}

#[memprof::test(max_allocated = "10 B", no_leaks)]
#[should_panic(expected = "as it should")]
fn a_test_that_should_panic() {
    churn(10);
    panic!("as it should");
}

#[memprof::test(max_allocated = "10 B")]
#[should_panic(expected = "memprof: allocated 1,000 bytes in 10 blocks; max_allocated is 10 bytes")]
fn a_test_that_should_allocate_less() {
    churn(10);
}

#[memprof::test(max_allocated = "10 B", no_leaks)]
fn a_test_with_a_result() -> Result<(), std::num::ParseIntError> {
    let number: i32 = "7".parse()?;
    if number == 7 {
        return Ok(());
    }
    Err("x".parse::<i32>().unwrap_err())
}

#[memprof::test(no_leaks)]
fn a_test_with_another_outcome() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}

#[memprof::test(max_net = "0 B", no_leaks)]
#[tokio::test]
async fn an_async_test() {
    assert_eq!(of_others(1000).await, 1000);
}

/// Both orders mean the same: the runtime and the tasks on the test's thread are a part of it.
macro_rules! in_both_orders {
    ($($name:ident: $(#[$attribute:meta])*;)*) => {$(
        $(#[$attribute])*
        async fn $name() {
            let task = tokio::spawn(of_others(1_000_000));
            assert_eq!(task.await.unwrap(), 1_000_000);
        }
    )*};
}

in_both_orders! {
    above_the_runtime: #[memprof::test(max_peak = "900 KiB", no_leaks)] #[should_panic(expected = "the peak was")] #[tokio::test];
    below_the_runtime: #[tokio::test] #[memprof::test(max_peak = "900 KiB", no_leaks)] #[should_panic(expected = "the peak was")];
    above_and_high: #[memprof::test(max_peak = "1100 KiB", no_leaks)] #[tokio::test];
    below_and_high: #[tokio::test] #[memprof::test(max_peak = "1100 KiB", no_leaks)];
}

// The runtime itself takes 63 KB on Windows.
#[memprof::test(max_allocated = "90 KiB")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_async_test_with_workers() -> Result<(), std::io::Error> {
    let many = tokio::spawn(of_others(100_000)).await.unwrap();
    assert_eq!(many, 100_000);
    of_others(100).await;
    Ok(())
}

#[tokio::test]
#[memprof::test(max_peak = "2 MB")]
async fn an_async_test_with_its_runtime() {
    assert_eq!(tokio::spawn(of_others(1000)).await.unwrap(), 1000);
}
