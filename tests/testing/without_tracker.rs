//! A test binary without an installed tracker: an assertion that has no figures fails, and says what to do.
#![allow(missing_docs)]

use memprof::testing::{assert_allocated, assert_no_leaks, measure};

#[test]
#[should_panic(expected = "\n    #[global_allocator]\n    static ALLOC: memprof::AllocationTracker = \
                           memprof::AllocationTracker::system();\n")]
fn an_assertion_says_which_two_lines_install_it() {
    assert_allocated!(<= "1 GiB", || ());
}

#[test]
#[should_panic(expected = "the tracker is not installed")]
fn so_does_a_check_for_leaks() {
    assert_no_leaks!(|| ());
}

#[test]
#[should_panic(expected = "the tracker is not installed")]
fn so_does_a_measurement() {
    measure(|| ());
}

#[memprof::test]
#[should_panic(expected = "the tracker is not installed")]
fn so_does_a_test() {}
