//! The page of a comparison.

use memprof::Report;
use memprof_browser_tests::{Page, pairs, reports};
use std::time::Instant;

/// Names in the rows of the table.
const ROWS: &str = "return [...document.querySelectorAll('#functions tbody th button')].map((one) => one.textContent)";

#[test]
fn the_first_screen_says_what_changed() {
    let page = Page::compare(&pairs::changed());
    let first = page.text("#overview");
    for wanted in [
        "+53.5 MB",
        "vector_search::rerank: more calls (",
        "+976.6 KB",
        "vector_search::load: more in each call (",
        "vector_search::normalize: new, 4.9 KB in 10 calls",
        "warm up: gone, it allocated 128.0 KB in ",
        "vector_search::normalize keeps growing",
    ] {
        assert!(first.contains(wanted), "{wanted} in {first}");
    }
    page.picture("comparison");
    for width in [360, 1024, 1920] {
        page.size(width, 900);
        page.settle();
        let overflow = page.number("return document.documentElement.scrollWidth - innerWidth");
        assert!(overflow <= 0.0, "{overflow} pixels too wide at {width}");
        page.picture(&format!("comparison_{width}"));
    }
    page.media("screen", "dark");
    page.picture("comparison_dark");
    page.media("", "light");
    assert!(page.print("comparison").starts_with(b"%PDF"));
}

#[test]
fn boxes_are_as_wide_as_all_that_changed() {
    let page = Page::compare(&pairs::changed());
    let legend = page.text("#flame .legend");
    assert!(legend.contains("more: +53.6 MB") && legend.contains("less: −128.0 KB"), "{legend}");
    let widths = page.number(
        "return [...document.querySelectorAll('#graph .box')].filter((box) => box.getAttribute('aria-level') === '2')
            .reduce((sum, box) => sum + parseFloat(box.style.width), 0)",
    );
    assert!((widths - 100.0).abs() < 0.5, "the roots take {widths} %");
    let whole = page.number("return parseFloat(document.querySelector('.box.root').style.getPropertyValue('--net'))");
    let (more, less) = (55_203_840.0 + 1_000_000.0 + 5_000.0, 131_072.0);
    assert!((whole - (more - less) / (more + less) * 100.0).abs() < 0.01, "{whole} % of the root is coloured");
    assert!(page.count("#graph .box.more") > 1);
    let label = page.string("return document.querySelector('.box.root').getAttribute('aria-label')");
    assert!(label.contains("+53.5 MB"), "{label}");
    page.choose("#metric", "copied");
    let shown = page.text("#graph");
    assert!(shown.contains("No call path changed") || page.count("#graph .box") > 1, "{shown}");
}

#[test]
fn zoom_search_pivot_and_back_work_as_in_a_report() {
    let page = Page::compare(&pairs::changed());
    let boxes = page.count("#graph .box");
    page.click_text("#graph .box", "+52.7 MB rerank");
    assert_eq!(page.fragment("fn"), "vector_search::rerank");
    assert_ne!(page.fragment("zoom"), "");
    assert_eq!(page.text(".crumb[aria-current]"), "rerank");
    assert_eq!(page.count("#functions tr.chosen"), 1, "its row is marked");
    let address = page.string("return location.hash");
    page.click_text("#chosen button", "Callers and callees");
    assert_eq!(page.count("#graph .graph"), 2);
    page.picture("comparison_pivot");
    page.back();
    page.back();
    assert_eq!(page.count("#graph .box"), boxes);
    page.go_to(&address);
    assert_eq!(page.text(".crumb[aria-current]"), "rerank", "the address is a link to the view");
    page.go_to("#q=load");
    assert!(page.text(".field + output").starts_with("1 function, 976.6 KB"), "{}", page.text(".field + output"));
    page.press(&["?"]);
    assert_eq!(page.count("dialog[open]"), 1);
    page.press(&["Escape", "m"]);
    assert_ne!(page.fragment("metric"), "");
}

#[test]
fn the_table_sorts_and_filters_changes() {
    let page = Page::compare(&pairs::changed());
    let rows = page.run(ROWS);
    assert_eq!(rows[0], "vector_search::rerank");
    assert_eq!(rows[1], "vector_search::load");
    let totals = page.text("#functions tfoot");
    assert!(totals.contains("total+53.5 MB"), "{totals}");
    page.click("[data-key=each_part]");
    assert_eq!(page.run(ROWS)[0], "vector_search::load", "the largest change by each call");
    assert_eq!(page.fragment("sort"), "-each_part");
    page.back();
    page.choose("#show", "gone");
    assert_eq!(page.run(ROWS), serde_json::json!(["warm up"]));
    assert!(page.text("#functions tbody").contains("gone"));
    page.choose("#show", "new");
    assert_eq!(page.run(ROWS), serde_json::json!(["vector_search::normalize"]));
    page.choose("#show", "all");
    let all = page.count("#functions tbody tr");
    assert_eq!(all, reports::golden().functions.len() + 1);
    page.go_to("#show=__proto__&filter=%2Fnorm%7Cwarm%2F&sort=constructor");
    assert_eq!(page.count("#functions tbody tr"), 2);
}

#[test]
fn nothing_changed_is_one_sentence() {
    let report = reports::golden();
    for pair in [(report.clone(), report), (Report::default(), Report::default())] {
        let page = Page::compare(&pair);
        assert!(page.text(".same").starts_with("Nothing changed: "));
        assert_eq!(page.count("#graph"), 0);
        assert!(page.text("#functions").contains("No function changed."));
        page.picture("comparison_same");
    }
}

#[test]
fn an_empty_report_is_compared() {
    for pair in [(Report::default(), reports::golden()), (reports::golden(), Report::default())] {
        let page = Page::compare(&pair);
        assert!(page.text(".note").contains("not installed") || page.count(".note") > 1);
        assert!(page.count("#functions tbody tr") > 3);
    }
}

#[test]
fn every_name_is_text_in_a_comparison() {
    let page = Page::compare(&pairs::hostile());
    assert!(page.string("return document.title").ends_with("what changed"));
    assert_eq!(page.count("img, iframe, object, embed, link, svg"), 0);
    assert_eq!(page.count("script"), 3);
    assert!(!page.text("main").contains('\u{202e}'));
    for width in [360, 1024] {
        page.size(width, 800);
        page.settle();
        let overflow = page.number("return document.documentElement.scrollWidth - innerWidth");
        assert!(overflow <= 0.0, "{overflow} pixels too wide at {width}");
        page.picture(&format!("comparison_hostile_{width}"));
    }
    for name in reports::hostile_names() {
        page.run(&format!("location.hash = '#fn=' + encodeURIComponent({})", serde_json::json!(name)));
        page.settle();
        page.press(&["p"]);
        page.check_elements();
    }
}

#[test]
fn a_comparison_of_50_000_paths_stays_light() {
    let pair = pairs::large(50_000);
    let page = Page::compare(&pair);
    let started = Instant::now();
    page.go_to("#metric=allocated");
    println!("comparison of 50,000 call paths: opened in {} ms", started.elapsed().as_millis());
    println!("elements: {}", page.check_elements());
    page.picture("comparison_large");
    for (what, action) in [
        ("zoom", "document.querySelectorAll('.box.function')[2].click()"),
        ("zoom out", "document.querySelector('.crumb').click()"),
        (
            "another measure",
            "const list = document.getElementById('metric'); list.value = 'blocks'; list.dispatchEvent(new Event('change'))",
        ),
        ("sort", "document.querySelector('[data-key=calls]').click()"),
        (
            "pivot",
            "document.querySelector('#functions tbody button').click();
            [...document.querySelectorAll('#chosen button')].find((one) => one.textContent.startsWith('Callers')).click()",
        ),
    ] {
        let took = page.number(&format!(
            "const start = performance.now(); {action}; document.body.getBoundingClientRect(); return performance.now() - start"
        ));
        println!("{what}: {took:.0} ms");
        page.settle();
        page.check_elements();
    }
}
