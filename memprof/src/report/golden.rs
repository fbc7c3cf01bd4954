//! Tests of the formats against the files in `tests/golden`. `MEMPROF_BLESS=1` rewrites those: check the difference
//! then.

use std::fs;
use std::path::{Path, PathBuf};

use unicode_width::UnicodeWidthStr;

use super::Written;
use super::format::Format;
use super::table::TableForm;
use super::{Report, leaks, table};

fn golden_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden")
}

/// The report in every golden file: it has all fields of schema 1, and its rows add up.
pub(crate) fn report() -> Report {
    let text = fs::read_to_string(golden_dir().join("memory_allocations.json")).expect("the golden report is there");
    Report::from_json(&text).expect("the golden report is one")
}

/// Writes the report that is in every golden file, if golden files are rewritten.
pub(crate) fn bless(report: &Report) {
    if std::env::var_os("MEMPROF_BLESS").is_some() {
        let mut written = Vec::new();
        report.write_json(&mut written).expect("memory takes all");
        fs::write(golden_dir().join("memory_allocations.json"), written).expect("the golden file can be written");
    }
}

pub(super) fn written() -> Written {
    Written {
        allocation_report: "data/logs/memory_allocations.json".into(),
        leak_report: "data/logs/memory_leaks.txt".into(),
        formats: vec![(Format::Html, "data/logs/memory_report.html".into())],
        fell_back: None,
    }
}

#[track_caller]
pub(super) fn same(name: &str, actual: &str) {
    let path = golden_dir().join(name);
    let stands = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    if stands != actual && std::env::var_os("MEMPROF_BLESS").is_some() {
        fs::write(&path, actual).expect("the golden file can be written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(expected == actual, "{name} differs. Now:\n{actual}\nIn the file:\n{expected}");
}

#[test]
fn json_is_written_as_it_was_read() {
    let mut written = Vec::new();
    report().write_json(&mut written).expect("memory takes all");
    same("memory_allocations.json", &String::from_utf8(written).expect("JSON is UTF-8"));
}

#[test]
fn the_leak_report_reads_as_it_should() {
    same("memory_leaks.txt", &leaks::render(&report()));
}

#[test]
fn the_table_reads_as_it_should() {
    for width in [60, 80, 120] {
        same(&format!("table_{width}.txt"), &table::render(&report(), Some(&written()), TableForm::plain(width)));
    }
}

#[test]
fn the_table_fits_every_width() {
    let report = report();
    for width in 40..=200 {
        let text = table::render(&report, None, TableForm::plain(width));
        for line in text.lines().filter(|line| !line.starts_with("warning: ")) {
            assert!(line.width() <= width, "{} > {width}: {line}", line.width());
        }
        // A broken cell would add lines: the table is a title, its column titles, 10 functions and 3 sums.
        let start = text.find("Functions by allocated").expect("the table");
        assert_eq!(text[start..].lines().take_while(|line| !line.is_empty()).count(), 15, "{text}");
    }
}

#[test]
fn colour_only_adds_what_can_be_taken_out_again() {
    let plain = table::render(&report(), Some(&written()), TableForm::plain(100));
    let colour = table::render(&report(), Some(&written()), TableForm { colour: true, ..TableForm::plain(100) });
    assert!(!plain.contains('\u{1b}'));
    assert!(colour.contains('\u{1b}'));
    assert_eq!(anstream::adapter::strip_str(&colour).to_string(), plain);
}

#[test]
fn the_golden_rows_add_up() {
    let report = report();
    let own = |figure: fn(&crate::report::data::Function) -> i64| report.functions.iter().map(figure).sum::<i64>();
    assert_eq!(own(|row| row.self_net_bytes) + report.unattributed.self_net_bytes, report.totals.net_bytes);
    let allocated: u64 = report.functions.iter().map(|row| row.self_allocated_bytes).sum();
    assert_eq!(allocated + report.unattributed.self_allocated_bytes, report.totals.allocated_bytes);
    let tree: i64 = report.call_tree.iter().map(|row| row.self_net_bytes).sum();
    assert_eq!(tree + report.unattributed.self_net_bytes, report.totals.net_bytes);
    let threads: i64 = report.threads.iter().map(|row| row.self_net_bytes).sum();
    assert_eq!(threads, report.totals.net_bytes);
    let live = &report.live;
    assert_eq!((live.estimated_bytes.unwrap() + live.before_start_bytes) as i64, report.totals.net_bytes);
}
