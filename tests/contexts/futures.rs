//! Futures that go on at a captured path, and futures of others under a name.

use memprof::{Context, track_memory};
use memprof_tests::{Block, Flow, Profile, flash, function, own, paths, pause, poll};
use std::task::Poll;
use std::thread;
use tokio::task::JoinSet;

#[track_memory(name = "futures: captured")]
async fn captured_by_a_future() -> Context {
    pause().await;
    Context::current()
}

#[track_memory(name = "futures: work")]
async fn work_of_a_future(block: Block) {
    flash(20);
    pause().await;
    drop(block);
    pause().await;
}

#[test]
fn a_future_goes_on_there_on_each_poll_and_when_it_is_dropped() {
    let profile = Profile::start();
    let mut capturing = Box::pin(captured_by_a_future());
    let here = loop {
        if let Poll::Ready(here) = poll(capturing.as_mut()) {
            break here;
        }
    };
    let mut done = Box::pin(here.wrap_future(work_of_a_future(Block::new(100))));
    let mut halfway = Box::pin(here.wrap_future(async {
        let _held = Block::new(3_000);
        flash(5);
        pause().await;
    }));
    let _ = poll(halfway.as_mut());
    thread::scope(|threads| {
        threads.spawn(|| while poll(done.as_mut()).is_pending() {});
        threads.spawn(move || drop(halfway));
    });
    let report = profile.report();
    let boxed = own(function(&report, "futures: captured"));
    assert_eq!(boxed, Flow::new((3_005, 2), (3_005, 2)), "what is held is freed at the path too");
    assert_eq!(paths(&report, "futures: work"), [("futures: captured → futures: work".to_owned(), 1)].into());
    assert_eq!(own(function(&report, "futures: work")), Flow::new((20, 1), (120, 2)));
    drop(done);
}

#[test]
fn a_future_grows_by_three_words() {
    let future = pause();
    let size = size_of_val(&future);
    assert_eq!(size_of_val(&Context::current().wrap_future(future)), size.next_multiple_of(8) + 40);
}

async fn not_mine(size: usize) -> usize {
    flash(size);
    pause().await;
    flash(size);
    size
}

#[allow(unused_must_use, reason = "a future that is never polled")]
#[track_memory(name = "track: caller")]
async fn tracks() {
    for round in 1..=3 {
        assert_eq!(memprof::track("track: fetch", not_mine(round)).await, round);
    }
    memprof::track("track: fetch", not_mine(1000)).await;
    memprof::track("track: never polled", async {});
    drop(memprof::track("track: dropped", not_mine(1)));
}

#[test]
fn a_future_of_others_has_a_row_for_each_name_and_line() {
    let profile = Profile::start();
    let mut tracking = Box::pin(tracks());
    while poll(tracking.as_mut()).is_pending() {}
    let report = profile.report();
    let mut rows: Vec<_> = report.functions.iter().filter(|row| row.name == "track: fetch").collect();
    rows.sort_by_key(|row| row.line);
    assert_eq!(rows.iter().map(|row| row.calls).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(own(rows[0]), Flow::new((12, 6), (12, 6)));
    assert_eq!(own(rows[1]), Flow::new((2000, 2), (2000, 2)));
    assert_eq!((rows[0].peak_bytes, rows[1].line - rows[0].line), (Some(3), 2));
    assert!(rows[0].file.ends_with("futures.rs"));
    let from_tracks = paths(&report, "track: fetch");
    assert_eq!(from_tracks.keys().collect::<Vec<_>>(), ["track: caller → track: fetch"]);
}

#[track_memory(name = "tokio: served")]
async fn served(size: usize) {
    flash(size);
    pause().await; // Unlike that of tokio it allocates nothing.
    flash(size);
}

#[track_memory(name = "tokio: blocking")]
fn blocking() {
    flash(7);
}

#[track_memory(name = "tokio: serves")]
async fn serves() {
    let here = Context::current();
    tokio::spawn(here.wrap_future(served(1))).await.unwrap();
    tokio::task::spawn_blocking(here.wrap(blocking)).await.unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        tasks.spawn(here.wrap_future(served(10)));
    }
    while tasks.join_next().await.is_some() {}
}

#[test]
fn tasks_of_tokio_go_on_beneath_the_function_that_spawned_them() {
    for workers in [1, 4] {
        let profile = Profile::start();
        let before = profile.report();
        let sum = |report: &memprof::Report, name: &str| {
            let row = report.functions.iter().find(|row| row.name == name);
            row.map_or((Flow::default(), 0), |row| (own(row), row.calls))
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).build().unwrap();
        runtime.block_on(async { tokio::spawn(serves()).await.unwrap() });
        drop(runtime);
        let report = profile.report();
        let (flow, calls) = sum(&report, "tokio: served");
        let (flow_before, calls_before) = sum(&before, "tokio: served");
        assert_eq!(flow, flow_before + Flow::new((2002, 202), (2002, 202)), "{workers} workers");
        assert_eq!(calls, calls_before + 101);
        for name in ["tokio: served", "tokio: blocking"] {
            let from = paths(&report, name);
            assert_eq!(from.keys().collect::<Vec<_>>(), [&format!("tokio: serves → {name}")], "{workers} workers");
            assert_eq!(function(&report, name).active, 0);
        }
    }
}
