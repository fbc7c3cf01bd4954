//! Programs that end, or allocate, where little stack is left, and in a sandbox: the report and the status are as ever.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

use super::{Ended, Program, function, program};

/// Runs it with stacks captured, in all of their detail: whatever is done on a small stack is done.
fn run(mode: &str, bytes: usize) -> Ended {
    let program = program!("small_stacks").arg(mode).arg(bytes.to_string());
    program.env("MEMPROF_BACKTRACES", "1").env("MEMPROF_OVERHEAD_BUDGET_PERCENT", "0").run()
}

fn expect(mode: &str, bytes: usize, status: i32, blocks: u64) {
    let ended = run(mode, bytes);
    let report = ended.expect_status(status).expect_report();
    let held = function(&report, "small_stacks::program::hold");
    let allocated = (held.self_allocated_count, held.self_allocated_bytes, held.retained_bytes);
    assert_eq!(allocated, (blocks, blocks * 2345, Some(blocks * 2345)), "{mode}, {bytes} bytes");
}

/// Debug builds take more of it.
const SMALL: usize = if cfg!(debug_assertions) { 6 * 1024 } else { 4 * 1024 };

#[test]
fn exit_on_threads_of_any_size() {
    for kib in [16, 20, 32, 64, 100, 127, 160, 256] {
        expect("exit on a thread", kib * 1024, 7, 1);
    }
}

#[test]
fn exit_in_handlers_with_a_stack_of_their_own() {
    for kib in [8, 12, 16, 32, 64, 128, 256] {
        expect("exit in a handler", kib * 1024, 7, 1);
    }
    expect("exit in a handler within the stack", 0, 7, 1);
}

#[test]
fn exit_in_coroutines() {
    for bytes in [SMALL, 8 << 10, 16 << 10, 64 << 10, 256 << 10] {
        expect("exit in a coroutine", bytes, 7, 1);
    }
}

/// The end of `main` and `exit` both find little stack: the second one has nothing to wait for.
#[test]
fn a_process_with_a_small_stack_ends_at_once() {
    for kib in [64, 100, 127] {
        let started = std::time::Instant::now();
        let program = Program::in_shell(env!("CARGO_BIN_EXE_plain"), &format!("ulimit -s {kib}; exec \"$0\""));
        program.run().expect_status(0).expect_report();
        assert!(started.elapsed() < std::time::Duration::from_secs(5), "{kib} KiB: {:?}", started.elapsed());
    }
}

/// A sandbox that refuses the number of a thread does not make the first one another.
#[test]
fn a_process_that_is_refused_the_numbers_of_its_threads() {
    let started = std::time::Instant::now();
    expect("without numbers of threads", 0, 3, 1);
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn exit_where_the_system_gives_no_thread() {
    expect("exit without threads", 16 * 1024, 7, 1);
}

#[test]
fn exit_on_many_small_threads_at_once() {
    for _ in 0..5 {
        let ended = run("exit everywhere", 16 * 1024);
        ended.expect_status(7).expect_report();
    }
}

#[test]
fn exit_after_a_stack_has_overflowed_and_with_all_address_space_taken() {
    expect("exit after an overflow", 256 * 1024, 7, 1);
    expect("exit without room", 16 * 1024, 7, 1);
}

#[test]
fn abort_on_a_small_thread() {
    let ended = run("abort on a thread", 16 * 1024);
    let report = ended.expect_signal(libc::SIGABRT).expect_report();
    assert_eq!(function(&report, "small_stacks::program::hold").self_allocated_count, 1);
}

#[test]
fn panics_on_a_small_thread() {
    expect("panic on a thread", 64 * 1024, 3, 1);
}

#[test]
fn allocations_on_small_stacks() {
    expect("hold on a thread", 16 * 1024, 3, 1000);
    expect("hold in a handler", 8 * 1024, 3, 1000);
    for bytes in [SMALL, SMALL + 4096] {
        expect("hold in a coroutine", bytes, 3, 1000);
    }
}

#[test]
fn a_sandbox_that_kills_whoever_opens_a_file() {
    expect("sandbox", 0, 3, 1 + 1000 + 1 + 1000 + 1);
}

/// If nobody has started a profile, the first tracked call checks if one was wanted.
#[test]
fn a_first_tracked_call_without_a_profile() {
    for how in ["small", "sandbox"] {
        let ended = program!("never_started").arg(how).unset("MEMPROF_BACKTRACES").configured("").run();
        ended.expect_status(0).expect_nothing_written();
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("8192\n", ""), "{how}");
    }
}
