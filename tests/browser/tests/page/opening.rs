//! The first screen, its themes and widths.

use memprof_browser_tests::{Page, reports};

#[test]
fn the_first_screen_has_the_program_its_totals_and_the_findings() {
    let report = reports::golden();
    let page = Page::open(&report);
    assert_eq!(page.string("return document.title"), "vector_search: memory report");
    assert_eq!(page.text("h1 bdi"), "vector_search");
    assert_eq!(page.text(".card.main .figure"), "15.3 MB");
    assert_eq!(page.count(".finding"), report.findings.len());
    assert!(page.text(".finding").contains(&report.findings[0].title));
    let visible = page.number("return document.querySelector('.finding').getBoundingClientRect().bottom");
    assert!(visible < 900.0, "the first finding ends at {visible}");
}

#[test]
fn every_section_is_there_in_every_width_and_theme() {
    let page = Page::open(&reports::golden());
    for width in [360, 1024, 1920] {
        for colours in ["light", "dark"] {
            page.size(width, if width == 360 { 740 } else { 1080 });
            page.media("screen", colours);
            page.settle();
            let overflow = page.number("return document.documentElement.scrollWidth - innerWidth");
            assert!(overflow <= 0.0, "{overflow} pixels too wide at {width}");
            page.picture(&format!("first_{width}_{colours}"));
            for section in ["timeline", "flame", "functions", "live", "peak", "labels", "threads", "system", "warnings"]
            {
                page.run(&format!("document.getElementById('{section}').scrollIntoView({{behavior: 'instant'}})"));
                assert!(page.number(&format!("return document.getElementById('{section}').clientHeight")) > 60.0);
                if ["timeline", "flame", "functions", "live", "system"].contains(&section) {
                    page.settle();
                    page.picture(&format!("{section}_{width}_{colours}"));
                }
            }
            page.run("scrollTo({top: 0, behavior: 'instant'})");
        }
    }
}

#[test]
fn the_theme_is_remembered_and_set_before_the_first_paint() {
    let page = Page::open(&reports::golden());
    page.media("screen", "light");
    let background = "return getComputedStyle(document.body).backgroundColor";
    let light = page.string(background);
    page.press(&["t"]);
    let dark = page.string(background);
    assert_ne!(light, dark);
    page.go_to("");
    assert_eq!(page.string(background), dark, "it is remembered");
    let first_script = "return document.head.querySelector('script').textContent.includes('memprof-theme')";
    assert_eq!(page.run(first_script), true, "a script in the head sets it");
    page.press(&["t"]);
    assert_eq!(page.string(background), light);
}

#[test]
fn the_printed_page_has_no_controls() {
    let page = Page::open_at(&reports::golden(), "#metric=live");
    page.media("print", "dark");
    page.settle();
    for hidden in [".bar-top", ".tools", "#tip"] {
        let shown = page.string(&format!("return getComputedStyle(document.querySelector('{hidden}')).display"));
        assert_eq!(shown, "none", "{hidden}");
    }
    assert_eq!(page.string("return getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)");
    page.media("", "light");
    let printed = page.print("printed");
    assert!(printed.starts_with(b"%PDF") && printed.len() > 20_000, "{} bytes", printed.len());
}

#[test]
fn what_is_missing_is_said() {
    for (kind, report, sentence) in reports::lacking() {
        let page = Page::open_at(&report, "#metric=live");
        let text = page.text("main");
        assert!(text.contains(sentence), "{kind}: {text}");
        page.check_elements();
        page.picture(&format!("missing_{}", kind.replace(' ', "_")));
        for metric in ["peak", "allocated", "blocks", "copied"] {
            page.choose("#metric", metric);
            assert!(page.count("#graph .box, #graph .missing") > 0, "{kind}, {metric}");
        }
    }
}
