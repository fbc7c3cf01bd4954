//! Reports that another program has written or changed, and figures that other formats must agree on.

use memprof::Report;
use memprof_browser_tests::{Page, reports};

/// The sentence about a measure.
const ABOUT: &str = "#flame > p.quiet";

#[test]
fn times_that_a_step_cannot_change_end_the_axis() {
    let mut report = reports::golden();
    let timeline = report.timeline.as_mut().expect("a timeline");
    timeline.points.truncate(2);
    timeline.points.iter_mut().for_each(|point| point.seconds = 1e8);
    let page = Page::open(&report);
    assert!(page.count("#timeline .axis") < 40);
    assert!(page.count("#functions tbody tr") > 0);
}

#[test]
fn neighbours_on_the_time_axis_differ() {
    for seconds in [0.0015, 0.0019, 0.05, 1.3, 0.000_9, 11.0] {
        let mut report = reports::golden();
        let timeline = report.timeline.as_mut().expect("a timeline");
        let length = timeline.points.len() as f64 - 1.0;
        for (point, index) in timeline.points.iter_mut().zip(0..) {
            point.seconds = f64::from(index) * seconds / length;
        }
        let page = Page::open(&report);
        let texts = page
            .string("return [...document.querySelectorAll('#timeline .axis')].map((one) => one.textContent).join('|')");
        let mut labels: Vec<&str> = texts.split('|').filter(|text| !text.ends_with('B')).collect();
        let all = labels.len();
        labels.dedup();
        assert!(all > 2 && labels.len() == all, "{seconds}: {texts}");
    }
}

#[test]
fn rows_in_a_circle_are_shown_without_callers() {
    let mut report = reports::golden();
    let rows = report.call_tree.len() as u32;
    for (row, next) in report.call_tree.iter_mut().zip(1..) {
        row.parent = Some(next % rows);
    }
    let page = Page::open_at(&report, "#metric=allocated");
    assert!(page.text(ABOUT).contains("1.6 GB in all"), "{}", page.text(ABOUT));
}

/// The sum of live bytes and of those at the peak.
#[track_caller]
fn check_live(report: &Report, live: &str, peak: &str, rest: &str) {
    let page = Page::open_at(report, "#metric=live");
    assert!(page.text(ABOUT).contains(&format!("{live} in all")), "{}", page.text(ABOUT));
    page.run(
        "window.names = [...document.querySelectorAll('#graph .box')].map((box) => box.getAttribute('aria-label'))",
    );
    assert!(
        rest.is_empty() || page.run("return names.join()").as_str().is_some_and(|names| names.contains(rest)),
        "{rest}"
    );
    page.choose("#metric", "peak");
    assert!(page.text(ABOUT).contains(&format!("{peak} in all")), "{}", page.text(ABOUT));
}

#[test]
fn estimates_add_up_to_the_net_as_in_every_format() {
    let mut sampled = reports::golden();
    let (live, peak) = ("12.5 MB", "15.2 MB");
    sampled.live.exact = false;
    for group in &mut sampled.live.groups {
        group.bytes *= 3;
    }
    let picture = sampled.peak.as_mut().expect("a peak");
    picture.groups.iter_mut().for_each(|group| group.bytes *= 3);
    sampled.live.estimated_bytes = Some(sampled.live.groups.iter().map(|group| group.bytes).sum());
    check_live(&sampled, live, peak, "");
    for group in &mut sampled.live.groups {
        group.bytes /= 9;
    }
    sampled.live.estimated_bytes = Some(sampled.live.groups.iter().map(|group| group.bytes).sum());
    check_live(&sampled, live, peak, "(live blocks without a record)");
    let mut freed = sampled.clone();
    freed.totals.net_bytes = -7;
    let page = Page::open_at(&freed, "#metric=live");
    assert_eq!(page.count("#graph .box"), 0);
}

#[test]
fn a_name_with_a_lone_bracket_stays_whole() {
    let mut report = reports::golden();
    let names = ["size < 10", "size < 100", "a -> b => c"];
    for (name, row) in names.iter().zip(&mut report.functions) {
        for node in report.call_tree.iter_mut().filter(|node| node.function == row.name) {
            node.function = (*name).to_owned();
        }
        row.name = (*name).to_owned();
    }
    let page = Page::open_at(&report, "#metric=allocated&fn=size%20%3C%2010");
    assert_eq!(page.count("tr.chosen"), 1, "only one is chosen");
    let texts =
        page.string("return [...document.querySelectorAll('#graph .box')].map((one) => one.textContent).join('|')");
    assert!(texts.contains("size < 10") && texts.contains("a -> b => c"), "{texts}");
}

#[test]
fn a_report_without_functions_has_the_sums() {
    let mut report = reports::golden();
    report.functions.clear();
    report.call_tree.clear();
    if let Some(peak) = &mut report.peak {
        peak.functions.clear();
    }
    let page = Page::open(&report);
    assert!(page.text("#functions tfoot").contains("1.6 GB"), "{}", page.text("#functions tfoot"));
    assert_eq!(page.count("#functions input"), 0, "nothing is there to filter");
    assert_eq!(page.count("#peak table"), 1, "only the calls in flight");
}

#[test]
fn no_finding_is_no_promise() {
    let mut report = reports::golden();
    report.findings.clear();
    report.live.groups.iter_mut().for_each(|group| group.verdict = Some("recent".into()));
    let page = Page::open(&report);
    let text = page.text("#overview");
    assert!(text.contains("cannot be judged"), "{text}");
    report.live.groups.iter_mut().for_each(|group| group.verdict = Some("kept".into()));
    assert!(!Page::open(&report).text("#overview").contains("cannot be judged"));
}

#[test]
fn a_stripped_program_with_named_libraries_is_noticed() {
    let mut report = reports::golden();
    report.program.name = "app".into();
    for group in &mut report.live.groups {
        for (index, frame) in group.stack.iter_mut().enumerate() {
            let is_library = index == 0;
            frame.module = Some(if is_library { "/lib/libc.so.6".into() } else { "/opt/app (build 4f2a)".into() });
            frame.function = is_library.then(|| "malloc".into());
        }
    }
    let page = Page::open_at(&report, "#metric=live");
    assert!(page.text("#flame").contains("no symbols"));
}

#[test]
fn code_in_an_advice_and_settings_without_a_value_read_well() {
    let mut report = reports::golden();
    report.findings[0].advice = "Call `reserve` before".into();
    if let Some(settings) = &mut report.settings {
        settings.dump_on_signal = None;
    }
    let page = Page::open(&report);
    assert_eq!(page.text(".advice code"), "reserve");
    assert!(page.text("#settings").contains("(the default)"));
}
