//! Reports of programs that reach a limit of their memory: whole programs, killed in real control groups or stopped by
//! nothing.
#![cfg(target_os = "linux")]
#![allow(missing_docs)]

mod control_group;
mod files;
mod in_groups;

use memprof::Report;
use memprof::report::data::AtLimit;
use memprof_tests::program::{Ended, Program};

const MIB: u64 = 1 << 20;

/// The program, whose arguments are: how it grows, MiB of a step, MiB for each second, MiB in all, MiB from the start.
fn grows(arguments: &[&str]) -> Program {
    arguments.iter().fold(Program::new(env!("CARGO_BIN_EXE_grows")), Program::arg)
}

/// The report of this name: `limit-1`.
fn report(ended: &Ended, name: &str) -> Report {
    ended.report(&ended.work(&format!("data/logs/memory_allocations.{name}.json")))
}

/// The memory at the limit of a report.
fn at_limit(report: &Report) -> &AtLimit {
    report.limit.as_ref().expect("a report at a limit has it")
}

/// Panics unless the first finding names the function that grows.
#[track_caller]
fn names_the_leak(report: &Report) {
    let finding = report.findings.first().expect("a finding");
    assert_eq!((finding.kind.as_str(), finding.function.as_deref()), ("limit", Some("grows::leak")), "{finding:?}");
    assert!(finding.file.as_deref().is_some_and(|file| file.ends_with("grows.rs")), "{finding:?}");
    assert!(finding.title.starts_with("grows::leak ("), "{}", finding.title);
    assert!(at_limit(report).growth_bytes > Some(0));
}
