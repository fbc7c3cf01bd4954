//! Bytes per item: `items = …`, `memprof::items` and `max_per_item`.

use memprof::report::data::Items;
use memprof::{Report, track_memory};
use memprof_tests::{Profile, assert_rows_add_up, function, pause, poll};
use std::hint::black_box;

fn items(report: &Report, name: &str) -> Items {
    function(report, name).items.clone().unwrap_or_else(|| panic!("{name} has no items"))
}

#[track_memory(items = points.len())]
fn index(points: &[u64], bytes: usize) -> Vec<Vec<u8>> {
    drop(black_box(vec![1u8; 1000]));
    points.iter().map(|_| black_box(vec![1; bytes])).collect()
}

#[test]
fn figures_are_divided_by_the_items_of_all_calls() {
    let profile = Profile::start();
    let kept = (index(&[1, 2, 3, 4], 100), index(&[1], 100), index(&[], 100));
    let report = profile.report();
    assert_rows_add_up(&report);
    let row = function(&report, "limits::items::index");
    assert_eq!((row.calls, row.allocated_bytes, row.retained_bytes), (3, 3000 + 5 * 124, Some(5 * 124)));
    let items = items(&report, "limits::items::index");
    assert_eq!(items.count, 5);
    assert_eq!(items.allocated_bytes_per_item, Some(3620.0 / 5.0));
    assert_eq!(items.retained_bytes_per_item, Some(124.0));
    // The call with one item rises to 1,000 bytes for it; the one without items has none.
    assert_eq!(items.peak_bytes_per_item, Some(1000.0));
    drop(kept);
}

/// By value, mutable, in a pattern: bound before the expression is evaluated, which sees the first values.
#[track_memory(items = rows.len() + pair.0 + second)]
fn bound(mut rows: Vec<u8>, pair: (usize, usize), (_first, second): (usize, usize)) -> usize {
    rows.clear();
    rows.capacity() + pair.1
}

struct Store(Vec<u8>);

impl Store {
    #[track_memory(items = self.0.len(), name = "store")]
    fn into_len(self) -> usize {
        self.0.len()
    }
}

#[track_memory(items = values.len() * N)]
fn generic<T: Copy, const N: usize>(values: &[T]) -> impl Iterator<Item = T> {
    values.iter().copied()
}

#[test]
fn the_expression_sees_all_parameters() {
    let profile = Profile::start();
    bound(vec![1; 10], (100, 0), (0, 1000));
    Store(vec![1; 7]).into_len();
    assert_eq!(generic::<_, 2>(&[1, 2, 3]).count(), 3);
    let report = profile.report();
    assert_eq!(items(&report, "limits::items::bound").count, 1110);
    assert_eq!(items(&report, "store").count, 7);
    assert_eq!(items(&report, "limits::items::generic").count, 6);
}

fn counted_expression(points: &[u8]) -> usize {
    drop(black_box(vec![1u8; 64]));
    points.len()
}

#[track_memory(items = counted_expression(points))]
fn evaluates(points: &[u8]) -> usize {
    points.len()
}

#[test]
fn the_expression_is_evaluated_once_within_the_call() {
    let profile = Profile::start();
    evaluates(&[1, 2]);
    let report = profile.report();
    let row = function(&report, "limits::items::evaluates");
    assert_eq!((row.allocated_bytes, row.allocated_count, row.peak_bytes), (64, 1, Some(64)));
    assert_eq!(items(&report, "limits::items::evaluates").count, 2);
}

#[track_memory(items = depth)]
fn recursive(depth: usize) -> usize {
    let block = black_box(vec![1u8; 100]);
    if depth > 1 { recursive(depth - 1) + block.len() } else { block.len() }
}

#[test]
fn the_outermost_call_of_a_recursion_counts() {
    let profile = Profile::start();
    recursive(4);
    let report = profile.report();
    let items = items(&report, "limits::items::recursive");
    assert_eq!((items.count, items.allocated_bytes_per_item, items.peak_bytes_per_item), (4, Some(100.0), Some(100.0)));
}

#[track_memory]
fn says(lines: usize) -> Vec<u8> {
    memprof::items(lines);
    memprof::items(lines);
    black_box(vec![1; 100])
}

#[track_memory(items = 3)]
fn says_more() -> Vec<u8> {
    let inner = says(1);
    memprof::items(7);
    black_box(vec![1; 200 - inner.len()])
}

#[track_memory]
fn silent() {}

#[test]
fn a_call_says_its_items_meanwhile() {
    let profile = Profile::start();
    memprof::items(1_000_000);
    drop((says(5), says(0), says_more()));
    silent();
    let report = profile.report();
    // Such a call does not remember how many it had.
    let said = items(&report, "limits::items::says");
    assert_eq!((said.count, said.allocated_bytes_per_item, said.peak_bytes_per_item), (12, Some(25.0), None));
    let more = items(&report, "limits::items::says_more");
    assert_eq!((more.count, more.allocated_bytes_per_item, more.peak_bytes_per_item), (10, Some(20.0), Some(20.0)));
    assert_eq!(function(&report, "limits::items::silent").items, None);
}

#[track_memory(items = 0)]
fn without() -> Vec<u8> {
    black_box(vec![1; 10])
}

#[test]
fn no_items_are_no_division() {
    let profile = Profile::start();
    drop(without());
    let items = items(&profile.report(), "limits::items::without");
    assert_eq!((items.count, items.allocated_bytes_per_item), (0, None));
    assert_eq!((items.peak_bytes_per_item, items.retained_bytes_per_item), (None, None));
}

#[track_memory(items = { drop(black_box(vec![1u8; 10])); points.len() })]
async fn later(points: Vec<u64>) -> usize {
    let first = black_box(vec![1u8; 90]);
    pause().await;
    memprof::items(2);
    pause().await;
    first.len() + points.len()
}

#[track_memory(items = points.len(), window = "process")]
fn later_returned(points: Vec<u64>) -> impl Future<Output = usize> {
    async move {
        pause().await;
        black_box(vec![1u8; 30]).len() + points.len()
    }
}

#[track_memory(items = points.len())]
fn later_boxed(points: Vec<u64>) -> std::pin::Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async move { points.len() })
}

#[test]
fn the_items_of_a_future_count_from_its_first_poll() {
    let profile = Profile::start();
    drop(later(vec![1; 50]));
    let mut future = std::pin::pin!(later(vec![1; 3]));
    assert_eq!(function(&profile.report(), "limits::items::later").items, None);
    assert!(poll(future.as_mut()).is_pending());
    assert_eq!(items(&profile.report(), "limits::items::later").count, 3);
    // On two threads.
    std::thread::scope(|threads| {
        threads.spawn(|| while poll(future.as_mut()).is_pending() {}).join().unwrap();
    });
    let report = profile.report();
    let later = items(&report, "limits::items::later");
    assert_eq!((later.count, later.allocated_bytes_per_item, later.peak_bytes_per_item), (5, Some(20.0), Some(18.0)));

    drop(later_returned(vec![1; 50]));
    let mut future = std::pin::pin!(later_returned(vec![1; 3]));
    while poll(future.as_mut()).is_pending() {}
    assert!(poll(later_boxed(vec![1; 9]).as_mut()).is_ready());
    let report = profile.report();
    let returned = items(&report, "limits::items::later_returned");
    assert_eq!((returned.count, returned.allocated_bytes_per_item), (3, Some(10.0)));
    assert_eq!(returned.peak_bytes_per_item, Some(10.0));
    assert_eq!(function(&report, "limits::items::later_returned").window.as_ref().map(|window| window.calls), Some(1));
    assert_eq!(items(&report, "limits::items::later_boxed").count, 9);
}

#[track_memory(items = count, max_per_item = "320 B")]
fn within(count: usize, bytes: usize) -> Vec<u8> {
    black_box(vec![1; bytes])
}

#[track_memory(max_per_item = "10 B", on_violation = "panic")]
fn panics(bytes: usize) -> Vec<u8> {
    memprof::items(10);
    black_box(vec![1; bytes])
}

#[test]
fn a_budget_per_item_is_checked() {
    let profile = Profile::start();
    // The last one has no items: no limit.
    drop((within(10, 3200), within(10, 3201), within(2, 1280), within(0, 100_000)));
    drop(panics(100));
    let failed = std::panic::catch_unwind(|| panics(101)).expect_err("beyond its budget");
    let text = failed.downcast_ref::<String>().expect("a text");
    assert!(text.ends_with("it kept 101 bytes for 10 items (max_per_item = 10 bytes)"), "{text}");
    let report = profile.report();
    let violations = function(&report, "limits::items::within").violations.clone().expect("a budget");
    assert_eq!((violations.count, violations.budget.max_net_bytes_per_item), (2, Some(320)));
    let worst = violations.worst.expect("there were two");
    assert_eq!((worst.net_bytes, worst.items), (1280, 2));
    let words = "net 1.3 KB for 2 items (at most 320 B each)";
    assert!(report.findings.iter().any(|finding| finding.title.contains(words)), "{:?}", report.findings);
}

#[track_memory]
fn says_most() {
    memprof::items(usize::MAX);
    memprof::items(usize::MAX);
}

#[track_memory(items = usize::MAX)]
fn most_at_entry() -> Vec<u8> {
    memprof::items(usize::MAX);
    black_box(vec![1; 10])
}

#[test]
fn the_most_items_are_no_overflow() {
    let profile = Profile::start();
    let threads: Vec<_> = (0..3).map(|_| std::thread::spawn(|| (says_most(), drop(most_at_entry())))).collect();
    says_most();
    drop(most_at_entry());
    for thread in threads {
        thread.join().unwrap();
    }
    let report = profile.report();
    assert_eq!(items(&report, "limits::items::says_most").count, u64::MAX);
    assert_eq!(items(&report, "limits::items::most_at_entry").count, u64::MAX);
    assert_eq!(
        items(&report, "limits::items::most_at_entry").peak_bytes_per_item.map(|bytes| bytes < 1e-15),
        Some(true)
    );
}

fn fails(fail: bool) -> usize {
    if fail {
        std::panic::resume_unwind(Box::new(()));
    }
    2
}

#[track_memory(items = fails(fail), max_per_item = "10 B")]
fn panicking(fail: bool) -> Vec<u8> {
    black_box(vec![1; 30])
}

#[track_memory(items = fails(true), max_per_item = "10 B")]
async fn panicking_later() {}

#[test]
fn an_expression_that_panics_ends_the_call() {
    let profile = Profile::start();
    assert!(std::panic::catch_unwind(|| panicking(true)).is_err());
    assert_eq!(panicking(false).len(), 30);
    let mut future = std::pin::pin!(panicking_later());
    let polled = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll(future.as_mut())));
    assert!(polled.is_err());
    let report = profile.report();
    let row = function(&report, "limits::items::panicking");
    assert_eq!((row.calls, row.active, row.panicked), (2, 0, 1));
    assert_eq!(items(&report, "limits::items::panicking").count, 2);
    assert_eq!(row.violations.as_ref().map(|violations| violations.count), Some(1));
    assert_eq!(function(&report, "limits::items::panicking_later").panicked, 1);
    assert_rows_add_up(&report);
}

#[track_memory(items = 4, max_per_item = "10 B")]
async fn cancelled() {
    let _held = black_box(vec![1u8; 40]);
    memprof::items(1);
    pause().await;
    memprof::items(100);
}

#[test]
fn a_cancelled_future_keeps_its_items() {
    let profile = Profile::start();
    {
        let mut future = std::pin::pin!(cancelled());
        assert!(poll(future.as_mut()).is_pending());
    }
    let mut other = Box::pin(cancelled());
    assert!(poll(other.as_mut()).is_pending());
    // Dropped on another thread.
    std::thread::spawn(move || drop(other)).join().unwrap();
    let report = profile.report();
    let row = items(&report, "limits::items::cancelled");
    assert_eq!((row.count, row.peak_bytes_per_item), (10, Some(8.0)));
    assert_eq!(function(&report, "limits::items::cancelled").active, 0);
    assert_eq!(
        function(&report, "limits::items::cancelled").violations.as_ref().map(|violations| violations.count),
        Some(0)
    );
}
