//! Panics close the scopes they go through, and are counted once for each function they leave.

use memprof::track_memory;
use memprof_tests::{Block, Flow, Profile, assert_stats_agree, function, own, paths};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Panics without a word on stderr. What it allocates belongs to whoever calls it.
fn fall() -> ! {
    resume_unwind(Box::new(()))
}

#[track_memory]
fn outer(depth: usize) -> usize {
    let _block = Block::new(1000);
    let caught = catch_unwind(|| middle(depth)).is_err();
    // Charged here again, not to what the panic went through.
    drop(Block::new(10));
    usize::from(caught)
}

#[track_memory]
fn middle(depth: usize) {
    let _block = Block::new(200);
    let _scope = memprof::scope!("a block in the middle");
    let _in_block = Block::new(50);
    inner(depth);
}

#[track_memory]
fn inner(depth: usize) {
    let _block = Block::new(3);
    if depth > 0 {
        return inner(depth - 1);
    }
    let _cleanup = Cleanup;
    fall();
}

struct Cleanup;

impl Drop for Cleanup {
    fn drop(&mut self) {
        while_panicking();
    }
}

#[track_memory]
fn while_panicking() {
    drop(Block::new(7));
}

#[test]
fn a_panic_through_nested_calls() {
    let profile = Profile::start();
    assert_eq!(outer(2), 1);
    assert_eq!(outer(0), 1);
    drop(Block::new(40_000));
    let report = profile.report();
    let row = |name: &str| function(&report, name);
    let (outer, middle, inner) =
        (row("scopes::panics::outer"), row("scopes::panics::middle"), row("scopes::panics::inner"));
    let block = row("a block in the middle");
    assert_eq!((outer.calls, outer.active, outer.panicked), (2, 0, 0));
    assert_eq!((middle.calls, middle.active, middle.panicked), (2, 0, 2));
    assert_eq!((block.calls, block.active, block.panicked), (2, 0, 2));
    assert_eq!((inner.calls, inner.active, inner.panicked), (4, 0, 4));
    assert_eq!(own(middle), Flow::new((400, 2), (400, 2)));
    assert_eq!(own(block), Flow::new((100, 2), (100, 2)));

    // A call by a destructor while panicking is a call like any other: it was entered panicking.
    let cleanup = row("scopes::panics::while_panicking");
    assert_eq!((cleanup.calls, cleanup.active, cleanup.panicked), (2, 0, 0));
    assert_eq!(own(cleanup), Flow::new((14, 2), (14, 2)));
    assert_eq!(
        paths(&report, "scopes::panics::while_panicking").len(),
        1,
        "{:?}",
        paths(&report, "scopes::panics::while_panicking")
    );

    // The panic's own block was made by `inner` and is freed by `outer`, which caught it.
    let outer_own = own(outer);
    let panic_blocks = (outer_own.freed - 2 * 1010, outer_own.frees - 4);
    assert_eq!(own(inner), Flow::new((12 + panic_blocks.0, 4 + panic_blocks.1), (12, 4)));
    assert_eq!((outer_own.allocated, outer_own.allocations), (2 * 1010, 4));
    assert_eq!(own(outer).freed - own(outer).allocated, own(inner).allocated - own(inner).freed);
    assert_stats_agree();
}

#[track_memory]
fn peaks_and_falls() {
    let block = Block::new(9000);
    drop(block);
    let _held = Block::new(100);
    fall();
}

#[test]
fn a_call_that_panics_has_a_peak() {
    let profile = Profile::start();
    assert!(catch_unwind(peaks_and_falls).is_err());
    let report = profile.report();
    assert_eq!(function(&report, "scopes::panics::peaks_and_falls").peak_bytes, Some(9000));
}

struct CatchesInDrop;

impl Drop for CatchesInDrop {
    fn drop(&mut self) {
        assert!(std::thread::panicking());
        assert!(catch_unwind(falls_again).is_err());
        still_in_drop();
    }
}

#[track_memory]
fn falls_again() {
    fall();
}

#[track_memory]
fn still_in_drop() {
    drop(Block::new(21));
}

#[track_memory]
fn falls_first() {
    let _again = CatchesInDrop;
    fall();
}

#[test]
fn a_panic_within_a_panic() {
    let profile = Profile::start();
    assert!(catch_unwind(falls_first).is_err());
    let report = profile.report();
    let row = |name: &str| function(&report, name);
    assert_eq!((row("scopes::panics::falls_first").panicked, row("scopes::panics::falls_first").active), (1, 0));
    // By the design's definition: it was panicking when it was entered.
    assert_eq!((row("scopes::panics::falls_again").panicked, row("scopes::panics::falls_again").active), (0, 0));
    assert_eq!(own(row("scopes::panics::still_in_drop")), Flow::new((21, 1), (21, 1)));
    let calls = paths(&report, "scopes::panics::still_in_drop");
    assert_eq!(calls.keys().collect::<Vec<_>>(), ["scopes::panics::falls_first → scopes::panics::still_in_drop"]);
}

#[track_memory]
fn falls_beside(guard: impl Sized) {
    let _guard = guard;
    drop(Block::new(60));
    fall();
}

#[track_memory]
fn catches_with_guards() {
    let first = memprof::scope!("panics: first");
    let caught = catch_unwind(AssertUnwindSafe(|| falls_beside(first)));
    assert!(caught.is_err());
    drop(caught);
    drop(Block::new(5));
}

#[test]
fn a_guard_that_a_panic_ends_out_of_order() {
    let profile = Profile::start();
    catches_with_guards();
    let report = profile.report();
    assert_eq!(function(&report, "panics: first").active, 0);
    assert_eq!(function(&report, "scopes::panics::falls_beside").panicked, 1);
    let catcher = own(function(&report, "scopes::panics::catches_with_guards"));
    // Its own 5 bytes, and the panic's block that it frees.
    assert_eq!((catcher.allocated, catcher.allocations), (5, 1));
    assert_stats_agree();
}

#[test]
fn a_thousand_threads_that_end_by_panicking() {
    #[track_memory]
    fn last_words(size: usize) {
        let _block = Block::new(size);
        fall();
    }

    let profile = Profile::start();
    for size in 1..=1000 {
        assert!(std::thread::spawn(move || last_words(size)).join().is_err());
    }
    let report = profile.report();
    let name = "scopes::panics::a_thousand_threads_that_end_by_panicking::last_words";
    let row = function(&report, name);
    assert_eq!((row.calls, row.active, row.panicked), (1000, 0, 1000));
    let panics = own(row).allocated - 500_500;
    assert_eq!(own(row), Flow::new((500_500 + panics, own(row).allocations), (500_500, 1000)));
    assert_stats_agree();
}
