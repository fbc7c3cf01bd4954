//! memprof's own thread is there where it costs nothing, and the program does not notice it.

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
fn said(program: Program) -> String {
    let ended = program.run();
    ended.expect_status(0).expect_report();
    ended.stdout
}

/// With a second thread each call of glibc's allocator takes a lock.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_program_with_one_thread_stays_alone() {
    assert_eq!(said(own_thread("threads")), "[\"own_thread\"]\n");
}

#[cfg(target_os = "linux")]
#[test]
fn one_thread_of_its_name_is_there_beside_others_and_keys_switch_it_off() {
    assert_eq!(said(own_thread("two threads")), "[\"memprof\", \"own_thread\"]\n");
    assert_eq!(said(own_thread("two threads").env("MEMPROF_DUMP_ON_SIGNAL", "")), "[\"own_thread\"]\n");
    // Numbered reports need one.
    let every_hour = said(own_thread("threads").env("MEMPROF_EVERY_SECONDS", "3600"));
    assert_eq!(every_hour, "[\"memprof\", \"own_thread\"]\n");
}

#[test]
fn whatever_a_signal_interrupts_the_report_is_written() {
    for with in ["arithmetic", "blocks", "blocks of the C library", "copies", "system calls", "sleep", "wait"] {
        for turn in 0..6 {
            let mut started = own_thread("busy").arg(with).start();
            started.wait_for("ready");
            std::thread::sleep(std::time::Duration::from_micros(turn * 1777));
            started.signal(libc::SIGTERM);
            started.end().expect_signal(libc::SIGTERM).expect_report();
        }
    }
}

/// A call that comes back with an error would have the program go on to an end of its own.
#[cfg(target_os = "linux")]
#[test]
fn a_call_that_a_signal_ends_does_not_come_back() {
    for with in ["pause", "epoll_wait", "poll", "ppoll", "sigsuspend", "nanosleep", "beside threads"] {
        for signal in [libc::SIGTERM, libc::SIGINT] {
            let mut started = own_thread("last call").arg(with).start();
            started.wait_for("ready");
            std::thread::sleep(std::time::Duration::from_millis(50));
            started.signal(signal);
            let ended = started.end();
            ended.expect_signal(signal).expect_report();
            assert_eq!(ended.stdout, "", "{with}");
        }
    }
    for with in ["raise", "kill", "sigqueue"] {
        let ended = own_thread("last call").arg(with).run();
        ended.expect_signal(libc::SIGTERM).expect_report();
        assert_eq!(ended.stdout, "", "{with}");
    }
}

/// In a sandbox that refuses what a thread sends itself a signal with.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_a_program_that_may_not_send_itself_one() {
    for refused in [libc::SYS_tgkill, libc::SYS_gettid, libc::SYS_rt_sigprocmask] {
        let mut started = own_thread("last call").arg("refused").arg(refused.to_string()).start();
        started.wait_for("limited");
        std::thread::sleep(std::time::Duration::from_millis(50));
        started.signal(libc::SIGTERM);
        started.end().expect_signal(libc::SIGTERM).expect_report();
    }
}

/// The C library's allocator bears no call there: its heap is half changed, or its lock held.
#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64"))]
#[test]
fn exit_in_a_handler_that_interrupted_the_allocator() {
    for threads in ["0", "1"] {
        let mut without = 0;
        for turn in 0..15 {
            let microseconds = (2000 + turn * 777).to_string();
            let ended = own_thread("exit in a handler").arg(microseconds).arg(threads).run();
            ended.expect_status(5);
            if ended.stderr
                == "memprof: no report: the program ended in a signal handler that had interrupted the allocator\n"
            {
                without += 1;
                assert_eq!(ended.files("work"), ["ready"]);
            } else {
                ended.expect_report();
            }
        }
        assert!(without > 0, "no handler has interrupted it");
    }
}

/// The system delivers the one with the lower number first.
#[cfg(target_os = "linux")]
#[test]
fn of_two_signals_the_first_one_ends_the_program() {
    let ended = own_thread("last call").arg("unblock").run();
    ended.expect_signal(libc::SIGINT).expect_report();
    assert_eq!(ended.stdout, "");
    for [first, second] in [[libc::SIGTERM, libc::SIGINT], [libc::SIGINT, libc::SIGTERM]] {
        let mut started = own_thread("last call").arg("pause").start();
        started.wait_for("ready");
        std::thread::sleep(std::time::Duration::from_millis(50));
        started.signal(first);
        std::thread::sleep(std::time::Duration::from_millis(3));
        started.signal(second);
        started.end().expect_signal(first).expect_report();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_signal_where_the_system_has_no_thread_leaves_the_report() {
    for with in ["no threads", "no threads, and busy", "no address space"] {
        let mut started = own_thread("last call").arg(with).start();
        started.wait_for("limited");
        std::thread::sleep(std::time::Duration::from_millis(50));
        started.signal(libc::SIGTERM);
        let ended = started.end();
        ended.expect_signal(libc::SIGTERM).expect_report();
        assert_eq!(ended.stdout, "", "{with}");
    }
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
fn a_program_with_one_thread_can_have_a_user_namespace() {
    let ended = own_thread("unshare").run();
    ended.expect_status(0);
    // Without privileges the system may refuse it; with a second thread it says that it cannot.
    assert!(!ended.stdout.contains("InvalidInput"), "{}", ended.stdout);
}
