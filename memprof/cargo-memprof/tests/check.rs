//! `cargo memprof check`: its statuses, its lines, and its files for other tools.
#![allow(missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use memprof::Report;
use tempfile::TempDir;

const LOAD: &str = "vector_search::load";

/// A folder with a baseline: the report of the format tests.
struct Folder {
    folder: TempDir,
}

/// Output and status of a command.
#[derive(Debug)]
struct Ran {
    status: i32,
    out: String,
    err: String,
}

impl Folder {
    fn new() -> Self {
        let folder = Self { folder: tempfile::tempdir().unwrap() };
        folder.write("old.json", |_| {});
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Writes a report that differs from the baseline.
    fn write(&self, name: &str, change: impl FnOnce(&mut Report)) {
        let mut report = golden();
        change(&mut report);
        fs::write(self.path(name), report.to_json()).unwrap();
    }

    fn check(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-memprof"));
        command.args(["memprof", "check"]).args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }
}

fn golden() -> Report {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/memory_allocations.json");
    Report::from_json(&fs::read_to_string(path).unwrap()).unwrap()
}

/// More bytes of `load`, in thousandths of those that it has.
fn more(thousandths: u64) -> impl FnOnce(&mut Report) {
    move |report| {
        let row = report.functions.iter_mut().find(|row| row.name == LOAD).unwrap();
        let bytes = row.self_allocated_bytes * thousandths / 1000;
        row.self_allocated_bytes += bytes;
        row.allocated_bytes += bytes;
        report.totals.allocated_bytes += bytes;
    }
}

#[test]
fn an_unchanged_report_passes() {
    let folder = Folder::new();
    let ran = folder.check(&["old.json", "--baseline", "old.json"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(ran.out.ends_with(" figures judged, none exceeds its limit\n") && ran.out.lines().count() == 1, "{ran:?}");
}

#[test]
fn a_regression_has_one_line_and_status_3() {
    let folder = Folder::new();
    folder.write("new.json", more(10));
    let rule = "load.self_allocated_bytes > +0.5%";
    let ran = folder.check(&["new.json", "--baseline", "old.json", "--fail-on", rule]);
    let line = "vector_search::load.self_allocated_bytes: 5,513,202 → 5,568,334 bytes, +53.8 KB (+1.00 %); limit +0.5%";
    assert_eq!((ran.status, ran.out), (3, format!("{line}\n1 figure judged, 1 exceeds its limit\n")));
    // Less than the limit, and less than before.
    folder.write("less.json", more(4));
    assert_eq!(folder.check(&["less.json", "--baseline", "old.json", "--fail-on", rule]).status, 0);
    assert_eq!(folder.check(&["old.json", "--baseline", "new.json", "--fail-on", rule]).status, 0);
    assert_eq!(folder.check(&["new.json", "--baseline", "old.json"]).status, 0, "the default limit is 5 %");
    folder.write("much.json", more(60));
    assert_eq!(folder.check(&["much.json", "--baseline", "old.json"]).status, 3);
    let both = ["--fail-on", "totals.peak_bytes > +900%", "--fail-on", "default"];
    assert_eq!(folder.check(&[&["much.json", "--baseline", "old.json"], &both[..]].concat()).status, 3);
    assert_eq!(folder.check(&[&["much.json", "--baseline", "old.json"], &both[..2]].concat()).status, 0);
}

#[test]
fn a_new_baseline_has_its_files_too() {
    let folder = Folder::new();
    folder.write("new.json", more(100));
    let ran = folder.check(&["new.json", "--baseline", "old.json", "--bless", "--junit", "junit.xml"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(folder.text("junit.xml").contains("<failure"), "{}", folder.text("junit.xml"));
    let ran = folder.check(&["new.json", "--baseline", "first.json", "--bless", "--junit", "junit.xml"]);
    assert!(ran.status == 0 && folder.path("first.json").exists() && !folder.text("junit.xml").contains("<failure"));
}

#[test]
fn time_is_not_judged() {
    let folder = Folder::new();
    folder.write("slow.json", |report| report.program.duration_seconds *= 10.0);
    let all = ["--fail-on", "default", "--fail-on", "*.calls > +0", "--fail-on", "*.allocated_bytes > +0"];
    assert_eq!(folder.check(&[&["slow.json", "--baseline", "old.json"], &all[..]].concat()).status, 0);
}

#[test]
fn a_mistake_in_a_rule_is_wrong_usage() {
    let folder = Folder::new();
    let ran = folder.check(&["old.json", "--baseline", "old.json", "--fail-on", "load.calls > 5%"]);
    let expected =
        "error: --fail-on: a share is one of the baseline: write `+5%`\n  load.calls > 5%\n               ^^\n";
    assert_eq!((ran.status, ran.err.as_str()), (2, expected));
    let ran = folder.check(&["old.json", "--fail-on", "load.calls > +5%"]);
    assert_eq!((ran.status, ran.err.as_str()), (2, "error: a limit with + needs a baseline: --baseline OLD\n"));
    assert_eq!(folder.check(&["old.json"]).status, 2);
}

#[test]
fn a_limit_without_a_baseline_needs_none() {
    let folder = Folder::new();
    let peak = golden().totals.peak_bytes;
    assert_eq!(folder.check(&["old.json", "--fail-on", &format!("totals.peak_bytes > {}", peak * 2)]).status, 0);
    let ran = folder.check(&["old.json", "--fail-on", "totals.peak_bytes > 1MiB"]);
    assert_eq!(ran.status, 3);
    assert!(ran.out.starts_with("totals.peak_bytes: ") && ran.out.contains(" bytes; limit 1MiB\n"), "{ran:?}");
}

#[test]
fn a_rule_that_judges_nothing_is_no_success() {
    let folder = Folder::new();
    let of = |new: &str, rule: &str| {
        let ran =
            folder.check(&[new, "--baseline", "old.json", "--fail-on", rule, "--fail-on", "totals.net_count > +0"]);
        assert_eq!(ran.status, 1, "{rule}: {ran:?}");
        ran.err
    };
    let err = of("old.json", "laod.calls > +5%");
    assert!(err.contains("no function is called `laod`; did you mean `vector_search::load`?"), "{err}");
    let err = of("old.json", "*::laod.calls > +5%");
    assert!(err.contains("no function matches `*::laod`"), "{err}");
    folder.write("renamed.json", |report| {
        report.functions.iter_mut().find(|row| row.name == LOAD).unwrap().name = "vector_search::read".into();
    });
    let err = of("renamed.json", "load.calls > +5%");
    assert!(err.contains("vector_search::load.calls: in the baseline alone"), "{err}");
    folder.write("varies.json", |report| report.repeats = vec!["totals.net_count".into()]);
    let err = of("varies.json", "load.calls > +5%");
    assert!(err.contains("not judged:\n  vector_search::load.calls: not the same in repeated runs\n"), "{err}");
    // A renamed function alone is no reason to fail.
    let ran = folder.check(&["renamed.json", "--baseline", "old.json"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    assert!(ran.err.contains("vector_search::read.self_allocated_bytes: in the new report alone"), "{ran:?}");
    assert!(ran.out.ends_with(" figures judged, none exceeds its limit; 2 not judged\n"), "{ran:?}");
}

#[test]
fn reports_of_another_mode_are_not_judged() {
    let folder = Folder::new();
    folder.write("other.json", |report| report.allocator.inner = "system".into());
    let ran = folder.check(&["other.json", "--baseline", "old.json", "--github"]);
    let reason = "the baseline is of another allocator: `jemalloc`, and the new report of `system`";
    assert_eq!(ran.status, 1);
    assert!(ran.err.starts_with(&format!("error: {reason}\n")), "{ran:?}");
    assert!(ran.out.starts_with(&format!("::error title=memprof%3A not judged::{reason}\n")), "{ran:?}");
    folder.write("none.json", |report| report.allocator.installed = false);
    let ran = folder.check(&["none.json", "--baseline", "old.json"]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("nothing was counted in the new report"), "{ran:?}");
    folder.write("nothing.json", |report| report.repeats = vec!["findings.growing".into()]);
    let ran = folder.check(&["nothing.json", "--baseline", "old.json"]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("error: the default rules judged nothing: none of ") && ran.out.is_empty(), "{ran:?}");
}

#[test]
fn bad_files_are_named() {
    let folder = Folder::new();
    fs::write(folder.path("noise"), "not a report").unwrap();
    let future = fs::read_to_string(folder.path("old.json")).unwrap();
    fs::write(folder.path("future.json"), future.replacen("\"schema_version\": 1", "\"schema_version\": 9", 1))
        .unwrap();
    for (new, old, words) in [
        ("missing.json", "old.json", "cannot read missing.json"),
        ("noise", "old.json", "noise: this is no report"),
        ("old.json", "noise", "noise: this is no report"),
        ("future.json", "old.json", "future.json: "),
        ("old.json", "missing.json", "there is no baseline missing.json yet: --bless writes the new report there"),
    ] {
        let ran = folder.check(&[new, "--baseline", old]);
        assert_eq!((ran.status, ran.out.as_str()), (1, ""), "{ran:?}");
        assert!(ran.err.contains(words) && ran.err.lines().count() == 1, "{ran:?}");
    }
}

#[test]
fn the_folder_of_a_run_is_its_report() {
    let folder = Folder::new();
    fs::create_dir(folder.path("3")).unwrap();
    folder.write("3/memory_allocations.json", more(100));
    assert_eq!(folder.check(&["3", "--baseline", "old.json"]).status, 3);
    assert_eq!(folder.check(&["old.json", "--baseline", "3"]).status, 0);
}

#[test]
fn a_baseline_is_written_only_if_it_is_asked_for() {
    let folder = Folder::new();
    folder.write("new.json", more(100));
    let old = folder.text("old.json");
    assert_eq!(folder.check(&["new.json", "--baseline", "old.json"]).status, 3);
    assert_eq!(folder.text("old.json"), old);
    let ran = folder.check(&["new.json", "--baseline", "old.json", "--bless"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, "the new report is the baseline now: old.json\n"));
    assert!(ran.out.contains("vector_search::load.self_allocated_bytes: 5,513,202 → "), "{ran:?}");
    assert_eq!(folder.text("old.json"), folder.text("new.json"));
    assert_eq!(folder.check(&["new.json", "--baseline", "old.json"]).status, 0);
    // The first one, in a folder that is not there yet.
    assert_eq!(folder.check(&["new.json", "--baseline", "ci/baseline.json", "--bless"]).status, 0);
    assert_eq!(folder.text("ci/baseline.json"), folder.text("new.json"));
    assert_eq!(folder.check(&["new.json", "--fail-on", "totals.peak_bytes > 1GB", "--bless"]).status, 2);
    let left: Vec<_> = fs::read_dir(folder.path("ci")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn github_shows_ten_annotations_at_their_places() {
    let folder = Folder::new();
    folder.write("new.json", |report| {
        for row in &mut report.functions {
            row.self_allocated_bytes = row.self_allocated_bytes * 2 + 4096;
        }
        let load = report.functions.iter_mut().find(|row| row.name == LOAD).unwrap();
        load.file = "src\\a,b.rs".into();
    });
    let rules = ["--fail-on", "*.self_allocated_bytes > +0.5%", "--fail-on", "*.self_allocated_bytes > +1KiB"];
    let ran = folder.check(&[&["new.json", "--baseline", "old.json", "--github"], &rules[..]].concat());
    let annotations: Vec<&str> = ran.out.lines().filter(|line| line.starts_with("::error ")).collect();
    assert_eq!((ran.status, annotations.len()), (3, 10));
    let of_load = annotations.iter().find(|line| line.contains("load.self")).unwrap();
    let start = "::error file=src/a%2Cb.rs,line=12,title=memprof%3A vector_search%3A%3Aload.self_allocated_bytes exceeds \
                 its limit::vector_search::load.self_allocated_bytes: 5,513,202 → ";
    assert!(of_load.starts_with(start) && of_load.ends_with(" %25); limit +0.5%25"), "{of_load}");
}

#[test]
fn every_figure_is_a_test_case_of_junit() {
    let folder = Folder::new();
    folder.write("new.json", |report| {
        more(100)(report);
        let row = report.functions.iter_mut().find(|row| row.name == "warm up").unwrap();
        row.name = "<a::B as \"C\"> & '\u{1}'".into();
    });
    let ran = folder.check(&["new.json", "--baseline", "old.json", "--junit", "check.xml"]);
    assert_eq!(ran.status, 3);
    let text = folder.text("check.xml");
    let mut reader = quick_xml::Reader::from_str(&text);
    let (mut cases, mut failures, mut skipped, mut counts) = (0, 0, 0, String::new());
    loop {
        use quick_xml::events::Event;
        match reader.read_event().expect("it is XML") {
            Event::Start(tag) | Event::Empty(tag) => match tag.name().as_ref() {
                b"testcase" => cases += 1,
                b"failure" => failures += 1,
                b"skipped" => skipped += 1,
                b"testsuite" => counts = String::from_utf8_lossy(&tag).into_owned(),
                _ => {}
            },
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(
        counts,
        format!(r#"testsuite name="memprof" tests="{cases}" failures="{failures}" errors="0" skipped="{skipped}""#)
    );
    assert!(failures >= 1 && skipped == 2 && cases > 10, "{text}");
    assert!(
        text.contains("name=\"&lt;a::B as &quot;C&quot;&gt; &amp; &apos;\u{fffd}&apos;.self_allocated_bytes\""),
        "{text}"
    );
}

#[test]
fn the_figures_of_the_rules_are_benchmarks() {
    let folder = Folder::new();
    folder.write("new.json", |report| report.totals.peak_error_bytes = 65_536);
    let files = ["--bmf", "bencher.json", "--benchmark-json", "-"];
    let ran = folder.check(&[&["new.json", "--fail-on", "totals.*.x > 0"], &files[..]].concat());
    assert_eq!(ran.status, 2);
    let rules = ["--fail-on", "totals.peak_bytes > 1GB", "--fail-on", "load.calls > 1000000"];
    let ran = folder.check(&[&["new.json"], &rules[..], &files[..]].concat());
    assert_eq!(ran.status, 0, "{ran:?}");
    let peak = golden().totals.peak_bytes;
    let calls = golden().functions.iter().find(|row| row.name == LOAD).unwrap().calls;
    let bencher: serde_json::Value = serde_json::from_str(&folder.text("bencher.json")).unwrap();
    let expected = serde_json::json!({
        "totals": {"peak_bytes": {"value": peak, "lower_value": peak - 65_536, "upper_value": peak + 65_536}},
        LOAD: {"calls": {"value": calls}},
    });
    assert_eq!(bencher, expected);
    assert_eq!(ran.err, "2 figures judged, none exceeds its limit\n");
    let rows: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let expected = serde_json::json!([
        {"name": "totals.peak_bytes", "unit": "bytes", "value": peak, "range": "± 65536"},
        {"name": format!("{LOAD}.calls"), "unit": "calls", "value": calls, "extra": "src/main.rs:12"},
    ]);
    assert_eq!(rows, expected);
}
