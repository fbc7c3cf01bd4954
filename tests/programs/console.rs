//! Ctrl-C, Ctrl-Break, closing the console, logging off and shutting down on Windows: the report is written, and the
//! program ends as it does without memprof.

use super::{Ended, function, program};

const EVENTS: [(&str, &str); 5] =
    [("0", "Ctrl-C"), ("1", "Ctrl-Break"), ("2", "the console is closed"), ("5", "log-off"), ("6", "shutdown")];

fn without(event: &str) -> Option<i32> {
    program!("console").arg(event).env("MEMPROF_ENABLED", "0").run().expect_nothing_written().status.code()
}

fn expect_kept(ended: &Ended) {
    let report = ended.expect_report();
    let keep = function(&report, "console::keep");
    assert_eq!((keep.calls, keep.self_net_bytes, keep.retained_bytes), (1, 4096, Some(4096)));
}

#[test]
fn each_event_that_ends_the_program_leaves_the_report() {
    for (event, name) in EVENTS {
        let without = without(event);
        let ended = program!("console").arg(event).run();
        assert_eq!(ended.status.code(), without, "{name}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{name}");
        expect_kept(&ended);
    }
}

#[test]
fn a_handler_that_passes_it_on_changes_nothing() {
    let ended = program!("console").arg("0").arg("handler that passes it on").run();
    assert_eq!(ended.status.code(), without("0"), "{}", ended.stderr);
    expect_kept(&ended);
}

#[test]
fn a_handler_of_the_program_keeps_the_event() {
    let ended = program!("console").arg("0").arg("handler after").run();
    ended.expect_status(3).expect_report();
    assert_eq!(ended.stdout.trim(), "the program went on");
}

/// It is called after ours: nobody can ask whether there is one. The profile goes on, and its last report replaces this
/// one.
#[test]
fn a_handler_that_was_there_before_is_called_after_the_report() {
    let ended = program!("console").arg("0").arg("handler before").run();
    ended.expect_status(3);
    assert_eq!((ended.stdout.trim(), ended.tables()), ("the program went on", 2), "{}", ended.stderr);
    let report = ended.report(&ended.work(super::ALLOCATIONS));
    assert_eq!(function(&report, "console::keep").retained_bytes, Some(0));
}

#[test]
fn exit_beside_an_event_waits_for_it() {
    let ended = program!("console").arg("0").arg("exit at once").run();
    assert!([without("0"), Some(7)].contains(&ended.status.code()), "{:?}: {}", ended.status, ended.stderr);
    expect_kept(&ended);
}

#[test]
fn a_list_names_exactly_the_events_that_are_caught() {
    for (names, event, is_written) in [
        ("SIGINT", "0", true),
        ("SIGINT", "2", false),
        ("SIGTERM", "0", false),
        ("SIGTERM", "1", true),
        ("SIGHUP", "2", true),
        ("", "0", false),
    ] {
        let ended = program!("console").arg(event).env("MEMPROF_DUMP_ON_SIGNAL", names).run();
        assert_eq!(ended.status.code(), without(event), "{names} {event}: {}", ended.stderr);
        if is_written {
            expect_kept(&ended);
        } else {
            ended.expect_nothing_written();
        }
    }
}

#[test]
fn without_a_report_at_the_end_there_is_none() {
    program!("console").arg("0").env("MEMPROF_DUMP_ON_EXIT", "0").run().expect_nothing_written();
}
