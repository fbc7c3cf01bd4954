//! Tracked async functions: one call from the first poll to the end, in scope at each poll and when dropped, on
//! whatever thread.

use memprof::track_memory;
use memprof_tests::{Block, Flow, Profile, assert_stats_agree, flash, function, own, pause, poll, total};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::thread;

#[track_memory]
async fn outer(number: usize) -> Block {
    let held = Block::new(1000 + number);
    pause().await;
    flash(10);
    let inner = inner(number).await;
    pause().await;
    drop(inner);
    beneath(number);
    held
}

#[track_memory]
async fn inner(number: usize) -> Block {
    let mut block = Block::new(number + 1);
    pause().await;
    assert!(block.resize(number + 2));
    block
}

#[track_memory]
fn beneath(number: usize) {
    flash(number % 3 + 1);
}

const TASKS: usize = 2000;

async fn many_tasks() {
    let mut tasks = Vec::new();
    for number in 0..TASKS {
        tasks.push(tokio::spawn(async move {
            // So that tasks lie in the queues of all workers, and are stolen.
            tokio::task::yield_now().await;
            let held = tokio::spawn(outer(number)).await.unwrap();
            tokio::task::yield_now().await;
            drop(held);
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

/// The three functions' rows, of one run more than `before`.
fn rows(profile: &Profile) -> [(Flow, u64, u64); 3] {
    let report = profile.report();
    ["outer", "inner", "beneath"].map(|name| {
        let row = function(&report, &format!("futures::calls::{name}"));
        assert_eq!(row.active, 0, "{name}");
        (own(row), row.calls, row.panicked)
    })
}

#[test]
fn the_same_figures_with_one_two_and_four_workers() {
    let profile = Profile::start();
    let tasks = TASKS as u64;
    let numbers: u64 = (0..tasks).sum();
    let thirds: u64 = (0..tasks).map(|number| number % 3 + 1).sum();
    let both = |bytes, blocks| Flow::new((bytes, blocks), (bytes, blocks));
    for (round, workers) in (1..).zip([1, 2, 4, 4]) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).build().unwrap();
        runtime.block_on(many_tasks());
        drop(runtime);
        let [outer, inner, beneath] = rows(&profile);
        let kept = 1000 * tasks + numbers;
        let given = numbers + 2 * tasks;
        let of_outer = Flow::new((kept + 10 * tasks, 2 * tasks), (10 * tasks + given, 2 * tasks));
        let of_inner = Flow::new((numbers + tasks + given, 2 * tasks), (numbers + tasks, tasks));
        let times = |flow: Flow| (0..round).map(|_| flow).sum::<Flow>();
        let calls = round * tasks;
        assert_eq!(outer, (times(of_outer), calls, 0), "{workers} workers");
        assert_eq!(inner, (times(of_inner), calls, 0), "{workers} workers");
        assert_eq!(beneath, (times(both(thirds, tasks)), calls, 0), "{workers} workers");
        assert_stats_agree();
    }
    let report = profile.report();
    let (outer, inner, beneath) = ("futures::calls::outer", "futures::calls::inner", "futures::calls::beneath");
    let sum = [outer, inner, beneath].map(|name| own(function(&report, name))).into_iter().sum::<Flow>();
    assert_eq!(total(function(&report, outer)), sum);
    assert_eq!(function(&report, outer).retained_bytes, Some(0));
}

#[track_memory]
async fn moves() {
    let first = Block::new(100);
    pause().await;
    let second = Block::new(2000);
    drop(first);
    pause().await;
    drop(second);
}

#[test]
fn one_future_on_four_threads() {
    let profile = Profile::start();
    let mut future = Box::pin(moves());
    for round in 0..2 {
        let pending = move || {
            assert!(poll(future.as_mut()).is_pending());
            future
        };
        future = thread::spawn(pending).join().unwrap();
        let report = profile.report();
        let row = function(&report, "futures::calls::moves");
        assert_eq!((row.calls, row.active, row.peak_bytes), (1, 1, None));
        let flows = [Flow::new((100, 1), (0, 0)), Flow::new((2100, 2), (100, 1))];
        assert_eq!(own(row), flows[round]);
    }
    let future = thread::spawn(move || {
        assert!(poll(future.as_mut()).is_ready());
        future
    })
    .join()
    .unwrap();
    let report = profile.report();
    let row = function(&report, "futures::calls::moves");
    assert_eq!((row.calls, row.active, own(row)), (1, 0, Flow::new((2100, 2), (2100, 2))));
    // Polls: +100; then 100 + (+2000), down to 2000; then 2000 + 0.
    assert_eq!(row.peak_bytes, Some(2100));
    // It is empty now: dropping it is nothing.
    thread::spawn(move || drop(future)).join().unwrap();
    assert_eq!(function(&profile.report(), "futures::calls::moves").calls, 1);
}

#[track_memory]
async fn dropped_half_way(argument: Block) {
    let _held = Block::new(300);
    pause().await;
    unreachable!("{}", argument.bytes().len());
}

#[test]
fn dropped_on_another_thread_before_its_end() {
    let profile = Profile::start();
    let mut future = Box::pin(dropped_half_way(Block::new(50)));
    assert!(poll(future.as_mut()).is_pending());
    assert_eq!(function(&profile.report(), "futures::calls::dropped_half_way").active, 1);
    thread::spawn(move || drop(future)).join().unwrap();
    let report = profile.report();
    let row = function(&report, "futures::calls::dropped_half_way");
    assert_eq!((row.calls, row.active, row.panicked), (1, 0, 0));
    // The box was made and freed outside.
    assert_eq!(own(row), Flow::new((300, 1), (350, 2)));
    assert_eq!(row.peak_bytes, Some(300));
}

#[track_memory]
async fn never_polled(argument: Block) {
    drop(argument);
}

/// Polled once, so that the tracked future within is made, but not polled itself.
async fn makes_and_waits(started: bool) {
    let mut tracked = pin!(never_polled(Block::new(9)));
    if started {
        let _ = poll(tracked.as_mut());
    }
    pause().await;
}

#[test]
fn never_polled_is_no_call() {
    let profile = Profile::start();
    let argument = Block::new(8000);
    drop(never_polled(argument));
    let mut waits = Box::pin(makes_and_waits(false));
    assert!(poll(waits.as_mut()).is_pending());
    drop(waits);
    let report = profile.report();
    // Its drop is in its scope all the same.
    let row = function(&report, "futures::calls::never_polled");
    assert_eq!((row.calls, row.active, own(row)), (0, 0, Flow::new((0, 0), (8009, 2))));
    let mut waits = Box::pin(makes_and_waits(true));
    assert!(poll(waits.as_mut()).is_pending());
    drop(waits);
    let report = profile.report();
    let row = function(&report, "futures::calls::never_polled");
    assert_eq!((row.calls, row.active, own(row)), (1, 0, Flow::new((0, 0), (8018, 3))));
}

#[test]
fn the_drop_of_a_tracked_future_that_was_never_polled_is_in_its_scope() {
    use memprof::__private::{Site, Tracked};
    static SITE: Site = Site::named("wrapped, never polled", file!(), line!());

    let profile = Profile::start();
    let held = Block::new(6000);
    drop(Tracked::new(&SITE, async move { drop(held) }));
    let report = profile.report();
    let row = function(&report, "wrapped, never polled");
    assert_eq!((row.calls, row.active, row.peak_bytes), (0, 0, None));
    assert_eq!(own(row), Flow::new((0, 0), (6000, 1)));
}

/// Panics without a word on stderr.
fn fall() -> ! {
    resume_unwind(Box::new(()))
}

#[track_memory]
async fn panics_later() {
    let _held = Block::new(70);
    pause().await;
    calls_and_panics().await;
}

#[track_memory]
async fn calls_and_panics() {
    let _held = Block::new(7);
    fall();
}

#[test]
fn a_poll_that_panics() {
    let profile = Profile::start();
    let mut future = Box::pin(panics_later());
    assert!(poll(future.as_mut()).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| poll(future.as_mut()))).is_err());
    // Charged to nobody: the scopes are closed.
    flash(123_456);
    drop(future);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        for _ in 0..100 {
            assert!(tokio::spawn(panics_later()).await.unwrap_err().is_panic());
        }
    });
    drop(runtime);
    let report = profile.report();
    let (later, calls) =
        (function(&report, "futures::calls::panics_later"), function(&report, "futures::calls::calls_and_panics"));
    assert_eq!((later.calls, later.active, later.panicked), (101, 0, 101));
    assert_eq!((calls.calls, calls.active, calls.panicked), (101, 0, 101));
    assert_eq!(own(later), Flow::new((7070, 101), (7070, 101)));
    assert_eq!((own(calls).freed, own(calls).frees), (707, 101));
    assert_stats_agree();
}

#[track_memory]
async fn holds_a_block_scope() {
    let _scope = memprof::scope!("held across an await");
    flash(5);
    pause().await;
    flash(50);
}

#[test]
fn a_block_scope_across_an_await() {
    let profile = Profile::start();
    let misplaced = profile.report().overhead.misplaced_guards;
    let mut future = Box::pin(holds_a_block_scope());
    assert!(poll(future.as_mut()).is_pending());
    flash(999_999);
    assert!(poll(future.as_mut()).is_ready());
    let report = profile.report();
    // The poll ends the scope; afterwards the function is charged.
    let scope = function(&report, "held across an await");
    assert_eq!((own(scope), scope.calls, scope.active), (Flow::new((5, 1), (5, 1)), 1, 0));
    assert_eq!(own(function(&report, "futures::calls::holds_a_block_scope")), Flow::new((50, 1), (50, 1)));
    assert_eq!(report.overhead.misplaced_guards, misplaced + 1);
}

#[test]
fn a_future_is_send_if_it_was() {
    fn is_send<T: Send>(_: &T) {}
    is_send(&outer(1));
    is_send(&moves());
    // One that is not may be tracked too.
    #[track_memory]
    async fn not_send(cell: &std::cell::Cell<u8>) {
        pause().await;
        cell.set(1);
    }
    let cell = std::cell::Cell::new(0);
    let mut future = pin!(not_send(&cell));
    while poll(future.as_mut()).is_pending() {}
    assert_eq!(cell.get(), 1);
}

struct Owner(#[allow(unused)] Block);

impl Owner {
    #[track_memory]
    async fn takes(self, _: Block, (used, _unused): (Block, Block), #[allow(unused)] named: Block) -> usize {
        pause().await;
        used.bytes().len()
    }
}

#[test]
fn a_finished_future_holds_none_of_its_arguments() {
    let profile = Profile::start();
    let [first, second, third, fourth] = [1, 20, 300, 4000].map(Block::new);
    let mut future = Box::pin(Owner(Block::new(50_000)).takes(first, (second, third), fourth));
    assert!(poll(future.as_mut()).is_pending());
    assert!(poll(future.as_mut()).is_ready());
    let freed = |profile: &Profile| own(function(&profile.report(), "futures::calls::Owner::takes"));
    assert_eq!(freed(&profile), Flow::new((0, 0), (54_321, 5)));
    drop(future);
    assert_eq!(freed(&profile), Flow::new((0, 0), (54_321, 5)));
}

struct PollsInDrop;

impl Drop for PollsInDrop {
    fn drop(&mut self) {
        let polled = catch_unwind(AssertUnwindSafe(|| poll(pin!(falls_in_drop()))));
        assert!(thread::panicking() && polled.is_err());
        assert!(poll(pin!(ends_in_drop())).is_ready());
    }
}

#[track_memory]
async fn falls_in_drop() {
    fall();
}

#[track_memory]
async fn ends_in_drop() {
    flash(7);
}

#[test]
fn polls_while_the_thread_is_panicking() {
    let profile = Profile::start();
    let caught = catch_unwind(|| {
        let _polls = PollsInDrop;
        fall();
    });
    assert!(caught.is_err());
    let report = profile.report();
    let row = |name: &str| function(&report, &format!("futures::calls::{name}"));
    // A future knows that its poll has panicked, whatever else is panicking.
    assert_eq!((row("falls_in_drop").calls, row("falls_in_drop").panicked), (1, 1));
    assert_eq!((row("ends_in_drop").calls, row("ends_in_drop").panicked), (1, 0));
    assert_eq!(own(row("ends_in_drop")), Flow::new((7, 1), (7, 1)));
    assert_stats_agree();
}
