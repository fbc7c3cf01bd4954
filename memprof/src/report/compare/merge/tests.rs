//! Sums of variants of the golden report.

use std::collections::{BTreeSet, HashMap};

use super::*;
use crate::report::data::{CallTreeNode, Distribution, Finding, Function, LiveGroup, Settings};
use crate::report::{Format, golden};

/// The golden report as that of another process: the figures of its rows are changed by `seed`, and still add up.
fn variant(seed: u64) -> Report {
    let mut report = golden::report();
    report.program.run = format!("run-{seed}");
    report.program.host = Some(format!("host-{}", seed % 5));
    report.program.version = Some(format!("1.{}", seed % 2));
    report.program.started_at = format!("2025-11-22T10:15:{:02}Z", seed % 60);
    report.totals.peak_bytes += seed * 1000;
    let mut extra = 0;
    for (row, node) in report.functions.iter_mut().zip(&mut report.call_tree) {
        assert_eq!(row.name, node.function);
        let more = seed.wrapping_mul(row.line.into()) % 1000;
        row.allocated_bytes += more;
        row.net_bytes += more as i64;
        for (own, net) in [
            (&mut row.self_allocated_bytes, &mut row.self_net_bytes),
            (&mut node.self_allocated_bytes, &mut node.self_net_bytes),
        ] {
            *own += more;
            *net += more as i64;
        }
        extra += more;
    }
    report.totals.allocated_bytes += extra;
    report.totals.net_bytes += extra as i64;
    report.threads[0].self_allocated_bytes += extra;
    report.threads[0].self_net_bytes += extra as i64;
    report
}

fn merged(reports: &[Report]) -> Report {
    merge(reports.iter().cloned()).expect("they are reports of one program")
}

/// Figures of a report that are integers, by their path, with rows by their names: `functions.app::f:12.calls`.
fn integers(report: &Report) -> HashMap<String, i128> {
    fn visit(value: &serde_json::Value, path: &str, found: &mut HashMap<String, i128>) {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, value) in fields {
                    visit(value, &format!("{path}.{name}"), found);
                }
            }
            serde_json::Value::Array(rows) => {
                for (index, row) in rows.iter().enumerate() {
                    let text = |name: &str| row.get(name).map(ToString::to_string);
                    let names: Vec<String> =
                        ["name", "line", "function", "key", "value", "path", "verdict", "run", "kind"]
                            .into_iter()
                            .filter_map(text)
                            .collect();
                    let name = if names.is_empty() { index.to_string() } else { names.join(":") };
                    visit(row, &format!("{path}[{name}]"), found);
                }
            }
            value => found.extend(value.as_i64().map(|number| (path.to_owned(), number.into()))),
        }
    }
    let mut found = HashMap::new();
    visit(&serde_json::from_str(&report.to_json()).expect("a report is JSON"), "", &mut found);
    found
}

#[track_caller]
fn rows_add_up(report: &Report) {
    let totals = &report.totals;
    let own = |figure: fn(&Function) -> u64| report.functions.iter().map(figure).sum::<u64>();
    let nodes = |figure: fn(&CallTreeNode) -> u64| report.call_tree.iter().map(figure).sum::<u64>();
    let outside = &report.unattributed;
    assert_eq!(own(|row| row.self_allocated_bytes) + outside.self_allocated_bytes, totals.allocated_bytes);
    assert_eq!(own(|row| row.self_allocated_count) + outside.self_allocated_count, totals.allocated_count);
    assert_eq!(own(|row| row.self_deallocated_bytes) + outside.self_deallocated_bytes, totals.deallocated_bytes);
    assert_eq!(nodes(|row| row.self_allocated_bytes) + outside.self_allocated_bytes, totals.allocated_bytes);
    assert_eq!(nodes(|row| row.self_deallocated_bytes) + outside.self_deallocated_bytes, totals.deallocated_bytes);
    let threads: u64 = report.threads.iter().map(|row| row.self_allocated_bytes).sum();
    assert_eq!(threads, totals.allocated_bytes);
    let groups: u64 = report.live.groups.iter().map(|group| group.bytes).sum();
    assert_eq!(Some(groups), report.live.estimated_bytes);
    for (id, node) in report.call_tree.iter().enumerate() {
        assert!(node.id as usize == id && node.parent.is_none_or(|parent| parent < node.id));
    }
}

#[test]
fn the_sum_of_one_report_has_its_figures() {
    let report = golden::report();
    let mut sum = merged(std::slice::from_ref(&report));
    rows_add_up(&sum);
    let merged = sum.merged.take().expect("it is a sum");
    assert_eq!((merged.reports, merged.hosts, merged.peak_sum_bytes), (1, 1, report.totals.peak_bytes));
    assert_eq!(merged.timelines[0].timeline.points.len(), report.timeline.as_ref().unwrap().points.len());
    assert_eq!((&sum.findings, &sum.warnings, &sum.program), (&report.findings, &report.warnings, &report.program));
    assert_eq!((&sum.settings, &sum.peak, &sum.os), (&report.settings, &report.peak, &report.os));
    let (mut expected, actual) = (integers(&report), integers(&sum));
    let is_summed = |path: &str| ![".timeline", ".call_tree", ".limit."].iter().any(|start| path.starts_with(start));
    expected.retain(|path, _| is_summed(path) && !path.contains("stack"));
    for (path, figure) in expected {
        assert_eq!(actual.get(&path), Some(&figure), "{path}");
    }
    // Rows without order.
    let by_name = |rows: &[Function]| {
        let mut rows = rows.to_vec();
        rows.sort_by(|one, other| (&one.name, one.line).cmp(&(&other.name, other.line)));
        rows
    };
    assert_eq!(by_name(&sum.functions), by_name(&report.functions));
    // Each of its functions has one path.
    let by_function = |tree: &[CallTreeNode]| {
        let row = |node: &CallTreeNode| {
            let caller = node.parent.map(|caller| tree[caller as usize].function.clone());
            (node.function.clone(), caller, CallTreeNode { id: 0, parent: None, ..node.clone() })
        };
        let mut rows: Vec<_> = tree.iter().map(row).collect();
        rows.sort_by(|one, other| one.0.cmp(&other.0));
        rows
    };
    assert_eq!(by_function(&sum.call_tree), by_function(&report.call_tree));
    assert_eq!(
        (&sum.unattributed, &sum.labels, &sum.overhead),
        (&report.unattributed, &report.labels, &report.overhead)
    );
    assert_eq!(sum.live.groups.len(), report.live.groups.len());
}

#[test]
fn rows_of_several_reports_are_their_sums() {
    let reports: Vec<Report> = (0..7).map(variant).collect();
    let sum = merged(&reports);
    rows_add_up(&sum);
    for row in &sum.functions {
        let of = |report: &Report| report.functions.iter().find(|own| own.name == row.name).unwrap().clone();
        assert_eq!(row.allocated_bytes, reports.iter().map(|report| of(report).allocated_bytes).sum::<u64>());
        assert_eq!(row.self_net_bytes, reports.iter().map(|report| of(report).self_net_bytes).sum::<i64>());
        assert_eq!(row.peak_bytes, of(&reports[0]).peak_bytes);
    }
    let peaks = || reports.iter().map(|report| report.totals.peak_bytes);
    let facts = sum.merged.as_ref().unwrap();
    assert_eq!((facts.reports, facts.hosts, facts.peak_sum_bytes), (7, 5, peaks().sum()));
    assert_eq!((facts.timelines.len(), &sum.timeline), (7, &None));
    assert_eq!(Some(sum.totals.peak_bytes), peaks().max());
    assert_eq!(sum.peak, reports[6].peak);
    assert_eq!((&sum.program.version, &sum.program.host, &*sum.program.run), (&None, &None, ""));
    assert_eq!(sum.program.started_at, "2025-11-22T10:15:00Z");
    assert_eq!(sum.os.rss_bytes, reports[0].os.rss_bytes.map(|bytes| 7 * bytes));
    assert_eq!(sum.os.peak_rss_bytes, reports[0].os.peak_rss_bytes);
    assert_eq!(sum.os.limit_bytes, None);
    assert!(
        sum.warnings
            .iter()
            .any(|warning| warning == "Merged reports: they differ in version, and the sum has none of these")
    );
    let growing = sum.findings.iter().find(|finding| finding.title.contains("serve")).unwrap();
    assert!(
        growing.title.starts_with("In all 7 reports, 14.0 MB in all; for example: vector_search::serve"),
        "{growing:?}"
    );
    assert_eq!(growing.bytes, 14 << 20);
    assert_eq!(Report::from_json(&sum.to_json()).expect("it is a report"), sum);
}

/// A sequence of numbers that looks random.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

/// Order and grouping do not matter: not to sums, nor to any other integer.
#[test]
fn merging_is_associative_and_independent_of_order() {
    let mut state = 18;
    for _ in 0..20 {
        let count = 2 + random(&mut state) % 10;
        let seeds: BTreeSet<u64> = (0..count).map(|_| random(&mut state) % 40).collect();
        let all: Vec<Report> = seeds.iter().map(|seed| variant(*seed)).collect();
        let whole = merged(&all);
        rows_add_up(&whole);
        let reversed = merge(all.iter().rev().cloned()).expect("the same reports");
        assert_eq!(integers(&reversed), integers(&whole));
        assert_eq!((&reversed.findings, &reversed.warnings), (&whole.findings, &whole.warnings));
        let mut parts: HashMap<u64, Vec<Report>> = HashMap::new();
        for report in all {
            parts.entry(random(&mut state) % 4).or_default().push(report);
        }
        let grouped = merge(parts.values().map(|part| merged(part))).expect("sums of one program");
        assert_eq!(integers(&grouped), integers(&whole));
        assert_eq!(grouped.warnings, whole.warnings);
    }
}

#[test]
fn another_program_schema_or_run_is_an_error_and_changes_nothing() {
    let mut sum = Merge::default();
    sum.add(variant(1)).expect("the first one");
    let mut other = variant(2);
    other.program.name = "other".into();
    let message = sum.add(other).unwrap_err().to_string();
    assert!(message.contains("other") && message.contains("vector_search"), "{message}");
    let mut other = variant(3);
    other.schema_version = 2;
    assert!(sum.add(other).unwrap_err().to_string().contains("schema 2"));
    let message = sum.add(variant(1)).unwrap_err().to_string();
    assert!(message.contains("run-1") && message.contains("4711"), "{message}");
    // Also within a merged report.
    let message = sum.add(merged(&[variant(1), variant(4)])).unwrap_err().to_string();
    assert!(message.contains("run-1"), "{message}");
    let (sum, one) = (sum.finish().expect("one report").totals, variant(1).totals);
    assert_eq!(
        (sum.allocated_bytes, sum.net_bytes, sum.peak_bytes),
        (one.allocated_bytes, one.net_bytes, one.peak_bytes)
    );
    assert!(merge([]).unwrap_err().to_string().contains("no report"));
}

#[test]
fn numbers_at_their_limits_do_not_overflow() {
    let most = |run: &str| {
        let text = variant(1).to_json();
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        fn raise(value: &mut serde_json::Value) {
            match value {
                serde_json::Value::Object(fields) => fields.values_mut().for_each(raise),
                serde_json::Value::Array(rows) => rows.iter_mut().for_each(raise),
                serde_json::Value::Number(number) if number.as_u64().is_some_and(|number| number > 5000) => {
                    *value = i64::MAX.into();
                }
                _ => {}
            }
        }
        raise(&mut value);
        value["program"]["run"] = run.into();
        let mut report = Report::from_json(&value.to_string()).unwrap();
        report.totals.allocated_bytes = u64::MAX;
        report.functions[0].allocated_bytes = u64::MAX;
        report
    };
    let sum = merged(&[most("a"), most("b"), most("c")]);
    assert_eq!(sum.totals.allocated_bytes, u64::MAX);
    assert_eq!(sum.merged.map(|merged| merged.peak_sum_bytes), Some(u64::MAX));
}

fn estimate(bytes: Option<u64>, error: Option<u64>) -> Report {
    let mut report = variant(0);
    report.live.exact = false;
    report.live.sample_interval_bytes = 100;
    let row = &mut report.functions[0];
    (row.retained_bytes, row.retained_error_bytes) = (bytes, error);
    report
}

fn retained_in_sum(reports: [Report; 2]) -> (Option<u64>, Option<u64>) {
    let name = reports[0].functions[0].name.clone();
    let [mut one, mut other] = reports;
    (one.program.run, other.program.run) = ("one".into(), "other".into());
    let sum = merged(&[one, other]);
    let row = sum.functions.iter().find(|row| row.name == name).unwrap();
    (row.retained_bytes, row.retained_error_bytes)
}

#[test]
fn errors_of_estimates_are_added_as_those_of_independent_ones() {
    let sum = |one, other| retained_in_sum([one, other]);
    assert_eq!(sum(estimate(Some(500), Some(30)), estimate(Some(700), Some(40))), (Some(1200), Some(50)));
    assert_eq!(sum(estimate(Some(500), Some(30)), estimate(Some(700), None)), (Some(1200), None));
    // The sample of one has no block of the function: at most 3 intervals.
    assert_eq!(sum(estimate(Some(500), Some(400)), estimate(None, None)), (Some(500), Some(500)));
    assert_eq!(sum(estimate(None, None), estimate(None, None)), (None, None));
    // Not recorded: not known.
    let mut without = estimate(None, None);
    without.live.tracked = None;
    assert_eq!(sum(estimate(Some(500), Some(400)), without), (None, None));
}

#[test]
fn percentiles_stay_only_if_they_are_the_same() {
    let of = |p50, p95| Some(Distribution { min: 1, p50: Some(p50), p95: Some(p95), p99: None, max: 90 });
    let mut sum = of(10, 50);
    distribution::merge(&mut sum, None);
    distribution::merge(&mut sum, Some(Distribution { min: 0, max: 80, ..of(10, 60).unwrap() }));
    distribution::merge(&mut sum, of(10, 50));
    assert_eq!(sum, Some(Distribution { min: 0, p50: Some(10), p95: None, p99: None, max: 90 }));
}

#[test]
fn groups_of_another_build_or_verdict_keep_their_rows() {
    let (one, mut other) = (variant(1), variant(2));
    let groups = one.live.groups.len();
    let group = other.live.groups.iter_mut().find(|group| !group.stack.is_empty()).expect("one has a stack");
    group.stack[0].address += 64;
    assert_eq!(merged(&[one.clone(), other.clone()]).live.groups.len(), groups + 1);
    let group = other.live.groups.iter_mut().find(|group| group.verdict.as_deref() == Some("growing")).unwrap();
    group.verdict = Some("recent".into());
    group.growth = None;
    assert_eq!(merged(&[one, other]).live.groups.len(), groups + 2);
}

#[test]
fn rows_beyond_their_limits_are_added_to_one_and_it_is_said() {
    let mut reports: Vec<Report> = (0..2).map(variant).collect();
    for (number, report) in reports.iter_mut().enumerate() {
        let template = report.live.groups.iter().find(|group| !group.stack.is_empty()).unwrap().clone();
        for index in 0..6000 {
            let mut group = LiveGroup { bytes: 1, ..template.clone() };
            group.stack[0].address = (number * 10_000 + index) as u64;
            report.live.groups.push(group);
        }
        report.live.estimated_bytes = report.live.estimated_bytes.map(|bytes| bytes + 6000);
        let mut thread = report.threads[0].clone();
        for index in 0..3000 {
            thread.name = format!("connection {number} {index}");
            thread.self_allocated_bytes = 0;
            report.threads.push(thread.clone());
        }
    }
    let sum = merged(&reports);
    rows_add_up(&sum);
    assert!(sum.threads.len() <= 4097 && sum.threads.iter().any(|row| row.name == "(other threads)"));
    assert!(sum.live.groups.len() < 8300);
    let said = |part: &str| sum.warnings.iter().any(|warning| warning.contains(part));
    assert!(said("live groups have more stacks") && said("threads have more names"), "{:?}", sum.warnings);
}

#[test]
fn of_many_timelines_those_of_the_highest_net_are_kept() {
    let of = |seed: u64| {
        let mut report = variant(seed);
        let timeline = report.timeline.as_mut().unwrap();
        let point = timeline.points[0].clone();
        timeline.points = (0..1000).map(|_| point.clone()).collect();
        for (index, point) in timeline.points.iter_mut().enumerate() {
            point.seconds = index as f64;
        }
        timeline.points[333].net_bytes = 1_000_000_000 + seed as i64;
        report
    };
    let sum = merge((0..300).map(of)).unwrap();
    let timelines = &sum.merged.as_ref().unwrap().timelines;
    assert_eq!(timelines.len(), 64);
    assert!(timelines.iter().all(|row| row.timeline.points.len() <= 128));
    assert!(timelines.iter().all(|row| row.timeline.points.last().unwrap().seconds == 999.0));
    let highest = |row: &crate::report::data::MergedTimeline| {
        row.timeline.points.iter().map(|point| point.net_bytes).max().unwrap() - 1_000_000_000
    };
    assert_eq!(timelines.iter().map(highest).collect::<Vec<_>>(), (236..300).rev().collect::<Vec<_>>());
    let left_out = "Merged reports: 236 timelines left out; the 64 with the highest net are in `merged.timelines`";
    assert!(sum.warnings.iter().any(|warning| warning == left_out), "{:?}", sum.warnings);
    let again = merge([sum, of(1000)]).unwrap();
    assert!(again.warnings.iter().any(|warning| warning.contains(" 237 timelines left out")), "{:?}", again.warnings);
}

#[test]
fn warnings_of_one_kind_are_one_sentence() {
    let mut reports: Vec<Report> = (0..4).map(variant).collect();
    for (index, report) in reports.iter_mut().enumerate() {
        report.warnings = vec!["disk full".into(), format!("{} blocks did not fit", 10 + index)];
    }
    reports[3].warnings.clear();
    reports[2].program.is_final = false;
    let expected = [
        "In 3 of 4 reports, such as: 10 blocks did not fit",
        "In 3 of 4 reports: disk full",
        "Merged reports: 1 written while the program ran; their figures are those so far",
        "Merged reports: they differ in version, and the sum has none of these",
    ];
    assert_eq!(merged(&reports).warnings, expected);
    let parts = [merged(&reports[..1]), merged(&reports[1..])];
    assert_eq!(merged(&parts).warnings, expected);
}

#[test]
fn findings_of_one_kind_are_one_row() {
    let finding = |bytes: u64, title: &str| Finding {
        kind: "growing".into(),
        title: title.into(),
        function: Some("app::f".into()),
        file: Some("f.rs".into()),
        line: Some(3),
        bytes,
        exact: true,
        ..Finding::default()
    };
    let mut reports: Vec<Report> = (0..5).map(variant).collect();
    reports.iter_mut().for_each(|report| report.findings.clear());
    reports[0].findings = vec![finding(1024, "f grows little")];
    reports[1].findings = vec![finding(3072, "f grows much"), finding(1024, "f grows elsewhere")];
    reports[3].findings = vec![Finding { kind: "peak".into(), ..finding(0, "one peak") }];
    for sum in [merged(&reports), merged(&[merged(&reports[..1]), merged(&reports[1..])])] {
        let titles: Vec<&str> = sum.findings.iter().map(|finding| finding.title.as_str()).collect();
        assert_eq!(
            titles,
            ["In 2 of 5 reports, 5.0 KB in all; for example: f grows much", "In 1 of 5 reports: one peak"]
        );
        assert_eq!((sum.findings[0].bytes, sum.findings[0].line), (5120, Some(3)));
    }
}

#[test]
fn what_the_reports_do_not_agree_on_is_null() {
    let mut reports = [variant(0), variant(2)];
    reports[1].settings = Some(Settings { keep: 77, ..Settings::default() });
    reports[1].allocator.inner = "system".into();
    reports[1].allocator.held_bytes = None;
    reports[1].jemalloc = None;
    reports[1].program.is_final = false;
    let sum = merged(&reports);
    assert_eq!((&sum.settings, &sum.jemalloc, sum.allocator.held_bytes), (&None, &None, None));
    assert_eq!((&*sum.allocator.inner, sum.program.is_final), ("jemalloc, system", false));
    assert_eq!(sum.program.version.as_deref(), Some("1.0"));
    assert!(
        sum.warnings.iter().any(|warning| warning.ends_with("they differ in settings, and the sum has none of these"))
    );
    reports[1].allocator.installed = false;
    let sum = merged(&reports);
    assert!(sum.allocator.installed);
    assert!(sum.warnings.iter().any(|warning| warning.contains("1 without memprof's allocator")));
}

#[test]
fn a_tree_that_is_damaged_is_merged_all_the_same() {
    let mut damaged = variant(1);
    for node in &mut damaged.call_tree {
        node.parent = Some(node.id);
    }
    damaged.call_tree[3].parent = Some(u32::MAX);
    rows_add_up(&merged(&[variant(0), damaged]));
}

#[test]
fn texts_say_that_a_report_is_a_sum() {
    let sum = merged(&(0..3).map(variant).collect::<Vec<_>>());
    let sentence = "Sum of 3 reports of 3 hosts. The peak is the highest of one process; the peaks of all add up to";
    let text = |format| String::from_utf8(sum.to_format(format)).unwrap().replace("\n  ", " ");
    assert!(text(Format::Table).contains(sentence), "{}", text(Format::Table));
    assert!(text(Format::Markdown).contains(sentence), "{}", text(Format::Markdown));
    let leaks = text(Format::Leaks);
    assert!(leaks.contains("program: vector_search (3 reports of 3 hosts), the first started 2025-11-22T10:15:00Z"));
    assert!(leaks.contains("of one process") && !leaks.contains("process 4711"), "{leaks}");
    for format in Format::ALL {
        assert!(!sum.to_format(*format).is_empty());
    }
    // The sum of one report reads as the report, but for the order of its rows.
    let sorted = |report: &Report| {
        let text = String::from_utf8(report.to_format(Format::Table)).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&merged(&[variant(0)])), sorted(&variant(0)));
}
