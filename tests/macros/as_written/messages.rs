//! The compiler's error messages: the same as without the attribute, or as close as possible. All differences are in
//! `tests/golden/messages.txt`; `MEMPROF_BLESS=1` writes it anew.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use super::compiler::{MESSAGES, is_known, rustc, said, samples, version};

/// Reasons why a message differs, by the names of the cases.
const REASONS: [(&str, &str); 8] = [
    ("sync_borrow", "an argument is moved into the scope, where it is a local"),
    (
        "async_tail async_result_missing_ok async_if async_return async_notawait async_pat impl_type trait_default",
        "the type of an async block cannot be written on it: the output is marked by a note, not by a label",
    ),
    ("async_move", "in an async block rustc does not advise to clone"),
    (
        "async_q async_life async_send async_send_param async_recursion",
        "rustc calls an `async fn` by that name only where the future is its own",
    ),
    ("async_forgot", "the output of the function is marked, too"),
    ("async_static", "elided lifetimes cannot be named in `use<…>`"),
    ("ret_future_type ret_boxed_type ret_boxed_send", "the type of the future is a tracked one"),
    ("ret_future_clone", "a tracked future cannot have this bound: the words are memprof's"),
];

fn reason(name: &str) -> &'static str {
    let found = REASONS.iter().find(|(names, _)| names.split(' ').any(|one| one == name));
    found.unwrap_or_else(|| panic!("{name} differs, and nobody has said why")).1
}

/// A message as lines: level, code and text, then each place that it marks and what it says there, then notes and
/// advice.
fn lines(message: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().replace('\n', " / ");
    let places = |spans: &Value| {
        let mut places: Vec<String> = Vec::new();
        for span in spans.as_array().into_iter().flatten() {
            let source = &span["text"][0];
            let part = |key: &str| source[key].as_u64().map_or(0, |at| at as usize);
            let line: Vec<char> = source["text"].as_str().unwrap_or_default().chars().collect();
            let marked: String =
                line.get(part("highlight_start") - 1..part("highlight_end") - 1).unwrap_or(&[]).iter().collect();
            let primary = if span["is_primary"] == true { "^" } else { "-" };
            let said = text(if span["suggested_replacement"].is_null() {
                &span["label"]
            } else {
                &span["suggested_replacement"]
            });
            places.push(format!(" {primary}`{marked}` {said}"));
        }
        places.sort();
        places.concat()
    };
    let mut all = format!(
        "{}[{}]: {}{}",
        text(&message["level"]),
        text(&message["code"]["code"]),
        text(&message["message"]),
        places(&message["spans"])
    );
    for child in message["children"].as_array().into_iter().flatten() {
        let said = text(&child["message"]);
        // Where a long type was written to, and the types that implement something, are none of the user's.
        if said.contains("the full name for the type")
            || said.contains("using `--verbose`")
            || said.contains("other types implement")
            // It stands with the first message of a lint, whichever that is.
            || said.ends_with("on by default")
        {
            continue;
        }
        write!(all, "\n      {}: {said}{}", text(&child["level"]), places(&child["spans"])).unwrap();
    }
    all
}

/// Messages about a file, each once, in an order that does not depend on the compiler's.
fn messages(name: &str, code: &str, folder: &Path) -> Vec<String> {
    let file = folder.join(format!("{name}.rs"));
    std::fs::write(&file, format!("#![allow(dead_code)]\n{code}\nfn main() {{}}\n")).unwrap();
    let mut all: Vec<String> = said(rustc(), &file, false, folder).iter().map(lines).collect();
    for message in &mut all {
        // `{async block@/tmp/…/name.rs:2:50: 2:60}`
        while let Some(start) = message.find("@") {
            let end = message[start..].find('}').map_or(message.len(), |end| start + end);
            message.replace_range(start..end, "");
        }
    }
    all.sort();
    all.dedup();
    all
}

#[test]
fn mistakes_are_told_as_without_the_attribute() {
    let blessed = std::env::var_os("MEMPROF_BLESS").is_some();
    if !blessed && !is_known() {
        return;
    }
    let bodies = std::fs::read_to_string(samples().join("bodies.txt")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut found = format!("{}\n", version());
    let mut equal = 0;
    for line in bodies.lines().filter(|line| !line.starts_with('#')) {
        let (name, code) = line.split_once(": ").unwrap();
        let plain = messages(name, &code.replace('@', ""), folder.path());
        let tracked = messages(name, &code.replace('@', "#[memprof::track_memory] "), folder.path());
        if plain == tracked {
            equal += 1;
            writeln!(found, "{name}: equal").unwrap();
            continue;
        }
        writeln!(found, "{name}: {}", reason(name)).unwrap();
        for (what, of, other) in [("without", &plain, &tracked), ("tracked", &tracked, &plain)] {
            for message in of.iter().filter(|message| !other.contains(message)) {
                writeln!(found, "  {what}: {message}").unwrap();
            }
        }
    }
    println!("{equal} are equal");
    if blessed {
        std::fs::write(MESSAGES, found).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(MESSAGES).unwrap();
    let differ: Vec<_> = found.lines().filter(|line| !golden.lines().any(|other| other == *line)).collect();
    assert!(
        differ.is_empty(),
        "not as in {MESSAGES}; look at it, and write it anew with MEMPROF_BLESS=1:\n{}",
        differ.join("\n")
    );
}
