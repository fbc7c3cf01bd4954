//! Functions that return a future: what makes it belongs to the caller, the future is the call, in every form it has.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, LocalBoxFuture};
use memprof::{scope, track_memory};
use memprof_tests::{Block, Flow, Profile, function, own, pause, poll, total};

/// Work of the future of each form: 100 bytes of its own, 20 of which are kept until after a pause.
async fn work() -> usize {
    let _kept = Block::new(20);
    pause().await;
    drop(Block::new(80));
    100
}

#[track_memory]
fn itself(made: usize) -> impl Future<Output = usize> + Send {
    drop(Block::new(made));
    work()
}

#[track_memory]
fn boxed(made: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    drop(Block::new(made));
    Box::pin(async move { work().await })
}

#[track_memory]
fn by_method(made: usize) -> BoxFuture<'static, usize> {
    drop(Block::new(made));
    work().boxed()
}

#[track_memory]
fn by_local_method(made: usize) -> LocalBoxFuture<'static, usize> {
    drop(Block::new(made));
    work().boxed_local()
}

#[track_memory]
#[allow(clippy::needless_return)]
fn by_branches(made: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    if made == 0 {
        return Box::pin(work());
    }
    drop(Block::new(made));
    match made {
        1 => Box::pin(work()),
        other if other > 1000 => unreachable!(),
        2 => {
            let future = work();
            future.boxed()
        }
        _ => {
            if made == 3 {
                Box::pin(work())
            } else {
                return work().boxed();
            }
        }
    }
}

#[track_memory]
#[allow(clippy::needless_return)]
fn early(made: usize) -> impl Future<Output = usize> {
    let future = work();
    if made == 0 {
        return future;
    }
    let make = || {
        return Block::new(made);
    };
    drop(make());
    future
}

struct Service;

#[track_memory]
impl Service {
    fn method(&self, made: usize) -> impl Future<Output = usize> + use<'_> {
        drop(Block::new(made));
        async move {
            let Self = self;
            work().await
        }
    }

    /// The box comes from elsewhere: passed over.
    #[allow(dead_code)]
    fn delegates(&self, made: usize) -> BoxFuture<'static, usize> {
        by_method(made)
    }
}

#[async_trait]
trait Serve {
    async fn function_within(&self, made: usize) -> usize;
    async fn impl_above(&self, made: usize) -> usize;

    #[track_memory]
    async fn by_default(&self, made: usize) -> usize {
        drop(Block::new(made));
        work().await
    }
}

#[async_trait]
impl Serve for Service {
    #[track_memory]
    async fn function_within(&self, made: usize) -> usize {
        drop(Block::new(made));
        work().await
    }

    async fn impl_above(&self, made: usize) -> usize {
        made
    }
}

struct Above;

#[track_memory]
#[async_trait]
impl Serve for Above {
    async fn function_within(&self, made: usize) -> usize {
        made
    }

    async fn impl_above(&self, made: usize) -> usize {
        drop(Block::new(made));
        work().await
    }
}

struct Below;

#[async_trait]
#[track_memory]
impl Serve for Below {
    async fn function_within(&self, made: usize) -> usize {
        made
    }

    async fn impl_above(&self, made: usize) -> usize {
        drop(Block::new(made));
        work().await
    }
}

fn run<F: Future<Output = usize>>(future: F) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(future), 100);
}

fn row(profile: &Profile, name: &str) -> (Flow, u64, u64, Option<u64>, Option<u64>) {
    let report = profile.report();
    let row = function(&report, name);
    assert_eq!(own(row), total(row), "{name}");
    assert_eq!((row.active, row.panicked), (0, 0), "{name}");
    let per_call = row.per_call.as_ref().map(|calls| calls.max);
    (own(row), row.calls, row.retained_bytes.unwrap(), per_call, row.peak_bytes)
}

fn both(bytes: u64, blocks: u64) -> Flow {
    Flow::new((bytes, blocks), (bytes, blocks))
}

/// Asserts that each call is 100 bytes in 2 blocks, and that the 7 bytes of the making are not among them.
fn assert_calls_are_the_futures(name: &str, calls: u64, mut made: impl FnMut()) {
    let profile = Profile::start();
    for _ in 0..calls {
        let _caller = scope!("caller");
        made();
    }
    // Both of `work`'s blocks are there at once.
    let expected = (both(100 * calls, 2 * calls), calls, 0, Some(100), Some(100));
    assert_eq!(row(&profile, &format!("futures::returned::{name}")), expected, "{name}");
}

#[test]
fn only_the_future_is_the_call_and_each_form_says_the_same() {
    assert_calls_are_the_futures("itself", 2, || run(itself(7)));
    assert_calls_are_the_futures("boxed", 2, || run(boxed(7)));
    assert_calls_are_the_futures("by_method", 2, || run(by_method(7)));
    assert_calls_are_the_futures("by_local_method", 2, || run(by_local_method(7)));
    assert_calls_are_the_futures("Service::method", 2, || run(Service.method(7)));
    // Every way out, each of which makes one call.
    assert_calls_are_the_futures("by_branches", 5, {
        let mut way = 0..;
        move || run(by_branches(way.next().unwrap()))
    });
    assert_calls_are_the_futures("early", 2, {
        let mut way = 0..;
        move || run(early(way.next().unwrap()))
    });
}

#[test]
fn what_makes_the_future_belongs_to_the_caller() {
    let profile = Profile::start();
    {
        let _caller = scope!("makes it");
        drop(itself(7));
    }
    let report = profile.report();
    assert_eq!(own(function(&report, "makes it")), both(7, 1));
}

#[test]
fn a_box_is_made_once_and_no_larger_than_the_tracked_future() {
    let profile = Profile::start();
    {
        let _caller = scope!("plain box");
        drop::<Pin<Box<dyn Future<Output = usize>>>>(Box::pin(work()));
    }
    {
        let _caller = scope!("tracked box");
        drop(by_method(1));
    }
    let report = profile.report();
    let (plain, tracked) = (own(function(&report, "plain box")), own(function(&report, "tracked box")));
    assert_eq!((plain.allocations, tracked.allocations), (1, 2), "one is the block that `by_method` makes");
    assert!(tracked.allocated - 1 <= plain.allocated + 64, "{tracked:?} {plain:?}");
}

#[test]
fn methods_of_async_trait_are_tracked_whatever_the_order_of_the_attributes() {
    // Here the 7 bytes are a part of the method, as they are in an `async fn`.
    let profile = Profile::start();
    run(Service.function_within(7));
    run(Above.impl_above(7));
    run(Below.impl_above(7));
    run(Service.by_default(7));
    run(Above.by_default(7));
    for (name, calls) in
        [("Service::function_within", 1), ("Above::impl_above", 1), ("Below::impl_above", 1), ("Serve::by_default", 2)]
    {
        let expected = (both(107 * calls, 3 * calls), calls, 0, Some(107), Some(100));
        assert_eq!(row(&profile, &format!("futures::returned::{name}")), expected, "{name}");
    }
}

#[track_memory(max_allocated = "50 B", window = "process")]
fn watched() -> BoxFuture<'static, usize> {
    Box::pin(work())
}

#[track_memory(max_allocated = "100 B")]
fn within_its_budget() -> impl Future<Output = usize> {
    drop(Block::new(1000));
    work()
}

#[test]
fn budgets_and_windows_hold_for_the_future() {
    let profile = Profile::start();
    run(watched());
    run(within_its_budget());
    let report = profile.report();
    let violations = |name: &str| function(&report, name).violations.as_ref().map(|violations| violations.count);
    assert_eq!(violations("futures::returned::watched"), Some(1));
    assert_eq!(violations("futures::returned::within_its_budget").unwrap_or(0), 0);
    let window = function(&report, "futures::returned::watched").window.as_ref().unwrap();
    assert!(window.allocated_bytes >= 100, "{window:?}");
}

/// Ready at once, but keeps its block until it is dropped.
struct Keeps(#[allow(unused)] Block);

impl Future for Keeps {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

#[track_memory]
fn keeps(block: Block) -> impl Future<Output = ()> {
    Keeps(block)
}

#[test]
fn what_a_finished_future_still_holds_is_freed_in_its_scope() {
    let profile = Profile::start();
    let mut future = Box::pin(keeps(Block::new(700)));
    assert!(poll(future.as_mut()).is_ready());
    let row = |profile: &Profile| own(function(&profile.report(), "futures::returned::keeps"));
    assert_eq!(row(&profile), Flow::new((0, 0), (0, 0)));
    drop(future);
    assert_eq!(row(&profile), Flow::new((0, 0), (700, 1)));
}
