//! Measurements that are compared with a file. The tests of the assertion are run by the others, each in a process of
//! its own, with a folder as the package.
#![allow(missing_docs)]

use memprof::testing::assert_baseline;
use memprof::{AllocationTracker, track_memory};
use memprof_tests::failing;
use memprof_tests::program::{Ended, Program};
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

#[global_allocator]
static ALLOC: AllocationTracker = AllocationTracker::system();

#[track_memory]
fn index(bytes: usize) -> Vec<u8> {
    black_box(vec![1; bytes])
}

#[test]
#[ignore = "run by the others"]
fn measured() {
    let bytes: usize = std::env::var("INDEX_BYTES").unwrap().parse().unwrap();
    let value = assert_baseline!("one index", || index(bytes));
    assert_eq!(value.len(), bytes);
}

#[test]
#[ignore = "run by the others"]
fn measured_with_words() {
    let blocks: usize = std::env::var("INDEX_BYTES").unwrap().parse().unwrap();
    assert_baseline!("many", || (0..blocks).map(|_| drop(index(1))).count(), "with {} words", "my own");
}

struct Package(TempDir);

impl Package {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn run(&self, test: &str, bytes: usize, bless: &str) -> Ended {
        Program::new(std::env::current_exe().unwrap().to_str().unwrap())
            .arg("--ignored")
            .arg("--exact")
            .arg(test)
            .env("RUST_BACKTRACE", "0")
            .env("CARGO_MANIFEST_DIR", self.0.path().to_str().unwrap())
            .env("MEMPROF_BLESS", bless)
            .env("INDEX_BYTES", bytes.to_string())
            .run()
    }

    #[track_caller]
    fn passes(&self, bytes: usize, bless: &str) {
        self.run("measured", bytes, bless).expect_status(0);
    }

    #[track_caller]
    fn fails(&self, bytes: usize, words: &[&str]) {
        let ended = self.run("measured", bytes, "0");
        ended.expect_status(101);
        let wanted = words.join("\n");
        assert!(ended.stdout.contains(&wanted), "not\n{wanted}\nbut\n{}", ended.stdout);
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("memprof_baselines").join("testing_baselines__one_index.toml")
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn a_baseline_is_written_on_request_and_then_compared_with() {
    let package = Package::new();
    let file = shown(&package.file());
    let missing = format!("memprof: there is no baseline {file} yet: run the test with MEMPROF_BLESS=1, and add");
    package.fails(100_000, &[&missing]);
    assert!(!package.file().exists(), "nothing is written without a request");
    package.passes(100_000, "1");
    let text = fs::read_to_string(package.file()).unwrap();
    assert_eq!(
        text,
        "# Baseline of assert_baseline!(\"one index\") in testing_baselines. MEMPROF_BLESS=1 writes it again.\n\
         allocated_bytes = 100000\nallocated_count = 1\npeak_bytes = 100000\nnet_bytes = 100000\n"
    );
    package.passes(100_000, "");
    package.passes(105_000, "0");
    package.passes(10, "0");
    let grown = |noun| format!("  {noun} 100,000 → 105,001 bytes, +4.9 KB (+5.00 %); limit +5 % and +1 KB");
    let line = failing::line_of(include_str!("baselines.rs"), "fn index");
    package.fails(
        105_001,
        &[
            &format!("memprof: `one index` exceeds its baseline {file}"),
            &grown("allocated"),
            &grown("peak"),
            &grown("net"),
            "allocated now:",
            &format!(
                "  102.5 KB (105,001 bytes) in 1 block  testing_baselines::index (tests/testing/baselines.rs:{line})"
            ),
            "if that is meant, run the test with MEMPROF_BLESS=1",
        ],
    );
    assert_eq!(fs::read_to_string(package.file()).unwrap(), text, "a failure leaves the file as it was");
    package.passes(200_000, "1");
    package.passes(200_000, "0");
}

#[test]
fn a_damaged_file_is_a_failure() {
    let package = Package::new();
    package.passes(100_000, "1");
    fs::write(package.file(), "allocated_bytes = 1\n<<<<<<< HEAD\n").unwrap();
    package.fails(100_000, &["one_index.toml: line 2 is not `figure = number`; MEMPROF_BLESS=1 writes it again"]);
    package.passes(100_000, "1");
    package.passes(100_000, "0");
}

#[test]
fn a_file_that_cannot_be_written_is_a_failure() {
    let package = Package::new();
    fs::write(package.0.path().join("memprof_baselines"), "a file").unwrap();
    let ended = package.run("measured", 10, "1");
    ended.expect_status(101);
    assert!(ended.stdout.contains("memprof: cannot write the baseline "), "{}", ended.stdout);
}

#[test]
fn more_blocks_are_a_failure_with_the_users_words_first() {
    let package = Package::new();
    package.run("measured_with_words", 100, "1").expect_status(0);
    package.run("measured_with_words", 160, "0").expect_status(0);
    let ended = package.run("measured_with_words", 165, "0");
    ended.expect_status(101);
    let line = "  allocated 100 → 165 blocks, +65 (+65.00 %); limit +5 % and +64\nallocated now:\n";
    assert!(ended.stdout.contains("with my own words\nmemprof: `many` exceeds its baseline "), "{}", ended.stdout);
    assert!(ended.stdout.contains(line), "{}", ended.stdout);
}
