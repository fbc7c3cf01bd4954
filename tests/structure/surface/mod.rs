//! The public API of memprof, one item a line, compared with a committed file: no change of it is an accident.
//!
//! The items are read from the sources, by the rules of the compiler's own lookup: `pub` items that a path of public
//! modules or a `pub use` leads to, methods and trait impls of these types, exported macros, the features of the
//! manifest. Hidden items (`__private`) are not public. `MEMPROF_BLESS=1` writes the file anew.

mod build;
mod lines;
mod rows;
mod spelling;

use crate::root;
use build::Build;
use lines::lines;
use std::collections::BTreeSet;
use std::fs;

const GOLDEN: &str = "tests/golden/public_surface.txt";

const HEAD: &str = "\
# The public API of memprof, one item a line. The test `structure` compares it with the sources and writes it anew with
# MEMPROF_BLESS=1.

# Features
";

/// The features in memprof's manifest, each with those that it brings.
fn features() -> Vec<(String, Vec<String>)> {
    let manifest = fs::read_to_string(root().join("memprof/Cargo.toml")).expect("the manifest can be read");
    let section = manifest.split("\n[features]\n").nth(1).expect("the manifest has features");
    let section = section.split("\n[").next().unwrap_or_default();
    let code: String = section.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join(" ");
    let mut features = Vec::new();
    for declaration in code.split(']').filter(|declaration| declaration.contains('[')) {
        let (name, list) = declaration.split_once('[').expect("a feature has a list");
        let brings = list.split('"').skip(1).step_by(2).map(ToOwned::to_owned).collect();
        features.push((name.trim().trim_end_matches('=').trim().to_owned(), brings));
    }
    features
}

/// These features, and all that they bring.
fn with_implied(chosen: &[&str], features: &[(String, Vec<String>)]) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = chosen.iter().map(|name| (*name).to_owned()).collect();
    loop {
        let brought = features.iter().filter(|(name, _)| all.contains(name)).flat_map(|(_, brings)| brings);
        let brought: BTreeSet<String> = brought.filter(|name| !name.contains([':', '/', '?'])).cloned().collect();
        let before = all.len();
        all.extend(brought);
        if all.len() == before {
            return all;
        }
    }
}

/// The text of the golden file.
fn text() -> String {
    let features = features();
    let source = root().join("memprof/src");
    let of = |chosen: &[&str]| lines(&Build::new(&source, &with_implied(chosen, &features)));
    let names: Vec<&str> = features.iter().map(|(name, _)| name.as_str()).collect();
    let (default, all, none) = (of(&["default"]), of(&names), of(&[]));
    let mut text = String::from(HEAD);
    for (name, brings) in &features {
        // The crates that a feature brings are no part of the API.
        let own: Vec<&str> = brings.iter().map(String::as_str).filter(|name| !name.contains([':', '/'])).collect();
        text += format!("feature {name} {}", own.join(" ")).trim_end();
        text.push('\n');
    }
    let mut section = |title: &str, lines: &mut dyn Iterator<Item = String>| {
        text += &format!("\n# {title}\n");
        let mut lines: Vec<String> = lines.collect();
        // All of one type together.
        let path = |line: &String| line.find("memprof::").map(|start| line[start..].to_owned());
        lines.sort_by_key(|line| (path(line), line.clone()));
        lines.iter().for_each(|line| text += &format!("{line}\n"));
    };
    section("Default features", &mut default.iter().cloned());
    section("Added by all features", &mut all.difference(&default).cloned());
    section("Changed by all features", &mut default.difference(&all).map(|line| format!("- {line}")));
    let missing = default.difference(&none).map(|line| format!("- {line}"));
    section("Without default features", &mut missing.chain(none.difference(&default).map(|line| format!("+ {line}"))));
    println!("count: {} lines of public API with default features, {} with all", default.len(), all.len());
    text
}

#[test]
fn the_public_api_is_the_one_in_the_file() {
    let text = text();
    assert!(text.lines().count() > 150, "too few items were found:\n{text}");
    let path = root().join(GOLDEN);
    if std::env::var_os("MEMPROF_BLESS").is_some() {
        fs::write(&path, &text).expect("the golden file can be written");
    }
    let golden = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    let (old, new): (Vec<&str>, Vec<&str>) = (golden.lines().collect(), text.lines().collect());
    let gone = old.iter().filter(|line| !new.contains(line)).map(|line| format!("- {line}\n"));
    let added = new.iter().filter(|line| !old.contains(line)).map(|line| format!("+ {line}\n"));
    let changes: String = gone.chain(added).collect();
    assert!(golden == text, "not as in {GOLDEN}; if that is meant, write it anew with MEMPROF_BLESS=1:\n{changes}");
}
