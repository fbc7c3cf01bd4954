//! Generated programs, run by real threads, calls, contexts and futures, against a simple tracker that sits in the
//! inner allocator: after each program every figure of every call path is the same, to the byte.
//!
//! A plain main: nobody else allocates while the two are compared.
#![allow(missing_docs)]

mod book;
mod compare;
mod program;
mod reference;

use std::cell::RefCell;

use memprof::AllocationTracker;
use memprof_tests::Profile;
use proptest::test_runner::{Config, TestRunner};

#[global_allocator]
static ALLOC: AllocationTracker<reference::Reference> = AllocationTracker::new(reference::Reference);

fn main() {
    let profile = Profile::with(|config| config.memory_profiling.max_tracked_allocations = 200_000);
    // What is wrong once stays wrong: there is nothing to be had from trying smaller programs in the same process.
    let cases = if cfg!(debug_assertions) { 100 } else { 2_000 };
    let config = Config { cases, max_shrink_iters: 0, failure_persistence: None, ..Config::default() };
    let figures = RefCell::new(compare::Figures::new());
    let mut runner = TestRunner::new(config);
    let result = runner.run(&program::strategy(), |program| {
        program::run_to_the_end(&program);
        compare::assert_same(&profile, &mut figures.borrow_mut());
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    println!("reference: {cases} programs; {}", program::done());
}
