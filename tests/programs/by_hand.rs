//! Reports on demand, and profiles without the attribute.

use std::path::Path;

use super::{function, program};

#[test]
fn a_report_of_the_running_program_from_another_thread() {
    let ended = program!("on_demand").arg("write").run();
    let report = ended.expect_status(0).expect_report();
    assert_eq!(ended.stdout, "fell back: None\n");
    let middle = ended.report(&ended.work("middle.json"));
    let (running, over) = (function(&middle, "on_demand::served"), function(&report, "on_demand::served"));
    assert_eq!((running.calls, running.active, running.peak_bytes), (1, 1, None));
    assert!(running.self_net_bytes >= 10_000 && running.retained_bytes >= Some(10_000), "{running:?}");
    assert_eq!((over.calls, over.active), (1, 0));
    assert!(over.peak_bytes >= Some(10_000) && over.self_net_bytes < 10_000, "{over:?}");
}

#[test]
fn reports_of_many_threads_at_once() {
    program!("on_demand").arg("write from eight threads").run().expect_status(0).expect_report();
}

#[test]
fn the_attribute_and_a_profile_by_hand_do_not_mix() {
    let ended = program!("on_demand").arg("start another").run();
    ended.expect_status(0).expect_report();
    assert_eq!(ended.stdout, "a profile is running already: finish it before starting another\n");
}

#[test]
#[cfg(unix)]
fn numbered_reports_of_the_running_program_show_what_grows() {
    let ended = program!("periodic").configured("[reporting]\nevery_seconds = 1\nkeep = 2").run();
    ended.expect_status(0);
    // The profiler's thread has taken no signal that was not for it.
    assert_eq!(ended.stdout, "taken: true\n");
    let files = ended.files("work/data/logs");
    assert_eq!(
        files,
        [
            "memory_allocations.0002.json",
            "memory_allocations.0003.json",
            "memory_allocations.json",
            "memory_leaks.0002.txt",
            "memory_leaks.0003.txt",
            "memory_leaks.txt"
        ]
    );
    let [second, third, last] = [".0002", ".0003", ""].map(|number| {
        let report = ended.report(&ended.work(&format!("data/logs/memory_allocations{number}.json")));
        (report.program.duration_seconds, function(&report, "periodic::grow").net_bytes)
    });
    assert!(second.0 < third.0 && third.0 <= last.0, "{second:?} {third:?} {last:?}");
    assert!(second.1 < third.1 && third.1 <= last.1, "{second:?} {third:?} {last:?}");
    assert_eq!(ended.tables(), 1, "the table is for the end alone");
}

#[test]
fn without_a_profile_there_is_no_report() {
    let ended = program!("by_hand").arg("none").run();
    ended.expect_status(0).expect_nothing_written();
    assert!(ended.stdout.starts_with("no profile is running"), "{}", ended.stdout);
    assert_eq!(ended.stderr, "");
}

#[test]
fn a_profile_ends_however_its_owner_does() {
    for (how, status) in [("drop", 0), ("forget", 0), ("exit", 7), ("panic", 101)] {
        let report = program!("by_hand").arg(how).run().expect_status(status).expect_report();
        let work = function(&report, "by_hand::work");
        assert_eq!((work.calls, work.self_allocated_bytes), (1, 4096), "{how}");
        assert_eq!(report.allocator.inner, "system");
    }
}

#[test]
fn one_profile_at_a_time() {
    let ended = program!("by_hand").arg("twice").run();
    ended.expect_status(0).expect_report();
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert!(lines[0].starts_with("a profile is running already"), "{lines:?}");
    assert!(Path::new(lines[1]).ends_with("work/data/logs/memory_allocations.json"), "{lines:?}");
    assert!(lines[2].starts_with("no profile is running"), "{lines:?}");
    assert_eq!(lines.len(), 3);
}

#[test]
fn one_profile_after_the_other() {
    let ended = program!("by_hand").arg("again").run();
    ended.expect_status(0);
    assert_eq!(ended.stdout, "true\ntrue\ntrue\n");
    assert_eq!(ended.tables(), 2, "{}", ended.stderr);
    let first = ended.report(&ended.work("data/logs/memory_allocations.json"));
    let second = ended.report(&ended.work("data/second/memory_allocations.json"));
    let calls = |report| function(report, "by_hand::work").calls;
    assert_eq!((calls(&first), calls(&second)), (1, 2), "the counters are never set back");
    assert_eq!(function(&second, "by_hand::work").retained_bytes, Some(4096));
}

#[test]
fn a_profile_that_is_disabled_is_empty() {
    let ended = program!("by_hand").arg("disabled").run();
    ended.expect_status(0).expect_nothing_written();
    assert!(ended.stdout.starts_with("0 profiling is off: remove enabled = false"), "{}", ended.stdout);
    assert_eq!(ended.stderr, "");
}
