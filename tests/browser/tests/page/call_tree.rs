//! The call tree: measures, zoom, Back, search, pivot, frames, keys.

use memprof_browser_tests::{Page, reports};
use serde_json::json;

/// Sum of the widths of the boxes in the second row, in shares of the whole.
const SECOND_ROW: &str = "const boxes = [...document.querySelectorAll('#graph .box')].filter((box) => box.getAttribute('aria-level') === '2');
    return boxes.reduce((sum, box) => sum + parseFloat(box.style.width), 0);";

#[test]
fn the_roots_of_every_measure_add_up_to_the_totals() {
    let report = reports::golden();
    let page = Page::open(&report);
    let live = report.live.estimated_bytes.unwrap_or(0) + report.live.before_start_bytes;
    assert_eq!(live as i64, report.totals.net_bytes);
    for (metric, total) in
        [("allocated", "1.6 GB"), ("blocks", "304,782 blocks"), ("live", "12.5 MB"), ("peak", "15.2 MB")]
    {
        page.choose("#metric", metric);
        assert!(page.text("#flame > p.quiet").contains(&format!("{total} in all")), "{metric}");
        let width = page.number(SECOND_ROW);
        assert!((width - 100.0).abs() < 0.5, "{metric}: the roots take {width} %");
    }
    page.choose("#metric", "copied");
    assert!(page.text("#graph").contains("nothing was copied"));
}

#[test]
fn a_click_zooms_and_back_returns() {
    let page = Page::open_at(&reports::golden(), "#metric=allocated");
    let rows = page.count("#graph .box");
    page.click_text("#graph .box", "build");
    assert_ne!(page.fragment("zoom"), "");
    assert_eq!(page.fragment("fn"), "vector_search::build");
    assert!(page.count("#graph .box") < rows);
    assert_eq!(page.text(".crumb[aria-current]"), "build");
    page.picture("zoomed");
    let address = page.string("return location.hash");
    page.back();
    assert_eq!(page.fragment("zoom"), "");
    assert_eq!(page.count("#graph .box"), rows);
    page.go_to(&address);
    assert_eq!(page.text(".crumb[aria-current]"), "build", "the address is a link to the view");
    page.click_text(".crumb", "All");
    assert_eq!(page.count("#graph .box"), rows);
}

#[test]
fn a_search_says_how_much_it_finds() {
    let page = Page::open_at(&reports::golden(), "#metric=allocated");
    page.press(&["/", "SEARCH"]);
    page.wait_until("return document.querySelectorAll('.box.lit').length > 0");
    page.settle();
    let found = page.text("#search ~ output, .field + output");
    assert!(found.contains("functions") && found.contains('%'), "{found}");
    assert_eq!(page.fragment("q"), "SEARCH");
    page.picture("search");
    page.press(&["Enter"]);
    assert_ne!(page.fragment("zoom"), "", "Enter goes to the largest match");
    page.go_to("#metric=allocated&q=%2Fexact_%7Crerank%2F");
    assert!(page.text(".field + output").starts_with("2 functions"), "{}", page.text(".field + output"));
    page.go_to("#metric=allocated&q=%2F(%2F");
    assert!(page.text(".field + output").contains("Not an expression"));
    page.go_to("#metric=allocated&q=nowhere");
    assert!(page.text(".field + output").contains("no match"));
}

#[test]
fn a_function_has_all_its_callers_and_callees() {
    let page = Page::open_at(&reports::golden(), "#metric=allocated");
    page.run("location.hash = '#metric=allocated&fn=vector_search::rerank'");
    page.settle();
    page.click_text("#chosen button", "Callers and callees");
    assert_eq!(page.fragment("pivot"), "vector_search::rerank");
    assert_eq!(page.count("#graph .graph"), 2);
    let callers = page.text("#graph .graph");
    assert!(callers.contains("search") && callers.contains("rerank"), "{callers}");
    page.picture("pivot");
    page.back();
    assert_eq!(page.count("#graph .graph"), 1);
    page.press(&["p"]);
    assert_eq!(page.count("#graph .graph"), 2, "the key does the same");
}

#[test]
fn frames_of_std_are_hidden_where_they_only_pass_on() {
    let page = Page::open_at(&reports::golden(), "#metric=live");
    let names = |page: &Page| page.text("#graph");
    let folded = page.count("#graph .box");
    page.choose("#frames", "all");
    let all = page.count("#graph .box");
    page.choose("#frames", "hidden");
    let hidden = page.count("#graph .box");
    assert!(hidden < folded && folded <= all, "{hidden}, {folded}, {all}");
    assert_eq!(page.count("#graph .box.colour-0.frame"), 0, "{}", names(&page));
    assert!((page.number(SECOND_ROW) - 100.0).abs() < 0.5);
}

#[test]
fn flames_stand_on_their_roots() {
    let page = Page::open_at(&reports::golden(), "#metric=allocated");
    let root = "return document.querySelector('.box.root').getBoundingClientRect().top - document.querySelector('.box.function').getBoundingClientRect().top";
    assert!(page.number(root) < 0.0);
    page.click("#direction");
    assert!(page.number(root) > 0.0);
    assert_eq!(page.fragment("direction"), "flames");
}

#[test]
fn the_keyboard_reaches_every_box() {
    let page = Page::open_at(&reports::golden(), "#metric=allocated&at=flame");
    page.run("document.querySelector('.box[tabindex=\"0\"]').focus()");
    let label = "return document.activeElement.getAttribute('aria-label')";
    assert!(page.string(label).starts_with("vector_search, 1.6 GB"));
    page.press(&["ArrowDown"]);
    assert!(page.string(label).starts_with("vector_search::build"));
    page.press(&["ArrowRight"]);
    assert!(page.string(label).starts_with("vector_search::search"));
    page.press(&["ArrowLeft", "ArrowDown"]);
    assert!(page.string(label).starts_with("vector_search::index::Hnsw::insert"));
    assert_ne!(page.string("return getComputedStyle(document.activeElement).outlineStyle"), "none", "focus is visible");
    assert_eq!(page.run("return document.getElementById('tip').hidden"), false, "its figures are shown");
    page.picture("keyboard");
    page.press(&["Enter"]);
    assert_ne!(page.fragment("zoom"), "");
    assert!(page.string(label).starts_with("vector_search::index::Hnsw::insert"), "the focus stays");
    page.press(&["Backspace"]);
    assert!(page.text(".crumb[aria-current]").contains("build"));
    page.press(&["m"]);
    assert_eq!(page.run("return document.getElementById('metric').value"), json!("live"));
    page.press(&["?"]);
    assert_eq!(page.run("return document.getElementById('help').open"), true);
    page.picture("help");
    page.press(&["Escape"]);
    assert_eq!(page.run("return document.getElementById('help').open"), false);
}
