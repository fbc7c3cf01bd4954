//! RSS is taken apart, and the part that grows or dominates is named; the timeline has its course.

use memprof::Report;

use super::{Program, program};

fn run(program: Program) -> (Report, String) {
    let ended = program.run();
    let report = ended.expect_status(0).expect_report();
    let text = std::fs::read_to_string(ended.work(super::LEAKS)).unwrap();
    (report, text)
}

fn resident(kind: &str) -> Program {
    program!("resident").arg(kind).env("MEMPROF_OVERHEAD_BUDGET_PERCENT", "0")
}

/// The line that decides, without its beginning.
fn decision(text: &str) -> String {
    let mut lines = text.lines().skip_while(|line| !line.trim_start().starts_with("RSS: "));
    let first = lines.next().unwrap_or_default().trim_start().trim_start_matches("RSS: ");
    let further = lines.take_while(|line| line.starts_with("    ")).map(str::trim_start);
    std::iter::once(first).chain(further).collect::<Vec<_>>().join(" ")
}

fn kinds(report: &Report) -> Vec<&str> {
    let resident = ["allocator_held", "mapped", "foreign", "growing"];
    report.findings.iter().map(|finding| finding.kind.as_str()).filter(|kind| resident.contains(kind)).collect()
}

/// True where the C library tells what its allocator holds.
const IS_GLIBC: bool = cfg!(all(target_os = "linux", target_env = "gnu"));

#[test]
fn a_leak_is_the_heaps_growth() {
    for kind in ["rust_leak", "small_leak"] {
        let (report, text) = run(resident(kind));
        let function = if kind == "rust_leak" { "resident::keep" } else { "resident::keep_small" };
        assert_eq!(decision(&text), format!("the heap grows, in {function}"), "{text}");
        assert_eq!(kinds(&report), ["growing"], "{text}");
    }
    // Nothing reads RSS while the program runs, and the net is exact.
    let (_, text) = run(resident("rust_leak").arg("alone"));
    assert_eq!(decision(&text), "the heap grows, in resident::keep", "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_mapped_file_is_no_memory_that_the_program_holds() {
    for (kind, words) in
        [("maps", "MB are file-backed pages: not memory you hold"), ("maps_grow", "file-backed pages grow")]
    {
        let (report, text) = run(resident(kind));
        assert!(decision(&text).contains(words), "{text}");
        assert_eq!(kinds(&report), ["mapped"], "{text}");
        assert!(report.os.file_bytes.unwrap() >= 200 << 20, "{text}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn shared_memory_is_no_file() {
    for alone in ["", "alone"] {
        let (report, text) = run(resident("shares").arg(alone));
        assert!(decision(&text).contains("MB are shared memory ("), "{text}");
        assert!(report.os.shared_bytes.unwrap() >= 200 << 20 && kinds(&report).is_empty(), "{text}");
    }
    let (report, text) = run(resident("shares_grow"));
    assert!(decision(&text).starts_with("shared memory grows") && kinds(&report).is_empty(), "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn stacks_of_threads_are_a_part_of_their_own() {
    for alone in ["", "alone"] {
        let (report, text) = run(resident("stacks").arg(alone));
        assert!(decision(&text).ends_with("MB are thread stacks: outside Rust's allocator"), "{text}");
        let stacks = report.os.stack_bytes.unwrap() >> 20;
        assert!((150..200).contains(&stacks), "{text}");
    }
    let (report, text) = run(resident("stacks_grow"));
    assert!(decision(&text).starts_with("thread stacks grow ("), "{text}");
    let finding = report.findings.iter().find(|finding| finding.kind == "foreign").unwrap();
    assert!(finding.title.starts_with("The stacks of threads grew by about 1"), "{}", finding.title);
    // Those of threads that have ended are not among them.
    let (report, _) = run(resident("threads"));
    assert!(report.os.stack_bytes.unwrap() < 4 << 20, "{:?}", report.os);
}

#[test]
fn symbols_of_a_backtrace_are_no_growth() {
    for alone in ["", "alone"] {
        let ended = resident("panic").arg(alone).env("RUST_BACKTRACE", "1").run();
        let report = ended.expect_report();
        let text = std::fs::read_to_string(ended.work(super::LEAKS)).unwrap();
        assert!(report.totals.net_bytes > 1_000_000, "{text}");
        assert_eq!((kinds(&report), decision(&text)), (vec![], String::new()), "{text}");
    }
}

#[test]
fn what_is_gone_at_the_end_does_not_grow() {
    let (report, text) = run(resident("maps_gone"));
    assert_eq!((kinds(&report), decision(&text)), (vec![], String::new()), "{text}");
}

#[test]
fn free_memory_that_the_allocator_holds_is_named() {
    if !IS_GLIBC {
        return;
    }
    for alone in ["", "alone"] {
        let (report, text) = run(resident("fragments").arg(alone));
        let words = decision(&text);
        assert!(words.contains("the allocator holds ") && words.contains("MALLOC_ARENA_MAX"), "{text}");
        assert_eq!(words.starts_with("heap flat, "), alone.is_empty(), "{text}");
        assert_eq!(kinds(&report), ["allocator_held"], "{text}");
        assert_eq!(report.allocator.held_source.as_deref(), Some("glibc mallinfo2"));
        assert!(report.allocator.held_bytes.unwrap() > 150 << 20, "{text}");
        let (report, text) = run(resident("fragments_grow").arg(alone));
        // On a loaded machine there may be too few readings to decide.
        let words = decision(&text);
        assert!(words.is_empty() || words.contains("the allocator holds "), "{text}");
        assert!(kinds(&report).contains(&"allocator_held"), "{text}");
    }
}

#[test]
fn growth_outside_the_allocator_is_named() {
    if !IS_GLIBC {
        return;
    }
    for kind in ["c_leak", "map_leak"] {
        let (report, text) = run(resident(kind));
        assert!(decision(&text).starts_with("growth outside Rust's allocator: C code or maps ("), "{text}");
        assert_eq!(kinds(&report), ["foreign"], "{text}");
    }
    // Without a thread of the profiler there is no growth, but the figures at the end.
    for (kind, alone, words) in [
        ("c_holds", "", "MB were allocated outside Rust's allocator: C code"),
        ("c_leak", "alone", "MB were allocated outside Rust's allocator: C code"),
        ("map_leak", "alone", "MB are outside Rust's allocator: C code or maps"),
    ] {
        let (report, text) = run(resident(kind).arg(alone));
        assert!(decision(&text).ends_with(words), "{text}");
        assert_eq!(kinds(&report), [""; 0], "{text}");
    }
}

#[test]
fn small_blocks_are_found_where_the_allocator_rounds_them_up() {
    if !IS_GLIBC {
        return;
    }
    for (sample, budget) in [("0", "3"), ("1000", "0")] {
        let run = |kind| {
            let settings = resident(kind).arg("alone").env("MEMPROF_OVERHEAD_BUDGET_PERCENT", budget);
            run(settings.env("MEMPROF_SAMPLE_INTERVAL_BYTES", sample))
        };
        let small = |report: &Report| report.findings.iter().find(|finding| finding.kind == "small_blocks").cloned();
        let (report, text) = run("small_blocks");
        let finding = small(&report).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(finding.function.as_deref(), Some("resident::boxes"), "{text}");
        // 24 bytes for each 8, and a header of 8.
        let added = finding.bytes as f64 / (300_000.0 * 16.0);
        assert!((0.8..1.9).contains(&added), "{added}: {text}");
        assert_eq!(small(&run("larger_blocks").0), None);
    }
}

#[test]
fn innocent_programs_are_not_accused() {
    for kind in ["innocent", "loads", "fill", "threads"] {
        for alone in ["", "alone"] {
            let (report, text) = run(resident(kind).arg(alone));
            assert_eq!((kinds(&report), decision(&text)), (vec![], String::new()), "{kind} {alone}: {text}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_parts_of_rss_and_the_limit_are_known() {
    let (report, _) = run(resident("innocent"));
    let os = &report.os;
    let parts = [os.anonymous_bytes, os.file_bytes, os.shared_bytes].map(Option::unwrap);
    assert_eq!(parts.iter().sum::<u64>(), os.rss_bytes.unwrap());
    assert!(os.limit_bytes.unwrap() > os.rss_bytes.unwrap() && os.limit_source.is_some(), "{os:?}");
}

#[test]
fn the_timeline_has_the_course_of_the_run() {
    for alone in ["", "alone"] {
        let (report, _) = run(resident("rust_leak").arg(alone));
        let timeline = report.timeline.as_ref().unwrap();
        let points = &timeline.points;
        assert!((20..=1024).contains(&points.len()), "{}", points.len());
        assert!(points.windows(2).all(|pair| pair[0].seconds <= pair[1].seconds));
        assert!(points.windows(2).all(|pair| pair[0].allocated_bytes <= pair[1].allocated_bytes));
        let last = points.last().unwrap();
        assert_eq!((last.net_bytes, last.allocated_bytes), (report.totals.net_bytes, report.totals.allocated_bytes));
        assert_eq!((last.rss_bytes, last.seconds), (report.os.rss_bytes, report.program.duration_seconds));
        let middle = &points[points.len() / 2];
        assert!((20 << 20..180 << 20).contains(&middle.net_bytes), "{middle:?}");
        if cfg!(target_os = "linux") {
            // A thread of the program makes no system call for it.
            assert_eq!(middle.rss_bytes.is_some(), alone.is_empty(), "{middle:?}");
        }
        let names: Vec<&str> = timeline.marks.iter().map(|mark| mark.name.as_str()).collect();
        assert_eq!(names, ["started", "worked"]);
        assert!(timeline.marks[0].seconds < 0.5 && timeline.marks[1].seconds > 0.9, "{:?}", timeline.marks);
        assert!(timeline.interval_seconds > 0.0 && timeline.interval_seconds < 0.2, "{}", timeline.interval_seconds);
    }
}

#[test]
fn the_timeline_is_as_long_as_configured() {
    let (report, _) = run(resident("innocent").env("MEMPROF_TIMELINE_POINTS", "0"));
    assert_eq!(report.timeline, None);
    // The parts of RSS are known all the same.
    assert_eq!((report.allocator.held_bytes.is_some(), report.os.rss_bytes.is_some()), (IS_GLIBC, true));
    for most in [1, 2, 7, 300] {
        let (report, _) = run(resident("innocent").env("MEMPROF_TIMELINE_POINTS", most.to_string()));
        let points = report.timeline.unwrap().points;
        assert!(points.len() <= most && points.len() >= most.min(2).max(most / 10), "{most}: {}", points.len());
    }
}

/// `abort` may have been called by the allocator, which holds its lock then.
#[test]
fn the_allocator_is_not_asked_before_abort() {
    // With more threads, none can be started under the allocator's lock, and there is no report.
    for (kind, alone) in [("abort", ""), ("abort", "alone"), ("double_free", "alone")] {
        let ended = resident(kind).arg(alone).run();
        let report = ended.expect_report();
        assert_eq!((report.allocator.held_bytes, report.allocator.held_source), (None, None), "{kind}");
        assert!(report.os.rss_bytes.is_some() && report.totals.net_bytes > 1_000_000, "{kind}");
    }
}

#[test]
fn a_forked_child_has_figures_of_its_own() {
    for alone in ["", "alone"] {
        let ended = resident("fork").arg(alone).run();
        let reports: Vec<Report> = ended
            .files("work/data/logs")
            .iter()
            .filter(|name| name.starts_with("memory_allocations"))
            .map(|name| ended.report(&ended.work(&format!("data/logs/{name}"))))
            .collect();
        assert_eq!(reports.len(), 2, "{}", ended.stderr);
        for report in reports {
            assert_eq!(report.allocator.held_bytes.is_some(), IS_GLIBC);
            assert_eq!(report.timeline.unwrap().points.last().unwrap().rss_bytes, report.os.rss_bytes);
        }
    }
}
