//! The table with missing, estimated, huge or hostile data.

use super::*;
use crate::report::golden;

fn text(report: &Report) -> String {
    render(report, Some(&golden::written()), TableForm::plain(120))
}

#[test]
fn the_figures_that_may_be_added_add_up() {
    let report = golden::report();
    let functions: Vec<&Function> = report.functions.iter().collect();
    let (shown, more) = functions.split_at(ROWS);
    let mut rows: Vec<TableRow> = shown.iter().map(|function| TableRow::function(function)).collect();
    rows.push(TableRow::more(more));
    rows.push(TableRow::outside(&report.unattributed));
    let total = TableRow::total(&report, &rows);
    assert_eq!(rows.iter().map(|row| row.self_allocated).sum::<Option<i128>>(), total.self_allocated);
    assert_eq!(total.self_allocated, Some(report.totals.allocated_bytes.into()));
    assert_eq!(total.retained, report.live.estimated_bytes.map(i128::from));
}

#[test]
fn functions_stand_in_order_and_the_others_are_counted() {
    let text = text(&golden::report());
    let at = |name: &str| text.find(&format!("\n{name} ")).unwrap_or_else(|| panic!("no {name} in {text}"));
    assert!(at("vector_search::search") < at("vector_search::serve"));
    assert_eq!(text.matches("\nand 4 more in data/logs/memory_allocations.json\n").count(), 1);
    let last = text.trim_end().rsplit_once("\n\n").expect("warnings stand apart").1;
    assert!(last.lines().all(|line| line.starts_with("warning: ")), "{last}");
}

#[test]
fn ten_functions_need_no_line_for_more() {
    let mut report = golden::report();
    report.functions.truncate(10);
    assert!(!text(&report).contains(" more"));
}

#[test]
fn without_the_allocator_the_first_line_says_what_to_do() {
    let mut report = golden::report();
    report.allocator.installed = false;
    let text = text(&report);
    let first = text.lines().next().unwrap_or_default();
    assert!(first.contains("not installed") && first.contains("#[memprof::main]"), "{first}");
    assert!(!text.contains("Functions by") && text.contains("warning: 1 scope guard"), "{text}");
}

#[test]
fn where_the_reports_went_is_said() {
    let mut written = golden::written();
    written.fell_back = Some("cannot write x: no space; written to y instead".into());
    let text = render(&golden::report(), Some(&written), TableForm::plain(80));
    assert!(text.contains("\nall figures: data/logs/memory_allocations.json\n"), "{text}");
    assert!(text.contains("\nstill live:  data/logs/memory_leaks.txt\n"), "{text}");
    assert!(text.contains("\nwarning: cannot write x: no space; written to y instead\n"), "{text}");
    assert!(text.contains("\nas a page:   data/logs/memory_report.html\n"), "{text}");
    written.formats = vec![(Format::Speedscope, "s".into()), (Format::Csv, "c\n".into())];
    let text = render(&golden::report(), Some(&written), TableForm::plain(80));
    assert!(text.contains("\nstill live:  data/logs/memory_leaks.txt\nspeedscope:  s\ncsv:         c\\n\n"), "{text}");
    let text = render(&golden::report(), None, TableForm::plain(80));
    assert!(!text.contains(" more in ") && !text.contains("\nall figures"), "{text}");
}

#[test]
fn no_function_says_how_to_have_one() {
    let mut report = golden::report();
    report.functions.clear();
    assert!(text(&report).contains("put #[track_memory] on the functions"));
}

#[test]
fn what_is_not_known_is_said_or_has_no_column() {
    let mut report = golden::report();
    (report.functions[0].retained_bytes, report.functions[0].retained_error_bytes) = (None, None);
    let row = text(&report).lines().find(|line| line.starts_with("vector_search::load")).map(ToOwned::to_owned);
    assert!(row.as_ref().is_some_and(|row| row.contains("  not known")), "{row:?}");
    for function in &mut report.functions {
        (function.retained_bytes, function.retained_error_bytes) = (None, None);
        if let Some(items) = &mut function.items {
            items.retained_bytes_per_item = None;
        }
    }
    (report.unattributed.retained_bytes, report.unattributed.retained_error_bytes) = (None, None);
    assert!(!text(&report).contains("  retained"));
}

#[test]
fn an_estimate_is_marked() {
    let mut report = golden::report();
    report.functions[2].retained_error_bytes = Some(4_096);
    report.live.error_bytes = Some(8_192);
    let text = text(&report);
    assert!(text.contains(" 8.0 MB ±4.0 KB"), "{text}");
    assert!(text.contains(" 12.1 MB ±8.0 KB"), "a sum with an estimate in it is one: {text}");
}

#[test]
fn hostile_names_and_extremes_stay_in_their_lines() {
    let mut report = golden::report();
    report.functions[0].name = "two\nlines\u{1b}[31m and a very long name ".repeat(20);
    report.functions[1].name = "数据".repeat(100);
    report.functions[2].name = String::new();
    for function in &mut report.functions {
        (function.calls, function.allocated_bytes, function.peak_bytes) = (u64::MAX, u64::MAX, Some(u64::MAX));
        (function.self_allocated_bytes, function.net_bytes, function.self_net_bytes) = (u64::MAX, i64::MIN, i64::MIN);
        function.retained_bytes = Some(u64::MAX);
    }
    report.totals.net_bytes = i64::MIN;
    for width in [0, 1, 60, 80, 200, usize::MAX] {
        let text = render(&report, None, TableForm::plain(width));
        assert!(!text.contains('\u{1b}'));
        for line in text.lines().filter(|line| !line.starts_with("warning")) {
            assert!(line.width() <= width.max(45), "{width}: {line}");
        }
    }
    render(&Report::default(), None, TableForm { colour: true, ..TableForm::plain(80) });
}

#[test]
fn growth_by_reallocation_is_shown_on_request() {
    let mut report = golden::report();
    let function = &mut report.functions[2];
    (function.reallocated_count, function.grown_bytes, function.copied_bytes) = (4_000, 3 << 20, 2 << 20);
    assert!(!text(&report).contains("Reallocations"));
    for width in [45, 60, 100, 160] {
        let text = render(&report, None, TableForm { growth: true, ..TableForm::plain(width) });
        let start = text.find("Reallocations by copied bytes").expect("the section");
        let rows: Vec<&str> = text[start..].lines().skip_while(|line| !line.starts_with("function")).collect();
        assert!(rows[0].ends_with("copied") && rows[1].ends_with("2.0 MB"), "{text}");
        assert!(rows.iter().any(|row| row.starts_with("total ")), "{text}");
        assert!(text[start..].lines().take_while(|line| !line.is_empty()).all(|line| line.width() <= width), "{text}");
    }
}
