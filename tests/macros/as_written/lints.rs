//! Messages of lints: the same about the same lines.

use std::collections::BTreeMap;
use std::process::Command;

use super::compiler::{clippy, is_known, rustc, said, samples};

/// Lints that cannot be what they were, each for a reason that is in `memprof/docs/guarantees.md`.
const OTHERS: [&str; 11] = [
    // A tracked function can run in no compiler.
    "clippy::missing_const_for_fn",
    // A parameter that is dropped in the scope is moved there.
    "clippy::needless_pass_by_value",
    "clippy::boxed_local",
    "clippy::only_used_in_recursion",
    // An `async fn` has become one that returns its future.
    "async_fn_in_trait",
    "clippy::missing_errors_doc",
    "clippy::unused_async",
    // The last expression of the body is not that of the function; of the first, where an argument is moved.
    "clippy::needless_question_mark",
    "clippy::manual_async_fn",
    "clippy::default_numeric_fallback",
    "clippy::empty_drop",
];

#[test]
fn lints_say_what_they_say_without_the_attribute() {
    if !is_known() {
        return;
    }
    let file = samples().join("lints.txt");
    let compiler = || match clippy() {
        Some(clippy) => Command::new(clippy),
        None => rustc(),
    };
    let folder = tempfile::tempdir().unwrap();
    let counted = |tracked| {
        let mut counts: BTreeMap<(String, u64), u32> = BTreeMap::new();
        for message in said(compiler(), &file, tracked, folder.path()) {
            let lint = message["code"]["code"].as_str().unwrap_or("none").to_owned();
            let line = message["spans"][0]["line_start"].as_u64().unwrap_or(0);
            *counts.entry((lint, line)).or_default() += 1;
        }
        counts
    };
    let (plain, tracked) = (counted(false), counted(true));
    assert!(plain.len() > 100, "few lints are found: {plain:?}");
    let arises = tracked.keys().any(|(lint, _)| lint == "clippy::needless_question_mark");
    assert!(arises || clippy().is_none(), "a needless `?` is found where no argument is moved");
    let of = |counts: &BTreeMap<(String, u64), u32>, key| counts.get(key).copied().unwrap_or(0);
    let mut differ: Vec<String> = Vec::new();
    for key in plain.keys().chain(tracked.keys()) {
        let (lint, line) = key;
        let (was, is) = (of(&plain, key), of(&tracked, key));
        // Those that are no more may be so; none may be new.
        if was != is && !(is < was && OTHERS.contains(&lint.as_str())) {
            differ.push(format!("{lint} in line {line}: {was} times, tracked {is}"));
        }
    }
    differ.dedup();
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn an_expected_lint_is_found() {
    if !is_known() {
        return;
    }
    let file = samples().join("expected.txt");
    let folder = tempfile::tempdir().unwrap();
    let Some(clippy) = clippy() else {
        println!("skipped: Clippy is not installed");
        return;
    };
    for tracked in [false, true] {
        let said = said(Command::new(&clippy), &file, tracked, folder.path());
        let unfulfilled = said.iter().filter(|message| message["code"]["code"] == "unfulfilled_lint_expectations");
        let rendered: String = unfulfilled.filter_map(|message| message["rendered"].as_str()).collect();
        assert!(rendered.is_empty(), "tracked: {tracked}:\n{rendered}");
    }
}

#[test]
fn nothing_generated_offends_what_is_forbidden() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("forbidden.rs");
    let code = "#![forbid(clippy::shadow_same, clippy::shadow_reuse, clippy::used_underscore_binding, unsafe_code)]\n\
        #[memprof::track_memory] pub fn f(a: String, mut b: Vec<u8>, _c: String) -> usize { b.push(1); a.len() + b.len() }\n\
        #[memprof::track_memory] pub async fn g(a: String, mut b: Vec<u8>, _c: String) -> usize { b.push(1); a.len() + b.len() }\n\
        fn main() {}\n";
    std::fs::write(&file, code).unwrap();
    let compiler = clippy().map_or_else(rustc, Command::new);
    let said = said(compiler, &file, true, folder.path());
    assert!(said.is_empty(), "{said:#?}");
}
