//! The profile stands around the runtime: it starts before it and is written after it is gone.

use memprof_tests::program::Program;

use super::{function, program};

const HELD: i64 = 1 << 20;

fn check(name: &str, program: Program) {
    let ended = program.run();
    let report = ended.expect_status(0).expect_report();
    let middle = ended.report(&ended.work("middle.json"));

    let request = function(&report, &format!("{name}::tasks::request"));
    assert_eq!((request.calls, request.active), (100, 0));
    // What tokio allocates when a task yields is allocated by that task.
    assert!((100_000..110_000).contains(&request.self_allocated_bytes), "{request:?}");
    assert!((100_000..110_000).contains(&request.self_deallocated_bytes), "{request:?}");

    // It was running when main returned; the runtime dropped it, and its drop is its own.
    let endless = format!("{name}::tasks::endless");
    let (running, over) = (function(&middle, &endless), function(&report, &endless));
    assert_eq!((running.active, running.self_net_bytes), (1, HELD));
    assert_eq!((over.calls, over.active, over.panicked, over.retained_bytes), (1, 0, 0, Some(0)));
    assert!(over.self_net_bytes <= 0, "{over:?}");

    // What main and its own functions are called, whatever the runtime's attribute makes of them.
    assert_eq!(function(&report, &format!("{name}::main::within_main")).self_allocated_bytes, 100);

    assert_eq!(function(&report, &format!("{name}::main")).calls, 1);

    // The runtime's own blocks are seen from their first to their last. What stays are tokio's statics, which hold one
    // channel for each signal of the system.
    // Below the runtime's attribute it is `main` that makes the runtime, above it nobody does.
    let kept = |report: &memprof::Report| {
        report.unattributed.retained_bytes.unwrap() + function(report, &format!("{name}::main")).retained_bytes.unwrap()
    };
    assert!(kept(&middle) > kept(&report) + (16 << 10), "{} while it ran, {} after it", kept(&middle), kept(&report));
}

#[test]
fn above_a_runtime_of_many_threads() {
    check("tokio_above_multi_thread", program!("tokio_above_multi_thread"));
}

#[test]
fn below_a_runtime_of_many_threads() {
    check("tokio_below_multi_thread", program!("tokio_below_multi_thread"));
}

#[test]
fn above_a_runtime_of_one_thread() {
    check("tokio_above_current_thread", program!("tokio_above_current_thread"));
}

#[test]
fn below_a_runtime_of_one_thread() {
    check("tokio_below_current_thread", program!("tokio_below_current_thread"));
}
