//! The live page before answers of all kinds: large and hostile reports, and what is none.

use memprof::Report;
use memprof_browser_tests::{Fake, Page, reports};

const LIVE: &str = "return document.querySelector('.state').textContent === 'live'";

/// The report so many seconds later.
fn later(report: &Report, seconds: f64) -> String {
    let mut report = report.clone();
    report.program.duration_seconds += seconds;
    report.totals.allocated_bytes += (seconds * 1e6) as u64;
    for row in &mut report.functions {
        row.calls += 1;
        row.self_allocated_bytes += 1_000;
    }
    report.to_json()
}

/// Waits until the page shows the next reading.
fn next(page: &Page) {
    page.run("window.before = document.querySelector('#overview p').textContent");
    page.wait_until("return document.querySelector('#overview p').textContent !== window.before");
}

#[test]
fn a_large_program_is_followed_with_few_elements() {
    let report = reports::large(20_000);
    let fake = Fake::start(200, &report.to_json());
    let page = Page::at(&fake.url);
    page.wait_until(LIVE);
    fake.set(200, &later(&report, 10.0));
    next(&page);
    println!("{} functions: {} elements", report.functions.len(), page.check_elements());
    assert_eq!(page.count("#functions table.functions tbody tr"), 25);
    page.click_text("#functions .pager button", "Last");
    page.click_text("#functions thead button", "function");
    page.run("document.querySelector('#filter').focus()");
    page.press(&["step_1"]);
    page.wait_until("return document.querySelector('#functions output').textContent.startsWith('361 of 1,250')");
    page.check_elements();
    page.picture("running_large");
    let points = "return document.querySelector('path.line-heap').getAttribute('d').split(/[ML]/).length";
    for second in 11..14 {
        fake.set(200, &later(&report, f64::from(second)));
        next(&page);
    }
    assert!(page.number(points) <= 500.0);
}

#[test]
fn every_hostile_name_is_text() {
    let report = reports::hostile();
    let fake = Fake::start(200, &report.to_json());
    let page = Page::at(&fake.url);
    page.wait_until(LIVE);
    fake.set(200, &later(&report, 2.0));
    next(&page);
    assert_eq!(page.count("img, iframe, object, embed, b"), 0);
    assert_eq!((page.count("script"), page.count("svg")), (2, 2));
    assert!(!page.text("main").contains('\u{202e}'));
    assert!(page.string("return document.title").ends_with(": live memory"));
    for name in reports::hostile_names() {
        page.run(&format!("location.hash = '#fn=' + encodeURIComponent({})", serde_json::json!(name)));
        page.settle();
    }
    for width in [360, 1024] {
        page.size(width, 900);
        page.settle();
        let overflow = page.number("return document.documentElement.scrollWidth - innerWidth");
        assert!(overflow <= 0.0, "{overflow} pixels too wide at {width}");
        page.picture(&format!("running_hostile_{width}"));
    }
}

#[test]
fn a_function_that_gets_the_name_of_its_trait_keeps_its_figures() {
    let report = reports::golden();
    let mut earlier = report.clone();
    let long = "<vector_search::report::Recall as core::fmt::Display>::fmt";
    let row = earlier.functions.iter_mut().find(|row| row.name == long).expect("the function is there");
    row.name = "vector_search::report::Recall::fmt".to_owned();
    let fake = Fake::start(200, &earlier.to_json());
    let page = Page::at(&fake.url);
    page.wait_until(LIVE);
    // While paused, the difference counts from the reading that is shown.
    page.press(&["p", "d", "p"]);
    fake.set(200, &later(&report, 1.0));
    next(&page);
    let row =
        "[...document.querySelectorAll('#functions tbody tr')].find((row) => row.innerText.includes('Display>::fmt'))";
    let text = page.string(&format!("return {row}.innerText.replace(/\\s+/g, ' ')"));
    assert!(text.contains(" 1,000 B/s ") && text.contains("+1,000 B +1 "), "{text}");
}

#[test]
fn other_answers_are_said_and_the_page_goes_on() {
    let report = reports::golden();
    let fake = Fake::start(503, "the profile has not started\n");
    let page = Page::at(&fake.url);
    let says = |text: &str| {
        // The pause between tries grows; a page that becomes visible asks at once.
        page.run("document.dispatchEvent(new Event('visibilitychange'))");
        page.wait_until(&format!("return document.querySelector('#overview .missing').textContent.includes('{text}')"));
    };
    says("The program has no figures now: the profile has not started. Trying again.");
    page.press(&["d", "c"]);
    for body in
        ["", "[]", "null", "{}", "{\"program\": 1, \"totals\": 2}", "<html>", "{\"program\": {}, \"totals\": {}}"]
    {
        fake.set(200, body);
        says("The answer is not a report");
        fake.set(500, "a\\nb");
        says("The answer has status 500: a");
    }
    fake.set(200, &report.to_json());
    page.wait_until(LIVE);
    assert_eq!(page.text("h1 bdi"), "vector_search");
    assert!(page.text("#growing tbody").contains("vector_search::serve"));
    fake.set(404, "");
    says("The answer has status 404");
    assert_eq!(page.text("h1 bdi"), "vector_search");
    page.forget_log();
}

#[test]
fn a_limit_is_drawn_when_it_is_near() {
    let mut report = reports::golden();
    report.os.limit_source = Some("cgroup".to_owned());
    report.os.limit_bytes = Some(64 << 30);
    let fake = Fake::start(200, &report.to_json());
    let page = Page::at(&fake.url);
    page.wait_until(LIVE);
    assert!(page.text(".cards").contains("of 64.0 GB (cgroup)"), "{}", page.text(".cards"));
    assert_eq!(page.count(".peak-text"), 0);
    report.os.limit_bytes = Some(64 << 20);
    fake.set(200, &later(&report, 1.0));
    next(&page);
    assert_eq!(page.text(".peak-text"), "limit 64.0 MB");
    page.picture("running_limit");
}

#[test]
fn what_a_report_lacks_is_said() {
    for (kind, report, _) in reports::lacking() {
        let fake = Fake::start(200, &report.to_json());
        let page = Page::at(&fake.url);
        page.wait_until(LIVE);
        fake.set(200, &later(&report, 2.0));
        next(&page);
        let text = page.text("main");
        let sentence = match kind {
            "not installed" | "no report" => "allocator is not installed",
            "no functions" => "No function was tracked",
            "not recorded" => "track_allocations = false",
            _ => "Functions",
        };
        assert!(text.contains(sentence), "{kind}: {text}");
        assert!(!text.contains("NaN") && !text.contains("undefined") && !text.contains("null"), "{kind}: {text}");
    }
}
