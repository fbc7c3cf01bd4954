//! A signal ends the program as it would without memprof, and the report is there; the program's own handlers work.

use std::fs;

use super::{ALLOCATIONS, Program, function, program};

fn signals(mode: &str, signals: &str) -> Program {
    program!("signals").arg(mode).configured(&format!("[memory_profiling]\ndump_on_signal = [{signals}]"))
}

const ENDS: [(&str, i32); 4] =
    [("SIGINT", libc::SIGINT), ("SIGTERM", libc::SIGTERM), ("SIGHUP", libc::SIGHUP), ("SIGQUIT", libc::SIGQUIT)];

#[test]
fn a_signal_ends_the_program_and_the_report_is_written() {
    for (name, number) in ENDS {
        let mut started = signals("wait", &format!("{name:?}")).start();
        started.wait_for("ready");
        started.signal(number);
        let ended = started.end();
        let report = ended.expect_signal(number).expect_report();
        assert_eq!(function(&report, "signals::hold").retained_bytes, Some(12_345), "{name}");
    }
}

#[test]
fn without_the_key_two_signals_write_the_report() {
    for number in [libc::SIGINT, libc::SIGTERM] {
        let mut started = program!("signals").arg("wait").start();
        started.wait_for("ready");
        started.signal(number);
        let report = started.end().expect_signal(number).expect_report();
        assert_eq!(function(&report, "signals::hold").retained_bytes, Some(12_345));
        assert_eq!(report.warnings, [""; 0]);
    }
    for number in [libc::SIGHUP, libc::SIGQUIT, libc::SIGUSR1] {
        let mut started = program!("signals").arg("wait").start();
        started.wait_for("ready");
        started.signal(number);
        started.end().expect_signal(number).expect_nothing_written();
    }
}

#[test]
fn an_empty_list_leaves_every_signal_alone() {
    for configure in [
        |program: Program| program.configured("[memory_profiling]\ndump_on_signal = []"),
        |program: Program| program.env("MEMPROF_DUMP_ON_SIGNAL", ""),
        |program: Program| program.env("MEMPROF_DUMP_ON_EXIT", "0"),
    ] {
        let mut started = configure(program!("signals").arg("wait")).start();
        started.wait_for("ready");
        started.signal(libc::SIGTERM);
        started.end().expect_signal(libc::SIGTERM).expect_nothing_written();
    }
}

#[test]
fn a_list_names_exactly_the_signals_that_are_handled() {
    let mut started = signals("wait", "'SIGUSR1', 'SIGTERM'").start();
    started.wait_for("ready");
    started.signal(libc::SIGINT);
    started.end().expect_signal(libc::SIGINT).expect_nothing_written();
}

#[test]
fn by_default_the_handlers_of_tokio_and_ctrlc_work() {
    for last in [libc::SIGINT, libc::SIGTERM] {
        let mut started = program!("signals").arg("tokio").start();
        started.wait_for("ready");
        started.signal(last);
        let ended = started.end();
        ended.expect_status(5).expect_report();
        assert_eq!(ended.stdout, "in peace after 0\n");
    }
    for (mode, signal) in [("ctrlc", libc::SIGINT), ("sigwait", libc::SIGTERM)] {
        let mut started = program!("signals").arg(mode).start();
        started.wait_for("ready");
        started.signal(signal);
        started.end().expect_status(5).expect_report();
    }
}

#[test]
fn by_default_a_signal_that_is_ignored_stays_so_silently() {
    let mut started = program!("signals", "trap '' INT; exec \"$0\" \"$@\"").arg("wait").start();
    started.wait_for("ready");
    started.signal(libc::SIGINT);
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert!(!started.work(ALLOCATIONS).exists());
    started.signal(libc::SIGTERM);
    let ended = started.end();
    let report = ended.expect_signal(libc::SIGTERM).expect_report();
    assert_eq!(report.warnings, [""; 0]);
}

#[test]
fn where_profiling_is_off_a_signal_that_was_to_write_a_report_says_so() {
    let line = "memprof: no report on this signal: profiling is off (enabled = false)\n";
    let mut started = signals("wait", "'SIGUSR1', 'SIGTERM'").env("MEMPROF_ENABLED", "0").start();
    started.wait_for("ready");
    started.signal(libc::SIGUSR1);
    std::thread::sleep(std::time::Duration::from_millis(50));
    started.signal(libc::SIGTERM);
    let ended = started.end();
    ended.expect_signal(libc::SIGTERM).expect_nothing_written();
    assert_eq!(ended.stderr, line.repeat(2));

    let mut started = program!("signals").arg("wait").env("MEMPROF_ENABLED", "0").start();
    started.wait_for("ready");
    started.signal(libc::SIGTERM);
    let ended = started.end();
    ended.expect_signal(libc::SIGTERM).expect_nothing_written();
    assert_eq!(ended.stderr, "", "nobody asked for a report");
}

#[test]
fn threads_that_allocate_meanwhile_do_no_harm() {
    for _ in 0..5 {
        let mut started = signals("wait beside threads", "'SIGINT', 'SIGTERM'").start();
        started.wait_for("ready");
        started.signal(libc::SIGINT);
        let report = started.end().expect_signal(libc::SIGINT).expect_report();
        assert_eq!(function(&report, "signals::hold").active, 0);
    }
}

#[test]
fn a_signal_that_is_sent_twice_at_once_waits_for_the_report() {
    // As `timeout` does: to the process, and to its group.
    let mut started = signals("wait beside threads", "'SIGTERM'").start();
    started.wait_for("ready");
    for _ in 0..5 {
        started.signal(libc::SIGTERM);
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    started.end().expect_signal(libc::SIGTERM).expect_report();
}

#[test]
fn a_signal_while_reports_are_written() {
    let mut started = signals("write", "'SIGTERM'").start();
    started.wait_for("ready");
    started.wait_for(ALLOCATIONS);
    started.signal(libc::SIGTERM);
    started.end().expect_signal(libc::SIGTERM).expect_report();
}

#[test]
fn exit_beside_a_signal_leaves_one_report() {
    let mut by_signal = 0;
    for delay in [0, 100, 300, 1000, 3000, 5000, 10_000, 20_000] {
        let mut started = signals("exit meanwhile", "'SIGTERM'").arg(delay.to_string()).start();
        started.wait_for("ready");
        fs::write(started.work("go"), "").unwrap();
        let ended = started.end();
        ended.expect_report();
        if ended.status.code() != Some(3) {
            ended.expect_signal(libc::SIGTERM);
            by_signal += 1;
        }
    }
    // The signal comes at once, and the last ones exit long after it.
    assert!(by_signal > 0);
}

#[test]
fn a_signal_that_asks_for_a_report_ends_nothing() {
    let mut started = signals("wait beside threads", "'SIGUSR1', 'SIGUSR2', 'SIGTERM'").start();
    started.wait_for("ready");
    for signal in [libc::SIGUSR1, libc::SIGUSR2] {
        started.signal(signal);
        started.wait_for(ALLOCATIONS);
        started.wait_for(super::LEAKS);
        fs::rename(started.work(ALLOCATIONS), started.work(&format!("{signal}.json"))).unwrap();
    }
    started.signal(libc::SIGTERM);
    let ended = started.end();
    let last = ended.expect_signal(libc::SIGTERM).expect_report();
    let [first, second] =
        [libc::SIGUSR1, libc::SIGUSR2].map(|signal| ended.report(&ended.work(&format!("{signal}.json"))));
    let seconds = [&first, &second, &last].map(|report| report.program.duration_seconds);
    assert!(seconds.is_sorted() && seconds[0] < seconds[2], "{seconds:?}");
    assert_eq!(function(&first, "signals::churn").active, 4);
}

#[test]
fn handlers_of_tokio_keep_working() {
    for last in [libc::SIGINT, libc::SIGTERM] {
        let mut started = signals("tokio", "'SIGINT', 'SIGTERM', 'SIGUSR1'").start();
        started.wait_for("ready");
        started.signal(libc::SIGUSR1);
        started.wait_for(ALLOCATIONS);
        started.wait_for("asked");
        started.signal(last);
        let ended = started.end();
        ended.expect_status(5).expect_report();
        assert_eq!(ended.stdout, "in peace after 1\n");
    }
}

#[test]
fn handlers_that_take_the_place_of_ours_keep_working() {
    let mut started = signals("ctrlc", "'SIGINT'").start();
    started.wait_for("ready");
    started.signal(libc::SIGINT);
    let ended = started.end();
    ended.expect_status(5).expect_report();
    assert_eq!(ended.stdout, "in peace\n");

    let mut started = signals("handler", "'SIGTERM'").start();
    started.wait_for("ready");
    for _ in 0..2 {
        started.signal(libc::SIGTERM);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    started.end().expect_status(5).expect_report();
}

#[test]
fn a_handler_that_was_there_before_is_called() {
    let mut started = program!("by_hand").arg("handler before").env("MEMPROF_DUMP_ON_SIGNAL", "SIGTERM,SIGHUP").start();
    started.wait_for("ready");
    started.signal(libc::SIGTERM);
    started.wait_for(ALLOCATIONS);
    fs::write(started.work("go"), "").unwrap();
    let ended = started.end();
    ended.expect_status(0).expect_report();
    assert_eq!(ended.stdout, "handled: 1\n");
}

#[test]
fn programs_that_wait_for_their_signals_get_them() {
    let mut started = signals("sigwait", "'SIGTERM'").start();
    started.wait_for("ready");
    started.signal(libc::SIGTERM);
    started.end().expect_status(5).expect_report();
}

#[test]
fn a_signal_that_is_ignored_stays_so() {
    let line = "trap '' HUP; exec \"$0\" \"$@\"";
    let mut started = program!("signals", line).arg("wait").env("MEMPROF_DUMP_ON_SIGNAL", "SIGHUP SIGTERM").start();
    started.wait_for("ready");
    started.signal(libc::SIGHUP);
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert!(!started.work(ALLOCATIONS).exists());
    started.signal(libc::SIGTERM);
    let report = started.end().expect_signal(libc::SIGTERM).expect_report();
    assert!(
        report.warnings.iter().any(|warning| warning.starts_with("SIGHUP was ignored when")),
        "{:?}",
        report.warnings
    );
}

#[test]
fn a_second_signal_does_not_wait() {
    let mut started = signals("wait", "'SIGTERM'").env("MEMPROF_ALLOCATION_REPORT", "pipe").start();
    started.wait_for("ready");
    // The report goes into a pipe that is full, and waits for its reader: two seconds.
    let pipe = started.work("data/logs/pipe");
    fs::create_dir_all(pipe.parent().unwrap()).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut full = fs::File::options();
    full.read(true).write(true);
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut full, libc::O_NONBLOCK);
    let mut full = full.open(pipe).unwrap();
    while std::io::Write::write(&mut full, &[0; 4096]).is_ok() {}
    started.signal(libc::SIGTERM);
    std::thread::sleep(std::time::Duration::from_millis(1200));
    started.signal(libc::SIGTERM);
    started.end().expect_signal(libc::SIGTERM).expect_nothing_written();
}

#[test]
fn a_program_that_is_killed_leaves_no_half_report() {
    for delay in [0, 1, 2, 3, 5, 8, 13, 21] {
        let mut started = signals("write", "'SIGTERM'").start();
        started.wait_for(ALLOCATIONS);
        std::thread::sleep(std::time::Duration::from_millis(delay));
        started.signal(libc::SIGKILL);
        let ended = started.end();
        ended.expect_signal(libc::SIGKILL);
        // That it is whole is checked when it is read.
        ended.report(&ended.work(ALLOCATIONS));
        for name in ended.files("work/data/logs") {
            let is_whole = name == "memory_allocations.json" || name == "memory_leaks.txt";
            assert!(is_whole || (name.starts_with(".memprof-") && name.ends_with(".tmp")), "{name}");
        }
    }
}

#[test]
fn what_is_lost_by_a_kill_is_bounded_by_every_seconds() {
    let mut started = program!("signals").arg("wait").configured("[reporting]\nevery_seconds = 1").start();
    started.wait_for("data/logs/memory_leaks.0001.txt");
    started.signal(libc::SIGKILL);
    let ended = started.end();
    let report = ended.report(&ended.work("data/logs/memory_allocations.0001.json"));
    assert_eq!(function(&report, "signals::hold").retained_bytes, Some(12_345));
}
