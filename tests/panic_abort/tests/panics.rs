//! With `panic = "abort"` a panic ends the program by SIGABRT, and its report is there.
#![cfg(unix)]

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

use memprof::Report;
use tempfile::TempDir;

const ABORTED: Option<i32> = Some(libc::SIGABRT);

struct Ended {
    folder: TempDir,
    output: Output,
    stderr: String,
}

/// Runs the program. In a shell, so that it can begin with a signal ignored.
fn run(how: &str, before: &str) -> Ended {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(format!("{before} exec \"$0\" \"$1\""))
        .arg(env!("CARGO_BIN_EXE_memprof-panic-abort"))
        .arg(how);
    command.env("MEMPROF_BACKTRACES", "0");
    // A backtrace that the standard library prints leaves thousands of blocks.
    let output = command.env("RUST_BACKTRACE", "0").current_dir(folder.path()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Ended { folder, output, stderr }
}

impl Ended {
    fn expect_report(&self) {
        let folder = self.folder.path().join("data/logs");
        let text = fs::read_to_string(folder.join("memory_allocations.json")).expect(&self.stderr);
        let report = Report::from_json(&text).unwrap();
        let row = |name: &str| report.functions.iter().find(|row| row.name == name).unwrap();
        assert_eq!(row("memprof_panic_abort::hold").retained_bytes, Some(34_567));
        // Nothing was unwound.
        assert_eq!(row("memprof_panic_abort::fail").active, 1);
        // The three reports, and the `.gitignore` of a folder that was made for them.
        assert_eq!(fs::read_dir(folder).unwrap().count(), 4);
        assert_eq!(self.stderr.matches("memprof: allocated ").count(), 1, "{}", self.stderr);
    }
}

#[test]
fn a_panic_in_main_or_on_a_thread() {
    for how in ["main", "a thread"] {
        let ended = run(how, "");
        assert_eq!(ended.output.status.signal(), ABORTED, "{}", ended.stderr);
        ended.expect_report();
        // The message comes first.
        assert!(ended.stderr.find("as it was told to") < ended.stderr.find("memprof: allocated "), "{}", ended.stderr);
    }
}

#[test]
fn hooks_of_the_program() {
    for how in ["a chained hook", "another hook"] {
        let ended = run(how, "");
        assert_eq!(ended.output.status.signal(), ABORTED, "{}", ended.stderr);
        ended.expect_report();
        assert!(ended.stderr.starts_with("the program's own hook\n"), "{}", ended.stderr);
    }
    let ended = run("a hook that exits", "");
    assert_eq!(ended.output.status.code(), Some(9), "{}", ended.stderr);
    ended.expect_report();
}

#[test]
fn where_abort_is_not_to_be_caught_the_panic_hook_writes() {
    // A process that ignores the signal has `abort` reset it, and end the process all the same.
    for how in ["main", "a thread", "a chained hook"] {
        let ended = run(how, "trap '' ABRT;");
        assert_eq!(ended.output.status.signal(), ABORTED, "{}", ended.stderr);
        ended.expect_report();
        assert!(ended.stderr.contains("as it was told to"), "{}", ended.stderr);
    }
}
