//! memprof's own thread is there by default, and the program does not notice it.

use super::{Ended, Program, function, program};

fn own_thread(how: &str) -> Program {
    program!("own_thread").arg(how)
}

#[test]
fn the_peak_of_a_program_with_one_thread_is_exact() {
    for _ in 0..5 {
        let report = own_thread("peak").run().expect_status(0).expect_report();
        assert_eq!(function(&report, "own_thread::up_and_down").peak_bytes, Some(5_000_000));
        let totals = &report.totals;
        assert_eq!(totals.peak_error_bytes, 0, "{totals:?}");
        let beside = report.totals.peak_bytes - 5_000_000;
        assert!(beside < 64 * 1024, "{beside} bytes are more than a small program has live beside the block");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn one_thread_of_its_name_is_there_and_keys_switch_it_off() {
    let said = |program: Program| {
        let ended = program.run();
        ended.expect_status(0).expect_report();
        ended.stdout
    };
    assert_eq!(said(own_thread("threads")), "[\"memprof\", \"own_thread\"]\n");
    assert_eq!(said(own_thread("threads").env("MEMPROF_DUMP_ON_SIGNAL", "")), "[\"own_thread\"]\n");
}

#[test]
fn other_programs_that_it_starts_end_as_ever() {
    let ended = own_thread("child").run();
    ended.expect_status(0).expect_report();
    assert_eq!(ended.stdout, "exit status: 0\n");
}

fn children_report(ended: &Ended) -> bool {
    ended.files("work/data/logs").len() == 4
}

#[cfg(target_os = "linux")]
#[test]
fn a_forked_child_has_one_thread_and_leaves_its_report() {
    let ended = own_thread("fork").run();
    ended.expect_status(0);
    assert_eq!(ended.stdout, "1\n0\n");
    assert!(children_report(&ended), "{:?}", ended.files("work"));
    assert_eq!(ended.tables(), 1);
}

#[test]
fn by_default_a_signal_ends_a_forked_child_at_once() {
    let ended = own_thread("fork and signal").run();
    ended.expect_status(0).expect_report();
    assert_eq!(ended.stdout, format!("{}\n", libc::SIGTERM));
}

#[cfg(target_os = "linux")]
#[test]
fn a_user_namespace_can_be_had_with_the_key_that_switches_the_thread_off() {
    let ended = own_thread("unshare").env("MEMPROF_DUMP_ON_SIGNAL", "").run();
    ended.expect_status(0);
    // Without privileges the system may refuse it; with a second thread it says that it cannot.
    assert!(!ended.stdout.contains("InvalidInput"), "{}", ended.stdout);
}
