use super::*;
use crate::report::Report;
use crate::report::data::{Finding, TestRow};
use crate::report::golden;

const LOAD: &str = "vector_search::load";

fn judge(old: &Report, new: &Report, rules: &[&str]) -> Checked {
    check(old, new, &Rules::parse(rules).unwrap_or_else(|error| panic!("{error}")))
}

/// 3 for a violation, 0 if the check passed, 1 if not.
fn status(checked: &Checked) -> i32 {
    match checked.violations().count() {
        0 if checked.passed() => 0,
        0 => 1,
        _ => 3,
    }
}

/// The golden report, with more bytes allocated by the own code of `load`.
fn with(bytes: u64) -> Report {
    let mut report = golden::report();
    let row = report.functions.iter_mut().find(|row| row.name == LOAD).unwrap();
    row.self_allocated_bytes += bytes;
    row.allocated_bytes += bytes;
    report.totals.allocated_bytes += bytes;
    report
}

fn own_bytes_of_load() -> u64 {
    golden::report().functions.iter().find(|row| row.name == LOAD).unwrap().self_allocated_bytes
}

#[test]
fn mistakes_are_marked_at_their_place() {
    let cases = [
        ("", "an empty rule", "^"),
        ("   ", "an empty rule", "^"),
        ("search.allocated_bytes", "no comparison", "                      ^"),
        ("search.allocated_bytes >", "no limit behind `>`", "                        ^"),
        ("search.allocated_bytes > and +3%", "no limit beside `and`", "                         ^^^"),
        ("search.allocated_bytes > +3% and", "no limit beside `and`", "                             ^^^"),
        ("search.allocated_bytes >= +3%", "`>=` is no comparison here", "                       ^^"),
        ("search.allocated_bytes < 3", "no comparison", "                       ^"),
        ("search.allocated_bytes = 3", "no comparison", "                       ^"),
        ("> +3%", "no figure before `>`", "^"),
        ("search > +3%", "no column of `search`", "^^^^^^"),
        (".calls > +3%", "no name before the column", "^^^^^^"),
        (
            "search.alocated_bytes > +3%",
            "no column `alocated_bytes`; did you mean `allocated_bytes`?",
            "       ^^^^^^^^^^^^^^",
        ),
        ("totals.peek_bytes > +3%", "no column `peek_bytes`; did you mean `peak_bytes`?", "       ^^^^^^^^^^"),
        ("totals.calls > +3%", "no column `calls`; the columns are allocated_bytes, ", "       ^^^^^"),
        ("tests.*.keeps > 0", "no column `keeps`; the columns are", "        ^^^^^"),
        ("findings. > 0", "no kind of findings", "^^^^^^^^^"),
        ("totals.peak_bytes > 3%", "a share is one of the baseline: write `+3%`", "                    ^^"),
        ("totals.peak_bytes > -3%", "a limit is not negative", "                    ^^^"),
        ("totals.peak_bytes > +3XB", "no unit `XB`; the units are %, B, KB = KiB", "                      ^^"),
        ("totals.peak_bytes > lots", "`lots` is no limit", "                    ^^^^"),
        ("totals.peak_bytes > 1.2.3 KB", "`1.2.3` is no number", "                    ^^^^^"),
        ("totals.peak_bytes > 1.5", "`1.5` is no whole number of bytes", "                    ^^^"),
        (
            "totals.peak_bytes > 99999999999999999999",
            "`99999999999999999999` is no number, or",
            "                    ^^^^^^^^^^^^^^^^^^^^",
        ),
        ("totals.peak_bytes > 99999999 TB", "`99999999 TB` is too large", "                    ^^^^^^^^^^^"),
        ("search.calls > +3KiB", "the figure counts calls, not bytes", "                 ^^^"),
        ("a.calls > +3% and b.calls > +3%", "two comparisons in one rule", "        ^"),
        ("`a b.calls > +3%", "no second ` behind the name", "^"),
        ("<app::Index as Search>::run.calls", "no comparison behind the figure", "^^^^^^^^^^^^^^^^^^^^^"),
        ("größe.cals > +3%", "no column `cals`; did you mean `calls`?", "      ^^^^"),
    ];
    for (expression, message, mark) in cases {
        let error = Rules::parse([expression]).expect_err(expression).to_string();
        let lines: Vec<&str> = error.lines().collect();
        assert!(lines[0].starts_with(message), "{expression}: {error}");
        assert_eq!(lines[1], format!("  {}", expression.trim_end()), "{error}");
        assert!(lines[2].strip_prefix("  ").is_some_and(|line| line.starts_with(mark)), "{error}");
        assert_eq!(lines[2].trim().chars().count(), mark.trim().len(), "{error}");
        assert_eq!(lines.len(), 3);
    }
    let error = Rules::parse([format!("{}.calls > 0", "a".repeat(1 << 20))]).unwrap_err().to_string();
    assert!(error.starts_with("a rule has at most 4096 bytes") && error.len() < 300, "{error}");
    let error = Rules::parse(["a\u{1b}[31m.cals > 0"]).unwrap_err().to_string();
    assert!(!error.contains('\u{1b}'), "{error:?}");
}

#[test]
fn no_text_is_too_odd_for_an_error() {
    const PIECES: [&str; 24] = [
        "totals",
        "tests",
        "findings",
        "search",
        ".",
        "..",
        "calls",
        "peak_bytes",
        ">",
        ">=",
        "<",
        "->",
        "`",
        "\"",
        "'",
        "+",
        "%",
        "5",
        "1.5",
        "KiB",
        " and ",
        " ",
        "ä\u{202e}",
        "\n",
    ];
    let mut seed = 7_u64;
    for _ in 0..50_000 {
        let mut text = String::new();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut rest = seed >> 8;
        for _ in 0..seed >> 60 {
            text.push_str(PIECES[(rest % 24) as usize]);
            rest /= 24;
        }
        if let Err(error) = Rules::parse([&text]) {
            assert_eq!(error.to_string().lines().count(), 3, "{text:?}");
        }
    }
}

#[test]
fn rules_are_read_in_every_spelling() {
    let rules = [
        "vector_search::load.self_allocated_bytes>+5%and+1KiB",
        "vector_search::load.self_allocated_bytes > +0.5% AND +1_024 B",
        "load.self_allocated_bytes > +0.5% && +1 kib",
        "`vector_search::load`.self_allocated_bytes > 0",
        "\"vector_search::load\" . self_allocated_bytes\n> 0",
        "'load'.calls > +1000 calls",
        "warm up.calls > +10%",
        "*.copied_bytes > 4 GB",
        "unattributed.self_allocated_bytes > 10MB",
        "findings.* > 1000",
        "findings.growing > 1000 findings",
        "totals.allocated_count > +1000 blocks and 1000000000000",
    ];
    for rule in rules.into_iter().skip(1) {
        let checked = judge(&golden::report(), &golden::report(), &[rule]);
        assert!(!checked.judged.is_empty() && checked.problems.is_empty(), "{rule}: {checked:?}");
    }
    // A unit needs a space behind it: this is one word.
    assert!(Rules::parse([rules[0]]).is_err());
}

#[test]
fn an_unchanged_report_passes_every_time() {
    for _ in 0..20 {
        let checked = judge(&golden::report(), &golden::report(), &[]);
        assert_eq!(status(&checked), 0, "{:?}", checked.problems);
        assert!(checked.judged.len() > golden::report().functions.len());
    }
    let rules = ["*.self_allocated_bytes > +0%", "totals.allocated_bytes > +0%", "*.calls > +0"];
    assert_eq!(status(&judge(&golden::report(), &golden::report(), &rules)), 0);
}

#[test]
fn a_regression_of_one_percent_is_caught_by_a_rule_of_half_a_percent() {
    let one = own_bytes_of_load() / 100;
    for rule in ["load.self_allocated_bytes > +0.5%", "*::load.self_allocated_bytes > +0.5% and +1KiB"] {
        assert_eq!(status(&judge(&with(0), &with(one), &[rule])), 3, "{rule}");
        assert_eq!(status(&judge(&with(0), &with(one / 4), &[rule])), 0, "{rule}");
        assert_eq!(status(&judge(&with(one), &with(0), &[rule])), 0, "{rule}: less is no regression");
    }
    assert_eq!(status(&judge(&with(0), &with(one), &["load.self_allocated_bytes > +2%"])), 0);
    assert_eq!(status(&judge(&with(0), &with(one), &[])), 0, "the default limit is 5 %");
    let checked = judge(&with(0), &with(one * 6), &[]);
    let violation = checked.violations().find(|row| row.figure.starts_with(LOAD)).expect("the own bytes of load");
    let (old, new) = (crate::size::count(own_bytes_of_load()), crate::size::count(own_bytes_of_load() + one * 6));
    let line = violation.to_string();
    assert!(line.starts_with(&format!("{LOAD}.self_allocated_bytes: {old} → {new} bytes, +")), "{line}");
    assert!(line.ends_with(" (+6.00 %); limit +5% and +1KiB"), "{line}");
    assert!(violation.file.is_some() && violation.line.is_some());
}

#[test]
fn both_limits_of_a_rule_must_be_exceeded() {
    let bytes = own_bytes_of_load();
    let rule = |limits: &str| format!("load.self_allocated_bytes > {limits}");
    let fails = |limits: &str, more| status(&judge(&with(0), &with(more), &[&rule(limits)])) == 3;
    assert!(!fails("+1% and +1GiB", bytes / 10));
    assert!(!fails("+50% and +1KiB", bytes / 10));
    assert!(fails("+1% and +1KiB", bytes / 10));
    assert!(fails(&format!("+1% and {bytes}"), bytes / 10));
    assert!(!fails(&format!("{}", bytes * 2), bytes / 10));
    assert!(fails("0", 0), "a limit without + is one of the new report alone");
}

#[test]
fn time_never_fails() {
    let mut new = golden::report();
    new.program.duration_seconds *= 100.0;
    new.program.started_at = "2030-01-01T00:00:00Z".into();
    new.program.pid += 1;
    new.program.run = "other".into();
    new.os.rss_bytes = Some(1 << 40);
    for group in &mut new.live.groups {
        group.bytes_per_second *= 100.0;
    }
    let rules = ["default", "*.allocated_bytes > +0", "*.calls > +0", "totals.peak_bytes > +5%"];
    assert_eq!(status(&judge(&golden::report(), &new, &rules)), 0);
}

#[test]
fn a_peak_is_judged_only_outside_its_error() {
    let report = |peak: u64, error: u64| {
        let mut report = golden::report();
        report.totals.peak_bytes = peak;
        report.totals.peak_error_bytes = error;
        report
    };
    let of = |old: (u64, u64), new: (u64, u64), limit: &str| {
        let checked = judge(&report(old.0, old.1), &report(new.0, new.1), &[&format!("totals.peak_bytes > {limit}")]);
        (status(&checked), checked.not_judged.first().map(|row| row.reason.clone()).unwrap_or_default())
    };
    const MB: u64 = 1 << 20;
    assert_eq!(of((MB, 0), (2 * MB, 0), "+5%").0, 3);
    assert_eq!(of((MB, 0), (MB, 0), "+5%").0, 0);
    assert_eq!(of((10 * MB, 65_536), (10 * MB, 65_536), "+5%").0, 0);
    assert_eq!(of((10 * MB, 65_536), (11 * MB, 65_536), "+5%").0, 3);
    let reason = "not certain: the limit lies within the error (± 128.0 KB)";
    assert_eq!(of((10 * MB, 65_536), (10 * MB, 65_536), "+1%"), (1, reason.to_owned()));
    // A limit of the new report alone depends on its error alone.
    assert_eq!(of((MB, MB), (10 * MB, 65_536), "9MiB").0, 3);
    assert_eq!(of((MB, MB), (10 * MB, 65_536), "11MiB").0, 0);
    assert_eq!(of((MB, MB), (10 * MB, 65_536), "10MiB").0, 1);
    // The peak is not judged, and the rest passes.
    let checked = judge(&report(MB, MB), &report(MB, MB), &[]);
    assert_eq!((status(&checked), checked.not_judged[0].figure.as_str()), (0, "totals.peak_bytes"));
}

#[test]
fn estimates_are_not_judged() {
    let report = |retained, error| {
        let mut report = golden::report();
        let row = report.functions.iter_mut().find(|row| row.name == LOAD).unwrap();
        (row.retained_bytes, row.retained_error_bytes) = (retained, error);
        report
    };
    let of = |old, new| {
        let checked = judge(&old, &new, &["load.retained_bytes > +5%"]);
        (status(&checked), checked.not_judged.first().map(|row| row.reason.clone()).unwrap_or_default())
    };
    let exact = |bytes| report(Some(bytes), Some(0));
    assert_eq!(of(exact(100), exact(200)).0, 3);
    assert_eq!(of(exact(100), exact(100)).0, 0);
    assert_eq!(of(exact(100), report(Some(900), Some(4))), (1, "an estimate (± 4 B)".to_owned()));
    assert_eq!(of(report(Some(100), None), exact(900)), (1, "an estimate".to_owned()));
    assert_eq!(of(report(None, None), exact(900)), (1, "not known".to_owned()));
}

#[test]
fn findings_are_judged_if_they_are_exact() {
    let report = |exact: &[bool]| {
        let finding = |exact: &bool| Finding { kind: "growing".into(), exact: *exact, ..Finding::default() };
        Report { findings: exact.iter().map(finding).collect(), ..golden::report() }
    };
    let of = |exact: &[bool], rule| status(&judge(&report(&[]), &report(exact), &[rule]));
    assert_eq!(of(&[], "findings.growing > 0"), 0);
    assert_eq!(of(&[true], "findings.growing > 0"), 3);
    assert_eq!(of(&[true], "findings.* > 0"), 3);
    assert_eq!(of(&[true], "findings.growing > +0"), 3);
    assert_eq!(of(&[true], "findings.transient > 0"), 0);
    assert_eq!(of(&[false], "findings.growing > 0"), 1);
    assert_eq!(of(&[false, true], "findings.growing > 0"), 3);
    assert_eq!(of(&[false, true], "findings.growing > 5"), 0);
    let checked = judge(&report(&[]), &report(&[]), &["findings.grows > 0"]);
    assert_eq!(
        checked.problems,
        ["`findings.grows > 0`: no kind of findings is called `grows`; did you mean `growing`?"]
    );
}

#[test]
fn figures_that_do_not_repeat_are_listed() {
    let repeats =
        |report: Report, figures: &[&str]| Report { repeats: figures.iter().map(|&f| f.into()).collect(), ..report };
    let figure = format!("{LOAD}.self_allocated_bytes");
    let (old, new) = (with(0), with(own_bytes_of_load()));
    let rule = "load.self_allocated_bytes > +5%";
    assert_eq!(status(&judge(&old, &repeats(new.clone(), &[&figure]), &[rule])), 3);
    for (old, new) in [
        (old.clone(), repeats(new.clone(), &["totals.allocated_bytes"])),
        (repeats(old.clone(), &["totals.allocated_bytes"]), new.clone()),
        (repeats(old.clone(), &[&figure]), repeats(new.clone(), &["totals.allocated_bytes"])),
    ] {
        let checked = judge(&old, &new, &[rule]);
        assert_eq!(status(&checked), 1);
        assert_eq!(checked.not_judged[0].to_string(), format!("{figure}: not the same in repeated runs"));
        assert!(checked.problems[0].starts_with(&format!("`{rule}` judged nothing: {figure} is not the same")));
    }
    let nothing = judge(&old, &repeats(new, &["findings.growing"]), &[]);
    assert_eq!((status(&nothing), nothing.judged.len()), (1, 0));
    assert!(nothing.problems[0].starts_with("the default rules judged nothing: none of "), "{:?}", nothing.problems);
    // What repeats is written by the same list.
    let written = repeats(with(0), &[]);
    let both = super::repeats(&[written.clone(), written]);
    let same = Report { repeats: both, ..with(0) };
    let checked = judge(&same, &same, &[]);
    assert!(checked.passed() && checked.not_judged.iter().all(|row| !row.reason.contains("repeated")));
}

#[test]
fn a_renamed_function_fails_nothing_by_itself() {
    let mut new = golden::report();
    new.functions.iter_mut().find(|row| row.name == LOAD).unwrap().name = "vector_search::read".into();
    let checked = judge(&golden::report(), &new, &[]);
    assert_eq!(status(&checked), 0);
    let reasons: Vec<String> = checked.not_judged.iter().map(ToString::to_string).collect();
    assert!(reasons.contains(&format!("{LOAD}.self_allocated_bytes: in the baseline alone")), "{reasons:?}");
    assert!(reasons.contains(&"vector_search::read.self_allocated_bytes: in the new report alone".to_owned()));
    // A rule about its old or its new name says that it judges nothing; a limit without a baseline needs none.
    assert_eq!(status(&judge(&golden::report(), &new, &["load.self_allocated_bytes > +5%"])), 1);
    assert_eq!(status(&judge(&golden::report(), &new, &["read.self_allocated_bytes > +5%"])), 1);
    assert_eq!(status(&judge(&golden::report(), &new, &["read.self_allocated_bytes > 0"])), 3);
    // The totals have the bytes of a function that is really new.
    new.totals.allocated_bytes *= 2;
    assert_eq!(status(&judge(&golden::report(), &new, &[])), 3);
}

#[test]
fn a_function_that_moves_to_another_file_is_the_same() {
    let mut new = with(own_bytes_of_load());
    let row = new.functions.iter_mut().find(|row| row.name == LOAD).unwrap();
    (row.file, row.line) = ("src/load/mod.rs".into(), 3);
    assert_eq!(status(&judge(&with(0), &new, &["load.self_allocated_bytes > +5%"])), 3);
}

#[test]
fn a_name_that_nothing_has_is_a_problem() {
    let of = |rule: &str| {
        let checked = judge(&golden::report(), &golden::report(), &[rule, "totals.allocated_bytes > +5%"]);
        assert_eq!((status(&checked), checked.judged.len()), (1, 1), "{rule}");
        checked.problems[0].clone()
    };
    assert_eq!(
        of("laod.calls > +5%"),
        "`laod.calls > +5%`: no function is called `laod`; did you mean `vector_search::load`?"
    );
    let problem = of("vector_search::lod.calls > +5%");
    assert!(problem.ends_with("is called `vector_search::lod`; did you mean `vector_search::load`?"), "{problem}");
    let problem = of("*::lod.calls > +5%");
    assert!(problem.contains("no function matches `*::lod`; there are `") && problem.ends_with(" more"), "{problem}");
    assert!(of("tests.*.kept_bytes > 0").ends_with("no test matches `*`; the reports have no test"));
}

#[test]
fn tests_have_figures() {
    let report = |kept| {
        let row = TestRow {
            name: "shop::orders::total".into(),
            allocated_bytes: 4000,
            kept_bytes: kept,
            ..TestRow::default()
        };
        Report { tests: vec![row], schema_version: 1, ..Report::default() }
    };
    for rule in
        ["tests.*.kept_bytes > 0", "shop::orders::total.kept_bytes > +0", "tests.total.kept_bytes > +1KiB", "default"]
    {
        assert_eq!(status(&judge(&report(0), &report(2000), &[rule])), 3, "{rule}");
        assert_eq!(status(&judge(&report(0), &report(0), &[rule])), 0, "{rule}");
        assert_eq!(status(&judge(&report(0), &report(-2000), &[rule])), 0, "{rule}");
    }
    // The peak of a test on several threads depends on their order.
    let peak = |bytes, error| {
        let mut report = report(0);
        (report.tests[0].peak_bytes, report.tests[0].peak_error_bytes) = (bytes, error);
        report
    };
    let rule = ["tests.*.peak_bytes > +5%"];
    assert_eq!(status(&judge(&peak(4000, Some(0)), &peak(8000, Some(0)), &rule)), 3);
    assert_eq!(status(&judge(&peak(4000, Some(0)), &peak(8000, None), &rule)), 1);
    assert_eq!(status(&judge(&peak(4000, Some(0)), &peak(8000, None), &["default"])), 0);
    // A test that failed or did not run has no figures.
    for outcome in ["failed", "ignored"] {
        let mut ended = report(9000);
        ended.tests[0].outcome = outcome.into();
        assert_eq!(status(&judge(&report(0), &ended, &["tests.*.kept_bytes > +0"])), 1, "{outcome}");
    }
    // Tests that have nothing in common: the totals of such reports are empty, and no reason to pass.
    let mut other = report(0);
    other.tests[0].name = "shop::other".into();
    assert_eq!(status(&judge(&report(0), &other, &[])), 1);
}

#[test]
fn the_peak_of_a_test_with_threads_and_a_test_that_did_not_run_are_not_judged() {
    let report = |outcome: &str, peak, error| {
        let name = "shop::total".to_owned();
        let row =
            TestRow { outcome: outcome.into(), peak_bytes: peak, peak_error_bytes: error, name, ..TestRow::default() };
        Report { tests: vec![row], schema_version: 1, ..Report::default() }
    };
    let judge = |old: &Report, new: &Report| judge(old, new, &["tests.*.peak_bytes > +5%"]);
    assert_eq!(status(&judge(&report("passed", 10, Some(0)), &report("passed", 20, Some(0)))), 3);
    let checked = judge(&report("passed", 10, Some(0)), &report("passed", 20, None));
    assert_eq!((status(&checked), checked.not_judged[0].reason.as_str()), (1, "not exact: several threads ran"));
    let checked = judge(&report("ignored", 0, Some(0)), &report("passed", 20, Some(0)));
    assert_eq!((status(&checked), checked.not_judged[0].reason.as_str()), (1, "in the new report alone"));
    let checked = judge(&report("passed", 10, Some(0)), &report("failed", 20, Some(0)));
    assert_eq!((status(&checked), checked.not_judged[0].reason.as_str()), (1, "in the baseline alone"));
}

#[test]
fn reports_of_another_mode_are_not_judged() {
    type Change = fn(&mut Report);
    let cases: [(Change, &str); 7] = [
        (
            |report| report.program.name = "other".into(),
            "of another program: `vector_search`, and the new report of `other`",
        ),
        (
            |report| report.allocator.inner = "system".into(),
            "of another allocator: `jemalloc`, and the new report of `system`",
        ),
        (|report| report.allocator.installed = false, "nothing was counted in the new report"),
        (|report| report.program.is_final = !report.program.is_final, "of another moment: "),
        (|report| report.schema_version = 2, "of another schema: 1, and the new report of 2"),
        (
            |report| report.merged = Some(crate::report::data::Merged { reports: 3, ..Default::default() }),
            "number of processes",
        ),
        (
            |report| report.settings.as_mut().unwrap().track_allocations ^= true,
            "of another setting: `track_allocations = ",
        ),
    ];
    for (change, words) in cases {
        let mut new = with(own_bytes_of_load());
        new.settings.get_or_insert_default();
        let old = Report { settings: new.settings.clone(), ..with(0) };
        change(&mut new);
        let checked = judge(&old, &new, &[]);
        assert_eq!((status(&checked), checked.judged.len()), (1, 0), "{words}");
        assert!(checked.problems[0].contains(words), "{words}: {:?}", checked.problems);
    }
    let named = |name: &str| {
        let mut report = golden::report();
        report.program.name = name.into();
        report
    };
    let checked = judge(&named("search-0123456789abcdef"), &named("search-fedcba9876543210.exe"), &[]);
    assert_eq!(status(&checked), 0, "{:?}", checked.problems);
    assert_eq!(status(&judge(&Report::default(), &Report::default(), &[])), 1);
}

#[test]
fn functions_of_the_same_name_are_judged_one_by_one() {
    let mut old = golden::report();
    let mut double = old.functions.iter().find(|row| row.name == LOAD).unwrap().clone();
    double.file = "src/other.rs".into();
    double.self_allocated_bytes = 10;
    old.functions.push(double);
    let mut new = old.clone();
    new.functions.last_mut().unwrap().self_allocated_bytes = 20;
    let checked = judge(&old, &new, &["load.self_allocated_bytes > +5%"]);
    let rows: Vec<_> = checked.judged.iter().map(|row| (row.file.as_deref(), row.is_violation)).collect();
    assert_eq!((rows.len(), rows[0]), (2, (Some("src/other.rs"), true)));
}

#[test]
fn a_check_is_json() {
    let checked = judge(&with(0), &with(own_bytes_of_load()), &[]);
    let read: Checked = serde_json::from_str(&serde_json::to_string(&checked).unwrap()).unwrap();
    assert_eq!(read, checked);
    assert!(!checked.judged.is_empty());
}
