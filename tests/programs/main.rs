//! Whole programs, run as their users run them and judged by what they leave: files, words and exit status.

#[cfg(unix)]
mod aborts;
mod allocator;
#[cfg(unix)]
mod alone;
mod by_hand;
mod configuration;
#[cfg(windows)]
mod console;
#[cfg(unix)]
mod debug_files;
#[cfg(unix)]
mod descriptors;
mod ends;
mod forgotten;
#[cfg(unix)]
mod forks;
#[cfg(unix)]
mod formats;
#[cfg(unix)]
mod handlers;
mod leaks;
#[cfg(unix)]
mod locked_memory;
#[cfg(unix)]
mod names;
#[cfg(unix)]
mod odd_names;
#[cfg(target_os = "linux")]
mod other_users;
#[cfg(unix)]
mod out_of_memory;
#[cfg(unix)]
mod output;
#[cfg(unix)]
mod own_thread;
mod panics;
#[cfg(unix)]
mod peaks;
#[cfg(unix)]
mod pressure;
#[cfg(unix)]
mod refused;
#[cfg(unix)]
mod resident;
mod runtime;
#[cfg(unix)]
mod side_by_side;
#[cfg(unix)]
mod signals;
#[cfg(unix)]
mod small_stacks;
#[cfg(unix)]
mod threads;
mod verdicts;

use memprof_tests::program::{ALLOCATIONS, Ended, LEAKS, Program};
use memprof_tests::rows::function;

/// A program of `src/bin`.
macro_rules! program {
    ($name:literal) => {
        $crate::Program::new(env!(concat!("CARGO_BIN_EXE_", $name)))
    };
    // Lines for the shell are for Unix only.
    ($name:literal, $line:expr) => {
        $crate::Program::in_shell(env!(concat!("CARGO_BIN_EXE_", $name)), $line)
    };
}
use program;
