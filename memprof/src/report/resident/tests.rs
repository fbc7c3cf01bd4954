//! The lines on reports made by hand.

use super::*;
use crate::report::data::{JemallocStatistics, LiveGroup, NetRise, Timeline, TimelinePoint, expected};

const MB: u64 = 1 << 20;

/// A program with glibc's allocator: 10 MB live of 130 MB, with 80 MB free.
fn report() -> Report {
    let mut report = Report::default();
    report.totals.net_bytes = 10 << 20;
    report.overhead.profiler_bytes = MB;
    report.allocator.inner = "system".into();
    (report.allocator.in_use_bytes, report.allocator.held_bytes) = (Some(12 * MB), Some(80 * MB));
    let os = &mut report.os;
    (os.rss_bytes, os.anonymous_bytes, os.file_bytes, os.shared_bytes) =
        (Some(130 * MB), Some(124 * MB), Some(5 * MB), Some(MB));
    report
}

/// Adds a timeline of 100 seconds from the present figures: net, RSS, mapped, held, in MB.
fn over_time(report: &mut Report, figures: impl Fn(f64) -> (f64, f64, f64, f64)) {
    let points = (0..=100).map(|second| {
        let (net, rss, mapped, held) = figures(f64::from(second) / 100.0);
        TimelinePoint {
            seconds: f64::from(second),
            net_bytes: (net * MB as f64) as i64,
            rss_bytes: Some((rss * MB as f64) as u64),
            mapped_bytes: Some((mapped * MB as f64) as u64),
            allocator_held_bytes: Some((held * MB as f64) as u64),
            ..TimelinePoint::default()
        }
    });
    report.timeline = Some(Timeline { points: points.collect(), ..Timeline::default() });
}

fn decided(report: &Report) -> String {
    decision(report).unwrap_or_default()
}

#[test]
fn the_parts_add_up_to_what_the_system_shows() {
    let mut report = report();
    assert_eq!(
        lines(&report)[0],
        "RSS 130.0 MB = 10.0 MB live heap + 80.0 MB the allocator holds free + 2.0 MB C code and overhead + 5.0 MB \
         file-backed + 1.0 MB shared + 1.0 MB the profiler + 31.0 MB rest (stacks, maps)"
    );
    report.jemalloc = Some(JemallocStatistics { retained: 8 * MB, ..JemallocStatistics::default() });
    assert_eq!(
        lines(&report)[0],
        "RSS 130.0 MB = 10.0 MB live heap + 80.0 MB jemalloc holds free + 2.0 MB rounding of sizes + 5.0 MB \
         file-backed + 1.0 MB shared + 1.0 MB the profiler + 31.0 MB rest (stacks, C code and maps); jemalloc retains \
         8.0 MB of address space, which takes no memory"
    );
    report.jemalloc = None;
    report.os.stack_bytes = Some(31 * MB);
    assert_eq!(
        lines(&report)[0],
        "RSS 130.0 MB = 10.0 MB live heap + 80.0 MB the allocator holds free + 2.0 MB C code and overhead + 5.0 MB \
         file-backed + 1.0 MB shared + 31.0 MB thread stacks + 1.0 MB the profiler"
    );
    report.os.stack_bytes = None;
    (report.allocator.in_use_bytes, report.allocator.held_bytes) = (None, None);
    // As Windows tells it.
    (report.os.file_bytes, report.os.shared_bytes) = (None, None);
    assert_eq!(
        lines(&report),
        ["RSS 130.0 MB = 10.0 MB live heap + 6.0 MB file-backed or shared + 1.0 MB the profiler + 113.0 MB rest \
          (stacks, what the allocator keeps for reuse, C code and maps)"]
    );
    (report.os.anonymous_bytes, report.os.file_bytes, report.os.shared_bytes) = (None, None, None);
    assert_eq!(
        lines(&report),
        ["RSS 130.0 MB = 10.0 MB live heap + 1.0 MB the profiler + 119.0 MB rest (code, stacks, what the allocator \
          keeps for reuse, C code and maps)"]
    );
    report.totals.net_bytes = 1 << 30;
    assert!(lines(&report)[0].starts_with("RSS 130.0 MB: the heap has 1.0 GB live, more than is resident"));
    report.os.rss_bytes = None;
    assert_eq!(lines(&report), [""; 0]);
}

#[test]
fn what_grows_decides() {
    let mut report = report();
    over_time(&mut report, |at| (10.0 + 100.0 * at, 40.0 + 105.0 * at, 6.0, 1.0));
    assert_eq!(decided(&report), "the heap grows");
    report.findings =
        vec![Finding { kind: "growing".into(), function: Some("app::keep".into()), ..Finding::default() }];
    assert_eq!(decided(&report), "the heap grows, in app::keep");
    over_time(&mut report, |at| (10.0, 40.0 + 80.0 * at, 6.0, 80.0 * at));
    assert_eq!(
        decided(&report),
        "heap flat, the allocator holds 80.0 MB of free memory: try jemalloc's decay (allocator = jemalloc) or \
         MALLOC_ARENA_MAX=2"
    );
    over_time(&mut report, |at| (10.0, 40.0 + 80.0 * at, 6.0 + 80.0 * at, 1.0));
    report.os.file_bytes = Some(86 * MB);
    assert_eq!(decided(&report), "file-backed pages grow: not memory you hold");
    (report.os.file_bytes, report.os.shared_bytes) = (Some(5 * MB), Some(81 * MB));
    assert!(decided(&report).starts_with("shared memory grows"), "{}", decided(&report));
    report.os.file_bytes = Some(86 * MB);
    assert!(decided(&report).starts_with("file-backed or shared pages grow"), "{}", decided(&report));
    over_time(&mut report, |at| (10.0, 40.0 + 100.0 * at, 6.0, 1.0));
    assert_eq!(decided(&report), "growth outside Rust's allocator: C code or maps (61.0 MB in 1 min 15 s)");
    // A heap that is used for the first time.
    report.findings.clear();
    over_time(&mut report, |at| (200.0, 10.0 + 100.0 * at, 6.0, 1.0));
    assert_eq!(decided(&report), "");
}

#[test]
fn stacks_of_threads_are_told_apart_from_other_growth() {
    let mut report = report();
    over_time(&mut report, |at| (10.0, 40.0 + 100.0 * at, 6.0, 1.0));
    for (index, point) in report.timeline.as_mut().unwrap().points.iter_mut().enumerate() {
        point.stack_bytes = index.is_multiple_of(5).then_some((1 + index as u64) * MB);
    }
    let expected = "thread stacks grow (61.0 MB in 1 min 15 s): threads that do not end";
    assert_eq!(decided(&report), expected);
    // They were there all the time.
    for point in &mut report.timeline.as_mut().unwrap().points {
        point.stack_bytes = point.stack_bytes.map(|_| 20 * MB);
    }
    assert!(decided(&report).starts_with("growth outside Rust's allocator"), "{}", decided(&report));
}

#[test]
fn what_is_gone_at_the_end_does_not_grow() {
    let mut report = report();
    report.allocator.held_bytes = Some(MB);
    for (file, name) in [(90.0, "a file"), (0.0, "C code")] {
        over_time(&mut report, |at| (10.0, 40.0 + 100.0 * at, 6.0 + file * at, 1.0));
        assert_ne!(decided(&report), "", "{name}");
        let last = report.timeline.as_mut().unwrap().points.last_mut().unwrap();
        (last.rss_bytes, last.mapped_bytes) = (Some(20 * MB), Some(6 * MB));
        report.os.rss_bytes = Some(20 * MB);
        assert_eq!(decided(&report), "", "{name}");
    }
}

#[test]
fn a_heap_that_rises_by_little_does_not_explain_much_free_memory() {
    let mut report = report();
    report.live.net_rise = Some(NetRise { bytes: 3 * MB, seconds: 50.0, ..NetRise::default() });
    assert!(decided(&report).starts_with("the allocator holds 80.0 MB"), "{}", decided(&report));
    report.live.net_rise = Some(NetRise { bytes: 60 * MB, seconds: 50.0, ..NetRise::default() });
    assert_eq!(decided(&report), "the heap grows");
}

#[test]
fn symbols_that_a_backtrace_has_read_are_no_growth() {
    let mut report = report();
    (report.allocator.held_bytes, report.os.rss_bytes) = (Some(MB), Some(60 * MB));
    let function = Some(PANIC.to_owned());
    report.live.net_rise = Some(NetRise { bytes: 60 * MB, seconds: 2.0, function, ..NetRise::default() });
    assert_eq!(decided(&report), "the heap grows");
    let expected = Some(expected::SYMBOLS.to_owned());
    let oldest_seconds = 1.0;
    report.live.groups = vec![LiveGroup { bytes: 60 * MB, oldest_seconds, expected, ..LiveGroup::default() }];
    assert_eq!(decided(&report), "");
}

#[test]
fn what_dominates_a_level_rss_decides() {
    let mut report = report();
    assert!(decided(&report).starts_with("the allocator holds 80.0 MB of free memory"), "{}", decided(&report));
    over_time(&mut report, |_| (10.0, 130.0, 6.0, 80.0));
    assert!(decided(&report).starts_with("heap flat, the allocator holds 80.0 MB"), "{}", decided(&report));
    report.allocator.held_bytes = Some(MB);
    report.os.rss_bytes = Some(50 * MB);
    assert_eq!(decided(&report), "");
    (report.os.rss_bytes, report.os.file_bytes) = (Some(130 * MB), Some(100 * MB));
    assert_eq!(decided(&report), "100.0 MB are file-backed pages: not memory you hold");
    (report.os.file_bytes, report.os.shared_bytes) = (Some(5 * MB), Some(80 * MB));
    assert!(decided(&report).starts_with("80.0 MB are shared memory ("), "{}", decided(&report));
    (report.os.shared_bytes, report.os.stack_bytes) = (Some(MB), Some(80 * MB));
    assert_eq!(decided(&report), "80.0 MB are thread stacks: outside Rust's allocator");
    report.os.stack_bytes = None;
    report.allocator.in_use_bytes = Some(90 * MB);
    assert_eq!(decided(&report), "80.0 MB were allocated outside Rust's allocator: C code");
    (report.os.rss_bytes, report.allocator.in_use_bytes) = (Some(230 * MB), Some(12 * MB));
    assert_eq!(decided(&report), "210.0 MB are outside Rust's allocator: C code or maps");
    (report.os.rss_bytes, report.allocator.in_use_bytes) = (Some(130 * MB), Some(90 * MB));
    // Overhead of small blocks is not C code's.
    report.totals.net_count = 1 << 20;
    assert_eq!(decided(&report), "");
}
