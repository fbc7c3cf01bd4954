//! The live page of a program under load.

use memprof_browser_tests::{Busy, Page, mount};
use std::thread::sleep;
use std::time::Duration;

const LIVE: &str = "return document.querySelector('.state').textContent === 'live'";
const LOST: &str = "return document.querySelector('.state').textContent === 'no answer'";

fn busy(environment: &[(&str, &str)]) -> Busy {
    Busy::start(env!("CARGO_BIN_EXE_busy"), "127.0.0.1:0", environment)
}

fn open(program: &Busy) -> Page {
    let page = Page::at(&program.url());
    page.wait_until(LIVE);
    page
}

/// A script that returns the text of a cell of the table of functions.
fn cell(function: &str, column: &str) -> String {
    format!(
        "const heads = [...document.querySelectorAll('#functions thead th')];
        const column = heads.findIndex((head) => head.querySelector('button')?.dataset.key === '{column}');
        const rows = [...document.querySelectorAll('#functions tbody tr, #functions tfoot tr')];
        const row = rows.find((one) => one.children[0].textContent === '{function}');
        return row?.children[column]?.textContent ?? ''"
    )
}

/// A condition: a cell has a text.
fn shows(function: &str, column: &str, text: &str) -> String {
    format!("return (() => {{ {} }})() === '{text}'", cell(function, column))
}

#[test]
fn figures_move_and_what_grows_is_named() {
    let program = busy(&[]);
    let page = open(&program);
    assert_eq!(page.string("return document.title"), "busy: live memory");
    let about = page.text("#overview p");
    assert!(about.contains(&format!("process {}", program.pid())) && about.contains("running for "), "{about}");
    let heap = page.text(".card.main .figure");
    let path = page.string("return document.querySelector('path.line-heap').getAttribute('d')");
    page.wait_until(&format!("return document.querySelector('.card.main .figure').textContent !== '{heap}'"));
    page.wait_until("return document.querySelectorAll('path').length === 3");
    page.wait_until("return /^[0-9].* [KM]B.s$/.test(document.querySelectorAll('.card .figure')[2].textContent)");
    assert_ne!(page.string("return document.querySelector('path.line-heap').getAttribute('d')"), path);
    page.wait_until("return document.querySelector('#growing tbody th')?.textContent === 'busy::remember'");
    let rate = page.text("#growing tbody td");
    assert!(rate.ends_with(" KB/s"), "{rate}");
    let place = page.text("#growing tbody td.text");
    assert!(place.contains("busy.rs:"), "{place}");
    page.wait_until("return document.querySelector('#functions tbody th').textContent === 'busy::render'");
    assert!(page.string(&cell("busy::render", "calls_rate")).ends_with("/s"));
    assert!(page.string(&cell("busy::remember", "retained")).ends_with('B'));
    assert!(page.text("#labels tbody").contains("customer = <b>acme</b>"), "{}", page.text("#labels"));
    page.check_elements();
}

#[test]
fn the_difference_since_now_counts_the_work_between() {
    let mut program = busy(&[]);
    program.order("work 100");
    program.order("keep 50");
    let page = open(&program);
    page.click_text("#overview button", "Difference");
    page.wait_until("return !document.querySelector('.since').hidden");
    program.order("work 17");
    program.order("keep 3");
    page.wait_until(&shows("busy::work", "since_calls", "+17"));
    assert_eq!(page.string(&cell("busy::work", "since_bytes")), "+16.6 KB");
    page.wait_until(&shows("busy::keep", "since_bytes", "+11.7 KB"));
    assert_eq!(page.string(&cell("busy::keep", "since_calls")), "+3");
    let exact = "return [...document.querySelectorAll('#functions tbody td')].map((cell) => cell.title)";
    let exact = page.run(exact).to_string();
    assert!(exact.contains("\"17,000 bytes\"") && exact.contains("\"12,000 bytes\""), "{exact}");
    assert!(page.text(".since").contains(" s: allocated +"), "{}", page.text(".since"));
    // Later work is added; a new mark begins anew.
    program.order("work 3");
    page.wait_until(&shows("busy::work", "since_calls", "+20"));
    page.press(&["d"]);
    page.wait_until(&shows("busy::work", "since_calls", "0"));
    program.order("work 5");
    page.wait_until(&shows("busy::work", "since_calls", "+5"));
    // What was done before is never in it, however short the time between.
    for _ in 0..3 {
        program.order("work 7");
        page.press(&["d"]);
        page.wait_until("return [...document.querySelectorAll('#overview button')].some((one) => one.textContent.startsWith('Difference'))");
        page.run("window.before = document.querySelector('#overview p').textContent");
        page.wait_until("return document.querySelector('#overview p').textContent !== window.before");
        assert_eq!(page.string(&cell("busy::work", "since_calls")), "0");
    }
    page.click(".since .link");
    assert_eq!(page.string(&cell("busy::work", "since_calls")), "");
    assert_eq!(page.count(".since[hidden]"), 1);
}

#[test]
fn a_paused_page_asks_for_nothing() {
    let program = busy(&[]);
    let page = open(&program);
    page.press(&["p"]);
    assert_eq!(page.text(".state"), "paused");
    page.settle();
    page.requests();
    let heap = page.text(".card.main .figure");
    sleep(Duration::from_millis(2500));
    assert_eq!(page.requests(), Vec::<String>::new());
    assert_eq!(page.text(".card.main .figure"), heap);
    page.click_text("#overview button", "Go on");
    page.wait_until(LIVE);
    page.wait_until(&format!("return document.querySelector('.card.main .figure').textContent !== '{heap}'"));
    // Neither does a page that nobody sees.
    page.run(
        "Object.defineProperty(document, 'hidden', { value: true, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'))",
    );
    page.settle();
    page.requests();
    sleep(Duration::from_millis(2500));
    assert_eq!(page.requests(), Vec::<String>::new());
    page.run("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))");
    page.settle();
    let requests = page.requests();
    assert!(!requests.is_empty() && requests.iter().all(|url| url.ends_with("/report.json?names=0")), "{requests:?}");
}

#[test]
fn the_page_says_that_the_program_has_ended_and_goes_on_with_the_next() {
    let program = busy(&[]);
    let page = open(&program);
    let heap = page.text(".card.main .figure");
    assert!(heap.ends_with('B'));
    let (address, first) = (program.address.clone(), program.pid());
    page.press(&["d"]);
    page.wait_until("return !document.querySelector('.since').hidden");
    program.kill();
    page.wait_until(LOST);
    let message = page.text("#overview .missing:not([hidden])");
    assert!(message.contains("has ended or does not answer. Trying again"), "{message}");
    assert!(page.text("#overview p").contains(&format!("process {first} ")), "the last figures stay");
    page.picture("running_lost");
    let program = Busy::start(env!("CARGO_BIN_EXE_busy"), &address, &[]);
    page.wait_until(LIVE);
    let message = page.text("#overview .missing:not([hidden])");
    assert!(message.contains(&format!("started again (process {})", program.pid())), "{message}");
    assert!(page.text("#overview p").contains(&format!("process {} ", program.pid())));
    assert_eq!(page.count(".since[hidden]"), 1, "no difference between two runs");
    // The browser itself writes each failed request to the console.
    let console = page.console();
    assert!(console.iter().all(|line| line.contains("net::ERR_")), "{console:?}");
    page.forget_log();
}

#[test]
fn a_token_is_asked_for_once() {
    let token = "0123456789abcdef";
    let program = busy(&[("MEMPROF_SERVE_TOKEN", token)]);
    let page = Page::at(&program.url());
    assert!(page.text("body").contains("the token is missing or wrong"));
    page.go_to(&format!("?token={token}"));
    page.wait_until(LIVE);
    assert!(!page.string("return location.href").contains(token));
    page.run("document.cookie = 'memprof_token=x'");
    let address = program.address.clone();
    program.kill();
    page.wait_until(LOST);
    let _other =
        Busy::start(env!("CARGO_BIN_EXE_busy"), &address, &[("MEMPROF_SERVE_TOKEN", "another-token-of-length")]);
    page.wait_until("return document.querySelector('#overview .missing').textContent.includes('?token=TOKEN')");
    page.forget_log();
}

#[test]
fn the_page_works_under_another_path() {
    let program = busy(&[]);
    let outer = mount(&program.address);
    for path in ["/inner/", "/inner"] {
        let page = Page::at(&format!("http://{outer}{path}"));
        page.wait_until(LIVE);
        let links =
            page.run("return [...document.querySelectorAll('a[href]')].map((link) => new URL(link.href).pathname)");
        let links: Vec<String> = serde_json::from_value(links).expect("texts");
        for link in ["/inner/report.html", "/inner/report.json", "/inner/metrics", "/inner/debug/pprof/heap"] {
            assert!(links.iter().any(|other| other == link), "{link} of {path} in {links:?}");
        }
    }
}

#[test]
fn unknown_figures_are_dashes() {
    let program = busy(&[("MEMPROF_TRACK_ALLOCATIONS", "false"), ("MEMPROF_TIMELINE_POINTS", "0")]);
    let page = open(&program);
    page.wait_until(&format!("return /^[0-9]/.test((() => {{ {} }})())", cell("busy::render", "rate")));
    assert_eq!(page.string(&cell("busy::remember", "retained")), "–");
    assert!(page.text("#growing").contains("track_allocations = false"), "{}", page.text("#growing"));
    page.press(&["d"]);
    page.wait_until("return !document.querySelector('.since').hidden");
    assert_eq!(page.string(&cell("busy::remember", "since_retained")), "–");
}

#[test]
fn hostile_names_are_text_and_the_policy_holds() {
    let program = busy(&[]);
    let page = open(&program);
    page.click_text("#functions tbody button", "<img");
    assert_eq!(page.text("#chosen strong"), "<img src=x onerror=document.title='hit'>");
    assert!(page.text("#functions tbody").contains("\\u{202e}gnp.exe\\u{202c} </script><script>"));
    assert_eq!(page.count("img, iframe, b"), 0);
    assert_eq!(page.string("return document.title"), "busy: live memory");
    let link = page.string("return document.querySelector('#chosen a').href");
    page.run(&format!("location.href = '{link}'"));
    page.wait_until("return document.querySelectorAll('#chosen:not([hidden]) .place').length > 0 && document.title.endsWith('report')");
    assert_eq!(page.string("return document.title"), "busy: memory report");
    page.go_to("");
    page.wait_until(LIVE);
    page.run(
        "const script = document.createElement('script'); script.textContent = 'window.ran = true'; document.body.append(script);
        fetch('http://127.0.0.1:1/').catch(() => {});",
    );
    page.settle();
    assert_eq!(page.run("return window.ran === true"), false);
    let console = page.console();
    assert!(console.len() >= 2 && console.iter().all(|line| line.contains("Content Security Policy")), "{console:?}");
    page.forget_log();
}

#[test]
fn the_page_fits_every_width_and_theme() {
    let mut program = busy(&[]);
    let page = open(&program);
    page.press(&["d"]);
    page.wait_until("return !document.querySelector('.since').hidden");
    program.order("keep 40");
    page.wait_until("return document.querySelector('#growing tbody th') !== null");
    page.wait_until(&shows("busy::keep", "since_calls", "+40"));
    for width in [400, 1024, 1400] {
        for colours in ["light", "dark"] {
            page.size(width, 1700);
            page.media("screen", colours);
            page.settle();
            let overflow = page.number("return document.documentElement.scrollWidth - innerWidth");
            assert!(overflow <= 0.0, "{overflow} pixels too wide at {width}");
            page.picture(&format!("running_{width}_{colours}"));
        }
    }
    let nameless = page.run(
        "return [...document.querySelectorAll('button, a, input, select, [role=slider]')]
            .filter((one) => !(one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.length))
            .map((one) => one.outerHTML.slice(0, 80))",
    );
    assert_eq!(nameless, serde_json::json!([]));
    // Screen readers are told of the state alone.
    let spoken =
        page.run("return [...document.querySelectorAll('[role=status], [aria-live]')].map((one) => one.textContent)");
    let spoken = spoken.to_string();
    assert!(spoken.contains("live") && !spoken.contains("MB"), "{spoken}");
}

#[test]
fn the_focus_and_the_order_stay_while_figures_move() {
    let program = busy(&[]);
    let page = open(&program);
    page.wait_until("return document.querySelectorAll('#functions tbody tr').length >= 6");
    page.run("document.querySelector('#functions thead [data-key=calls_rate]').focus()");
    page.press(&["Enter"]);
    assert_eq!(page.fragment("sort"), "-calls_rate");
    assert_eq!(page.run("return document.activeElement.dataset.key"), "calls_rate");
    page.press(&["Tab", "Tab", "Tab", "Tab"]);
    let name = page.string("return document.activeElement.textContent");
    assert_eq!(page.run("return document.activeElement.closest('tbody') !== null"), true, "{name}");
    page.run("window.before = document.querySelector('#overview p').textContent");
    page.wait_until("return document.querySelector('#overview p').textContent !== window.before");
    assert_eq!(page.string("return document.activeElement.textContent"), name);
    assert_eq!(page.count("#functions .tools span:not([hidden]):last-child"), 1, "the order waits");
    page.press(&["?"]);
    assert_eq!(page.count("dialog[open]"), 1);
}
