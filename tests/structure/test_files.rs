//! The files of the tests crate: each is part of a test that its manifest names.

use crate::crates::modules_of;
use crate::root;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The programs that trybuild compiles, each by itself.
const PROGRAMS: &str = "macros/ui";

/// The first files of the tests, as the manifest names them.
fn roots() -> Vec<PathBuf> {
    let tests = root().join("tests");
    let manifest = fs::read_to_string(tests.join("Cargo.toml")).expect("the manifest can be read");
    let entries = manifest.split("\n[[test]]\n").skip(1);
    let path =
        |entry: &str| entry.lines().find_map(|line| line.strip_prefix("path = \"")).map(|path| path.replace('"', ""));
    entries.map(|entry| tests.join(path(entry).unwrap_or_else(|| panic!("no path in {entry}")))).collect()
}

/// The Rust files in a folder and those beneath it.
fn rust_files(folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of tests can be read") {
        let path = entry.expect("a folder's entry can be read").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.insert(path);
        }
    }
}

#[test]
fn every_file_of_a_test_is_compiled() {
    let tests = root().join("tests");
    let roots = roots();
    assert!(roots.len() > 30, "too few tests are named: {}", roots.len());
    let compiled: BTreeSet<PathBuf> =
        roots.iter().flat_map(|root| modules_of(root)).map(|module| module.file).collect();
    let mut files = BTreeSet::new();
    for root in &roots {
        let subject = root.strip_prefix(&tests).ok().and_then(|path| path.iter().next());
        rust_files(&tests.join(subject.expect("a test is in a folder of the tests")), &mut files);
    }
    let programs = tests.join(PROGRAMS);
    let left: Vec<&PathBuf> = files.difference(&compiled).filter(|file| !file.starts_with(&programs)).collect();
    println!("count: {} files of tests in {} tests, {} in none", files.len(), roots.len(), left.len());
    assert!(left.is_empty(), "in no test: {left:#?}");
}
