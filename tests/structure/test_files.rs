//! The files of the tests crate: each is part of a test that its manifest names.

use crate::crates::modules_of;
use crate::root;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The programs that trybuild compiles, each by itself.
const PROGRAMS: &str = "macros/ui";

/// The tests in the manifest, by name, with their first files.
fn tests() -> BTreeMap<String, PathBuf> {
    let tests = root().join("tests");
    let manifest = fs::read_to_string(tests.join("Cargo.toml")).expect("the manifest can be read");
    let value = |entry: &str, key: &str| {
        let value = entry.lines().find_map(|line| line.strip_prefix(&format!("{key} = \"")));
        value.unwrap_or_else(|| panic!("no {key} in {entry}")).replace('"', "")
    };
    let entries = manifest.split("\n[[test]]\n").skip(1);
    entries.map(|entry| (value(entry, "name"), tests.join(value(entry, "path")))).collect()
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

/// The folders of tests: all but the library and its programs, and other packages.
fn subjects(tests: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(tests).expect("the folder of the tests can be read");
    let folders = entries.map(|entry| entry.expect("a folder's entry can be read").path()).filter(|path| path.is_dir());
    folders.filter(|path| !path.ends_with("src") && !path.join("Cargo.toml").exists()).collect()
}

#[test]
fn every_file_of_a_test_is_compiled() {
    let folder = root().join("tests");
    let roots: Vec<PathBuf> = tests().into_values().collect();
    assert!(roots.len() > 30, "too few tests are named: {}", roots.len());
    let compiled: BTreeSet<PathBuf> =
        roots.iter().flat_map(|root| modules_of(root)).map(|module| module.file).collect();
    let mut files = BTreeSet::new();
    for subject in subjects(&folder) {
        rust_files(&subject, &mut files);
    }
    let programs = folder.join(PROGRAMS);
    let left: Vec<&PathBuf> = files.difference(&compiled).filter(|file| !file.starts_with(&programs)).collect();
    println!("count: {} files of tests in {} tests, {} in none", files.len(), roots.len(), left.len());
    assert!(left.is_empty(), "in no test: {left:#?}");
}

/// The functions in the modules of a test, each with its module.
fn functions(test: &Path) -> Vec<(String, String)> {
    let mut functions = Vec::new();
    for module in modules_of(test) {
        for item in &module.items {
            if let syn::Item::Fn(item) = item {
                functions.push((module.path.join("::"), item.sig.ident.to_string()));
            }
        }
    }
    functions
}

/// True if a name has the parts of a pattern, which are separated by `…` or `*`, in their order.
fn matches(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.split(['…', '*']);
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut last = first;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = part;
    }
    rest.is_empty() || last.is_empty()
}

#[test]
fn the_tests_that_the_guarantees_name_are_there() {
    let tests = tests();
    let all: BTreeMap<&str, Vec<(String, String)>> =
        tests.iter().map(|(name, file)| (name.as_str(), functions(file))).collect();
    let text = fs::read_to_string(root().join("memprof/docs/guarantees.md")).expect("guarantees.md can be read");
    let (mut named, mut missing) = (0, Vec::new());
    for code in text.split('`').skip(1).step_by(2) {
        // `test module::function`, or without the test, which is `programs` then.
        let (test, path) = code.split_once(' ').unwrap_or(("programs", code));
        let (Some((module, function)), Some(functions)) = (path.rsplit_once("::"), all.get(test)) else { continue };
        let in_module: Vec<&str> =
            functions.iter().filter(|(own, _)| own == module).map(|(_, name)| name.as_str()).collect();
        // A whole module, or a folder of modules.
        let is_folder = ["", "*"].contains(&function)
            && functions.iter().any(|(own, _)| own == module || own.starts_with(&format!("{module}::")));
        // Paths of other crates and of the library are no tests.
        if !code.contains(' ') && in_module.is_empty() {
            continue;
        }
        named += 1;
        if !is_folder && !in_module.iter().any(|name| matches(name, function)) {
            missing.push(code);
        }
    }
    assert!(named > 60, "too few tests were found: {named}");
    assert!(missing.is_empty(), "no such tests: {missing:#?}");
    assert!(matches("a_test_of_names", "a_…_names") && matches("a_test", "a_…") && !matches("a_test", "a_t"));
}
