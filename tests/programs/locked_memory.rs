//! Memory that may not be swapped, and mappings, both of which a process may have few of.
#![cfg(target_os = "linux")]

use super::{Ended, program};

fn run(mode: &str) -> Ended {
    // Some of what is mapped is for stacks.
    program!("locked_memory").arg(mode).env("MEMPROF_BACKTRACES", "1").run()
}

#[test]
fn what_is_set_aside_is_not_locked() {
    // Within 8 MiB: that is how much anybody may lock. What is for live blocks is small then.
    let program = program!("locked_memory").arg("before").env("MEMPROF_MAX_TRACKED_ALLOCATIONS", "1000");
    let ended = program.env("MEMPROF_BACKTRACES", "1").run();
    let report = ended.expect_status(0).expect_report();
    assert_eq!(ended.stdout, "taken: 3\n");
    assert!(!report.warnings.iter().any(|warning| warning.contains("no memory")), "{:?}", report.warnings);
}

#[test]
fn all_of_it_can_be_locked_where_the_limit_allows() {
    let ended = run("after");
    ended.expect_status(0).expect_report();
    assert_eq!(ended.stdout, "locked: true\n");
}

#[test]
fn a_profile_takes_little_address_space() {
    let ended = run("room");
    let kib: u64 = ended.expect_status(0).stdout.trim().parse().unwrap();
    assert!(kib <= 20 << 10, "{kib} KiB");
}

/// A thread of the standard library has four: its stack and its signal stack, each with a guard. The mappings of
/// glibc's `malloc` for some threads are not counted.
#[test]
fn threads_share_the_mappings_of_their_ledgers() {
    let ended = run("threads");
    let each: f64 = ended.expect_status(0).stdout.trim().parse().unwrap();
    assert!(each <= 4.25, "{each} mappings for a thread");
}
