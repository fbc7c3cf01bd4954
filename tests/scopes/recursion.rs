//! A function that calls itself, directly or through others, counts each byte once.

use memprof::track_memory;
use memprof_tests::{Block, Flow, Profile, assert_stats_agree, function, own, paths, total};
use std::collections::HashMap;

#[track_memory]
fn direct(depth: usize) {
    let _block = Block::new(100);
    leaf();
    if depth > 1 {
        direct(depth - 1);
    }
}

#[track_memory]
fn leaf() {
    drop(Block::new(7));
}

#[track_memory]
fn around() {
    direct(50);
    direct(1);
}

fn expected(paths: &[(&str, u64)]) -> HashMap<String, u64> {
    paths.iter().map(|&(path, calls)| (path.to_owned(), calls)).collect()
}

#[test]
fn directly() {
    let profile = Profile::start();
    around();
    let report = profile.report();
    let row = function(&report, "scopes::recursion::direct");
    assert_eq!((row.calls, row.active), (51, 0));
    let blocks = Flow::new((5100, 51), (5100, 51));
    let leaves = Flow::new((7 * 51, 51), (7 * 51, 51));
    assert_eq!((own(row), total(row)), (blocks, blocks + leaves));
    assert_eq!(total(function(&report, "scopes::recursion::around")), blocks + leaves);
    // Fifty blocks at once, and a leaf: the inner calls have less, the second outer call too.
    assert_eq!(row.peak_bytes, Some(50 * 100 + 7));
    assert_eq!(
        paths(&report, "scopes::recursion::direct"),
        expected(&[
            ("scopes::recursion::around → scopes::recursion::direct", 51),
            ("scopes::recursion::around → scopes::recursion::direct → scopes::recursion::leaf", 51)
        ])
    );
}

#[track_memory]
fn shrinks_inside(depth: usize, held: Option<Block>) {
    if depth == 0 {
        // The outer call's own memory is given back, so its peak is not the sum of what each call did.
        drop(held);
        drop(Block::new(400));
        return;
    }
    let held = held.unwrap_or_else(|| Block::new(1000));
    shrinks_inside(depth - 1, Some(held));
}

#[test]
fn only_the_outermost_call_has_a_peak() {
    let profile = Profile::start();
    shrinks_inside(3, None);
    let report = profile.report();
    assert_eq!(function(&report, "scopes::recursion::shrinks_inside").peak_bytes, Some(1000));
    shrinks_inside(0, None);
    assert_eq!(function(&profile.report(), "scopes::recursion::shrinks_inside").peak_bytes, Some(1000));
}

#[track_memory]
fn frees_then_recurses(given: Option<Block>) {
    match given {
        Some(block) => {
            drop(block);
            frees_then_recurses(None);
        }
        None => drop(Block::new(3000)),
    }
}

#[test]
fn an_inner_call_that_rises_where_the_outer_one_has_fallen() {
    let profile = Profile::start();
    frees_then_recurses(Some(Block::new(5000)));
    // The outer call never stood above its entry, whatever the inner one did.
    assert_eq!(function(&profile.report(), "scopes::recursion::frees_then_recurses").peak_bytes, Some(0));
}

#[track_memory]
fn even(number: usize) -> bool {
    let _block = Block::new(10);
    number == 0 || odd(number - 1)
}

#[track_memory]
fn odd(number: usize) -> bool {
    let _block = Block::new(1);
    number != 0 && even(number - 1)
}

#[test]
fn mutually() {
    let profile = Profile::start();
    assert!(even(100));
    assert!(odd(21));
    let report = profile.report();
    let (even, odd) = (function(&report, "scopes::recursion::even"), function(&report, "scopes::recursion::odd"));
    // 51 + 11 and 50 + 11 calls.
    assert_eq!((even.calls, odd.calls, even.active, odd.active), (62, 61, 0, 0));
    assert_eq!(own(even), Flow::new((620, 62), (620, 62)));
    assert_eq!(own(odd), Flow::new((61, 61), (61, 61)));
    // Each byte once: beneath the outermost `even` are both, and so beneath the outermost `odd`; what `even` did around
    // the first `odd` folds into the outermost `even`.
    assert_eq!(total(even), Flow::new((510 + 50 + 110, 51 + 50 + 11), (510 + 50 + 110, 51 + 50 + 11)));
    assert_eq!(total(odd), Flow::new((50 + 11 + 110, 50 + 22), (50 + 11 + 110, 50 + 22)));
    assert_eq!(
        paths(&report, "scopes::recursion::even"),
        expected(&[
            ("scopes::recursion::even", 51),
            ("scopes::recursion::even → scopes::recursion::odd", 50),
            ("scopes::recursion::odd → scopes::recursion::even", 11)
        ])
    );
    // Of `odd`, the outermost call is the one within the first `even`: all is beneath it but that `even`'s block.
    assert_eq!((even.peak_bytes, odd.peak_bytes), (Some(51 * 10 + 50), Some(50 * 10 + 50)));
}

#[test]
fn ten_thousand_deep() {
    let profile = Profile::start();
    let before = profile.report().overhead;
    #[track_memory]
    fn deep(depth: usize) -> usize {
        let block = Block::new(1);
        let below = if depth > 1 { deep(depth - 1) } else { 0 };
        below + block.bytes().len()
    }
    let body = || assert_eq!(deep(10_000), 10_000);
    std::thread::Builder::new().stack_size(256 << 20).spawn(body).unwrap().join().unwrap();
    let report = profile.report();
    let name = "scopes::recursion::ten_thousand_deep::deep";
    let row = function(&report, name);
    assert_eq!((row.calls, row.active, row.peak_bytes), (10_000, 0, Some(10_000)));
    assert_eq!((own(row), total(row)), (Flow::new((10_000, 10_000), (10_000, 10_000)), own(row)));
    assert_eq!(paths(&report, name), expected(&[(name, 10_000)]));
    let after = &report.overhead;
    assert_eq!(after.scopes_not_opened, before.scopes_not_opened);
    assert_eq!(after.misplaced_guards, before.misplaced_guards);
    assert_stats_agree();
}

/// `a → b → a → c → b`: the second `a` folds into the first, so the second `b` is on another path than the first one,
/// and still is in its call.
#[test]
fn a_recursion_that_comes_back_by_another_path_has_no_peak_of_its_own() {
    #[track_memory]
    fn a(given: Option<Block>) {
        match given {
            Some(block) => b(Some(block)),
            None => c(),
        }
    }
    #[track_memory]
    fn b(given: Option<Block>) {
        if let Some(block) = given {
            drop(block);
            a(None);
        } else {
            drop(Block::new(3000));
        }
    }
    #[track_memory]
    fn c() {
        b(None);
    }
    let profile = Profile::start();
    a(Some(Block::new(5000)));
    let report = profile.report();
    let row = |name| function(&report, &format!("{MODULE}::{name}"));
    const MODULE: &str = "scopes::recursion::a_recursion_that_comes_back_by_another_path_has_no_peak_of_its_own";
    assert_eq!((row("b").calls, row("b").active), (2, 0));
    // It freed 5000 bytes before it allocated 3000, so it never stood above its entry.
    assert_eq!(row("b").peak_bytes, Some(0));
    assert_eq!(row("c").peak_bytes, Some(3000));
}
