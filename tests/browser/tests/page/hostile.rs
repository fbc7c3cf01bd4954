//! Names that are HTML, end a script, turn text around, or are very long.

use memprof_browser_tests::{Page, reports};

#[test]
fn every_name_is_text() {
    let report = reports::hostile();
    let page = Page::open_at(&report, "#metric=live&group=0&columns=all");
    assert!(page.string("return document.title").ends_with("memory report"));
    assert_eq!(page.count("img, iframe, object, embed, link"), 0);
    assert_eq!(page.count("script"), 3);
    assert_eq!(page.count("svg"), 1, "the timeline");
    for metric in ["allocated", "live", "blocks"] {
        page.choose("#metric", metric);
        page.check_elements();
    }
    page.picture("hostile");
    page.go_to("#columns=calls");
    let shown = page.text("#functions tbody");
    assert!(shown.contains("<img src=x onerror=document.title='hit'>"), "{shown:.600}");
    assert!(shown.contains("\\u{202e}gnp.exe\\u{202c} evil"), "marks are shown as escapes");
    assert!(!page.text("main").contains('\u{202e}'));
    for name in reports::hostile_names() {
        page.run(&format!("location.hash = '#metric=allocated&fn=' + encodeURIComponent({})", serde_json::json!(name)));
        page.settle();
        page.press(&["p"]);
        page.check_elements();
    }
}

#[test]
fn long_names_do_not_widen_the_page() {
    let page = Page::open_at(&reports::hostile(), "#group=0");
    for width in [360, 1024] {
        page.size(width, 800);
        page.settle();
        let overflow = page.number("return document.documentElement.scrollWidth - innerWidth");
        assert!(overflow <= 0.0, "{overflow} pixels too wide at {width}");
        let tall = page
            .number("return Math.max(...[...document.querySelectorAll('tbody tr')].map((row) => row.clientHeight))");
        assert!(tall < 400.0, "a row of {tall} pixels");
        page.picture(&format!("hostile_{width}"));
    }
}

#[test]
fn the_policy_forbids_other_scripts() {
    let page = Page::open(&reports::golden());
    let ran = page.run(
        "const script = document.createElement('script'); script.textContent = 'window.ran = true'; document.body.append(script);
        document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.ran = true\"><p id=styled style=\"color: red\">');
        return window.ran === true || getComputedStyle(document.getElementById('styled')).color === 'rgb(255, 0, 0)'",
    );
    assert_eq!(ran, false);
    // The browser says so in the console: this test expects it.
    page.forget_log();
}
