//! The finding about futures above 16 KB.

use memprof::report::data::{Finding, LargeFuture};
use memprof::{Report, track_memory};
use memprof_tests::{Profile, function, pause, poll};
use std::hint::black_box;
use std::pin::Pin;

fn finding<'r>(report: &'r Report, name: &str) -> Option<&'r Finding> {
    let is_it = |finding: &&Finding| finding.kind == "large_future" && finding.function.as_deref() == Some(name);
    report.findings.iter().find(is_it)
}

fn size(report: &Report, name: &str) -> Option<LargeFuture> {
    function(report, name).large_future.clone()
}

#[track_memory]
async fn large() -> u8 {
    let block = black_box([1u8; 20 * 1024]);
    pause().await;
    black_box(&block)[7]
}

#[track_memory]
async fn holds_the_large_one() -> u8 {
    large().await
}

#[track_memory]
async fn boxes_the_large_one() -> u8 {
    Box::pin(large()).await
}

#[track_memory]
async fn small() -> u8 {
    let block = black_box([1u8; 15 * 1024]);
    pause().await;
    black_box(&block)[7]
}

#[track_memory]
fn returned() -> impl Future<Output = u8> {
    let block = [1u8; 17 * 1024];
    async move {
        pause().await;
        black_box(&block)[7]
    }
}

/// The array does not live across an await.
#[track_memory]
async fn drops_before() -> u8 {
    let byte = black_box([1u8; 20 * 1024])[7];
    pause().await;
    byte
}

#[test]
fn a_large_future_is_a_finding_with_its_size_and_how_many_were_alive() {
    let profile = Profile::start();
    let mut tasks: Vec<_> = (0..3).map(|_| Box::pin(large())).collect();
    tasks.iter_mut().for_each(|task| assert!(poll(task.as_mut()).is_pending()));
    tasks.pop();
    let report = profile.report();
    let future = size(&report, "futures::large::large").expect("it is large");
    assert_eq!((future.alive, future.most_alive), (2, 3));
    assert!((20 * 1024..21 * 1024).contains(&future.bytes), "{future:?}");
    let finding = finding(&report, "futures::large::large").expect("a finding");
    assert_eq!((finding.bytes, finding.exact), (3 * future.bytes, true));
    assert!(finding.title.contains("its future takes 20.0 KB; 3 were alive at once"), "{finding:?}");
}

#[test]
fn only_the_future_that_is_large_by_itself_is_named() {
    let profile = Profile::start();
    let run = |mut future: Pin<Box<dyn Future<Output = u8>>>| while poll(future.as_mut()).is_pending() {};
    run(Box::pin(holds_the_large_one()));
    run(Box::pin(boxes_the_large_one()));
    run(Box::pin(small()));
    run(Box::pin(returned()));
    run(Box::pin(drops_before()));
    let report = profile.report();
    let named = |name: &str| finding(&report, &format!("futures::large::{name}")).is_some();
    assert!(named("large") && named("returned"));
    assert!(size(&report, "futures::large::holds_the_large_one").is_some() && !named("holds_the_large_one"));
    for name in ["boxes_the_large_one", "small", "drops_before"] {
        assert!(size(&report, &format!("futures::large::{name}")).is_none() && !named(name), "{name}");
    }
}
