//! Warnings of the golden files: the code writes each of them.

use crate::root;
use std::fs;
use std::path::Path;

/// Text literals of all sources in a folder, each cut into the pieces between its placeholders.
fn literals(folder: &Path, found: &mut Vec<Vec<String>>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("a folder's entry can be read").path();
        if path.is_dir() {
            literals(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("the source can be read");
            found.extend(text.split('"').map(pieces).filter(|pieces| !pieces.is_empty()));
        }
    }
}

/// The literal without line continuations, cut at `{…}`.
fn pieces(literal: &str) -> Vec<String> {
    let lines: Vec<&str> =
        literal.split("\\\n").enumerate().map(|(at, line)| if at == 0 { line } else { line.trim_start() }).collect();
    let whole = lines.concat();
    let pieces = whole.split('{').map(|piece| piece.split_once('}').map_or(piece, |(_, after)| after).trim());
    pieces.filter(|piece| piece.len() > 3).map(ToOwned::to_owned).collect()
}

/// True if literals explain most words of a warning: numbers, names and words that depend on a number may be left.
fn is_explained(warning: &str, literals: &[Vec<String>]) -> bool {
    let mut rest = warning.to_owned();
    for pieces in literals {
        let mut from = 0;
        let places: Option<Vec<usize>> = pieces
            .iter()
            .map(|piece| {
                let at = from + warning.get(from..)?.find(piece.as_str())?;
                from = at + piece.len();
                Some(at)
            })
            .collect();
        // A name alone explains nothing.
        let is_text = pieces.iter().any(|piece| piece.contains(' ')) && pieces.concat().len() > 12;
        if places.is_some() && is_text {
            for piece in pieces {
                rest = rest.replace(piece.as_str(), " ");
            }
        }
    }
    rest.split_whitespace().count() * 5 < warning.split_whitespace().count() * 2
}

#[test]
fn each_warning_in_a_golden_file_is_one_that_the_code_writes() {
    let mut known = Vec::new();
    literals(&root().join("memprof/src"), &mut known);
    let golden = fs::read_to_string(root().join("tests/golden/memory_leaks.txt")).expect("the golden file is there");
    let warnings: Vec<&str> = golden.lines().filter_map(|line| line.strip_prefix("warning: ")).collect();
    assert!(!warnings.is_empty());
    for warning in warnings {
        assert!(is_explained(warning, &known), "nothing writes {warning:?}");
        let other = warning.replace("dropped", "closed").replace("effect", "use");
        assert!(!is_explained(&other, &known), "{other:?} is explained");
    }
}
