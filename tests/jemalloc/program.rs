//! Whole programs over jemalloc.
#![cfg(all(feature = "jemalloc", unix))]

use std::fs;

use memprof_tests::program::{ALLOCATIONS, Ended, Program};
use memprof_tests::rows::function;

const EVERYTHING: &str = "[jemalloc]\nbackground_thread = true\nstats_print = true\n";
const STATISTICS: &str = "data/logs/jemalloc_statistics.txt";

fn program() -> Program {
    Program::new(env!("CARGO_BIN_EXE_with_jemalloc"))
}

/// The report must be jemalloc's, and its figures must go together.
fn expect_jemalloc(ended: &Ended) {
    let report = ended.report(&ended.work(ALLOCATIONS));
    assert_eq!((report.allocator.installed, report.allocator.inner.as_str()), (true, "jemalloc"));
    assert_eq!(function(&report, "with_jemalloc::keep").retained_bytes, Some(1 << 20));
    let jemalloc = report.jemalloc.as_ref().unwrap();
    let live = report.totals.net_bytes as u64;
    assert!(live > 1 << 20 && jemalloc.allocated >= live, "{live}: {jemalloc:?}");
    assert!(jemalloc.allocated <= jemalloc.active && jemalloc.active <= jemalloc.mapped, "{jemalloc:?}");
    assert!(jemalloc.allocated < live + (16 << 20), "{live}: {jemalloc:?}");
    assert!(jemalloc.resident > 0 && jemalloc.metadata > 0, "{jemalloc:?}");
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
}

#[test]
fn jemalloc_serves_the_program_and_stands_in_its_report() {
    let ended = program().run();
    ended.expect_status(0).expect_report();
    expect_jemalloc(&ended);
    assert_eq!(ended.stdout, "background threads: false\n");
}

#[test]
fn its_settings_apply() {
    let by_variables = program().env("MEMPROF_BACKGROUND_THREAD", "1").env("MEMPROF_STATS_PRINT", "true");
    for program in [program().configured(EVERYTHING), by_variables] {
        let ended = program.run();
        ended.expect_status(0);
        expect_jemalloc(&ended);
        assert_eq!(ended.stdout, format!("background threads: {}\n", cfg!(target_os = "linux")));
        let statistics = fs::read_to_string(ended.work(STATISTICS)).unwrap();
        assert!(statistics.starts_with("___ Begin jemalloc statistics ___"), "{statistics}");
        assert!(statistics.trim_end().ends_with("--- End jemalloc statistics ---"), "{statistics}");
        assert_eq!(ended.files("work/data").len(), 3);
    }
}

#[test]
fn statistics_that_cannot_be_written_cost_no_report() {
    let ended = program().configured(EVERYTHING).file(&format!("work/{STATISTICS}/in/the/way"), "").run();
    ended.expect_status(0);
    expect_jemalloc(&ended);
    assert_eq!(ended.tables(), 1, "{}", ended.stderr);
    assert!(ended.stderr.contains("jemalloc_statistics.txt"), "{}", ended.stderr);
}

#[test]
fn statistics_go_where_the_reports_go() {
    let ended = program().configured(EVERYTHING).env("MEMPROF_OUTPUT_DIR", "/proc/no/such").run();
    ended.expect_status(0);
    assert_eq!(ended.files("tmp").len(), 3, "{}", ended.stderr);
}
