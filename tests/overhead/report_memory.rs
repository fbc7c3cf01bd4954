//! Resident memory while a report with names is made: debug information is let go as it is read.
#![allow(missing_docs)]
#![cfg(target_os = "linux")]

use memprof::AllocationTracker;
use memprof_tests::{Block, Profile};
use std::hint::black_box;

#[global_allocator]
static ALLOC: AllocationTracker = AllocationTracker::system();

/// Three ways on at each step, each from a line of its own.
#[inline(never)]
fn branch(depth: u32, path: u32) -> Block {
    if depth == 0 {
        return black_box(Block::new(100));
    }
    let deeper = match path % 3 {
        0 => branch(depth - 1, path / 3),
        1 => branch(depth - 1, path / 3),
        _ => branch(depth - 1, path / 3),
    };
    black_box(deeper)
}

/// A figure of this process, bytes.
fn status(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() << 10
}

#[test]
fn a_report_with_names_takes_a_small_part_of_the_debug_information() {
    let profile = Profile::with(|config| {
        config.memory_profiling.backtraces = true;
        config.memory_profiling.max_tracked_allocations = 20_000;
    });
    let kept: Vec<Block> = (0..10_000).map(|path| branch(5, path)).collect();
    if std::fs::write("/proc/self/clear_refs", "5").is_err() {
        return; // The highest resident memory is that since the start.
    }
    let before = status("VmRSS:");
    let report = profile.report();
    let rise = status("VmHWM:").saturating_sub(before);
    drop(kept);
    // Recursion is one place.
    let group = report.live.groups.iter().max_by_key(|group| group.count).unwrap();
    let is_branch = |name: &str| name.starts_with("report_memory::branch");
    let mut branches = group.stack.iter().filter(|frame| frame.function.as_deref().is_some_and(is_branch));
    assert!(branches.all(|frame| frame.line.is_some()) && group.stack.len() >= 10, "{:#?}", group.stack);
    let program = std::fs::metadata("/proc/self/exe").unwrap().len();
    assert!(rise < 8 << 20 && rise < program / 2, "{rise} bytes for a program of {program}");
}
