//! Panics: messages and backtraces have a row of their own, and nothing about them changes.

use std::fs;

use crate::program;

use memprof::Report;
use memprof::report::data::Function;
use memprof_tests::program::{Ended, LEAKS, Program};
use memprof_tests::rows::function;

/// Symbols of a test program are read from tens of megabytes.
const LARGE: u64 = 1_000_000;
/// A payload and what it was formatted from.
const SMALL: u64 = 10_000;

/// A backtrace of the standard library's; `0`: none.
fn run(program: Program, backtrace: &str) -> Ended {
    program.env("RUST_BACKTRACE", backtrace).run()
}

fn row(report: &Report) -> &Function {
    let row = function(report, "(panic)");
    assert_eq!((row.file.as_str(), row.line, row.active), ("", 0, 0));
    row
}

fn assert_apart(report: &Report, panics: u64) {
    let fails = function(report, "panics::fails");
    assert_eq!(fails.panicked, panics);
    assert!(fails.allocated_bytes < SMALL * panics && fails.net_bytes.unsigned_abs() < SMALL * panics, "{fails:?}");
    assert!(fails.peak_bytes.is_none_or(|peak| peak < SMALL), "{fails:?}");
    let panic = row(report);
    assert_eq!(panic.calls, panics);
    assert!(panic.allocated_bytes > LARGE, "{panic:?}");
}

#[test]
fn a_backtrace_is_not_charged_to_the_function_that_panicked() {
    for backtrace in ["1", "full"] {
        let ended = run(program!("panics").arg("once"), backtrace);
        ended.expect_status(101);
        assert!(ended.stderr.contains("failure 1\nstack backtrace:\n"), "{}", ended.stderr);
        assert!(ended.stderr.contains("panics::fails"), "{}", ended.stderr);
        assert_apart(&ended.expect_report(), 1);
    }
    let ended = run(program!("panics").arg("once"), "0");
    assert!(ended.stderr.contains("failure 1\nnote: run with `RUST_BACKTRACE=1`"), "{}", ended.stderr);
    let report = ended.expect_report();
    assert!(row(&report).allocated_bytes < SMALL);
}

#[test]
fn panics_that_are_caught_in_a_loop_in_threads_and_in_tasks() {
    for (way, panics) in [("loop", 100), ("thread", 1), ("tasks", 20)] {
        let ended = run(program!("panics").arg(way), "1");
        ended.expect_status(0);
        assert_eq!(ended.stderr.matches("stack backtrace:").count() as u64, panics, "{way}");
        let report = ended.expect_report();
        assert_apart(&report, panics);
        assert_eq!((report.overhead.misplaced_guards, report.overhead.scopes_not_opened), (0, 0), "{way}");
    }
}

#[test]
fn symbols_that_the_standard_library_keeps_are_expected() {
    for backtraces in ["0", "1"] {
        let program = program!("panics").arg("loop").env("MEMPROF_BACKTRACES", backtraces);
        let ended = run(program.env("MEMPROF_SAMPLE_INTERVAL_BYTES", "1"), "1");
        let report = ended.expect_report();
        let of_panics = |path: &[String]| path.first().is_some_and(|name| name == "(panic)");
        let groups: Vec<_> = report.live.groups.iter().filter(|group| of_panics(&group.path)).collect();
        assert!(groups.iter().map(|group| group.bytes).sum::<u64>() > LARGE);
        for group in &groups {
            // On a machine that is busy with other things the reading of symbols takes long enough to look like growth,
            // and without a stack nothing else tells what they are.
            if backtraces == "0" && group.verdict.as_deref() == Some("growing") {
                println!("a busy machine: {group:?}");
                return;
            }
            assert!(
                group.expected.as_deref().is_some_and(|why| why.starts_with("symbols for backtraces")),
                "{group:?}"
            );
        }
        let leaks = fs::read_to_string(ended.work(LEAKS)).unwrap();
        assert!(leaks.contains("in (panic) (symbols for backtraces, kept once they are read)"), "{leaks}");
    }
}

#[test]
fn a_panic_while_panicking_ends_the_program_as_ever() {
    let ended = run(program!("panics").arg("twice"), "1");
    assert!(ended.stderr.contains("panic in a destructor during cleanup"), "{}", ended.stderr);
    assert!(!ended.status.success());
    #[cfg(unix)]
    assert_eq!(row(&ended.expect_report()).calls, 3);
}

#[test]
fn a_hook_that_was_there_before_has_the_row_and_a_later_one_has_not() {
    let ended = run(program!("panics_with_hook"), "1");
    ended.expect_status(0);
    assert_eq!(ended.stderr.matches("the program's hook says").count(), 1, "{}", ended.stderr);
    let report = ended.expect_report();
    assert!(row(&report).allocated_bytes > LARGE);
    assert!(function(&report, "panics_with_hook::fails").allocated_bytes < SMALL);

    let ended = run(program!("panics").arg("hook after"), "1");
    ended.expect_status(0);
    assert_eq!(ended.stderr.matches("the program's hook: ").count(), 1, "{}", ended.stderr);
    let report = ended.expect_report();
    assert!(!report.functions.iter().any(|row| row.name == "(panic)"));
    assert!(function(&report, "panics::fails").allocated_bytes > LARGE);
}
