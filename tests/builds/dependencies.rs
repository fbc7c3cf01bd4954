//! Crates that a user's build has to compile: every crate has a cost, and two versions of one have it for nothing.

use std::collections::BTreeSet;
use std::process::Command;

/// memprof, its macros, and their dependencies with default features on Linux. dhat 0.3.3 has 30 in all, hotpath 0.30
/// with `hotpath-alloc` 43. Before this grows, see the crate's cost: `cargo run --bin build_cost` in `tests/bench`.
const CRATES: usize = 32;

/// The features of syn that the macros need. Any other is compiled in each user's build; `derive` and `clone-impls`
/// come with any crate that has a derive macro.
const SYN: [&str; 5] = ["full", "parsing", "printing", "proc-macro", "visit-mut"];

/// The lines of `cargo tree` for a user's crate on Linux, without build dependencies of the tests. None if it needs a
/// crate that no build has fetched so far: the tests run offline.
fn fetched_tree(options: &[&str]) -> Option<BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .args(["tree", "--locked", "--offline", "--package", "memprof", "--edges", "normal,build", "--prefix", "none"])
        .args(["--no-dedupe", "--target", "x86_64-unknown-linux-gnu"])
        .args(options)
        .output()
        .expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    if errors.contains("failed to download") {
        println!("skipped, because not all optional crates are there; `cargo fetch` gets them: {errors}");
        return None;
    }
    assert!(output.status.success(), "{errors}");
    let lines = String::from_utf8(output.stdout).expect("names are text");
    Some(lines.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect())
}

fn tree(options: &[&str]) -> BTreeSet<String> {
    fetched_tree(options).expect("what these tests were built with is there")
}

fn names(packages: &BTreeSet<String>) -> BTreeSet<&str> {
    packages.iter().filter_map(|package| package.split(' ').next()).collect()
}

#[test]
fn default_features_need_few_crates_each_in_one_version() {
    let packages = tree(&[]);
    assert!(packages.len() <= CRATES, "{} crates instead of {CRATES}: {packages:#?}", packages.len());
    assert_eq!(names(&packages).len(), packages.len(), "two versions of one crate: {packages:#?}");
    for heavy in ["serde", "serde_derive", "serde_json", "rustix", "object", "flate2", "ruzstd"] {
        assert!(!names(&packages).contains(heavy), "{heavy} is back");
    }
}

/// `impl PartialEq<Value> for u8` and its kin: with these among the dependencies, `assert_eq!(bytes, &[])` in a user's
/// crate would need a type annotation.
#[test]
fn no_crate_changes_what_the_types_of_user_code_are() {
    let packages = tree(&[]);
    for other in ["serde_json", "toml_edit", "bstr", "simd-json"] {
        assert!(!names(&packages).contains(other), "{other} compares itself with primitive types");
    }
}

#[test]
fn every_feature_needs_one_syn() {
    let Some(packages) = fetched_tree(&["--all-features"]) else { return };
    let syn: Vec<&String> = packages.iter().filter(|package| package.starts_with("syn ")).collect();
    assert!(matches!(syn[..], [one] if one.starts_with("syn v3")), "{syn:?}");
}

#[test]
fn syn_has_the_features_that_are_used() {
    let lines = tree(&["--format", "{p} {f}"]);
    let syn = lines.iter().find(|line| line.starts_with("syn ")).expect("the macros use syn");
    let features: Vec<&str> = syn.rsplit(' ').next().unwrap_or_default().split(',').collect();
    assert_eq!(features, SYN, "{syn}");
}

#[test]
fn without_profiling_only_the_macros_are_left() {
    let packages = tree(&["--no-default-features"]);
    let expected = BTreeSet::from(["memprof", "memprof-macros", "proc-macro2", "quote", "syn", "unicode-ident"]);
    assert_eq!(names(&packages), expected);
}
