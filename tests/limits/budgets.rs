//! Budgets: which calls go beyond them, what is kept of the worst one, and who panics.

use memprof::report::data::Violations;
use memprof::{Context, Report, track_memory};
use memprof_tests::{Block, Profile, function, pause, poll};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;

fn violations<'r>(report: &'r Report, name: &str) -> &'r Violations {
    function(report, name).violations.as_ref().unwrap()
}

/// The message of a panic.
fn said(work: impl FnOnce()) -> Option<String> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let caught = catch_unwind(AssertUnwindSafe(work));
    std::panic::set_hook(hook);
    caught.err().map(|panic| *panic.downcast::<String>().unwrap())
}

#[track_memory(max_allocated = "1 KiB", max_peak = "600 B", max_net = "0 B", max_count = 3)]
fn each(sizes: &[usize]) {
    for &size in sizes {
        drop(Block::new(size));
    }
}

#[test]
fn the_worst_call_is_kept_whole_and_what_keeps_to_the_budget_is_none() {
    let profile = Profile::start();
    each(&[500, 500, 24]);
    assert_eq!(*violations(&profile.report(), "limits::budgets::each"), Violations::default().with_budget());
    let worker = std::thread::Builder::new().name("the worker".into());
    // 2 times too much; a peak 5 times too high; 4 times too many.
    worker.spawn(|| each(&[512, 512, 1024])).unwrap().join().unwrap();
    let worker = std::thread::Builder::new().name("the worst".into());
    worker.spawn(|| each(&[3000])).unwrap().join().unwrap();
    each(&[1; 12]);
    let report = profile.report();
    let found = violations(&report, "limits::budgets::each");
    assert_eq!((found.count, function(&report, "limits::budgets::each").calls), (3, 4));
    let worst = found.worst.as_ref().unwrap();
    assert_eq!((worst.allocated_bytes, worst.allocated_count, worst.peak_bytes, worst.net_bytes), (3000, 1, 3000, 0));
    assert_eq!(worst.thread, if cfg!(unix) { "the worst" } else { "" });
    let named: Vec<_> = report.violations().map(|(function, _)| function.name.as_str()).collect();
    assert!(named.contains(&"limits::budgets::each"), "{named:?}");
}

trait WithBudget {
    fn with_budget(self) -> Self;
}

impl WithBudget for Violations {
    fn with_budget(mut self) -> Self {
        self.budget.max_allocated_bytes = Some(1024);
        self.budget.max_peak_bytes = Some(600);
        self.budget.max_net_bytes = Some(0);
        self.budget.max_allocated_count = Some(3);
        self
    }
}

#[track_memory(max_net = "100 B")]
fn keep(size: usize, freed: Block) -> Block {
    drop(freed);
    Block::new(size)
}

#[test]
fn what_is_freed_of_others_blocks_counts_for_net() {
    let profile = Profile::start();
    let block = keep(300, Block::new(200));
    let block = keep(401, block);
    drop(keep(50, block));
    let report = profile.report();
    let found = violations(&report, "limits::budgets::keep");
    assert_eq!((found.count, found.worst.as_ref().unwrap().net_bytes), (1, 101));
}

#[track_memory(max_count = 4)]
fn down(depth: usize) {
    drop(Block::new(10));
    if depth > 0 {
        down(depth - 1);
    }
}

#[test]
fn of_a_recursion_the_outermost_call_is_held_against_the_budget() {
    let profile = Profile::start();
    down(3);
    down(9);
    let report = profile.report();
    let found = violations(&report, "limits::budgets::down");
    assert_eq!((found.count, found.worst.as_ref().unwrap().allocated_count), (1, 10));
}

#[track_memory(max_allocated = "100 B", max_count = 1)]
fn waits(context: &Context) {
    // What a context does is another path's, as in all figures of calls.
    context.scope(|| drop((Block::new(500), Block::new(500))));
    drop(Block::new(100));
}

#[test]
fn what_contexts_do_is_not_the_calls() {
    let profile = Profile::start();
    waits(&Context::current());
    assert_eq!(violations(&profile.report(), "limits::budgets::waits").count, 0);
}

#[track_memory(max_allocated = "1 KiB", on_violation = "panic")]
fn strict(size: usize) -> Block {
    Block::new(size)
}

#[test]
fn a_budget_may_panic_when_the_call_is_over() {
    let profile = Profile::start();
    drop(strict(1024));
    let text = said(|| drop(strict(1025))).unwrap();
    assert!(
        text.starts_with("a call of `limits::budgets::strict` (tests/limits/budgets.rs:")
            && text.ends_with(
                ") exceeded its memory budget: it allocated 1.0 KB (1,025 bytes) \
                 (max_allocated = 1.0 KB (1,024 bytes))"
            ),
        "{text}"
    );
    let report = profile.report();
    let row = function(&report, "limits::budgets::strict");
    // It is the budget that panicked, not the function.
    assert_eq!((row.calls, row.active, row.panicked), (2, 0, 0));
    assert_eq!(violations(&report, "limits::budgets::strict").count, 1);
}

#[track_memory(max_allocated = "1 KiB", on_violation = "panic")]
fn strict_too(size: usize) -> Block {
    Block::new(size)
}

#[test]
fn no_second_panic_while_one_unwinds() {
    struct AtTheEnd;
    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            drop(strict_too(9999));
        }
    }
    let _profile = Profile::start();
    let text = said(|| {
        let _at_the_end = AtTheEnd;
        std::panic::panic_any("the first".to_owned());
    });
    assert_eq!(text.as_deref(), Some("the first"));
}

#[track_memory(max_allocated = "1000 B", max_count = 2, on_violation = "panic")]
async fn strict_future(sizes: [usize; 3]) -> usize {
    for size in sizes {
        drop(Block::new(size));
        pause().await;
    }
    sizes.len()
}

#[test]
fn a_future_panics_from_its_last_poll_and_never_from_its_drop() {
    let profile = Profile::start();
    let mut whole = pin!(strict_future([500, 400, 300]));
    for _ in 0..3 {
        assert!(poll(whole.as_mut()).is_pending());
    }
    let text = said(|| assert!(poll(whole.as_mut()).is_ready())).unwrap();
    assert!(text.contains("allocated 1.2 KB (1,200 bytes)") && text.contains("made 3 allocations"), "{text}");

    let mut dropped = Box::pin(strict_future([5000, 1, 1]));
    assert!(poll(dropped.as_mut()).is_pending());
    drop(dropped);
    let report = profile.report();
    let row = function(&report, "limits::budgets::strict_future");
    assert_eq!((row.calls, row.active), (2, 0));
    let found = violations(&report, "limits::budgets::strict_future");
    assert_eq!((found.count, found.worst.as_ref().unwrap().allocated_bytes), (2, 5000));
}

#[track_memory]
fn without(size: usize) {
    drop(Block::new(size));
}

#[test]
fn a_function_without_a_budget_has_no_violations() {
    let profile = Profile::start();
    without(10);
    assert_eq!(function(&profile.report(), "limits::budgets::without").violations, None);
}
