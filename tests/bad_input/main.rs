//! Configurations and reports that nobody would write: generated, damaged, from later versions. Each is read, or is one
//! error on one line with a position; nothing panics, and no stack overflows.
#![allow(missing_docs)]

mod configurations;
mod reports;

/// The longest that an error may be: the user's own text is repeated in part.
const LONGEST: usize = 800;

/// Panics unless the error is one line of a moderate length that no terminal obeys.
fn assert_is_readable(error: &str) {
    assert!(!error.is_empty() && error.len() < LONGEST, "{error}");
    assert!(!error.chars().any(char::is_control), "{error:?}");
}

/// On a stack that is half as large as a thread of Rust has.
fn on_a_small_stack<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|threads| {
        std::thread::Builder::new().stack_size(1 << 20).spawn_scoped(threads, work).unwrap().join().unwrap()
    })
}

/// So many cases of a property.
fn cases(number: u32) -> proptest::test_runner::Config {
    proptest::test_runner::Config { cases: number, failure_persistence: None, ..Default::default() }
}
