//! Sources of settings, the effect of each, and mistakes in them.

use std::fs;

use super::{ALLOCATIONS, Ended, function, program};

const ELSEWHERE: &str = "[reporting]\noutput_dir = 'reports'\n";

fn expect_only(ended: &Ended, files: &[&str]) {
    let reports: Vec<String> = ended.files("").into_iter().filter(|file| !file.ends_with(".toml")).collect();
    assert_eq!(reports, files, "{}", ended.stderr);
}

#[test]
fn the_file_is_found_in_the_working_directory() {
    let ended = program!("plain").configured(ELSEWHERE).file("memory_profile.toml", "[wrong]").run();
    ended.expect_status(0);
    expect_only(&ended, &["work/reports/memory_allocations.json", "work/reports/memory_leaks.txt"]);
}

#[test]
fn the_file_is_found_above_it_and_folders_start_there() {
    let ended = program!("plain").file("memory_profile.toml", ELSEWHERE).run();
    ended.expect_status(0);
    expect_only(&ended, &["reports/memory_allocations.json", "reports/memory_leaks.txt"]);
}

#[test]
fn the_variable_goes_before_every_other_file() {
    let option = || program!("config_option").configured("[wrong]").file("other/one.toml", ELSEWHERE);
    let ended = option().file("work/settings/own.toml", "[wrong]").env("MEMPROF_CONFIG", "../other/one.toml").run();
    ended.expect_status(0);
    expect_only(&ended, &["other/reports/memory_allocations.json", "other/reports/memory_leaks.txt"]);
}

#[test]
fn the_attribute_goes_before_the_search() {
    let ended = program!("config_option").configured("[wrong]").file("work/settings/own.toml", ELSEWHERE).run();
    ended.expect_status(0);
    expect_only(&ended, &["work/settings/reports/memory_allocations.json", "work/settings/reports/memory_leaks.txt"]);
}

#[test]
fn a_file_that_is_named_and_missing_is_an_error() {
    let ended = program!("config_option").run();
    ended.expect_status(2).expect_nothing_written();
    assert!(ended.stderr.contains("settings/own.toml") && ended.stderr.lines().count() == 1, "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    let ended = program!("plain").env("MEMPROF_CONFIG", "nowhere.toml").run();
    ended.expect_status(2).expect_nothing_written();
    assert!(ended.stderr.contains("nowhere.toml") && ended.stderr.lines().count() == 1, "{}", ended.stderr);
}

#[test]
fn a_mistake_ends_the_program_before_its_body() {
    for (text, said) in [
        ("[memory_profiling]\nenabeld = true\n", "memory_profile.toml:2:1: unknown key `enabeld`"),
        ("[memory_profiling]\n\nenabled = 1\n", "memory_profile.toml:3:11: `enabled` must be true or false"),
        (
            "[memory_profiling]\nmax_tracked_allocations = 0\n",
            "memory_profile.toml:2:27: `max_tracked_allocations` must",
        ),
        ("[reporting]\noutput_dir = 3\n", "memory_profile.toml:2:14: `output_dir` must be a folder"),
        ("[jemalloc]\n[jemaloc]\n", "memory_profile.toml:2:2: unknown section `jemaloc`"),
        ("[memory_profiling]\nenabled = \n", "memory_profile.toml:2:"),
    ] {
        let ended = program!("plain").configured(text).run();
        ended.expect_status(2).expect_nothing_written();
        assert!(ended.stderr.starts_with(said), "{text}{}", ended.stderr);
        assert_eq!((ended.stderr.lines().count(), ended.stdout.as_str()), (1, ""), "{}", ended.stderr);
    }
    let ended = program!("plain").env("MEMPROF_ENABLED", "maybe").run();
    ended.expect_status(2).expect_nothing_written();
    assert!(ended.stderr.starts_with("MEMPROF_ENABLED: must be true"), "{}", ended.stderr);
    assert_eq!((ended.stderr.lines().count(), ended.stdout.as_str()), (1, ""), "{}", ended.stderr);
}

#[test]
fn disabled_nothing_is_counted_written_or_said() {
    for program in [
        program!("plain").configured("[memory_profiling]\nenabled = false\n"),
        program!("plain").env("MEMPROF_ENABLED", "0"),
        program!("plain").env("MEMPROF_ENABLED", "false").configured("[memory_profiling]\nenabled = true\n"),
    ] {
        let ended = program.run();
        ended.expect_status(0);
        expect_only(&ended, &[]);
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("the body ran: 0\n", ""));
    }
    let ended = program!("ends").arg("exit deep down").env("MEMPROF_ENABLED", "0").run();
    ended.expect_status(7);
    expect_only(&ended, &[]);
}

#[test]
fn without_a_dump_nothing_is_written_but_everything_counted() {
    for program in [
        program!("plain").configured("[memory_profiling]\ndump_on_exit = false\n"),
        program!("plain").env("MEMPROF_DUMP_ON_EXIT", "0"),
    ] {
        let ended = program.run();
        ended.expect_status(0);
        expect_only(&ended, &[]);
        assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("the body ran: 5120\n", ""));
    }
    let ended = program!("ends").arg("exit").env("MEMPROF_DUMP_ON_EXIT", "0").run();
    ended.expect_status(7);
    expect_only(&ended, &[]);
    // What the program asks for itself is written all the same.
    let ended = program!("on_demand").arg("write").env("MEMPROF_DUMP_ON_EXIT", "0").run();
    ended.expect_status(0);
    assert!(ended.work(ALLOCATIONS).exists());
    assert_eq!(ended.tables(), 0, "{}", ended.stderr);
}

#[test]
fn without_tracking_what_is_retained_is_not_known() {
    for program in [
        program!("plain").configured("[memory_profiling]\ntrack_allocations = false\n"),
        program!("plain").env("MEMPROF_TRACK_ALLOCATIONS", "0"),
    ] {
        let ended = program.run();
        let report = ended.expect_status(0).expect_report();
        let keep = function(&report, "plain::keep");
        assert_eq!((keep.self_net_bytes, keep.retained_bytes, keep.retained_error_bytes), (4096, None, None));
        let live = &report.live;
        assert_eq!((live.exact, live.tracked, live.not_tracked, live.estimated_bytes), (false, None, None, None));
        assert!(live.groups.is_empty() && report.unattributed.retained_bytes.is_none());
        let leaks = fs::read_to_string(ended.work(super::LEAKS)).unwrap();
        assert!(leaks.contains("track_allocations is off"), "{leaks}");
    }
}

#[test]
fn more_live_blocks_than_may_be_tracked() {
    for program in [
        program!("plain")
            .arg("1000")
            .configured("[memory_profiling]\nmax_tracked_allocations = 100\nsample_interval_bytes = 1\n"),
        program!("plain")
            .arg("1000")
            .env("MEMPROF_MAX_TRACKED_ALLOCATIONS", "100")
            .env("MEMPROF_SAMPLE_INTERVAL_BYTES", "1"),
    ] {
        let ended = program.run();
        let report = ended.expect_status(0).expect_report();
        let live = &report.live;
        assert!(!live.exact && live.tracked.unwrap() <= 100, "{live:?}");
        assert_eq!(
            live.tracked.unwrap() + live.not_tracked.unwrap() + live.before_start_count,
            report.totals.net_count as u64
        );
        assert!(live.not_tracked.unwrap() >= 900, "{live:?}");
        let keep = function(&report, "plain::keep");
        assert_eq!((keep.self_net_bytes, keep.retained_bytes), (4_096_000, None));
        assert!(report.warnings.iter().any(|text| text.contains("max_tracked_allocations")), "{:?}", report.warnings);
    }
    // The very same program fits in the default.
    let report = program!("plain").arg("1000").run().expect_report();
    assert!(report.live.exact);
    assert_eq!(function(&report, "plain::keep").retained_bytes, Some(4_096_000));
}

#[test]
fn every_variable_of_the_reporting_works() {
    let ended = program!("plain")
        .env("MEMPROF_OUTPUT_DIR", "a/b")
        .env("MEMPROF_ALLOCATION_REPORT", "one.json")
        .env("MEMPROF_LEAK_REPORT", "two.txt")
        .env("MEMPROF_PROGRAM_ARGS", "0")
        .env("MEMPROF_BACKGROUND_THREAD", "1")
        .env("MEMPROF_STATS_PRINT", "1")
        .env("MEMPROF_OUTPUT", "misspelt")
        .arg("secret")
        .run();
    ended.expect_status(0);
    expect_only(&ended, &["work/a/b/one.json", "work/a/b/two.txt"]);
    let report = ended.report(&ended.work("a/b/one.json"));
    assert_eq!(report.program.args, Vec::<String>::new());
    for name in ["background_thread", "stats_print", "MEMPROF_OUTPUT"] {
        assert!(report.warnings.iter().any(|warning| warning.contains(name)), "{name}: {:?}", report.warnings);
    }
    assert_eq!(program!("plain").arg("secret").run().expect_report().program.args, ["secret"]);
}
