//! Tests that fail. They are ignored in their own file, and run by the others in a process of their own, as
//! `cargo test` runs them, so that their messages and exit status can be checked.

use crate::program::{Ended, Program};

/// Runs an ignored test of the present executable. It ends as every failed test does.
pub fn fail(test: &str) -> Ended {
    let ended = Program::new(std::env::current_exe().unwrap().to_str().unwrap())
        .arg("--ignored")
        .arg("--exact")
        .arg(test)
        .env("RUST_BACKTRACE", "0")
        .run();
    ended.expect_status(101);
    assert!(ended.stdout.contains("0 passed; 1 failed"), "{}", ended.stdout);
    ended
}

/// The output of a failing test has these lines, one after the other.
pub fn says(test: &str, lines: &[&str]) {
    let ended = fail(test);
    let wanted = lines.join("\n");
    assert!(ended.stdout.contains(&wanted), "{test}: not\n{wanted}\nbut\n{}", ended.stdout);
}

/// The number of the line of a source text that contains `text`.
pub fn line_of(source: &str, text: &str) -> usize {
    source.lines().position(|line| line.contains(text)).unwrap() + 1
}
