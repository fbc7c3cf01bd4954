//! A program that aborts leaves its report, and ends by SIGABRT as it would without memprof.

use super::{Ended, function, program};

fn aborted(how: &str) -> Ended {
    let ended = program!("aborts").arg(how).run();
    ended.expect_signal(libc::SIGABRT);
    ended
}

#[test]
fn abort_in_main_and_on_a_thread() {
    for how in ["abort", "abort on a thread", "killed"] {
        let report = aborted(how).expect_report();
        assert_eq!(function(&report, "aborts::hold").retained_bytes, Some(23_456), "{how}");
    }
}

#[test]
fn all_threads_at_once() {
    for _ in 0..10 {
        aborted("abort everywhere").expect_report();
    }
}

#[test]
fn while_another_thread_writes() {
    for _ in 0..5 {
        aborted("abort while a report is written").expect_report();
    }
}

#[test]
fn a_lock_that_the_aborting_thread_holds_is_not_waited_for() {
    aborted("abort with stderr locked").expect_report();
}

/// The system does not hold root back: this runs as another user.
#[test]
#[cfg(target_os = "linux")]
fn where_the_system_has_no_more_threads() {
    let mut program = program!("aborts").arg("abort without threads").as_nobody().mode("work", 0o777);
    if !program.can_start() {
        println!("skipped: the user `nobody` may not reach the program");
        return;
    }
    let ended = program.run();
    ended.expect_signal(libc::SIGABRT);
    assert_eq!(ended.stdout, "refused: true\n");
    assert_eq!(function(&ended.expect_report(), "aborts::abort").active, 1);
}

#[test]
fn panics_that_cannot_unwind() {
    for how in ["two panics", "panic into C"] {
        let ended = aborted(how);
        ended.expect_report();
        assert!(ended.stderr.contains("panicked at"), "{}", ended.stderr);
    }
}

#[test]
fn a_stack_that_overflows_ends_the_program_as_ever() {
    for how in ["overflow", "overflow on a thread"] {
        let ended = aborted(how);
        assert!(ended.stderr.contains("has overflowed its stack"), "{}", ended.stderr);
        ended.expect_nothing_written();
    }
}

#[test]
fn an_allocation_that_the_system_cannot_make() {
    let ended = aborted("too much");
    assert!(ended.stderr.starts_with("memory allocation of "), "{}", ended.stderr);
    assert_eq!(function(&ended.expect_report(), "aborts::too_much").self_allocated_bytes, 0);
}

#[test]
fn a_heap_that_is_damaged_and_locked_ends_the_program_all_the_same() {
    // A report would need the heap. What matters is that this ends, and how.
    aborted("heap locked");
}

#[test]
fn a_handler_that_the_program_sets_takes_the_place_of_ours() {
    program!("aborts").arg("own handler").run().expect_status(9).expect_nothing_written();
}

#[test]
fn no_report_where_none_is_wanted() {
    let ended = program!("aborts").arg("abort").env("MEMPROF_DUMP_ON_EXIT", "0").run();
    ended.expect_signal(libc::SIGABRT).expect_nothing_written();
    let ended = program!("aborts").arg("abort").env("MEMPROF_ENABLED", "0").run();
    ended.expect_signal(libc::SIGABRT).expect_nothing_written();
}
