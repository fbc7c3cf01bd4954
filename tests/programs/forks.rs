//! A forked child continues with its parent's figures, writes its own report, and does not wait for the parent's locks.

use memprof::Report;

use super::{ALLOCATIONS, Ended, Program, function, program};

fn forks(how: &str) -> Program {
    program!("forks").arg(how)
}

/// The children, as the parent has printed them: process id and what `wait` said.
fn children(ended: &Ended) -> Vec<(u32, i32)> {
    let numbers = |line: &str| -> Option<(u32, i32)> {
        let (pid, status) = line.split_once(' ')?;
        Some((pid.parse().ok()?, status.parse().ok()?))
    };
    ended.stdout.lines().map(|line| numbers(line).unwrap_or_else(|| panic!("{line:?}"))).collect()
}

/// The report of a child, whose rows add up.
fn child_report(ended: &Ended, pid: u32) -> Report {
    assert!(ended.work(&format!("data/logs/memory_leaks-{pid}.txt")).exists());
    let report = ended.report(&ended.work(&format!("data/logs/memory_allocations-{pid}.json")));
    assert_eq!(report.program.pid, pid);
    assert!(report.warnings.iter().any(|warning| warning.contains("was forked from process")), "{:?}", report.warnings);
    report
}

/// The parent's report and its only child's.
fn both(ended: &Ended) -> (Report, Report, i32) {
    let [(pid, status)] = children(ended)[..] else { panic!("{}", ended.stdout) };
    assert_eq!(ended.files("work/data/logs").len(), 4, "{:?}", ended.files("work/data/logs"));
    assert_eq!(ended.tables(), 1, "{}", ended.stderr);
    (ended.report(&ended.work(ALLOCATIONS)), child_report(ended, pid), status)
}

fn check_figures(parent: &Report, child: &Report) {
    assert!(parent.functions.iter().all(|row| row.name != "forks::in_the_child"), "written by the child");
    let own = function(child, "forks::in_the_child");
    assert_eq!((own.calls, own.self_allocated_bytes, own.self_deallocated_bytes), (1, 777_777, 777_777));
    // What the parent did before the fork stands in both.
    for report in [parent, child] {
        let before = function(report, "forks::in_the_parent");
        assert_eq!((before.calls, before.self_allocated_bytes), (1, 1000));
    }
}

#[test]
fn parent_and_child_each_leave_a_report() {
    for (how, expected) in [("return", 0), ("exit", 0), ("panic", 101 << 8)] {
        let ended = forks(how).run();
        let (parent, child, status) = both(ended.expect_status(0));
        assert_eq!(status, expected, "{how}");
        check_figures(&parent, &child);
    }
}

#[test]
fn a_child_that_aborts_or_is_sent_a_signal() {
    for (how, signal) in [("abort", libc::SIGABRT), ("signal", libc::SIGTERM)] {
        let ended = forks(how).configured("[memory_profiling]\ndump_on_signal = ['SIGTERM', 'SIGUSR1']").run();
        let (parent, child, status) = both(ended.expect_status(0));
        assert_eq!(status & 0x7f, signal, "{how}");
        check_figures(&parent, &child);
    }
}

#[test]
fn a_signal_to_the_child_is_not_one_to_the_parent() {
    let ended = forks("kill the child alone").configured("[memory_profiling]\ndump_on_signal = ['SIGTERM']").run();
    let (parent, _, status) = both(ended.expect_status(0));
    assert_eq!(status & 0x7f, libc::SIGTERM);
    assert!(parent.functions.iter().all(|row| row.name != "forks::waits"));
}

#[test]
fn children_that_are_ended_at_any_moment() {
    let terminate = "[memory_profiling]\ndump_on_signal = ['SIGTERM']";
    let ended = forks("kill children at once").configured(terminate).run();
    let at_once = children(ended.expect_status(0));
    let ended_later = forks("children in the middle of allocations").configured(terminate).run();
    let later = children(ended_later.expect_status(0));
    assert_eq!((at_once.len(), later.len()), (50, 20));
    for (pid, status) in later {
        assert_eq!(status & 0x7f, libc::SIGTERM);
        assert_eq!(function(&child_report(&ended_later, pid), "forks::churn").active, 1);
    }
    for (pid, status) in at_once {
        assert_eq!(status & 0x7f, libc::SIGTERM);
        // One that had not come back from `fork` has done nothing, and leaves nothing.
        if ended.work(&format!("data/logs/memory_allocations-{pid}.json")).exists() {
            child_report(&ended, pid);
        }
    }
}

#[test]
fn numbered_reports_of_a_child() {
    let ended = forks("numbered").configured("[reporting]\nevery_seconds = 1").run();
    let [(pid, 0)] = children(ended.expect_status(0))[..] else { panic!("{}", ended.stdout) };
    let report = ended.report(&ended.work(&format!("data/logs/memory_allocations-{pid}.0001.json")));
    assert_eq!(report.program.pid, pid);
    child_report(&ended, pid);
}

#[test]
fn a_report_of_the_child_on_demand() {
    let ended = forks("on demand").run();
    let (parent, child, _) = both(ended.expect_status(0));
    check_figures(&parent, &child);
    check_figures(&parent, &ended.report(&ended.work("middle.json")));
}

#[test]
fn children_of_a_program_whose_threads_are_in_the_middle_of_allocations() {
    for settings in ["", "[memory_profiling]\nmax_tracked_allocations = 300\noverhead_budget_percent = 0"] {
        let ended = forks("beside threads").configured(settings).run();
        ended.expect_status(0);
        let children = children(&ended);
        assert_eq!(children.len(), 40);
        for (pid, status) in children {
            assert_eq!(status, 0, "{}", ended.stderr);
            let child = child_report(&ended, pid);
            let own = function(&child, "forks::in_the_child");
            assert_eq!((own.calls, own.active, own.self_net_bytes), (2, 0, 0));
            // Their threads are gone, and so are their calls; what they hold is still there.
            assert_eq!(function(&child, "forks::churn").active, 0);
            // It may not have begun yet, or be about to allocate.
            if let Some(waits) = child.functions.iter().find(|row| row.name == "forks::waits") {
                assert!(waits.active == 0 && [0, 4321].contains(&waits.self_net_bytes), "{waits:?}");
            }
        }
        let parent = ended.report(&ended.work(ALLOCATIONS));
        assert_eq!(function(&parent, "forks::waits").active, 1);
    }
}

#[test]
fn children_do_not_wait_for_reports_that_their_parent_writes() {
    let ended = forks("while reports are written").run();
    ended.expect_status(0);
    let children = children(&ended);
    assert_eq!(children.len(), 40);
    for (pid, status) in children {
        assert_eq!(status, 0);
        assert_eq!(function(&child_report(&ended, pid), "forks::in_the_child").calls, 1);
    }
    ended.report(&ended.work(ALLOCATIONS));
}

#[test]
fn children_of_children() {
    let ended = forks("again and again").run();
    ended.expect_status(0);
    let pids: Vec<u32> = children(&ended).into_iter().map(|(pid, _)| pid).collect();
    let mut calls: Vec<u64> =
        pids.iter().map(|&pid| function(&child_report(&ended, pid), "forks::in_the_child").calls).collect();
    calls.sort_unstable();
    assert_eq!(calls, [1, 2]);
}

#[test]
fn children_that_run_another_program_leave_nothing() {
    forks("run another program").run().expect_status(0).expect_report();
    let settings = "[memory_profiling]\ndump_on_signal = ['SIGTERM']\n[reporting]\nevery_seconds = 1000";
    forks("run another program").configured(settings).run().expect_status(0).expect_report();
}

#[test]
fn names_with_the_process_id_tell_them_apart_by_themselves() {
    let names = "[reporting]\nallocation_report = 'a-{pid}.json'\nleak_report = 'l-{pid}.txt'";
    let ended = forks("return").configured(names).run();
    let [(pid, 0)] = children(ended.expect_status(0))[..] else { panic!("{}", ended.stdout) };
    let files = ended.files("work/data/logs");
    assert_eq!(files.len(), 4, "{files:?}");
    assert!(files.contains(&format!("a-{pid}.json")) && files.contains(&format!("l-{pid}.txt")), "{files:?}");
}
