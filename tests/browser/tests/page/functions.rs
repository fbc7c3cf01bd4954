//! The table of functions.

use memprof_browser_tests::{Page, reports};
use serde_json::json;

fn column(page: &Page, number: usize) -> Vec<String> {
    let texts = page.run(&format!(
        "return [...document.querySelectorAll('#functions tbody tr')].map((row) => row.children[{number}].textContent)"
    ));
    texts.as_array().expect("rows").iter().map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn columns_sort_in_both_directions() {
    let page = Page::open(&reports::golden());
    assert_eq!(column(&page, 0)[0], "vector_search::build", "most allocated first");
    page.click("button[data-key='calls']");
    assert_eq!(column(&page, 1)[0], "5,391");
    assert_eq!(page.fragment("sort"), "-calls");
    assert_eq!(page.run("return document.activeElement.dataset.key"), json!("calls"), "the focus stays");
    page.press(&["Enter"]);
    assert_eq!(page.fragment("sort"), "calls");
    assert_eq!(page.string("return document.querySelector('[aria-sort]').getAttribute('aria-sort')"), "ascending");
    page.click("button[data-key='name']");
    let names = column(&page, 0);
    assert!(names.is_sorted(), "{names:?}");
    page.back();
    assert_eq!(page.fragment("sort"), "calls");
    page.picture("functions_sorted");
}

#[test]
fn rows_are_filtered_by_text_and_expression() {
    let page = Page::open(&reports::golden());
    page.click("#filter");
    page.press(&["hnsw"]);
    page.wait_until("return document.querySelectorAll('#functions tbody tr').length === 2");
    assert_eq!(page.fragment("filter"), "hnsw");
    page.go_to("#filter=%2Fsearch%24%2F");
    assert_eq!(column(&page, 0).len(), 2);
    assert!(page.text("#functions tfoot").contains("1.6 GB"), "the total is that of the report");
}

#[test]
fn all_columns_of_the_report_can_be_shown() {
    let report = reports::golden();
    let page = Page::open_at(&report, "#columns=all");
    for key in [
        "self_deallocated_count",
        "per_call.p99",
        "violations.budget.max_allocated_bytes",
        "items.count",
        "window.net_bytes",
        "large_future.bytes",
        "grown_bytes",
    ] {
        assert_eq!(page.count(&format!("button[data-key='{key}']")), 1, "{key}");
    }
    page.picture("functions_all_columns");
    page.go_to("");
    page.click(".columns summary");
    page.click(".choice input[value='panicked']");
    assert!(page.fragment("columns").contains("panicked"));
    assert_eq!(page.count("button[data-key='panicked']"), 1);
    page.check_elements();
}

#[test]
fn a_row_is_lit_in_the_tree_and_a_box_in_the_table() {
    let page = Page::open_at(&reports::golden(), "#metric=allocated");
    page.click_text("#functions tbody button", "vector_search::search");
    assert_eq!(page.fragment("fn"), "vector_search::search");
    assert_eq!(page.count("#functions tr.chosen"), 1);
    assert!(page.count("#graph .box.chosen") >= 1);
    assert!(page.text("#chosen").contains("vector_search::search"));
    page.picture("chosen");
    page.click_text("#graph .box", "build");
    assert_eq!(page.text("#functions tr.chosen th"), "vector_search::build");
    page.press(&["Escape"]);
    assert_eq!(page.count("#functions tr.chosen"), 0);
}

#[test]
fn the_sum_of_the_self_column_is_the_total() {
    let report = reports::golden();
    let page = Page::open_at(&report, "#columns=self_allocated_bytes");
    let script = "return [...document.querySelectorAll('#functions tbody td')].reduce((sum, cell) => sum + Number(cell.title.replace(/\\D/g, '')), 0)";
    let own = page.number(script) as u64;
    assert_eq!(own + report.unattributed.self_allocated_bytes, report.totals.allocated_bytes);
}
