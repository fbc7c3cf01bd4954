//! The page as a pull request shows it.

use super::page::LONGEST;
use super::*;
use crate::report::formats::samples;
use crate::report::golden;

fn text(report: &Report) -> String {
    let mut text = Vec::new();
    write(report, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn the_page_fits_into_a_comment_whatever_the_report_has() {
    for (name, report) in samples::all() {
        assert!(text(&report).chars().count() <= LONGEST, "{name}");
    }
    let mut report = samples::deep();
    for group in 0..5_000_u32 {
        let path = vec!["ä".repeat(300), group.to_string()];
        report.live.groups.push(LiveGroup { path, bytes: 1, count: 1, ..LiveGroup::default() });
    }
    report.warnings = vec!["a long warning ".repeat(10_000); 50];
    let text = text(&report);
    assert!(text.chars().count() <= LONGEST && text.chars().count() > LONGEST / 2);
    assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
}

#[test]
fn rows_that_do_not_fit_are_counted() {
    let text = text(&samples::deep());
    let shown = text.lines().filter(|line| line.contains("`…")).count();
    let more = text.lines().find_map(|line| line.strip_prefix('*')?.strip_suffix(" more: no room*")).expect("a line");
    let more: usize = more.replace(',', "").parse().unwrap();
    assert!(shown > 100 && shown + more >= 2_000, "{shown} + {more}");
    assert!(text.contains("<summary>1,990 more functions</summary>"), "{}", &text[..2_000]);
}

#[test]
fn names_stay_names() {
    for name in samples::HOSTILE {
        let shown = code(name);
        // The fence stands at the beginning and the end alone.
        let fence: String = shown.chars().take_while(|letter| *letter == '`').collect();
        if !shown.is_empty() {
            let inner = shown.strip_prefix(&fence).and_then(|rest| rest.strip_suffix(&fence)).unwrap();
            assert!(inner.split(|letter| letter != '`').all(|run| run.len() < fence.len()), "{shown}");
        }
        assert!(!shown.contains('\n'), "{shown:?}");
        assert!(!cell(name).replace("\\|", "").contains('|'), "{}", cell(name));
    }
    assert_eq!(code("a`b"), "``a`b``");
    assert_eq!(code("`"), "`` ` ``");
}

#[test]
fn sentences_have_no_markup_and_mention_nobody() {
    assert_eq!(sentence("a `Vec` <b> @me #1"), "a `Vec` &lt;b&gt; @<!-- -->me #<!-- -->1");
    assert_eq!(sentence("[x](https://y) www.z *w*"), "\\[x\\](https&#58;//y) www&#46;z \\*w\\*");
    assert_eq!(sentence("one ` alone"), "one \\` alone");
    assert_eq!(sentence("a\nb"), "a\\\\nb");
}

#[test]
fn hostile_names_make_no_tag() {
    let text = text(&samples::hostile());
    let known = ["details", "summary", "br", "/details", "/summary", "!-- --"];
    for line in text.lines() {
        // What stands in code is shown as it is.
        let outside: String = line.split('`').step_by(2).collect();
        let tags = outside.split('<').skip(1).filter_map(|rest| rest.split('>').next());
        assert!(tags.clone().all(|tag| known.contains(&tag)), "{line}");
    }
}

#[test]
fn what_is_missing_is_said() {
    let has = |report: &Report, words: &str| assert!(text(report).contains(words), "{words}: {}", text(report));
    has(&samples::not_installed(), "allocator is not installed");
    has(&samples::no_functions(), "> No tracked function was called");
    has(&samples::no_records(), "> Live blocks are not recorded");
    has(&samples::sampled(), "> Live bytes are an estimate from a sample");
    has(&samples::no_stacks(), "> Live blocks have no stacks");
}

#[test]
fn the_golden_page_reads_as_it_should() {
    golden::same("memory_report.md", &text(&golden::report()));
}
