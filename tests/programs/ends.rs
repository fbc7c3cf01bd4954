//! However a program ends, its report is written once, and its exit status is its own.

use super::{function, program};

#[test]
fn a_main_that_returns_nothing() {
    let ended = program!("plain").run();
    let report = ended.expect_status(0).expect_report();
    assert_eq!(report.program.name, format!("plain{}", std::env::consts::EXE_SUFFIX));
    assert_eq!(report.allocator.inner, "system");
    let keep = function(&report, "plain::keep");
    assert_eq!((keep.calls, keep.active, keep.self_net_bytes, keep.retained_bytes), (1, 0, 4096, Some(4096)));
    let free = function(&report, "plain::free");
    assert_eq!((free.allocated_bytes, free.deallocated_bytes, free.peak_bytes), (1024, 1024, Some(1024)));
    assert_eq!(ended.stdout, "the body ran: 5120\n");
}

#[test]
fn a_main_that_returns_a_result() {
    program!("returns_result").run().expect_status(0).expect_report();
    let ended = program!("returns_result").arg("it broke").run();
    ended.expect_status(1).expect_report();
    assert_eq!(ended.stderr.lines().filter(|line| *line == "Error: \"it broke\"").count(), 1, "{}", ended.stderr);
}

#[test]
fn a_main_that_returns_an_exit_code() {
    for code in [0, 1, 42, 255] {
        program!("returns_exit_code").arg(code.to_string()).run().expect_status(code).expect_report();
    }
}

#[test]
fn a_main_that_never_returns() {
    program!("returns_never").run().expect_status(100).expect_report();
}

#[test]
fn a_main_that_returns_a_type_of_its_own() {
    let ended = program!("returns_termination").run();
    ended.expect_status(42).expect_report();
    assert_eq!(ended.stdout, "asked for the answer\n");
}

#[test]
fn exit_in_main() {
    program!("ends").arg("exit").run().expect_status(7).expect_report();
}

#[test]
fn exit_by_way_of_memprof() {
    program!("ends").arg("exit by way of memprof").run().expect_status(7).expect_report();
}

#[test]
fn exit_deep_down_leaves_its_callers_active() {
    let ended = program!("ends").arg("exit deep down").run();
    let report = ended.expect_status(7).expect_report();
    let deep = function(&report, "ends::deep");
    // What `exit` itself frees is charged here, but nothing that the callers hold.
    assert_eq!((deep.calls, deep.active, deep.self_allocated_bytes), (10, 10, 10_000));
    assert_eq!(deep.retained_bytes, Some(10_000));
}

#[test]
fn exit_on_another_thread_while_main_waits() {
    let ended = program!("ends").arg("exit on a thread").run();
    let report = ended.expect_status(7).expect_report();
    let wait = function(&report, "ends::wait");
    assert_eq!((wait.calls, wait.active, wait.self_net_bytes), (1, 1, 3000));
    assert_eq!(function(&report, "ends::deep").active, 1);
}

#[test]
fn exit_on_all_threads_at_once() {
    for _ in 0..20 {
        program!("ends").arg("exit everywhere").run().expect_status(7).expect_report();
    }
}

#[test]
fn a_panic_in_main() {
    let ended = program!("ends").arg("panic").run();
    let report = ended.expect_status(101).expect_report();
    let fail = function(&report, "ends::fail");
    assert_eq!((fail.calls, fail.active, fail.panicked), (1, 0, 1));
    assert!(fail.self_allocated_bytes >= 5000 && fail.self_deallocated_bytes >= 5000, "not unwound: {fail:?}");
    assert!(ended.stderr.contains("as it was told to"), "{}", ended.stderr);
}

#[test]
fn a_panic_on_a_thread_that_main_survives() {
    let report = program!("ends").arg("panic on a thread").run().expect_status(0).expect_report();
    assert_eq!((function(&report, "ends::fail").panicked, function(&report, "ends::fail").active), (1, 0));
}

#[test]
fn main_returns_beside_threads_that_still_allocate() {
    for _ in 0..10 {
        // That the rows add up is checked whenever a report is read.
        let report = program!("ends").arg("return beside threads").run().expect_status(0).expect_report();
        let churn = function(&report, "ends::churn");
        assert_eq!((churn.calls, churn.active), (4, 4));
        assert!(churn.self_allocated_bytes >= 100 * 50_000 && churn.self_deallocated_bytes > 0, "{churn:?}");
        assert_eq!(churn.peak_bytes, None, "no call has ended");
    }
}

#[test]
fn work_on_the_threads_of_rayon() {
    let ended = program!("parallel").run();
    let report = ended.expect_status(0).expect_report();
    assert_eq!(ended.stdout, "1005000\n");
    let item = function(&report, "parallel::item");
    assert_eq!((item.calls, item.active), (10_000, 0));
    assert_eq!((item.self_allocated_bytes, item.self_deallocated_bytes), (1_005_000, 1_005_000));
    assert_eq!(function(&report, "parallel::all").calls, 1);
}
