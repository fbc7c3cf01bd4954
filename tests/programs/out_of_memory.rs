//! An allocation that fails: the program's own affair, or its end with a few last words.

use std::os::unix::process::ExitStatusExt;

use super::{Ended, Program, function, program};

const ABORT: &str = "[jemalloc]\nabort_on_oom = true\n";
/// Bytes that the program requests, and the number from which its allocator refuses.
const TOO_MUCH: [&str; 2] = ["2000000", "1000000"];

fn refused(how: &str) -> Program {
    program!("out_of_memory").arg(how).arg(TOO_MUCH[0]).arg(TOO_MUCH[1])
}

fn expect_last_words(ended: &Ended) {
    assert_eq!(ended.status.signal(), Some(libc::SIGABRT), "{}", ended.stderr);
    let lines: Vec<&str> = ended.stderr.lines().collect();
    assert!(lines[0].starts_with("memprof: out of memory: an allocation of "), "{lines:?}");
    assert!(lines[0].contains("allocated ") && lines[0].contains("peak "), "{lines:?}");
    assert!(lines[1].starts_with("memprof: functions by allocated - deallocated bytes"), "{lines:?}");
    let largest: Vec<&str> = lines[2].split_whitespace().collect();
    assert_eq!(largest, ["memprof:", "300000", "out_of_memory::hold"], "{lines:?}");
    ended.expect_nothing_written();
}

#[test]
fn a_failed_allocation_is_the_programs_own_affair() {
    let ended = refused("try").run();
    let report = ended.expect_status(0).expect_report();
    assert_eq!(ended.stdout, "taken: false, grown: false\n");
    assert_eq!(function(&report, "out_of_memory::try_to_take").self_allocated_count, 0);
    // The block that could not grow is still there, and freed once.
    let grow = function(&report, "out_of_memory::try_to_grow");
    assert_eq!((grow.self_allocated_bytes, grow.self_deallocated_bytes, grow.retained_bytes), (1000, 1000, Some(0)));
}

#[test]
fn without_the_setting_rust_itself_aborts() {
    let ended = refused("take").run();
    assert_eq!(ended.status.signal(), Some(libc::SIGABRT), "{}", ended.stderr);
    assert!(ended.stderr.starts_with("memory allocation of 2000000 bytes failed"), "{}", ended.stderr);
}

#[test]
fn last_words_then_the_end() {
    for how in ["try", "take"] {
        let ended = refused(how).configured(ABORT).run();
        assert!(ended.stderr.contains("an allocation of 2000000 bytes failed"), "{}", ended.stderr);
        expect_last_words(&ended);
    }
    expect_last_words(&refused("take").env("MEMPROF_ABORT_ON_OOM", "1").run());
}

#[test]
fn threads_that_run_out_together_do_not_cut_the_last_words_off() {
    for _ in 0..20 {
        let ended = refused("take on threads").configured(ABORT).run();
        expect_last_words(&ended);
        assert_eq!(ended.stderr.matches("out of memory").count(), 1, "{}", ended.stderr);
    }
}

#[test]
fn no_memory_at_all_for_the_report() {
    for text in ["", ABORT] {
        let ended = refused("then nothing").configured(text).run();
        ended.expect_status(0).expect_nothing_written();
        let lines: Vec<&str> = ended.stderr.lines().collect();
        assert!(
            lines[0].starts_with("memprof: no report: there is no memory left to make it; allocated "),
            "{lines:?}"
        );
        assert!(lines[1].starts_with("memprof: functions by allocated - deallocated bytes"), "{lines:?}");
        assert!(lines.iter().all(|line| line.starts_with("memprof: ")), "{lines:?}");
    }
}

#[test]
fn no_memory_for_reports_of_the_running_program() {
    let ended = program!("out_of_memory").arg("nothing meanwhile").env("MEMPROF_EVERY_SECONDS", "1").run();
    ended.expect_status(0);
    assert_eq!(ended.stdout, "there is no memory left to make the report\n");
    assert!(!ended.work("data/logs/memory_allocations.0001.json").exists());
    for name in ["data/logs/memory_allocations.0002.json", super::ALLOCATIONS] {
        let warnings = ended.report(&ended.work(name)).warnings;
        let left_out = "1 report of the running program could not be made because there was no memory";
        assert!(warnings.iter().any(|text| text == left_out), "{name}: {warnings:?}");
    }
}

#[test]
fn a_limit_of_the_system() {
    let limited = |how| program!("out_of_memory", "ulimit -v 1000000; exec \"$0\" \"$@\"").arg(how).arg("2000000000");
    let ended = limited("try").run();
    ended.expect_status(0).expect_report();
    assert_eq!(ended.stdout, "taken: false, grown: false\n");
    expect_last_words(&limited("take").configured(ABORT).run());
    expect_last_words(&limited("take on threads").configured(ABORT).run());
}
