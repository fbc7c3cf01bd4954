//! A program that has used up its memory: it ends as it would without memprof, with a report that says what the
//! profiler had no memory for.
#![cfg(target_os = "linux")]

use super::{Ended, function, program};

/// MiB that the program may take after its start.
const MIB: &str = "24";

fn full(mode: &str, backtraces: &str) -> Ended {
    // A busy machine must not decide what is tracked.
    let exact = program!("pressure").arg(mode).arg(MIB).env("MEMPROF_OVERHEAD_BUDGET_PERCENT", "0");
    exact.env("MEMPROF_BACKTRACES", backtraces).run()
}

fn has_warning(warnings: &[String], words: &str) -> bool {
    warnings.iter().any(|warning| warning.contains(words))
}

#[test]
fn what_is_held_at_the_end_leaves_room_for_the_report() {
    for (mode, status) in [("hold", 3), ("exit", 7), ("free", 3)] {
        for backtraces in ["0", "1"] {
            let ended = full(mode, backtraces);
            let report = ended.expect_status(status).expect_report();
            assert!(ended.stderr.starts_with("no more\n"), "{}", ended.stderr);
            // Nothing is counted of what was refused.
            assert_eq!(function(&report, "pressure::try_more").self_allocated_count, 0);
            let held = function(&report, "pressure::take_all");
            assert!(held.self_allocated_bytes > 16 << 20, "{held:?}");
            let live = if mode == "free" { 0 } else { held.self_allocated_bytes };
            assert_eq!(held.retained_bytes, Some(live), "{mode}");
            // The file of a test program is larger than what is left: its names cannot be read.
            assert_eq!(has_warning(&report.warnings, "too little memory to read the names"), backtraces == "1");
            let stacks = report.live.groups.iter().filter(|group| !group.stack.is_empty()).count();
            assert_eq!(stacks, 0, "{:?}", report.live.groups);
        }
    }
}

#[test]
fn an_allocation_that_ends_the_program_leaves_the_report() {
    for backtraces in ["0", "1"] {
        let ended = full("abort", backtraces);
        ended.expect_signal(libc::SIGABRT);
        assert!(ended.stderr.contains("memory allocation of 4194304 bytes failed"), "{}", ended.stderr);
        let held = function(&ended.expect_report(), "pressure::take_all").clone();
        assert_eq!(held.retained_bytes, Some(held.self_allocated_bytes));
        assert!(held.self_allocated_bytes > 16 << 20, "{held:?}");
    }
}

#[test]
fn what_the_profiler_has_no_memory_for_is_said_and_the_rows_add_up() {
    for backtraces in ["0", "1"] {
        let ended = full("work", backtraces);
        // The rows are added up whenever a report is read.
        let report = ended.expect_status(3).expect_report();
        let overhead = &report.overhead;
        assert!(overhead.scopes_not_opened > 100, "there was memory for all: {overhead:?}");
        assert!(has_warning(&report.warnings, "had no scope of their own"), "{:?}", report.warnings);
        assert!(has_warning(&report.warnings, "had no memory for the profiler"), "{:?}", report.warnings);
        // Each call of the 27 that is not counted is one that is said to be missing: none is counted elsewhere.
        let called = |name: &str| report.functions.iter().find(|row| row.name == name).map_or(0, |row| row.calls);
        let deep = called("pressure::deep");
        assert!(deep <= 3001, "{deep}");
        let all: u64 = (0..28).map(|number| called(&format!("pressure::f{number:02}"))).sum();
        let three: u64 = ["a", "b", "c"].iter().map(|name| called(&format!("pressure::{name}"))).sum();
        // On the main thread twice, once with memory, and on the other one.
        let calls_of_paths = 2 * 28 * (1 + 28);
        assert!(all >= calls_of_paths, "with memory all of them are there: {all}");
        let (counted, made) = (all + three + deep, 3 * calls_of_paths + 27 * 3 + 4 + 3001);
        assert!(counted <= made && made - counted <= overhead.scopes_not_opened, "{counted} of {made}: {overhead:?}");
        assert!(report.functions.iter().all(|row| row.active == 0 || row.name == "main"), "{:?}", report.functions);
    }
}

#[test]
fn no_memory_for_the_table() {
    let ended = program!("plain", "ulimit -v 500000; exec \"$0\"")
        .env("MEMPROF_MAX_TRACKED_ALLOCATIONS", "100000000")
        .env("MEMPROF_BACKTRACES", "1")
        .run();
    let report = ended.expect_status(0).expect_report();
    assert_eq!(ended.stdout, "the body ran: 5120\n");
    let keep = function(&report, "plain::keep");
    assert_eq!((keep.self_net_bytes, keep.retained_bytes, report.live.tracked), (4096, None, None));
    assert!(has_warning(&report.warnings, "no memory for a table of 100000000 allocations"), "{:?}", report.warnings);
    assert!(has_warning(&report.warnings, "no memory for stacks"), "{:?}", report.warnings);
    assert!(!has_warning(&report.warnings, "for the profiler"), "said twice: {:?}", report.warnings);
    let leaks = std::fs::read_to_string(ended.work(super::LEAKS)).unwrap();
    assert!(leaks.contains("or there was no memory for the table"), "{leaks}");
}
