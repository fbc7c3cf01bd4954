//! Names of reports, and the processes that may replace them.

use std::collections::BTreeSet;

use super::{ALLOCATIONS, Ended, program};

fn pids(ended: &Ended) -> BTreeSet<u32> {
    let files = ended.files("work/data/logs");
    let reports = files.iter().filter(|name| name.ends_with(".json"));
    reports.map(|name| ended.report(&ended.work(&format!("data/logs/{name}"))).program.pid).collect()
}

/// Six programs that run at once in one folder, and end at the same moment.
fn at_once(settings: &str) -> Ended {
    let line = "for i in 1 2 3 4 5 6; do \"$0\" until-go & done; while [ $(ls ready-* | wc -l) -lt 6 ]; do sleep 0.01; done \
                2>/dev/null; touch go; wait";
    let ended = program!("twins", line).configured(settings).run();
    ended.expect_status(0);
    ended
}

#[test]
fn programs_that_run_at_once_each_leave_a_report() {
    for _ in 0..3 {
        let ended = at_once("");
        assert_eq!(pids(&ended).len(), 6, "{:?}", ended.files("work/data"));
        let files = ended.files("work/data/logs");
        assert_eq!(files.len(), 12, "{files:?}");
        // The first one has the plain name, the others are numbered, and both files of each are.
        for suffix in ["", "-2", "-3", "-4", "-5", "-6"] {
            assert!(files.contains(&format!("memory_allocations{suffix}.json")), "{files:?}");
            assert!(files.contains(&format!("memory_leaks{suffix}.txt")), "{files:?}");
        }
    }
}

#[test]
fn unless_they_are_told_to_replace_each_others() {
    let ended = at_once("[reporting]\noverwrite = true");
    assert_eq!(ended.files("work/data/logs"), ["memory_allocations.json", "memory_leaks.txt"]);
}

#[test]
fn a_program_replaces_what_an_earlier_run_has_left() {
    let line = "\"$0\"; cp data/logs/memory_allocations.json first.json; exec \"$0\"";
    let ended = program!("plain", line).run();
    ended.expect_status(0);
    assert_eq!(ended.files("work/data/logs"), ["memory_allocations.json", "memory_leaks.txt"]);
    let [first, second] = ["first.json", ALLOCATIONS].map(|name| ended.report(&ended.work(name)).program.pid);
    assert_ne!(first, second);
}

#[test]
fn a_program_replaces_its_own() {
    // On demand, by number, and at the end.
    let ended = program!("twins").arg("write").configured("[reporting]\nevery_seconds = 1\nkeep = 1").run();
    ended.expect_status(0);
    let files = ended.files("work/data/logs");
    assert!(files.contains(&"memory_allocations.json".to_owned()) && files.len() == 4, "{files:?}");
    assert!(!files.iter().any(|name| name.contains('-')), "{files:?}");
}

#[test]
fn placeholders_in_names_and_folders() {
    let settings = "[reporting]\noutput_dir = 'logs/{program}/{time}'\nallocation_report = '{pid}-{program}.json'";
    let mut started = program!("plain").configured(settings).start();
    let pid = started.pid();
    started.wait_for("logs/plain");
    let ended = started.end();
    ended.expect_status(0);
    let files = ended.files("work/logs/plain");
    let (time, name) = files[0].split_once('/').unwrap();
    assert_eq!(name, format!("{pid}-plain.json"));
    let report = ended.report(&ended.work(&format!("logs/plain/{}", files[0])));
    let started_at = report.program.started_at.replace(['-', ':'], "");
    assert_eq!(time.trim_end_matches('Z'), started_at.split_once('.').unwrap().0);
    assert_eq!(files[1], format!("{time}/memory_leaks.txt"));
}

#[test]
fn mistakes_in_names_and_signals_are_named() {
    let said = |settings: &str| {
        let ended = program!("plain").configured(settings).run();
        ended.expect_status(2).expect_nothing_written();
        ended.stderr
    };
    let unknown = said("[reporting]\noutput_dir = 'logs/{prog}'");
    assert_eq!(
        unknown,
        "memory_profile.toml:2:14: `output_dir` has the unknown placeholder `{prog}`; did you mean `{program}`?\n"
    );
    let unknown = said("[memory_profiling]\ndump_on_signal = ['SIGTREM']");
    assert_eq!(
        unknown,
        "memory_profile.toml:2:18: `dump_on_signal` has the unknown signal `SIGTREM`; did you mean `SIGTERM`?\n"
    );
}
