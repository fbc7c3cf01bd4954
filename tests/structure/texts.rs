//! Rules for texts: beginnings of doc lines, widths of comments, the length of the README.

use crate::{root, width};
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that no text of the project is in.
const SKIPPED: [&str; 4] = ["target", "data", ".git", "shared"];

/// Words that no doc line begins with: a noun phrase comes first.
const NOT_FIRST: [&str; 3] = ["What", "Whether", "Where"];

/// Limit of lines in the README, and of lines before its first code.
const README_LINES: usize = 100;
const LINES_BEFORE_CODE: usize = 15;

/// The project's own files that satisfy a condition, in the order of their paths.
fn files(wanted: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    fn walk(folder: &Path, wanted: &dyn Fn(&Path) -> bool, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder of the project can be read") {
            let path = entry.expect("a folder's entry can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    walk(&path, wanted, found);
                }
            } else if wanted(&path) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), &wanted, &mut found);
    found.sort();
    found
}

/// The lines that break a rule, each with its file and number.
fn offenders(files: &[PathBuf], breaks: impl Fn(&str) -> bool) -> Vec<String> {
    let mut offenders = Vec::new();
    for file in files {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let place = file.strip_prefix(root()).expect("the file is in the project").display();
        let lines = text.lines().enumerate().filter(|(_, line)| breaks(line));
        offenders.extend(lines.map(|(index, line)| format!("{place}:{}: {}", index + 1, line.trim())));
    }
    offenders
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

/// The text of a line of documentation.
fn doc_text(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let comment = ["///", "//!", "/**", "/*!"].iter().find_map(|start| line.strip_prefix(start));
    let attribute = || {
        let (before, text) = line.split_once("doc = \"")?;
        (before.ends_with("#[") || before.ends_with("#![") || before.ends_with(", ")).then_some(text)
    };
    comment.or_else(attribute).map(str::trim_start)
}

fn begins_with_a_question(line: &str) -> bool {
    let first = doc_text(line).and_then(|text| text.split(|letter: char| !letter.is_alphanumeric()).next());
    first.is_some_and(|word| NOT_FIRST.contains(&word))
}

#[test]
fn no_doc_line_begins_with_a_question_word() {
    assert!(begins_with_a_question("    /// Whether it is open."));
    assert!(begins_with_a_question("//! What's left."));
    assert!(begins_with_a_question("#[cfg_attr(unix, doc = \"Where it is.\")]"));
    assert!(!begins_with_a_question("    /// Whatever it is, where it is."));
    assert!(!begins_with_a_question("    // What follows is for the reader of the code."));
    let files = files(is_rust);
    assert!(files.len() > 300, "too few files were found: {}", files.len());
    let offenders = offenders(&files, begins_with_a_question);
    println!("count: {} doc lines begin with {}", offenders.len(), NOT_FIRST.join(", "));
    assert!(offenders.is_empty(), "{}", offenders.join("\n"));
}

/// True for a comment on a line of its own, or one behind code, that reaches beyond the width.
fn is_too_wide(line: &str, mark: &str, width: usize) -> bool {
    line.chars().count() > width && (line.trim_start().starts_with(mark) || line.contains(&format!(" {mark} ")))
}

#[test]
fn no_comment_is_wider_than_the_code() {
    let width = width();
    let rust = files(is_rust);
    let scripts = files(|path| {
        let in_ci = path.parent().and_then(Path::file_name).is_some_and(|name| name == ".ci");
        in_ci || path.extension().is_some_and(|extension| extension == "toml")
    });
    assert!(scripts.len() > 15, "too few scripts were found: {}", scripts.len());
    assert!(is_too_wide(&format!("    /// {}", "…".repeat(width)), "//", width));
    assert!(!is_too_wide(&format!("//{}", "…".repeat(width - 2)), "//", width));
    let mut offenders = offenders(&rust, |line| is_too_wide(line, "//", width));
    offenders.extend(self::offenders(&scripts, |line| is_too_wide(line, "#", width)));
    println!("count: {} comment lines are wider than {width} columns", offenders.len());
    assert!(offenders.is_empty(), "{}", offenders.join("\n"));
}

#[test]
fn the_readme_is_short_and_begins_with_code() {
    let text = fs::read_to_string(root().join("README.md")).expect("README.md can be read");
    let lines = text.lines().count();
    let code = text.lines().position(|line| line.starts_with("```")).map_or(usize::MAX, |index| index + 1);
    println!("count: {lines} lines in README.md, its first code is on line {code}");
    assert!(lines <= README_LINES, "README.md has {lines} lines; {README_LINES} are the most");
    assert!(code <= LINES_BEFORE_CODE, "README.md has its first code on line {code}, not by {LINES_BEFORE_CODE}");
}
