//! Every `allocator = …` that does not need a feature.

use std::fs;

use super::{LEAKS, function, program};

const NOT_INSTALLED: &str = "memprof's allocator is not installed, so nothing was counted";

#[test]
fn a_static_of_the_program_serves_it_and_is_named() {
    let ended = program!("allocator_path").run();
    let report = ended.expect_status(0).expect_report();
    assert_eq!((report.allocator.installed, report.allocator.inner.as_str()), (true, "crate::memory::ARENA"));
    assert!(report.totals.allocated_bytes >= 12345);
    assert_eq!(ended.stdout, "12345\n");
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
}

#[test]
fn a_tracker_that_the_program_installs_itself() {
    let report = program!("allocator_own_static").run().expect_status(0).expect_report();
    assert_eq!((report.allocator.installed, report.allocator.inner.as_str()), (true, "allocator_own_static::Own"));
    assert_eq!(function(&report, "allocator_own_static::work").self_allocated_bytes, 12345);
}

#[test]
fn no_tracker_at_all_is_the_first_thing_that_is_said() {
    let ended = program!("allocator_none").run();
    ended.expect_status(0);
    let report = ended.report(&ended.work(super::ALLOCATIONS));
    assert_eq!((report.allocator.installed, report.allocator.inner.as_str()), (false, "none"));
    assert_eq!((report.totals.allocated_bytes, report.totals.peak_bytes), (0, 0));
    let leaks = fs::read_to_string(ended.work(LEAKS)).unwrap();
    for text in [&leaks, &ended.stderr] {
        assert!(text.lines().next().unwrap().starts_with(NOT_INSTALLED), "{text}");
    }
}

#[test]
fn settings_of_jemalloc_over_the_system_allocator_are_warnings() {
    let ended = program!("plain").configured("[jemalloc]\nbackground_thread = true\nstats_print = true\n").run();
    let report = ended.expect_status(0).expect_report();
    for (key, warning) in ["background_thread", "stats_print"].iter().zip(&report.warnings) {
        assert!(warning.contains(key) && warning.contains("has no effect"), "{warning}");
        assert!(ended.stderr.contains(warning), "{}", ended.stderr);
    }
    assert_eq!((report.warnings.len(), &report.jemalloc), (2, &None));
}

#[cfg(not(feature = "serve"))]
#[test]
fn an_address_without_the_feature_is_a_warning() {
    let ended = program!("plain").env("MEMPROF_SERVE_ADDRESS", "127.0.0.1:0").run();
    let report = ended.expect_status(0).expect_report();
    let warning = "serve_address has no effect: the program was built without the feature `serve` of memprof";
    assert_eq!(report.warnings, [warning]);
    assert!(ended.stderr.contains(&format!("memprof: {warning}\n")), "{}", ended.stderr);
}
