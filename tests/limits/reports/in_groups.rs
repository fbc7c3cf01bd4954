//! Programs that are killed by the kernel, because their control group is full.

use std::os::unix::process::ExitStatusExt;

use memprof_tests::program::{Ended, Program};

use super::control_group::Group;
use super::{MIB, at_limit, names_the_leak, report};

/// Runs the program in a group of so many MiB. `None`: no group can be made here.
fn in_group(mib: u64, settings: &str, arguments: &[&str]) -> Option<Ended> {
    let group = Group::new(mib * MIB)?;
    let line = format!("echo $$ > {} && exec \"$0\" \"$@\"", group.processes());
    let program = Program::in_shell(env!("CARGO_BIN_EXE_grows"), &line).configured(settings);
    Some(arguments.iter().fold(program, Program::arg).run())
}

const AT_90: &str = "[limits]\nreport_at_percent = 90";

#[track_caller]
fn was_killed(ended: &Ended) {
    assert_eq!(ended.status.signal(), Some(libc::SIGKILL), "{}\n{}", ended.status, ended.stderr);
}

#[test]
fn a_program_that_is_killed_leaves_a_report_that_names_the_growing_function() {
    for (mib, index) in [(64, "20"), (128, "80")] {
        let Some(ended) = in_group(mib, AT_90, &["heap", "1", "40", "2000", index]) else { return };
        was_killed(&ended);
        assert_eq!(ended.files("work/data/logs"), ["memory_allocations.limit-1.json", "memory_leaks.limit-1.txt"]);
        let report = report(&ended, "limit-1");
        names_the_leak(&report);
        let limit = at_limit(&report);
        assert_eq!(limit.limit_bytes, Some(mib * MIB));
        assert!(limit.limit_source.as_deref().is_some_and(|source| source.starts_with("cgroup v")), "{limit:?}");
        // On a busy machine the program grows in bursts, so that the report may be begun early.
        assert!(limit.used_bytes >= limit.threshold_bytes / 2 && limit.used_bytes < mib * MIB, "{limit:?}");
        assert!(limit.threshold_bytes.abs_diff(mib * MIB / 10 * 9) < MIB, "{limit:?}");
        assert!(limit.other_processes_bytes < Some(4 * MIB), "{limit:?}");
        assert!(limit.group_bytes > Some(mib * MIB / 2) && !limit.has_names, "{limit:?}");
        let text = std::fs::read_to_string(ended.work("data/logs/memory_leaks.limit-1.txt")).unwrap();
        assert!(text.starts_with("- grows::leak ("), "{text}");
    }
}

#[test]
fn a_large_index_that_was_loaded_does_not_hide_the_growth() {
    // The index takes most of the memory, and its loading more than a quarter of it.
    let Some(ended) = in_group(128, AT_90, &["later", "1", "20", "2000", "98"]) else { return };
    was_killed(&ended);
    let report = report(&ended, "limit-1");
    names_the_leak(&report);
    assert!(at_limit(&report).growth_bytes < Some(30 * MIB), "{:?}", report.findings[0]);
}

#[test]
fn names_are_read_if_there_is_memory_for_them() {
    let Some(group) = Group::new(1024 * MIB) else { return };
    let line = format!("echo $$ > {} && exec \"$0\" \"$@\"", group.processes());
    let program = Program::in_shell(env!("CARGO_BIN_EXE_grows"), &line).env("MEMPROF_BACKTRACES", "1");
    let program = program.configured("[limits]\nreport_at_percent = 50");
    let ended = ["heap", "4", "400", "600", "100", "1500"].iter().fold(program, Program::arg).run();
    let report = report(ended.expect_status(0), "limit-1");
    names_the_leak(&report);
    assert!(at_limit(&report).has_names);
    let stack = &report.live.groups[0].stack;
    assert!(stack.iter().any(|frame| frame.function.as_deref() == Some("grows::touched")), "{stack:?}");
}

#[test]
fn fast_growth_is_reported_before_the_kernel_kills() {
    // As fast as the machine writes pages: then a busy machine may be too slow for it now and then.
    let mut reported = 0;
    for _ in 0..3 {
        let Some(ended) = in_group(128, AT_90, &["heap", "1", "1000", "4000", "20"]) else { return };
        was_killed(&ended);
        if !ended.files("work/data/logs").is_empty() {
            names_the_leak(&report(&ended, "limit-1"));
            reported += 1;
        }
    }
    assert!(reported > 0);
}

#[test]
fn memory_outside_the_heap_counts() {
    let Some(ended) = in_group(64, AT_90, &["map", "1", "40", "2000", "5"]) else { return };
    was_killed(&ended);
    let report = report(&ended, "limit-1");
    let finding = &report.findings[0];
    assert_eq!((finding.kind.as_str(), &finding.function), ("limit", &None), "{finding:?}");
    assert!(finding.title.contains("are not in the heap"), "{}", finding.title);
    assert!(at_limit(&report).heap_bytes < 10 * MIB && finding.bytes > 40 * MIB);
}

#[test]
fn memory_outside_the_heap_counts_beside_a_large_heap() {
    let Some(ended) = in_group(64, AT_90, &["map", "1", "40", "2000", "38"]) else { return };
    was_killed(&ended);
    let report = report(&ended, "limit-1");
    let finding = &report.findings[0];
    assert_eq!((finding.kind.as_str(), &finding.function), ("limit", &None), "{finding:?}");
    assert!(finding.title.starts_with("memory outside the heap grew most before the limit: +"), "{}", finding.title);
    assert!(at_limit(&report).heap_bytes > 35 * MIB && at_limit(&report).rest_rise_bytes > Some(2 * MIB as i64));
}

#[test]
fn reserved_memory_does_not_hide_the_growth() {
    let arguments = ["reserved", "1", "40", "2000", "5", "0", "500"];
    let Some(ended) = in_group(64, AT_90, &arguments) else { return };
    was_killed(&ended);
    // The reservation could have been used at once.
    assert_eq!(at_limit(&report(&ended, "limit-1")).growing_function.as_deref(), Some("grows::reserve"));
    let latest = report(&ended, "limit-2");
    names_the_leak(&latest);
    assert!(at_limit(&latest).used_bytes < 64 * MIB, "{:?}", at_limit(&latest));
}

#[test]
fn growth_of_other_processes_is_said_to_be_theirs() {
    let Some(group) = Group::new(128 * MIB) else { return };
    let line = format!(
        "echo $$ > {} && {{ MEMPROF_ENABLED=0 \"$0\" heap 1 60 70 1 3000 & exec \"$0\" \"$@\"; }}",
        group.processes()
    );
    let program = Program::in_shell(env!("CARGO_BIN_EXE_grows"), &line).configured("[limits]\nreport_at_percent = 75");
    let ended = ["none", "0", "0", "0", "30", "3000"].iter().fold(program, Program::arg).run();
    let report = report(ended.expect_status(0), "limit-1");
    let finding = &report.findings[0];
    assert_eq!((finding.kind.as_str(), &finding.function), ("limit", &None), "{finding:?}");
    assert!(finding.title.starts_with("other processes of the control group grew most before"), "{}", finding.title);
}

#[test]
fn other_processes_of_the_group_take_a_part_of_the_limit() {
    let Some(group) = Group::new(128 * MIB) else { return };
    // The other one has its memory, and keeps it while this one grows.
    let line = format!(
        "echo $$ > {} && {{ MEMPROF_ENABLED=0 \"$0\" none 0 0 0 60 4000 & sleep 1; exec \"$0\" \"$@\"; }}",
        group.processes()
    );
    let program = Program::in_shell(env!("CARGO_BIN_EXE_grows"), &line).configured("[limits]\nreport_at_percent = 75");
    let ended = ["heap", "1", "40", "40", "10", "600"].iter().fold(program, Program::arg).run();
    let report = report(ended.expect_status(0), "limit-1");
    names_the_leak(&report);
    let limit = at_limit(&report);
    assert!(limit.other_processes_bytes > Some(55 * MIB) && limit.threshold_bytes < 45 * MIB, "{limit:?}");
}

#[test]
fn a_report_of_many_blocks_takes_little_memory() {
    // With a table for all blocks, and with the usual one, whose blocks are a sample.
    for tracked in ["10_000", "400_000"] {
        let Some(group) = Group::new(192 * MIB) else { return };
        let line = format!("echo $$ > {} && exec \"$0\" \"$@\"", group.processes());
        let program = Program::in_shell(env!("CARGO_BIN_EXE_grows"), &line).env("MEMPROF_BACKTRACES", "1");
        let program =
            program.env("MEMPROF_OVERHEAD_BUDGET_PERCENT", "0").env("MEMPROF_MAX_TRACKED_ALLOCATIONS", tracked);
        let program = program.configured("[limits]\nreport_at_percent = 92");
        let ended = ["blocks", "1", "40", "1000", "10", "0", "200"].iter().fold(program, Program::arg).run();
        was_killed(&ended);
        let report = report(&ended, "limit-1");
        names_the_leak(&report);
        assert!(!at_limit(&report).has_names && report.live.groups.len() <= 400, "{}", report.live.groups.len());
        let size = std::fs::metadata(ended.work("data/logs/memory_allocations.limit-1.json")).unwrap().len();
        assert!(size < 2 * MIB, "{tracked}: {size}");
    }
}
