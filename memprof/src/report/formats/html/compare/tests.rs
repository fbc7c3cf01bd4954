//! Tests of the page as text. A browser opens it in `tests/browser`.

use super::*;
use crate::compare::{Difference, FunctionChange, PathChange, SplitChange, diff};
use crate::report::formats::html::tests::{data_of, hold};
use crate::report::golden;
use serde_json::Value;

fn page_of(diff: &Diff) -> String {
    String::from_utf8(diff.to_html()).expect("a page is UTF-8")
}

#[test]
fn the_policy_has_the_hashes_of_the_style_and_the_script() {
    hold(
        concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/formats/html/compare.rs"),
        &[("STYLE", STYLE, STYLE_HASH), ("VIEWER", VIEWER, VIEWER_HASH)],
    );
}

#[test]
fn the_viewer_is_small() {
    let size = STYLE.len() + VIEWER.len();
    println!("{size} bytes: {} of style, {} of scripts", STYLE.len(), VIEWER.len());
    assert!(size <= 90 << 10, "{size} bytes");
}

#[test]
fn the_data_are_json_with_the_changes_of_the_comparison() {
    let old = golden::report();
    let mut new = golden::report();
    new.functions[0].self_allocated_bytes += 77;
    new.totals.allocated_bytes += 77;
    let page = page_of(&diff(&old, &new));
    let data: Value = serde_json::from_str(data_of(&page)).expect("the data are JSON");
    assert_eq!(data["totals"]["allocated_bytes"]["change"], 77);
    let columns = data["functions"]["columns"].as_array().expect("columns");
    let at = columns.iter().position(|column| column[0] == "self_allocated_bytes").expect("a row within the rows");
    let change = columns[at].as_array().and_then(|names| names.iter().position(|name| name == "change"));
    let change = change.expect("a column") - 1;
    let rows = data["functions"]["rows"].as_array().expect("rows");
    assert_eq!(rows.iter().filter_map(|row| row[at][change].as_i64()).sum::<i64>(), 77);
}

#[test]
fn no_text_can_end_the_data() {
    let old = golden::report();
    let mut new = golden::report();
    let hostile = "</script><script>alert(1)</script><!-- & \u{2028}\u{2029}\u{202e}\u{0}\"\\'\u{1f600}";
    new.program.name = hostile.to_owned();
    new.program.host = Some(hostile.to_owned());
    new.allocator.inner = hostile.to_owned();
    new.functions[0].name = hostile.to_owned();
    new.functions[1].file = hostile.to_owned();
    new.call_tree[0].function = hostile.to_owned();
    new.findings[0].title = hostile.to_owned();
    new.findings[0].kind = hostile.to_owned();
    let page = page_of(&diff(&old, &new));
    let data = data_of(&page);
    assert!(!data.contains(['<', '>', '&', '\u{2028}', '\u{2029}', '\u{202e}', '\u{0}']));
    let data: Value = serde_json::from_str(data).expect("the data are JSON");
    assert_eq!(data["new"]["name"], hostile);
    assert!(data["texts"].as_array().expect("texts").iter().any(|text| text == hostile));
    assert_eq!(page.matches("</script>").count(), 3);
    assert_eq!(page.matches("<script").count(), 3);
}

#[test]
fn a_page_is_bounded_by_its_call_paths() {
    let split =
        SplitChange { old: 123_456_789, new: 987_654_321, change: 1, from_calls: 222_222_222, from_each_call: 9 };
    let figure = Difference { old: Some(123_456_789), change: Some(864_197_532), error: Some(0), ..Default::default() };
    let name = |number: u32| format!("a_program_of_some_size::a_module_{}::some_function_{number}", number % 50);
    for (paths, limit) in [(1_000, 1 << 20), (10_000, 5 << 20)] {
        let rows = (0..paths)
            .map(|id| PathChange {
                id,
                parent: id.checked_sub(1).map(|number| number / 3),
                function: name(id / 4),
                presence: "both".into(),
                calls: figure.clone(),
                self_allocated_bytes: split.clone(),
                self_allocated_count: split.clone(),
                copied_bytes: split.clone(),
                self_net_bytes: figure.clone(),
            })
            .collect();
        let functions = (0..paths / 4)
            .map(|number| FunctionChange {
                name: name(number),
                file: format!("src/a_module_{}/mod.rs", number % 50),
                line: number,
                presence: "both".into(),
                calls: figure.clone(),
                allocated_bytes: split.clone(),
                self_allocated_bytes: split.clone(),
                self_allocated_count: split.clone(),
                copied_bytes: split.clone(),
                self_net_bytes: figure.clone(),
                peak_bytes: figure.clone(),
                retained_bytes: figure.clone(),
            })
            .collect();
        let diff = Diff { paths: rows, functions, ..Diff::default() };
        let size = page_of(&diff).len();
        println!("{paths} call paths: {size} bytes");
        assert!(size <= limit, "{paths} call paths: {size} bytes");
    }
}
