//! The leak report where something is missing, estimated or empty.

use super::*;
use crate::report::golden;

#[track_caller]
fn has(text: &str, line: &str) {
    assert!(text.lines().any(|other| other == line), "there is no line `{line}` in:\n{text}");
}

#[test]
fn the_first_line_is_the_whole() {
    let text = render(&golden::report());
    let first = "12.5 MB in 13,558 blocks still live when this report was made (of 1.6 GB allocated)";
    assert_eq!(text.lines().next(), Some(first));
}

#[test]
fn groups_are_sorted_by_size() {
    let mut report = golden::report();
    report.live.groups.reverse();
    assert_eq!(render(&report), render(&golden::report()));
}

#[test]
fn without_the_allocator_the_first_line_says_what_to_do() {
    let mut report = golden::report();
    report.allocator.installed = false;
    let text = render(&report);
    let first = text.lines().next().unwrap_or_default();
    assert!(first.contains("not installed") && first.contains("#[memprof::main]"), "{first}");
    assert!(!text.contains("still live"), "{text}");
    has(&text, "warning: 1 guard ended on another thread: its call has no per-call figures.");
}

#[test]
fn without_a_live_table_it_says_how_to_have_one() {
    let mut report = golden::report();
    let live = &mut report.live;
    (live.exact, live.tracked, live.not_tracked) = (false, None, None);
    (live.estimated_bytes, live.estimated_count, live.error_bytes) = (None, None, None);
    live.groups.clear();
    let text = render(&report);
    has(
        &text,
        "no live table: which functions hold them was not recorded, because track_allocations is off, or there was no \
         memory for it (then a warning below says so)",
    );
    has(&text, "to see it: set `track_allocations = true` under [memory_profiling] in memory_profile.toml");
    assert!(!text.contains("no block") && !text.contains("exact:"), "{text}");
}

#[test]
fn what_was_not_tracked_is_counted_and_sized() {
    let mut report = golden::report();
    report.live.exact = false;
    report.live.not_tracked = Some(1_204);
    report.totals.net_bytes += 2_097_152;
    let text = render(&report);
    has(
        &text,
        "incomplete: 10,969 of 12,173 live blocks made since the profile started are in the groups below, \
         the others were not tracked",
    );
    has(&text, "to track more: raise `max_tracked_allocations` in memory_profile.toml");
    has(&text, "  not tracked: 1,204 blocks, about 2.0 MB (2,097,152 bytes)");
}

#[test]
fn an_estimate_is_called_one() {
    let mut report = golden::report();
    let live = &mut report.live;
    (live.exact, live.sample_interval_bytes, live.error_bytes) = (false, 65_536, Some(524_288));
    live.groups[1].error_bytes = 131_072;
    let text = render(&report);
    has(&text, "estimated: from 10,969 samples, one in about 64.0 KB; standard error of the sum 512.0 KB");
    assert!(text.contains("1. growing: 2.0 MB (2,097,152 bytes) ± 128.0 KB in 32 blocks"), "{text}");
    assert!(!text.contains("exact:"), "{text}");
}

#[test]
fn nothing_live_is_said_in_words() {
    let mut report = golden::report();
    (report.totals.net_bytes, report.totals.net_count) = (0, 0);
    let live = &mut report.live;
    (live.tracked, live.not_tracked) = (Some(0), Some(0));
    (live.before_start_bytes, live.before_start_count) = (0, 0);
    live.groups.clear();
    let text = render(&report);
    assert!(text.starts_with("0 B in 0 blocks still live"), "{text}");
    has(&text, "no block made since the profile started is tracked as live");
}

#[test]
fn figures_of_the_system_that_are_not_known_are_not_0() {
    let mut report = golden::report();
    (report.jemalloc, report.os.rss_bytes) = (None, None);
    let text = render(&report);
    assert!(!text.contains("jemalloc allocated"), "{text}");
    assert!(text.contains("resident (RSS):      not known"), "{text}");
}

#[test]
fn extremes_and_nothing_at_all_do_not_panic() {
    render(&Report::default());
    let mut report = golden::report();
    report.totals.net_bytes = i64::MIN;
    report.live.tracked = Some(u64::MAX);
    report.live.not_tracked = Some(u64::MAX);
    report.live.estimated_bytes = Some(u64::MAX);
    report.live.before_start_bytes = u64::MAX;
    report.program.duration_seconds = f64::NAN;
    for group in &mut report.live.groups {
        (group.bytes, group.count, group.error_bytes) = (u64::MAX, u64::MAX, u64::MAX);
        (group.oldest_seconds, group.newest_seconds) = (f64::INFINITY, -1.0);
    }
    render(&report);
    report.live.exact = false;
    render(&report);
    report.live.sample_interval_bytes = u64::MAX;
    render(&report);
}
