//! `cargo memprof test` with a package of its own.

mod project;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use memprof::Report;

/// The package. One command at a time works with it.
struct Project {
    folder: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

/// Figures of a row: allocated bytes, blocks, peak, kept.
type Row = (u64, u64, u64, i64);

impl Project {
    fn new() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = project::kept("cargo-memprof-test");
        let files = [
            ("Cargo.toml", include_str!("test/Cargo.toml.txt")),
            ("src/lib.rs", include_str!("test/lib.rs")),
            ("tests/api.rs", include_str!("test/api.rs")),
            ("tests/failing.rs", include_str!("test/failing.rs")),
            ("tests/plain.rs", include_str!("test/plain.rs")),
            ("tests/own.rs", include_str!("test/own.rs")),
        ];
        project::write(&folder, &files);
        Self { folder, _alone: alone }
    }

    /// The command, with an environment that names no other place.
    fn command(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-memprof"));
        command.args(["memprof", "test", "--offline"]).args(arguments).current_dir(&self.folder);
        command.env("CARGO_TARGET_DIR", self.folder.join("target")).env("RUST_BACKTRACE", "0");
        project::outside_of_cargo(&mut command);
        command.env_remove("RUST_TEST_THREADS").output().unwrap()
    }

    /// Rows of the last run.
    fn rows(&self) -> BTreeMap<String, (String, Row)> {
        let text = fs::read_to_string(self.folder.join("target/memprof/shop-tests/latest/memory_allocations.json"));
        let report = Report::from_json(&text.unwrap()).unwrap();
        let rows = report.tests.into_iter().map(|row| {
            let figures = (row.allocated_bytes, row.allocated_count, row.peak_bytes, row.kept_bytes);
            (row.name, (row.outcome, figures))
        });
        rows.collect()
    }
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn status(output: &Output) -> Option<i32> {
    output.status.code()
}

/// Bytes and blocks that the tests have counted themselves, in the order of their names.
fn truths(output: &Output) -> Vec<(u64, u64)> {
    let words = words(output);
    let truths = words.lines().filter_map(|line| line.trim_start_matches(|c| c != 't').split_once("truth "));
    let truths = truths.map(|(_, numbers)| {
        let (bytes, count) = numbers.split_once(' ').unwrap();
        (bytes.parse().unwrap(), count.parse().unwrap())
    });
    truths.collect()
}

#[test]
fn rows_are_true_to_the_byte() {
    let project = Project::new();
    let output = project.command(&["--lib", "--test", "api", "--", "--show-output"]);
    assert_eq!(status(&output), Some(0), "{}", words(&output));
    let rows = project.rows();
    let row = |name: &str| rows.get(&format!("shop::tests::{name}")).unwrap_or_else(|| panic!("{name}: {rows:?}"));
    for (name, expected) in
        [("nothing", (0, 0, 0, 0)), ("one_block", (1_000_000, 1, 1_000_000, 0)), ("leaks", (777, 1, 777, 777))]
    {
        assert_eq!(*row(name), ("passed".to_owned(), expected), "{name}");
    }
    assert_eq!(*row("ignored"), ("ignored".to_owned(), (0, 0, 0, 0)));
    // `orders`, then `spawns`.
    let truths = truths(&output);
    assert_eq!(truths.len(), 2, "{}", words(&output));
    for (name, truth) in ["orders", "spawns"].into_iter().zip(truths) {
        let (_, (bytes, count, peak, kept)) = row(name);
        assert_eq!((*bytes, *count, *kept), (truth.0, truth.1, 0), "{name}");
        assert!(*peak <= *bytes, "{name}: {peak}");
    }
    assert!(row("spawns").1.2 >= 400_000, "{rows:?}");
    let (_, (bytes, count, peak, _)) = row("uses_rayon");
    let own = 64 * 63 / 2 * 1_000;
    assert!((own..own + 100_000).contains(bytes) && *count >= 64 && *peak >= 63_000, "{rows:?}");
    assert_eq!(row("panics").0, "passed");
    assert!(rows.contains_key("api::order_of_three") && rows.contains_key("api::has_the_environment_of_cargo"));
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(table.starts_with("test ") && table.contains("shop::tests::one_block"), "{table}");
    let words = words(&output);
    assert!(words.contains("9 passed, 1 ignored"), "{words}");
    assert!(words.contains("what the test harness does"), "{words}");
}

#[test]
fn rows_repeat() {
    let project = Project::new();
    let filter = ["--lib", "one_block", "--", "spawns", "orders", "leaks", "nothing"];
    let mut seen = BTreeMap::new();
    for _ in 0..5 {
        let output = project.command(&filter);
        assert_eq!(status(&output), Some(0), "{}", words(&output));
        for (name, (_, (bytes, count, _, kept))) in project.rows() {
            let first = *seen.entry(name.clone()).or_insert((bytes, count, kept));
            assert_eq!((bytes, count, kept), first, "{name}");
        }
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
}

#[test]
fn tests_that_fail_are_shown_and_the_status_is_that_of_cargo_test() {
    let project = Project::new();
    let output = project.command(&["--test", "failing"]);
    let words = words(&output);
    assert_eq!(status(&output), Some(101), "{words}");
    assert!(words.contains("---- failing::fails (exit status: 101) ----"), "{words}");
    assert!(words.contains("printed before") && words.contains("there is one"), "{words}");
    assert!(words.contains("---- failing::aborts (signal: 6 (SIGABRT)") || cfg!(not(unix)), "{words}");
    assert!(words.contains("1 passed, 2 failed"), "{words}");
    let rows = project.rows();
    assert_eq!(rows["failing::passes"], ("passed".to_owned(), (10, 1, 10, 0)));
    assert_eq!(rows["failing::fails"].0, "failed");
    assert!(words.contains("`failing::aborts`: no row"), "{words}");
}

#[test]
fn what_is_not_measured_is_said() {
    let project = Project::new();
    let output = project.command(&["--", "order", "one", "--skip", "panics"]);
    let words = words(&output);
    assert_eq!(status(&output), Some(0), "{words}");
    assert!(words.contains("the tests in the documentation of `shop` are not run: `cargo test --doc` does"), "{words}");
    assert!(words.contains("`own` has `harness = false`"), "{words}");
    assert!(words.contains("`plain`: 1 test has no row"), "{words}");
    assert!(words.contains("add to tests/plain.rs:") && words.contains("static ALLOC: memprof::"), "{words}");
    let rows = project.rows();
    let names: Vec<_> = rows.keys().map(String::as_str).collect();
    assert_eq!(names, ["api::order_of_three", "shop::tests::one_block", "shop::tests::orders"]);
}

#[test]
fn ignored_tests_run_if_they_are_asked_for() {
    let project = Project::new();
    for option in ["--ignored", "--include-ignored"] {
        let output = project.command(&["--lib", "--", option, "--test-threads=1", "tests::ignored"]);
        assert_eq!(status(&output), Some(0), "{}", words(&output));
        assert_eq!(project.rows()["shop::tests::ignored"], ("passed".to_owned(), (5_000, 1, 5_000, 0)), "{option}");
    }
}

#[test]
fn wrong_usage_and_failing_builds_have_their_statuses() {
    let project = Project::new();
    assert_eq!(status(&project.command(&["--", "--shuffle"])), Some(2));
    assert_eq!(status(&project.command(&["--test", "missing"])), Some(101));
    let output = project.command(&["--lib", "no_such_test"]);
    assert_eq!(status(&output), Some(0), "{}", words(&output));
    assert!(words(&output).contains("0 passed"), "{}", words(&output));
}

#[test]
fn rows_are_compared_with_a_baseline() {
    let project = Project::new();
    let baseline = project.folder.join("target/baseline.json");
    let _ = fs::remove_file(&baseline);
    let run = |more: &[&str]| {
        let mut arguments = vec!["--lib", "--baseline", baseline.to_str().unwrap()];
        arguments.extend(more);
        arguments.extend(["--", "one_block", "leaks"]);
        project.command(&arguments)
    };
    let missing = run(&[]);
    assert_eq!(status(&missing), Some(1), "{}", words(&missing));
    assert!(words(&missing).contains("--bless"), "{}", words(&missing));
    assert_eq!(status(&run(&["--bless", "--repeat", "3"])), Some(0));
    let text = fs::read_to_string(&baseline).unwrap();
    let repeats = Report::from_json(&text).unwrap().repeats;
    assert!(repeats.contains(&"tests.shop::tests::one_block.peak_bytes".to_owned()), "{repeats:?}");
    assert_eq!(status(&run(&[])), Some(0));
    fs::write(&baseline, text.replace("1000000", "900000")).unwrap();
    let worse = run(&[]);
    assert_eq!(status(&worse), Some(3), "{}", words(&worse));
    let out = String::from_utf8_lossy(&worse.stdout);
    assert!(out.contains("tests.shop::tests::one_block.allocated_bytes"), "{out}");
    assert_eq!(status(&run(&["--fail-on", "tests.*.kept_bytes > +1KiB"])), Some(0));
    assert_eq!(status(&run(&["--fail-on", "tests.*.keeps > 0"])), Some(2));
}
