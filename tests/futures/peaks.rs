//! The peak of a future: the highest, over its polls, of what the earlier ones left and how high this one rose.

use memprof::track_memory;
use memprof_tests::{Block, Profile, flash, function, own, pause, poll, total};

#[track_memory]
async fn hand_computed(other: Block) {
    let first = Block::new(500);
    flash(250); // Poll 1: net +500, highest 750.
    pause().await;
    drop(other); // Poll 2: −4000.
    flash(4200); // Highest +200, on top of 500.
    pause().await;
    drop(first);
    let _last = Block::new(3000); // Poll 3 begins at 500 − 4000: 500 lower, then 3000 up.
    pause().await;
}

#[test]
fn peak_is_summed_over_polls() {
    let profile = Profile::start();
    let mut future = Box::pin(hand_computed(Block::new(4000)));
    while poll(future.as_mut()).is_pending() {
        // What the thread does in between is not the future's.
        flash(1_000_000);
    }
    let report = profile.report();
    assert_eq!(function(&report, "futures::peaks::hand_computed").peak_bytes, Some(750));
}

#[track_memory]
async fn recursive(depth: usize) {
    let _held = Block::new(100);
    pause().await;
    if depth > 0 {
        Box::pin(recursive(depth - 1)).await;
    }
}

#[test]
fn recursion_counts_once() {
    let profile = Profile::start();
    let mut future = Box::pin(recursive(9));
    while poll(future.as_mut()).is_pending() {}
    drop(future);
    let report = profile.report();
    let row = function(&report, "futures::peaks::recursive");
    assert_eq!((row.calls, row.active), (10, 0));
    // Ten blocks, and the nine boxes of the inner futures, which the outer ones free.
    let boxes = own(row).allocated - 1000;
    assert_eq!((own(row).allocations, own(row).frees), (19, 19));
    assert_eq!((total(row), own(row).freed), (own(row), 1000 + boxes));
    // All at once: only the outermost call says so.
    assert_eq!(row.peak_bytes, Some(1000 + boxes));
    assert_eq!(report.call_tree.iter().filter(|row| row.function == "futures::peaks::recursive").count(), 1);
}

#[track_memory]
async fn frees_then_recurses(given: Option<Block>) {
    match given {
        Some(block) => {
            drop(block);
            pause().await;
            Box::pin(frees_then_recurses(None)).await;
        }
        None => flash(3000),
    }
}

#[test]
fn an_inner_call_that_rises_where_the_outer_one_has_fallen() {
    let profile = Profile::start();
    let mut future = Box::pin(frees_then_recurses(Some(Block::new(5000))));
    while poll(future.as_mut()).is_pending() {}
    drop(future);
    assert_eq!(function(&profile.report(), "futures::peaks::frees_then_recurses").peak_bytes, Some(0));
}
