//! Pictures of the heap at its highest: who held it, which calls were in flight.

use memprof::Report;
use memprof::report::data::{PeakFunction, PeakPicture};

use super::{Ended, LEAKS, Program, program};

const KB: u64 = 1024;
const MB: u64 = KB * KB;
/// Blocks of `base`, and the vector that holds them.
const BASE: u64 = 400 * 10 * KB + 400 * 24;

/// Pictures have no budget: how busy the machine is must not decide.
fn peaks(kind: &str) -> Program {
    program!("peaks").arg(kind).env("MEMPROF_OVERHEAD_BUDGET_PERCENT", "0")
}

/// The report, and its picture, which is at most this far below the peak.
fn pictured(ended: &Ended, most: u64) -> (Report, PeakPicture) {
    let report = ended.expect_status(0).expect_report();
    let peak = report.peak.clone().unwrap_or_else(|| panic!("no picture: {:?}", report.warnings));
    check(&report, &peak, most);
    (report, peak)
}

fn check(report: &Report, peak: &PeakPicture, most: u64) {
    let net = peak.net_bytes as u64;
    assert!(peak.process_peak_bytes - net <= most, "{} below the peak", peak.process_peak_bytes - net);
    assert!(peak.seconds > 0.0 && peak.seconds <= report.program.duration_seconds);
    let functions: u64 = peak.functions.iter().filter_map(|row| row.retained_bytes).sum();
    let groups: u64 = peak.groups.iter().map(|group| group.bytes).sum();
    // If the heap has moved meanwhile, there can be more.
    if peak.exact && functions <= net {
        assert_eq!(functions + peak.unattributed_bytes, net, "{peak:#?}");
    }
    assert!(groups >= functions, "{peak:#?}");
}

fn row<'p>(peak: &'p PeakPicture, function: &str) -> &'p PeakFunction {
    let name = format!("peaks::{function}");
    peak.functions.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no {function}: {peak:#?}"))
}

fn retained(peak: &PeakPicture, function: &str) -> u64 {
    row(peak, function).retained_bytes.expect("known")
}

#[track_caller]
fn assert_near(figure: u64, expected: u64, most: u64) {
    assert!(figure.abs_diff(expected) <= most, "{figure} is not {expected} ± {most}");
}

#[test]
fn a_peak_of_many_blocks_that_is_over_at_once() {
    let (report, peak) = pictured(&peaks("blocks").run(), 64 * KB);
    assert!(peak.exact);
    assert_eq!(retained(&peak, "base"), BASE);
    // Nothing but the first blocks had been freed.
    assert_near(retained(&peak, "spike"), 200 * 100 * KB + 200 * 24, 100 * KB);
    assert!(peak.unattributed_bytes < 64 * KB);
    assert_eq!((row(&peak, "release").active, row(&peak, "spike").active), (1, 0));
    let [thread] = &peak.in_flight[..] else { panic!("{:?}", peak.in_flight) };
    assert_eq!((thread.thread.as_str(), &thread.path[..]), ("main", &["peaks::release".to_owned()][..]));
    assert_eq!(peak.groups[0].path, ["peaks::spike"]);
    assert!(peak.groups[0].verdict.is_none() && peak.groups[0].count >= 199);
    assert!(report.live.groups.iter().all(|group| group.path != ["peaks::spike"]), "it is not live any more");
}

#[test]
fn the_block_that_ends_a_peak_is_in_the_picture() {
    let (_, peak) = pictured(&peaks("large").run(), 64 * KB);
    assert_eq!(retained(&peak, "spike"), 20 * MB + 24);
    let (_, peak) = pictured(&peaks("grown").run(), 64 * KB);
    assert_eq!(retained(&peak, "grow"), 16 * MB);
    // The old block is gone when a reallocation has made it smaller: the last picture is of its growth.
    let (_, peak) = pictured(&peaks("shrunk").run(), 64 * KB);
    assert_eq!((retained(&peak, "grow"), row(&peak, "grow").active), (16 * MB, 1));
}

#[test]
fn a_peak_of_small_blocks_is_estimated_from_a_sample() {
    let (_, peak) = pictured(&peaks("small").run(), 64 * KB);
    assert!(!peak.exact);
    let spike = row(&peak, "spike");
    let error = spike.retained_error_bytes.expect("known");
    assert!(error > 0 && error < 2 * MB, "{error}");
    // The blocks, and the vector that holds them.
    assert_near(retained(&peak, "spike"), 100 * KB * (100 + 24), 4 * error);
}

#[test]
fn each_little_higher_peak_has_a_picture() {
    let (_, peak) = pictured(&peaks("steps").run(), MB);
    assert_near(retained(&peak, "spike"), 139 * 100 * KB, MB);
    assert_eq!(row(&peak, "steps").active, 1);
}

#[test]
fn a_heap_that_is_still_at_its_highest_is_pictured_by_the_report() {
    let (_, peak) = pictured(&peaks("end").run(), 64 * KB);
    assert_near(retained(&peak, "spike"), 200 * 100 * KB + 200 * 24, 100 * KB);
}

#[test]
fn the_blocks_of_all_threads_are_in_the_picture() {
    // With the profiler's thread and without.
    for program in [peaks("threads"), peaks("threads").env("MEMPROF_DUMP_ON_SIGNAL", "")] {
        let (report, peak) = pictured(&program.run(), 6 * 64 * KB);
        assert_near(retained(&peak, "spike"), 4 * 50 * 100 * KB, 6 * 100 * KB);
        assert_eq!(retained(&peak, "base"), BASE);
        assert!(report.totals.peak_error_bytes > 0);
    }
}

#[test]
fn without_a_thread_a_large_table_is_read_in_slices() {
    let program = peaks("end").env("MEMPROF_DUMP_ON_SIGNAL", "").env("MEMPROF_MAX_TRACKED_ALLOCATIONS", "100000");
    // The step is 5 %.
    let (_, peak) = pictured(&program.run(), 24 * MB / 20 + 64 * KB);
    assert_near(retained(&peak, "spike"), 200 * 100 * KB + 200 * 24, 24 * MB / 20 + 64 * KB);
}

#[test]
fn suspended_futures_are_active_and_on_no_thread() {
    let (_, peak) = pictured(&peaks("futures").run(), 64 * KB);
    assert_eq!(row(&peak, "waits").active, 10);
    assert_near(retained(&peak, "spike"), 10 * 20 * 50 * KB, 100 * KB);
    // The one that is over, and about to free.
    assert_eq!(peak.in_flight.len(), 1, "{:?}", peak.in_flight);
    assert_eq!(peak.in_flight[0].path, ["peaks::waits"]);
}

#[test]
fn a_forked_child_has_the_pictures_of_its_own_peaks() {
    let ended = peaks("fork").run();
    let parent = ended.expect_status(0).report(&ended.work(super::ALLOCATIONS));
    let peak = parent.peak.as_ref().expect("a picture");
    check(&parent, peak, 64 * KB);
    assert_near(retained(peak, "spike"), 100 * 100 * KB, 200 * KB);
    let files = ended.files("work/data/logs");
    let name = files.iter().find(|name| name.starts_with("memory_allocations-")).expect("the child's report");
    let child = ended.report(&ended.work(&format!("data/logs/{name}")));
    let peak = child.peak.as_ref().expect("a picture");
    check(&child, peak, 128 * KB);
    assert_near(retained(peak, "spike"), 200 * 100 * KB, 200 * KB);
}

#[test]
fn no_picture_is_taken_if_the_step_is_0() {
    let ended = peaks("blocks").env("MEMPROF_PEAK_STEP_PERCENT", "0").run();
    let report = ended.expect_status(0).expect_report();
    assert_eq!((report.peak, report.warnings), (None, Vec::new()));
    assert!(!ended.stderr.contains("At the peak"), "{}", ended.stderr);
}

#[test]
fn the_table_and_the_leak_report_say_who_held_the_peak() {
    let ended = peaks("blocks").run();
    let report = ended.expect_status(0).expect_report();
    let finding = report.findings.iter().find(|finding| finding.kind == "peak").expect("a finding");
    assert!(finding.title.contains("held 19.5 MB of the peak of 23.5 MB (exact, 83.3 %)"), "{finding:?}");
    assert!(finding.detail.starts_with("in flight: peaks::release; "), "{finding:?}");
    let words: Vec<&str> = ended.stderr.split_whitespace().collect();
    assert!(words.join(" ").contains("peaks::spike 19.5 MB, peaks::base 3.9 MB"), "{}", ended.stderr);
    let leaks = std::fs::read_to_string(ended.work(LEAKS)).unwrap();
    assert!(leaks.contains("\nAt the peak of 23.5 MB, "), "{leaks}");
    assert!(leaks.contains("\n  in flight on main: peaks::release\n"), "{leaks}");
}
