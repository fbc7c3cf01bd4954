//! Tests of the page as text. A browser opens it in `tests/browser`.

use super::super::tests::hold;
use super::*;

#[test]
fn the_policy_has_the_hashes_of_the_style_and_the_script() {
    hold(
        concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/formats/html/running.rs"),
        &[("STYLE", STYLE, STYLE_HASH), ("VIEWER", VIEWER, VIEWER_HASH)],
    );
}

#[test]
fn the_page_may_ask_its_own_server_and_nobody_else() {
    let page = String::from_utf8(running_page()).expect("a page is UTF-8");
    let (_, rest) = page.split_once("Content-Security-Policy\" content=\"").expect("a policy");
    let policy = rest.split_once("\">").expect("its end").0;
    assert!(policy.starts_with("default-src 'none'; ") && policy.ends_with("; connect-src 'self'"), "{policy}");
    for hash in [super::super::THEME_HASH, VIEWER_HASH, STYLE_HASH] {
        assert!(policy.contains(hash), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    for text in ["http://", "https://", "src="] {
        assert!(!page.replace("http://www.w3.org/2000/svg", "").contains(text), "{text}");
    }
}

#[test]
fn the_page_is_small_and_no_part_of_it_is_in_reports() {
    let size = STYLE.len() + VIEWER.len();
    println!("{size} bytes: {} of style, {} of scripts", STYLE.len(), VIEWER.len());
    assert!(size <= 80 << 10, "{size} bytes");
    for name in ["fetch(", "function feed(", "connect-src"] {
        assert!(!super::super::VIEWER.contains(name), "{name}");
    }
}
