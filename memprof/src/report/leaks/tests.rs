//! The leak report with missing, estimated or empty data.

use super::*;
use crate::report::data::{Frame, LiveGroup, NetRise};
use crate::report::golden;

#[track_caller]
fn has(text: &str, line: &str) {
    assert!(text.lines().any(|other| other == line), "there is no line `{line}` in:\n{text}");
}

/// The golden report without its findings, which stand above all else.
fn without_findings() -> Report {
    let mut report = golden::report();
    report.findings.clear();
    report
}

#[test]
fn the_findings_stand_above_all_else() {
    let report = golden::report();
    let text = render(&report);
    let first = format!("- {}", report.findings[0].title);
    assert!(text.replace("\n  ", " ").starts_with(&first), "{text}");
    let below = text.find("\n\n12.5 MB in 13,558 blocks").expect("the rest follows");
    assert_eq!(text[..below].matches("keeps growing").count(), 3);
}

#[test]
fn the_first_line_is_the_whole() {
    let text = render(&without_findings());
    let first = "12.5 MB in 13,558 blocks still live when this report was made (of 1.6 GB allocated)";
    assert_eq!(text.lines().next(), Some(first));
}

#[test]
fn groups_are_sorted_by_size() {
    let mut report = without_findings();
    report.live.groups.reverse();
    assert_eq!(render(&report), render(&without_findings()));
}

#[test]
fn without_the_allocator_the_first_line_says_what_to_do() {
    let mut report = without_findings();
    report.allocator.installed = false;
    let text = render(&report);
    let first = text.lines().next().unwrap_or_default();
    assert!(first.contains("not installed") && first.contains("#[memprof::main]"), "{first}");
    assert!(!text.contains("still live"), "{text}");
    has(
        &text,
        "warning: 1 scope guard was dropped on another thread or after its enclosing scope. Bytes are counted; this call has no peak.",
    );
}

#[test]
fn without_a_live_table_it_says_how_to_have_one() {
    let mut report = without_findings();
    let live = &mut report.live;
    (live.exact, live.tracked, live.not_tracked) = (false, None, None);
    (live.estimated_bytes, live.estimated_count, live.error_bytes) = (None, None, None);
    live.groups.clear();
    let text = render(&report);
    has(
        &text,
        "no live table: the functions that allocated them are unknown, because track_allocations is off or there was no \
         memory for the table (then a warning below says so)",
    );
    has(&text, "to record them: set `track_allocations = true` under [memory_profiling] in memory_profile.toml");
    assert!(!text.contains("no block") && !text.contains("exact:"), "{text}");
}

#[test]
fn what_was_not_tracked_is_counted_and_sized() {
    let mut report = without_findings();
    report.live.exact = false;
    report.live.not_tracked = Some(1_204);
    report.totals.net_bytes += 2_097_152;
    let text = render(&report);
    has(
        &text,
        "incomplete: 10,969 of 12,173 live blocks made since the profile started are in the groups below; \
         the others were not recorded",
    );
    has(&text, "to record more: raise `max_tracked_allocations` in memory_profile.toml");
    has(&text, "  not recorded: 1,204 blocks, about 2.0 MB (2,097,152 bytes)");
}

#[test]
fn an_estimate_is_called_one() {
    let mut report = without_findings();
    let live = &mut report.live;
    (live.exact, live.sample_interval_bytes, live.error_bytes) = (false, 65_536, Some(524_288));
    live.groups[1].error_bytes = 131_072;
    let text = render(&report);
    has(&text, "estimated: from 10,969 samples, one in about 64.0 KB; standard error of the sum 512.0 KB");
    assert!(text.contains("1. growing: 2.0 MB (2,097,152 bytes) ± 128.0 KB in 32 blocks"), "{text}");
    assert!(!text.contains("exact:"), "{text}");
}

/// A group of the function `search` with these frames, innermost first.
fn group(bytes: u64, verdict: &str, frames: &[(&str, u32)]) -> LiveGroup {
    let frame = |&(name, line): &(&str, u32)| Frame {
        function: Some(name.into()),
        file: Some(
            if name.starts_with("alloc::") { "/rustc/1/library/alloc/src/vec.rs" } else { "src/main.rs" }.into(),
        ),
        line: Some(line),
        ..Frame::default()
    };
    LiveGroup {
        path: vec!["vector_search::search".into()],
        file: Some("src/main.rs".into()),
        line: Some(80),
        bytes,
        count: 10,
        largest_bytes: bytes / 10,
        oldest_seconds: 9.0,
        newest_seconds: 1.0,
        verdict: Some(verdict.into()),
        stack: frames.iter().map(frame).collect(),
        ..LiveGroup::default()
    }
}

/// The text of a report with these groups alone.
fn with_groups(groups: Vec<LiveGroup>) -> String {
    let mut report = without_findings();
    report.totals.net_bytes = 1_000_000;
    report.live.net_rise = None;
    report.live.groups = groups;
    render(&report)
}

#[test]
fn the_groups_of_a_function_stand_together_beneath_their_sum() {
    let mut other = group(300_000, "kept", &[]);
    (other.path, other.line) = (vec!["vector_search::load".into()], Some(12));
    let text = with_groups(vec![
        group(200_000, "kept", &[("vector_search::search", 91)]),
        other,
        group(10_000, "growing", &[("vector_search::search", 92)]),
    ]);
    has(&text, "vector_search::search: 205.1 KB (210,000 bytes) in 20 blocks, 21.0 % of the live bytes, in 2 groups:");
    let numbered: Vec<&str> = text.lines().filter(|line| line.contains(". ") && line.contains(" % of")).collect();
    assert_eq!(
        numbered,
        [
            "1. growing: 9.8 KB (10,000 bytes) in 10 blocks, 1.0 % of the live bytes",
            "2. kept: 195.3 KB (200,000 bytes) in 10 blocks, 20.0 % of the live bytes",
            "3. kept: 293.0 KB (300,000 bytes) in 10 blocks, 30.0 % of the live bytes",
        ],
        "{text}"
    );
    has(&text, "   = in vector_search::load (src/main.rs:12)");
    assert!(!text.contains("vector_search::load: "), "{text}");
}

#[test]
fn groups_that_show_the_same_frames_are_one_entry() {
    let search = ("vector_search::search", 91);
    let (push, clone) = (("alloc::vec::Vec<T>::push", 5), ("alloc::string::String::clone", 6));
    let text = with_groups(vec![
        LiveGroup { error_bytes: 3_072, ..group(200_000, "kept", &[push, search]) },
        LiveGroup { error_bytes: 4_096, ..group(100_000, "kept", &[clone, search]) },
    ]);
    has(&text, "1. kept: 293.0 KB (300,000 bytes) ± 5.0 KB in 20 blocks, 30.0 % of the live bytes");
    has(&text, "   and 1 more frame: callers, std, the runtime; 2 stacks look like this");
    assert!(!text.contains("\n2. "), "{text}");
}

#[test]
fn groups_of_two_verdicts_that_show_the_same_frames_say_in_what_they_differ() {
    let search = ("vector_search::search", 91);
    let (push, clone) = (("alloc::vec::Vec<T>::push", 5), ("alloc::string::String::clone", 6));
    let finish = ("alloc::raw_vec::finish_grow", 7);
    let text = with_groups(vec![
        group(200_000, "growing", &[finish, push, search]),
        group(100_000, "kept", &[finish, clone, search]),
    ]);
    has(&text, "   via alloc::vec::Vec<T>::push");
    has(&text, "   via alloc::string::String::clone");
}

#[test]
fn small_groups_are_one_line_unless_they_grow() {
    let text = with_groups(vec![
        group(900, "kept", &[("vector_search::search", 90)]),
        group(4_096, "kept", &[("vector_search::search", 91)]),
        group(40, "growing", &[("vector_search::search", 92)]),
        group(800, "recent", &[("vector_search::search", 93)]),
    ]);
    has(&text, "and 2 groups below 1 % and 4 KB: 1.7 KB in 20 blocks (`live.groups` in the JSON report)");
    assert!(text.contains("\n1. growing: 40 bytes") && text.contains("\n2. kept: 4.0 KB"), "{text}");
}

/// The text of a sample in a program that has allocated 100 MB.
fn sampled(net: i64, error: u64, groups: Vec<LiveGroup>) -> String {
    let mut report = without_findings();
    (report.totals.net_bytes, report.totals.net_count, report.totals.allocated_bytes) = (net, 12, 100 << 20);
    let live = &mut report.live;
    (live.exact, live.sample_interval_bytes, live.error_bytes) = (false, 2_048, Some(error));
    (live.tracked, live.sampled_because, live.net_rise) = (Some(groups.len() as u64), Some("table full".into()), None);
    live.groups = groups;
    render(&report)
}

#[test]
fn next_to_nothing_is_said_in_the_exact_figure() {
    let one = || LiveGroup { count: 3, samples: 1, at_most_bytes: Some(2_048), ..group(2_600, "unknown", &[]) };
    for groups in [vec![], vec![one()]] {
        let text = sampled(2_048, 6_144, groups);
        has(&text, "2.0 KB live in total (exact); too little for a sample");
        assert!(!text.contains("standard error") && !text.contains("too few samples to judge"), "{text}");
        assert!(!text.contains("6.0 KB"), "{text}");
    }
    has(&sampled(2_048, 6_144, vec![one()]), "no growth found: only 2.0 KB live in total");
    // It is not negligible, and that does not reduce the error.
    let text = sampled(594_000, 1_900_000, vec![]);
    has(
        &text,
        "580.1 KB live in total (exact); their origin is estimated from 0 samples, one in about 2.0 KB: too few to \
         say more",
    );
    assert!(!text.contains("standard error") && !text.contains("nothing grows"), "{text}");
    let text = sampled(594_000, 60_000, vec![group(594_000, "kept", &[])]);
    has(&text, "estimated: from 1 sample, one in about 2.0 KB; standard error of the sum 58.6 KB");
}

#[test]
fn what_was_made_at_the_start_hides_no_doubt() {
    let start = || group(900_000, "kept since start", &[("vector_search::search", 91)]);
    let few = || LiveGroup { count: 4, samples: 4, ..group(1_024, "unknown", &[("vector_search::search", 90)]) };
    let text = with_groups(vec![start(), few()]);
    has(&text, "no growth found; too few samples to judge 1 group (1.0 KB live)");
    // Beside what is known to be in balance it is little.
    let text = with_groups(vec![start(), few(), group(20_000, "kept", &[("vector_search::search", 92)])]);
    has(&text, "nothing grows: no group keeps gaining blocks");
    // Recently made is what any program works on.
    let recent = LiveGroup { verdict: Some("recent".into()), ..few() };
    has(&with_groups(vec![start(), recent]), "nothing grows: no group keeps gaining blocks");
}

#[test]
fn growth_that_is_over_is_no_growth_but_said() {
    let ended = || LiveGroup {
        growth_ended_seconds: Some(3.5),
        oldest_seconds: 10.0,
        newest_seconds: 3.4,
        ..group(900_000, "kept", &[])
    };
    let small = group(90_000, "kept since start", &[("vector_search::search", 91)]);
    let text = with_groups(vec![ended(), small.clone()]);
    has(&text, "nothing has grown in the last 3.4 s; 1 group (878.9 KB live) grew steadily until then");
    assert!(text.contains(", and has not grown in the last 3.4 s") && !text.contains("nothing grows"), "{text}");
    // A small part of the live bytes.
    let text = with_groups(vec![LiveGroup { bytes: 9_000, ..ended() }, LiveGroup { bytes: 900_000, ..small }]);
    has(&text, "nothing grows: no group keeps gaining blocks");
}

#[test]
fn a_rise_that_is_over_is_no_growth() {
    let mut report = without_findings();
    report.live.groups = vec![group(90_000, "kept", &[])];
    report.program.duration_seconds = 4.0;
    report.live.net_rise =
        Some(NetRise { bytes: 3 << 20, seconds: 3.0, ended_seconds: Some(1.0), ..NetRise::default() });
    let text = render(&report);
    has(&text, "nothing is known to grow now: the net of the whole program has not risen in the last 1.0 s");
    has(&text, "before that it rose steadily, by 3.0 MB from 1.0 s to 3.0 s of the run");
}

#[test]
fn a_pause_is_as_long_as_the_newest_block_is_old() {
    let growing = LiveGroup {
        growth: Some("new blocks".into()),
        last_growth_seconds: Some(1.6),
        newest_seconds: 2.1,
        ..group(200_000, "growing", &[])
    };
    let text = with_groups(vec![growing]);
    assert!(text.contains("newest 2.1 s ago") && text.contains("none made in the last 2.1 s"), "{text}");
    assert!(!text.contains("1.6 s"), "{text}");
}

#[test]
fn without_line_numbers_the_last_line_says_how_to_have_them() {
    let hint = "no line numbers: build with `[profile.release] debug = \"line-tables-only\"`";
    let mut kept = group(200_000, "kept", &[("vector_search::job", 91)]);
    assert!(!with_groups(vec![kept.clone()]).contains("line-tables-only"));
    (kept.stack[0].file, kept.stack[0].line) = (None, None);
    let text = with_groups(vec![kept.clone()]);
    assert_eq!(text.lines().last(), Some(hint), "{text}");
    has(&text, "   --> vector_search::job");
    has(&text, "   = in vector_search::search (src/main.rs:80)");
    // A stripped program: its module stands there once, with its build.
    (kept.stack[0].function, kept.stack[0].address) = (None, 0x10);
    kept.stack[0].module = Some("/opt/app (build 4f2a)".into());
    kept.stack.push(Frame { address: 0x20, ..kept.stack[0].clone() });
    let text = with_groups(vec![kept]);
    has(&text, "   --> 0x10 in app");
    has(&text, "    by 0x20 in app");
    has(&text, "addresses in /opt/app (build 4f2a)");
    assert!(text.ends_with("debug = \"line-tables-only\"` and `strip = false`\n"), "{text}");
}

#[test]
fn nothing_live_is_said_in_words() {
    let mut report = without_findings();
    (report.totals.net_bytes, report.totals.net_count) = (0, 0);
    let live = &mut report.live;
    (live.tracked, live.not_tracked) = (Some(0), Some(0));
    (live.before_start_bytes, live.before_start_count) = (0, 0);
    live.groups.clear();
    let text = render(&report);
    assert!(text.starts_with("0 B in 0 blocks still live"), "{text}");
    has(&text, "no block made since the profile started is recorded as live");
}

#[test]
fn figures_of_the_system_that_are_not_known_are_not_0() {
    let mut report = without_findings();
    (report.jemalloc, report.os.rss_bytes) = (None, None);
    let text = render(&report);
    assert!(!text.contains("jemalloc allocated"), "{text}");
    assert!(text.contains("resident (RSS):      not known"), "{text}");
}

#[test]
fn extremes_and_nothing_at_all_do_not_panic() {
    render(&Report::default());
    let mut report = without_findings();
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

#[test]
fn a_few_kilobytes_are_no_doubt_about_growth() {
    let mut report = without_findings();
    report.live.net_rise = None;
    report.live.groups.retain(|group| group.path.is_empty());
    for group in &mut report.live.groups {
        group.verdict = Some("recent".into());
    }
    report.totals.net_bytes = 16 * 1024;
    has(&render(&report), "no growth found: only 16.0 KB live in total");
    report.totals.net_bytes += 1;
    has(&render(&report), "no growth found; made too recently to judge 1 group (24.0 KB live)");
}
