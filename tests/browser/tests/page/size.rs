//! Large reports: the number of elements is bounded, and answers are quick.

use memprof_browser_tests::{Page, reports};
use std::fs;
use std::time::Instant;

/// Milliseconds from an event to the end of what it causes, layout included.
fn answer(page: &Page, action: &str) -> f64 {
    page.number(&format!(
        "const start = performance.now(); {action}; document.body.getBoundingClientRect(); return performance.now() - start"
    ))
}

#[test]
fn a_report_with_50_000_paths_stays_light() {
    let report = reports::large(50_000);
    let page = Page::open(&report);
    println!("50,000 call paths: a page of {} KB", fs::metadata(page.file()).expect("a file").len() / 1024);
    let started = Instant::now();
    page.go_to("#metric=allocated");
    println!("opened in {} ms", started.elapsed().as_millis());
    let ready = page.number("return performance.getEntriesByType('navigation')[0].domComplete");
    println!("complete after {ready:.0} ms");
    println!("elements: {}", page.check_elements());
    page.picture("large");
    for (what, action) in [
        ("zoom", "document.querySelectorAll('.box.function')[2].click()"),
        ("zoom further", "document.querySelectorAll('.box.function')[9].click()"),
        ("zoom out", "document.querySelector('.crumb').click()"),
        (
            "another measure",
            "const list = document.getElementById('metric'); list.value = 'live'; list.dispatchEvent(new Event('change'))",
        ),
        (
            "all frames",
            "const list = document.getElementById('frames'); list.value = 'all'; list.dispatchEvent(new Event('change'))",
        ),
        ("sort", "document.querySelector('[data-key=calls]').click()"),
        ("choose a function", "document.querySelector('#functions tbody button').click()"),
        (
            "pivot",
            "[...document.querySelectorAll('#chosen button')].find((one) => one.textContent.startsWith('Callers')).click()",
        ),
        (
            "whole graph",
            "[...document.querySelectorAll('#chosen button')].find((one) => one.textContent.startsWith('Whole')).click()",
        ),
        ("all columns", "location.hash = location.hash + '&columns=all'"),
        ("a stack", "document.querySelector('.group .toggle').click()"),
        (
            "next page",
            "[...document.querySelectorAll('#live .pager button')].find((one) => one.textContent === 'Next').click()",
        ),
        (
            "more findings",
            "[...document.querySelectorAll('#overview button')].find((one) => one.textContent.startsWith('Show ')).click()",
        ),
        ("columns", "document.querySelector('.columns').open = true"),
        ("values", "document.querySelector('.values').open = true"),
        ("a stack again", "document.querySelector('.group .toggle').click()"),
        ("search", "location.hash = location.hash + '&q=step_1'"),
    ] {
        let time = answer(&page, action);
        page.settle();
        println!("{what}: {time:.0} ms, {} elements", page.check_elements());
    }
    page.picture("large_all_open");
}

#[test]
fn wide_and_deep_trees_have_bounded_graphs() {
    let page = Page::open_at(&reports::wide(20_000), "#metric=allocated");
    page.check_elements();
    page.click_text("#graph .box.smaller", "20,000 smaller");
    assert!(page.count("#graph .box.function") >= 50, "they are spread out");
    assert!(page.text(".crumbs").contains("1–100 of 20,"));
    page.picture("wide");
    page.click_text(".crumb", "Next");
    assert!(page.text(".crumbs").contains("101–200 of 20,"));
    page.check_elements();
    drop(page);

    let page = Page::open_at(&reports::deep(20_000), "#metric=allocated");
    page.check_elements();
    page.click("#graph .box.function:last-child");
    assert!(page.count("#graph .box") > 50);
    page.check_elements();
    page.picture("deep");
}
