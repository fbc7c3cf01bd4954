//! Whole programs, run as their users run them and judged by what they leave: files, words and exit status.
#![cfg(unix)]

mod allocator;
mod by_hand;
mod configuration;
mod ends;
mod leaks;
mod odd_names;
mod out_of_memory;
mod output;
mod pressure;
mod refused;
mod runtime;
mod threads;

use memprof_tests::program::{ALLOCATIONS, Ended, LEAKS, Program};
use memprof_tests::rows::function;

/// A program of `src/bin`.
macro_rules! program {
    ($name:literal) => {
        $crate::Program::new(env!(concat!("CARGO_BIN_EXE_", $name)))
    };
    ($name:literal, $line:expr) => {
        $crate::Program::in_shell(env!(concat!("CARGO_BIN_EXE_", $name)), $line)
    };
}
use program;
