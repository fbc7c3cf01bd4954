//! The timeline, and what screen readers get.

use memprof_browser_tests::{Page, reports};

#[test]
fn the_cursor_reads_values_with_mouse_and_keyboard() {
    let page = Page::open_at(&reports::golden(), "#at=timeline");
    page.settle();
    let text = "return document.querySelector('.chart').getAttribute('aria-valuetext')";
    let x = page.number("const r = document.querySelector('.chart').getBoundingClientRect(); return r.left + 70");
    let y = page.number("const r = document.querySelector('.chart').getBoundingClientRect(); return r.top + 90");
    page.move_to(x, y);
    assert!(page.string(text).contains("heap 420.0 KB"), "{}", page.string(text));
    page.run("document.querySelector('.chart').focus()");
    page.press(&["End"]);
    let last = page.string(text);
    page.press(&["ArrowLeft"]);
    assert_ne!(page.string(text), last);
    assert!(page.text(".readout").contains("RSS"));
    page.picture("timeline_cursor");
    page.click_text("#timeline .key", "RSS");
    assert_eq!(page.count("#timeline path.line-rss"), 0, "a line can be hidden");
    page.click(".values summary");
    assert!(page.count(".values tbody tr") > 3, "the values are also a table");
}

#[test]
fn tables_and_controls_have_names() {
    let page = Page::open(&reports::golden());
    let nameless = page.run(
        "return [...document.querySelectorAll('button, input, select, [role=slider], [role=tree]')]
            .filter((one) => !(one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.length))
            .map((one) => one.outerHTML.slice(0, 80))",
    );
    assert_eq!(nameless, serde_json::json!([]));
    assert!(page.count("table caption") >= 3);
    assert_eq!(page.count("table"), page.count("table thead th[scope=col]:first-child"));
    assert_eq!(page.count("h1"), 1);
    let once = page.run("const ids = [...document.querySelectorAll('[id]')].map((one) => one.id); return ids.length === new Set(ids).size");
    assert_eq!(once, true, "ids are different");
}

#[test]
fn every_control_is_reached_by_tab_and_shows_its_focus() {
    let page = Page::open(&reports::golden());
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..90 {
        page.run("document.activeElement?.scrollIntoView({block: 'nearest', behavior: 'instant'})");
        page.press(&["Tab"]);
        let found = page.string(
            "const one = document.activeElement; const style = getComputedStyle(one);
            return (one.id || one.className.baseVal || one.className || one.tagName) + (style.outlineStyle === 'none' ? ' without focus' : '')",
        );
        assert!(!found.ends_with("without focus"), "{found}");
        reached.insert(found.split(' ').next().unwrap_or_default().to_owned());
    }
    for wanted in
        ["skip", "tab", "place", "chart", "metric", "search", "frames", "direction", "box", "filter", "sort", "link"]
    {
        assert!(reached.contains(wanted), "{wanted} in {reached:?}");
    }
}
