//! Groups of live blocks.

use memprof_browser_tests::{Page, reports};

#[test]
fn a_group_shows_its_whole_stack() {
    let report = reports::golden();
    let page = Page::open(&report);
    assert_eq!(page.count(".group"), report.live.groups.len());
    assert!(page.text(".group .verdict").contains("kept since start"));
    page.click(".group .toggle");
    assert_eq!(page.fragment("group"), "0");
    assert_eq!(page.count(".group.open .stack li"), report.live.groups[0].stack.len());
    assert_eq!(page.string("return document.activeElement.getAttribute('aria-expanded')"), "true");
    page.picture("group");
    page.press(&["Enter"]);
    assert_eq!(page.count(".group.open"), 0);
    page.back();
    assert_eq!(page.count(".group.open"), 1);
}

#[test]
fn a_place_is_copied() {
    let page = Page::open(&reports::golden());
    page.run("window.copied = ''; navigator.clipboard.writeText = async (text) => { window.copied = text; }");
    page.click(".group .place");
    assert_eq!(page.string("return window.copied"), "src/index.rs:57");
    assert!(page.text("#status").contains("src/index.rs:57"));
}

#[test]
fn groups_are_filtered_by_verdict_and_text() {
    let report = reports::golden();
    let page = Page::open(&report);
    page.choose("#verdict", "growing");
    let growing = report.live.groups.iter().filter(|group| group.verdict.as_deref() == Some("growing")).count();
    assert_eq!(page.count(".group"), growing);
    page.go_to("#live=finish_grow");
    let grown = |name: &str| {
        let has = |frame: &memprof::report::data::Frame| {
            frame.function.as_deref().is_some_and(|function| function.contains(name))
        };
        report.live.groups.iter().filter(|group| group.stack.iter().any(has)).count()
    };
    assert_eq!(page.count(".group"), grown("finish_grow"));
}
