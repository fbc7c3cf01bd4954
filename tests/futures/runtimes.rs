//! Futures in async programs, on each kind of tokio's runtimes: each byte is in the row of the function that allocated
//! it, no call stays open, and no thread stays in a scope.

use futures_util::stream::{self, FuturesUnordered, StreamExt};
use memprof::track_memory;
use memprof_tests::{Block, Flow, Profile, assert_stats_agree, flash, flashes, function, own, paths, pause};
use std::future::pending;
use std::panic::resume_unwind;
use std::sync::{Arc, Barrier};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinSet, yield_now};
use tokio::time::timeout;

/// A current-thread runtime, and ones with 1, 2 and 4 workers.
fn runtimes() -> impl Iterator<Item = (usize, Runtime)> {
    [0, 1, 2, 4].into_iter().map(|workers| {
        let runtime = match workers {
            0 => Builder::new_current_thread().enable_time().build(),
            _ => Builder::new_multi_thread().worker_threads(workers).enable_time().build(),
        };
        (workers, runtime.unwrap())
    })
}

#[track_memory(name = "async: at root")]
fn at_root() {
    flash(1);
}

/// On each worker at once, and on this thread.
async fn on_each_thread(workers: usize) {
    let barrier = Arc::new(Barrier::new(workers));
    let tasks: Vec<_> = (0..workers)
        .map(|_| {
            let barrier = Arc::clone(&barrier);
            tokio::spawn(async move {
                barrier.wait();
                at_root();
            })
        })
        .collect();
    at_root();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Runs it in a task on each runtime. After the n-th, the rows of the functions are n times (calls, panics, flow),
/// nothing is open, and all threads are at their root.
fn on_each_runtime<F>(make: impl Fn() -> F, expected: &[(&str, u64, u64, Flow)])
where
    F: Future<Output = ()> + Send + 'static,
{
    let profile = Profile::start();
    for (round, (workers, runtime)) in (1..).zip(runtimes()) {
        runtime.block_on(async {
            tokio::spawn(make()).await.unwrap();
            on_each_thread(workers).await;
        });
        let report = profile.report();
        for &(name, calls, panicked, flow) in expected {
            let row = function(&report, name);
            let what = (row.calls, row.panicked, row.active, own(row));
            let flow = (0..round).map(|_| flow).sum::<Flow>();
            assert_eq!(what, (round * calls, round * panicked, 0, flow), "{name}, {workers} workers");
        }
        let at_root = paths(&report, "async: at root");
        assert_eq!(at_root.keys().collect::<Vec<_>>(), ["async: at root"], "{workers} workers");
        drop(runtime);
        assert_stats_agree();
    }
}

#[track_memory(name = "async: left")]
async fn left() -> usize {
    let _held = Block::new(100);
    pause().await;
    flash(10);
    1
}

#[track_memory(name = "async: right")]
async fn right() -> usize {
    let held = Block::new(2000);
    pause().await;
    pause().await;
    drop(held);
    2
}

#[test]
fn join() {
    let body = || async {
        for _ in 0..50 {
            assert_eq!(tokio::join!(left(), right(), left()), (1, 2, 1));
            yield_now().await;
        }
    };
    let expected = [("async: left", 100, 0, flashes(11_000, 200)), ("async: right", 50, 0, flashes(100_000, 50))];
    on_each_runtime(body, &expected);
}

#[track_memory(name = "async: wins")]
async fn wins() {
    flash(5);
    pause().await;
    flash(5);
}

#[track_memory(name = "async: loses")]
async fn loses(argument: Block) {
    let _held = Block::new(300);
    loses_within().await;
    drop(argument);
}

#[track_memory(name = "async: loses within")]
async fn loses_within() {
    let _held = Block::new(40);
    pending::<()>().await;
}

#[test]
fn select_drops_the_other_branches() {
    let body = || async {
        for _ in 0..50 {
            tokio::select! {
                biased;
                () = loses(Block::new(7)) => unreachable!(),
                () = wins() => {}
                () = loses_within() => unreachable!(),
            }
        }
    };
    let expected = [
        ("async: wins", 50, 0, flashes(500, 100)),
        // What they held, and their arguments, are freed in their scopes.
        ("async: loses", 50, 0, Flow::new((300 * 50, 50), (307 * 50, 100))),
        ("async: loses within", 100, 0, flashes(4000, 100)),
    ];
    on_each_runtime(body, &expected);
}

#[track_memory(name = "async: too slow")]
async fn too_slow() {
    let _held = Block::new(64);
    let mut grows = Block::new(1);
    pause().await;
    assert!(grows.resize(2));
    pending::<()>().await;
}

#[test]
fn timeouts_that_fire() {
    let body = || async {
        for _ in 0..5 {
            assert!(timeout(Duration::from_millis(2), too_slow()).await.is_err());
        }
    };
    on_each_runtime(body, &[("async: too slow", 5, 0, Flow::new((67 * 5, 15), (67 * 5, 15)))]);
}

#[track_memory(name = "async: item")]
async fn item(number: usize) -> Block {
    let mut block = Block::new(number + 1);
    pause().await;
    assert!(block.resize(10));
    block
}

#[track_memory(name = "async: takes items")]
async fn takes_items(item: Block) {
    drop(item);
}

#[test]
fn streams() {
    let body = || async {
        let items = stream::iter(0..20).then(item).for_each(takes_items);
        items.await;
        let four_at_once = stream::iter(0..20).map(item).buffer_unordered(4);
        four_at_once.for_each(takes_items).await;
        let unordered: FuturesUnordered<_> = (0..20).map(item).collect();
        unordered.for_each(takes_items).await;
    };
    let made: u64 = (1..=20).sum();
    let expected = [
        ("async: item", 60, 0, Flow::new((3 * (made + 200), 120), (3 * made, 60))),
        ("async: takes items", 60, 0, Flow::new((0, 0), (600, 60))),
    ];
    on_each_runtime(body, &expected);
}

#[track_memory(name = "async: never ends")]
async fn never_ends() {
    let _held = Block::new(50);
    pause().await;
    pending::<()>().await;
}

#[track_memory(name = "async: falls")]
async fn falls() {
    let _held = Block::new(6);
    pause().await;
    falls_within().await;
}

#[track_memory(name = "async: falls within")]
async fn falls_within() {
    flash(3);
    fall();
}

/// Panics without a word on stderr. What the panic itself takes is taken outside of the tracked functions.
fn fall() -> ! {
    resume_unwind(Box::new(()))
}

#[test]
fn tasks_that_are_aborted_and_tasks_that_panic() {
    let body = || async {
        let started = Arc::new(tokio::sync::Semaphore::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..40 {
            let started = Arc::clone(&started);
            tasks.spawn(async move {
                let mut task = std::pin::pin!(never_ends());
                std::future::poll_fn(|context| {
                    let _ = task.as_mut().poll(context);
                    std::task::Poll::Ready(())
                })
                .await;
                started.add_permits(1);
                task.await;
            });
        }
        // One that was never polled would be no call.
        let _ = started.acquire_many(40).await.unwrap();
        tasks.abort_all();
        while let Some(joined) = tasks.join_next().await {
            assert!(joined.unwrap_err().is_cancelled());
        }
        for _ in 0..40 {
            tasks.spawn(falls());
        }
        while let Some(joined) = tasks.join_next().await {
            assert!(joined.unwrap_err().is_panic());
        }
    };
    // The box of the unwinding has a size that is not ours: this row is checked apart.
    let expected = [("async: never ends", 40, 0, flashes(2000, 40)), ("async: falls", 40, 40, flashes(240, 40))];
    on_each_runtime(body, &expected);
    let profile = Profile::start();
    let report = profile.report();
    let row = function(&report, "async: falls within");
    assert_eq!((row.calls, row.panicked, row.active), (160, 160, 0));
    assert_eq!((own(row).freed, own(row).frees), (480, 160));
}

/// The guard's thread gets the bytes: the row that is charged is unknown, but each byte is in exactly one row.
async fn holds_a_scope(number: usize) {
    let _scope = memprof::scope!("async: held across awaits");
    flash(number + 1);
    yield_now().await;
    let _another = memprof::scope!("async: and another one");
    flash(1);
    if number.is_multiple_of(3) {
        yield_now().await;
    }
    if number.is_multiple_of(10) {
        fall();
    }
    flash(2);
}

#[track_memory(name = "async: tracked task")]
async fn tracked_task(number: usize) {
    holds_a_scope(number).await;
}

#[test]
fn scopes_held_across_awaits_by_interleaved_tasks() {
    const TASKS: u64 = 1000;
    let profile = Profile::start();
    let mut tracked_calls = 0;
    for (round, (workers, runtime)) in (1..).zip(runtimes()) {
        for tracked in [false, true] {
            runtime.block_on(async {
                let mut tasks = JoinSet::new();
                for number in 0..TASKS as usize {
                    if tracked {
                        tasks.spawn(tracked_task(number));
                    } else {
                        tasks.spawn(holds_a_scope(number));
                    }
                }
                let mut panicked = 0;
                while let Some(joined) = tasks.join_next().await {
                    panicked += u64::from(joined.is_err_and(|error| error.is_panic()));
                }
                assert_eq!(panicked, TASKS / 10);
                on_each_thread(workers).await;
            });
            tracked_calls += if tracked { TASKS } else { 0 };
            assert_stats_agree();
            let report = profile.report();
            let so_far = (2 * round - u64::from(!tracked)) * TASKS;
            for name in ["async: held across awaits", "async: and another one"] {
                let row = function(&report, name);
                assert_eq!((row.calls, row.active), (so_far, 0), "{name}, {workers} workers, tracked: {tracked}");
            }
            let at_root = paths(&report, "async: at root");
            assert_eq!(at_root.keys().collect::<Vec<_>>(), ["async: at root"], "{workers} workers");
        }
        let report = profile.report();
        let row = function(&report, "async: tracked task");
        assert_eq!((row.calls, row.active, row.panicked), (tracked_calls, 0, tracked_calls / 10));
        drop(runtime);
    }
}
