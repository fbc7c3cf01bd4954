//! Code that the attributes accept (each file in `ui/pass` is a program that checks itself) and their messages about
//! the rest (each file in `ui/fail` beside its messages). After a change of words: `TRYBUILD=overwrite cargo test -p
//! memprof-tests --test ui`.
#![allow(missing_docs)]

#[test]
fn accepted_and_rejected_forms() {
    let cases = trybuild::TestCases::new();
    cases.pass("macros/ui/pass/*.rs");
    cases.compile_fail("macros/ui/fail/*.rs");
    // With the feature it is no mistake.
    if cfg!(not(feature = "jemalloc")) {
        cases.compile_fail("macros/ui/fail_without_jemalloc/*.rs");
    }
}
