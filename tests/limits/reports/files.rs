//! Files of the reports, where memory itself is plentiful.

use memprof_tests::program::Ended;

use super::{MIB, at_limit, grows, names_the_leak, report};

fn files(ended: &Ended) -> Vec<String> {
    let mut files = ended.files("work/data/logs");
    files.retain(|name| name.ends_with(".json"));
    files
}

#[test]
fn a_threshold_in_bytes_is_reported_once_and_the_program_goes_on() {
    let ended =
        grows(&["heap", "1", "100", "60", "10", "300"]).configured("[limits]\nreport_at_bytes = 50_000_000").run();
    ended.expect_status(0);
    assert_eq!(
        ended.files("work/data/logs"),
        ["memory_allocations.json", "memory_allocations.limit-1.json", "memory_leaks.limit-1.txt", "memory_leaks.txt"]
    );
    let first = report(&ended, "limit-1");
    names_the_leak(&first);
    let limit = at_limit(&first);
    assert_eq!((limit.reason.as_str(), limit.number, limit.threshold_bytes), ("limit", 1, 50_000_000));
    assert!((50_000_000..80_000_000).contains(&limit.used_bytes), "{limit:?}");
    assert_eq!(first.settings.as_ref().map(|settings| settings.report_at_bytes), Some(50_000_000));
    assert!(!first.program.is_final && first.overhead.reporting.peak_bytes < 4 * MIB);
    let last = ended.report(&ended.work("data/logs/memory_allocations.json"));
    assert!(last.limit.is_none() && last.findings.iter().all(|finding| finding.kind != "limit"));
    let said = ended.stderr.lines().filter(|line| line.starts_with("memprof: the memory has reached")).count();
    assert_eq!(said, 1, "{}", ended.stderr);
}

#[test]
fn each_episode_has_a_report_and_the_latest_are_kept() {
    let settings = "[limits]\nreport_at_bytes = 30_000_000\nkeep_limit_reports = 2";
    let ended = grows(&["waves", "40", "4", "700"]).configured(settings).run();
    ended.expect_status(0);
    let files = files(&ended);
    assert_eq!(files.len(), 3, "{files:?}");
    assert!(files.contains(&"memory_allocations.limit-4.json".to_owned()), "{files:?}");
    let latest = report(&ended, "limit-4");
    assert_eq!(at_limit(&latest).growing_function.as_deref(), Some("grows::wave"));
}

#[test]
fn one_report_while_the_memory_stays() {
    let settings = "[limits]\nreport_at_bytes = 30_000_000";
    let ended = grows(&["none", "0", "0", "0", "40", "2500"]).configured(settings).run();
    assert_eq!(files(ended.expect_status(0)), ["memory_allocations.json", "memory_allocations.limit-1.json"]);
}

#[test]
fn a_new_high_of_the_heap_has_a_report() {
    let settings = "[limits]\nreport_at_new_high = true\nkeep_limit_reports = 2";
    let ended = grows(&["heap", "1", "30", "150", "0"]).configured(settings).run();
    let files = files(ended.expect_status(0));
    assert_eq!(files.len(), 3, "{files:?}");
    let latest = files.iter().rev().find_map(|name| name.split('.').nth(1).filter(|name| name.starts_with("high-")));
    let latest = report(&ended, latest.expect("a report of a new high"));
    let limit = at_limit(&latest);
    assert!(limit.reason == "new high" && limit.number >= 3 && limit.heap_bytes > 40 * MIB, "{limit:?}");
    names_the_leak(&latest);
    assert!(latest.findings[0].title.contains("before the new high"), "{}", latest.findings[0].title);
}

#[test]
fn a_forked_child_has_its_own() {
    let settings = "[limits]\nreport_at_bytes = 30_000_000";
    let ended = grows(&["child", "1", "100", "60", "5", "400"]).configured(settings).run();
    let files = files(ended.expect_status(0));
    let of_child = |name: &&String| name.starts_with("memory_allocations-") && name.contains(".limit-1.");
    let name = files.iter().find(of_child).unwrap_or_else(|| panic!("{files:?}"));
    assert!(!files.contains(&"memory_allocations.limit-1.json".to_owned()), "{files:?}");
    names_the_leak(&ended.report(&ended.work(&format!("data/logs/{name}"))));
}

#[test]
fn a_program_below_its_limits_has_no_further_file() {
    let settings = "[limits]\nreport_at_bytes = 300_000_000\nreport_at_percent = 100";
    let ended = grows(&["heap", "1", "0", "20", "5", "300"]).configured(settings).run();
    ended.expect_status(0).expect_report();
}

#[test]
fn a_report_that_cannot_be_written_anywhere_is_a_warning() {
    let settings = "[limits]\nreport_at_bytes = 30_000_000\n[reporting]\noutput_dir = '/proc/none'";
    let ended = grows(&["heap", "1", "0", "40", "5", "400"]).configured(settings).env("TMPDIR", "/proc/none").run();
    ended.expect_status(0);
    assert!(ended.stderr.contains("a report of the memory at a limit could not be written"), "{}", ended.stderr);
}
