//! The start of one test that `cargo memprof test` runs in a process of its own.
//!
//! The variable `MEMPROF_TEST` is `EVENTS,BYTES,FILE`: the allocations and frees of the harness on the test's thread
//! before the test, the size of the block in which it sends the result, and the file for the figures. Without a file
//! the process is a [server](super::test_server) of tests.

use super::parent::end_with_parent;
use std::ffi::{OsStr, OsString, c_char};
use std::path::PathBuf;

/// Variable that asks for the figures of a test.
const VARIABLE: &str = "MEMPROF_TEST";

/// One test to measure.
#[derive(Debug)]
pub(crate) struct TestStart {
    /// Allocations and frees of the harness on the test's thread before the test.
    pub(crate) events_before: u64,
    /// Size of the block in which the harness sends the test's result, bytes.
    pub(crate) message_bytes: i64,
    output: TestOutput,
    process: u32,
}

#[derive(Debug)]
enum TestOutput {
    File(PathBuf),
    #[cfg(unix)]
    Page(&'static super::test_server::AnswerPage),
}

impl TestStart {
    /// The test that the environment asks for. Called by an initializer, with the program's arguments if the system
    /// passes them. The variable is removed: programs that the test runs are no tests. In a server this returns once
    /// for each test, in a process of its own.
    pub(crate) fn find(arguments: Option<*mut *const c_char>) -> Option<Self> {
        let value = std::env::var_os(VARIABLE)?;
        if super::privileges::are_raised() || !is_alone() {
            return None;
        }
        // SAFETY: the process has one thread.
        unsafe { std::env::remove_var(VARIABLE) };
        let (events_before, message_bytes, file) = parse(&value)?;
        end_with_parent();
        let output = if file.is_empty() { served(arguments)? } else { TestOutput::File(file.into()) };
        Some(Self { events_before, message_bytes, output, process: std::process::id() })
    }

    /// Writes the figures, unless this is a forked child of the test.
    pub(crate) fn write(&self, figures: &str) {
        if std::process::id() != self.process {
            return;
        }
        match &self.output {
            // Without the file the test has no row.
            TestOutput::File(file) => drop(std::fs::write(file, figures)),
            #[cfg(unix)]
            TestOutput::Page(page) => page.write(figures.as_bytes()),
        }
    }
}

fn parse(value: &OsStr) -> Option<(u64, i64, OsString)> {
    let bytes = value.as_encoded_bytes();
    let mut parts = bytes.splitn(3, |byte| *byte == b',');
    let mut number = || std::str::from_utf8(parts.next()?).ok()?.parse::<u32>().ok();
    let (events, message) = (number()?, number()?);
    // SAFETY: the rest of the variable's value, after a comma.
    let file = unsafe { OsStr::from_encoded_bytes_unchecked(parts.next()?) };
    Some((events.into(), message.into(), file.to_owned()))
}

#[cfg(unix)]
fn served(arguments: Option<*mut *const c_char>) -> Option<TestOutput> {
    super::test_server::serve(arguments?).map(TestOutput::Page)
}

#[cfg(not(unix))]
fn served(_: Option<*mut *const c_char>) -> Option<TestOutput> {
    None
}

/// True if the process has one thread, as far as the system tells.
fn is_alone() -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // SAFETY: the name ends with 0, and all-zero is a valid `stat`.
        unsafe {
            let mut there: libc::stat = std::mem::zeroed();
            // The folder, its parent, and a folder for each thread.
            libc::stat(c"/proc/self/task".as_ptr(), &raw mut there) != 0 || there.st_nlink <= 3
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_has_two_numbers_and_a_file() {
        let parsed = |text: &str| parse(OsStr::new(text));
        assert_eq!(parsed("6,6208,/tmp/a,b"), Some((6, 6208, "/tmp/a,b".into())));
        assert_eq!(parsed("0,0,"), Some((0, 0, OsString::new())));
        for wrong in ["", "1", "1,2", "a,2,f", "-1,2,f", "1,99999999999,f"] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }
}
