//! Live blocks: one record for each, up to the bound.
#![allow(missing_docs)]

use memprof::report::data::{Live, LiveGroup};
use memprof::{AllocationTracker, Report, track_memory};
use memprof_tests::{Block, Counting, Flow, Profile, assert_stats_agree, function, own};
use std::thread;
use std::time::Duration;

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

fn main() {
    // Tracking goes on where a profile has ended, and a table is only replaced by a larger one: first what has to see
    // the very first profile, then what has to begin with an empty table.
    before_the_start();
    more_than_fit();
    no_table();
    groups_by_path();
    a_reallocation_keeps_the_age();
    a_second_profile_begins_anew();
    under_load();
    a_full_table_becomes_a_sample();
    a_sample_from_the_start();
    println!("live_table: all passed");
}

fn group<'r>(report: &'r Report, path: &[&str]) -> Option<&'r LiveGroup> {
    report.live.groups.iter().find(|group| group.path == path)
}

/// The section without its rows: a test that held on to them would find them in the next report.
fn live(profile: &Profile) -> Live {
    let mut live = profile.report().live;
    live.groups = Vec::new();
    live
}

fn up_to(max: usize) -> Profile {
    Profile::with(|config| config.memory_profiling.max_tracked_allocations = max)
}

/// As [`up_to`], and a full table stays as it is.
fn always_exact(max: usize) -> Profile {
    Profile::with(|config| {
        config.memory_profiling.max_tracked_allocations = max;
        config.memory_profiling.sample_interval_bytes = 1;
    })
}

#[track_memory]
fn fills(blocks: &mut Vec<Block>, count: usize) {
    assert!(blocks.capacity() - blocks.len() >= count);
    blocks.extend((0..count).map(|_| Block::new(100)));
}

fn more_than_fit() {
    const MAX: usize = 1000;
    let mut blocks = Vec::with_capacity(3 * MAX);
    let profile = always_exact(MAX);
    fills(&mut blocks, MAX - 200);
    let live = self::live(&profile);
    assert_eq!((live.exact, live.tracked, live.not_tracked), (true, Some(800), Some(0)));
    assert_eq!((live.estimated_bytes, live.estimated_count, live.error_bytes), (Some(80_000), Some(800), Some(0)));

    fills(&mut blocks, 700);
    let live = self::live(&profile);
    assert_eq!((live.exact, live.tracked, live.not_tracked), (false, Some(1000), Some(500)));
    assert_eq!(live.error_bytes, None);
    let report = profile.report();
    let row = function(&report, "live_table::fills");
    assert_eq!((row.retained_bytes, row.retained_error_bytes), (None, None));
    assert_eq!(report.unattributed.retained_bytes, None);
    // What is counted does not depend on the table.
    assert_eq!(own(row), Flow::new((150_000, 1500), (0, 0)));
    assert!(report.warnings.iter().any(|warning| warning.contains("max_tracked_allocations")), "{:?}", report.warnings);

    drop(report);

    // The last 500 have no record: freeing them leaves those that have.
    blocks.truncate(1000);
    let live = self::live(&profile);
    assert_eq!((live.tracked, live.not_tracked), (Some(1000), Some(0)));
    blocks.truncate(100);
    let live = self::live(&profile);
    assert_eq!((live.tracked, live.not_tracked, live.estimated_bytes), (Some(100), Some(0), Some(10_000)));
    // There is room again.
    fills(&mut blocks, 900);
    assert_eq!(profile.report().live.tracked, Some(1000));
    drop(blocks);
    // The vector itself is from before the start.
    let live = self::live(&profile);
    assert_eq!((live.tracked, live.not_tracked, live.estimated_bytes), (Some(0), Some(0), Some(0)));
}

#[track_memory]
fn untracked() -> Block {
    Block::new(321)
}

fn no_table() {
    let profile = Profile::with(|config| config.memory_profiling.track_allocations = false);
    let block = untracked();
    let report = profile.report();
    let live = &report.live;
    assert_eq!((live.exact, live.tracked, live.not_tracked), (false, None, None));
    assert_eq!((live.estimated_bytes, live.estimated_count, live.error_bytes), (None, None, None));
    assert!(live.groups.is_empty());
    let row = function(&report, "live_table::untracked");
    assert_eq!((row.retained_bytes, row.retained_error_bytes), (None, None));
    assert_eq!((own(row), row.peak_bytes), (Flow::new((321, 1), (0, 0)), Some(321)));
    assert_eq!(report.unattributed.retained_bytes, None);
    drop(block);
}

#[track_memory]
fn parent(blocks: &mut Vec<Block>) {
    blocks.push(Block::new(10));
    child(blocks);
    child(blocks);
}

#[track_memory]
fn child(blocks: &mut Vec<Block>) {
    blocks.push(Block::new(3000));
    blocks.push(Block::new(7000));
}

fn groups_by_path() {
    let profile = up_to(10_000);
    let mut blocks = Vec::with_capacity(16);
    parent(&mut blocks);
    child(&mut blocks);
    let report = profile.report();
    let sizes = |path: &[&str]| {
        let group = group(&report, path).unwrap();
        (group.bytes, group.count, group.largest_bytes, group.error_bytes)
    };
    assert_eq!(sizes(&["live_table::parent", "live_table::child"]), (20_000, 4, 7000, 0));
    assert_eq!(sizes(&["live_table::child"]), (10_000, 2, 7000, 0));
    assert_eq!(sizes(&["live_table::parent"]), (10, 1, 10, 0));
    let bytes: Vec<u64> = report.live.groups.iter().map(|group| group.bytes).collect();
    assert!(bytes.is_sorted_by(|a, b| a >= b), "largest first: {bytes:?}");
    assert_eq!(function(&report, "live_table::child").retained_bytes, Some(30_000));
    drop(blocks);
    assert!(group(&profile.report(), &["live_table::child"]).is_none());
}

#[track_memory]
fn made_early() -> Block {
    Block::new(100)
}

#[track_memory]
fn reallocated_late(mut block: Block) -> Block {
    assert!(block.resize(90_000));
    block
}

#[track_memory]
fn made_late() -> Block {
    Block::new(100)
}

fn a_reallocation_keeps_the_age() {
    let profile = up_to(10_000);
    let block = made_early();
    thread::sleep(Duration::from_millis(300));
    let block = reallocated_late(block);
    let late = made_late();
    let report = profile.report();
    let old = group(&report, &["live_table::reallocated_late"]).unwrap();
    assert!(old.oldest_seconds >= 0.29 && old.oldest_seconds < 60.0, "{}", old.oldest_seconds);
    assert!((old.oldest_seconds - old.newest_seconds).abs() < f64::EPSILON);
    let new = group(&report, &["live_table::made_late"]).unwrap();
    assert!(new.oldest_seconds < 0.29, "{}", new.oldest_seconds);
    assert!(group(&report, &["live_table::made_early"]).is_none());
    drop((block, late));
}

fn before_the_start() {
    let early = Block::new(123_456);
    let mut grown = Block::new(40_000);
    let profile = up_to(64);
    let live = self::live(&profile);
    let before = (live.before_start_bytes, live.before_start_count);
    assert!(live.exact && before.0 >= 163_456);
    let late = Block::new(777);
    let live = self::live(&profile);
    assert_eq!((live.before_start_bytes, live.before_start_count), before);
    drop(early);
    let live = self::live(&profile);
    assert_eq!((live.before_start_bytes, live.before_start_count), (before.0 - 123_456, before.1 - 1));
    // Reallocated after the start, it belongs to whoever did it.
    let tracked = live.tracked.unwrap();
    assert!(grown.resize(50_000));
    let live = self::live(&profile);
    assert_eq!((live.before_start_bytes, live.before_start_count), (before.0 - 163_456, before.1 - 2));
    assert_eq!(live.tracked, Some(tracked + 1));
    drop((late, grown));
}

fn a_second_profile_begins_anew() {
    let mut blocks = Vec::with_capacity(30_000);
    let first = up_to(10_000);
    fills(&mut blocks, 12_000);
    assert!(!first.report().live.exact);
    drop(first);
    // What the first profile had a sample of is from before the start of the second, which begins exact.
    let second = up_to(10_000);
    let live = self::live(&second);
    assert_eq!((live.exact, live.not_tracked, live.sample_interval_bytes), (true, Some(0), 1));
    assert!(live.tracked.unwrap() < 100 && live.before_start_count >= 12_000, "{live:?}");
    let before = live.tracked.unwrap();
    fills(&mut blocks, 5);
    let live = self::live(&second);
    assert_eq!((live.exact, live.tracked, live.not_tracked), (true, Some(before + 5), Some(0)));
    drop(second);
    let larger = up_to(20_000);
    fills(&mut blocks, 100);
    let report = larger.report();
    assert_eq!((report.live.exact, report.live.not_tracked), (true, Some(0)));
    assert_eq!(group(&report, &["live_table::fills"]).map(|group| group.count >= 100), Some(true));
    drop(blocks);
}

fn a_full_table_becomes_a_sample() {
    let mut blocks = Vec::with_capacity(10_000);
    let profile = up_to(1000);
    fills(&mut blocks, 500);
    assert!(self::live(&profile).exact);
    fills(&mut blocks, 9500);
    let report = profile.report();
    let live = &report.live;
    assert_eq!((live.exact, live.not_tracked), (false, Some(0)));
    assert!(live.sample_interval_bytes > 1 && live.tracked.unwrap() <= 1000, "{live:?}");
    let row = function(&report, "live_table::fills");
    let (retained, error) = (row.retained_bytes.unwrap(), row.retained_error_bytes.unwrap());
    assert!(retained.abs_diff(1_000_000) <= 5 * error && error < 200_000, "{retained} ± {error}");
    // A group says the same of its path.
    let group = group(&report, &["live_table::fills"]).unwrap();
    assert_eq!((group.bytes, group.error_bytes), (retained, error));
    assert!(group.count.abs_diff(retained / 100) <= 1, "{group:?}");
    // Nothing of it is there any more, which a sample cannot tell: it is not known.
    blocks.clear();
    let report = profile.report();
    let row = function(&report, "live_table::fills");
    assert_eq!((row.retained_bytes, row.retained_error_bytes), (None, None));
    assert_eq!(report.unattributed.retained_bytes, None);
    assert_stats_agree();
}

fn a_sample_from_the_start() {
    let mut blocks = Vec::with_capacity(20_000);
    let profile = Profile::with(|config| config.memory_profiling.sample_interval_bytes = 5000);
    fills(&mut blocks, 20_000);
    let live = self::live(&profile);
    assert_eq!((live.exact, live.sample_interval_bytes, live.not_tracked), (false, 5000, Some(0)));
    // 2 MB, one sample in about 5000 bytes: 400, give or take 20.
    assert!((300..500).contains(&live.tracked.unwrap()), "{live:?}");
    assert!(live.estimated_bytes.unwrap().abs_diff(2_000_000) <= 5 * live.error_bytes.unwrap(), "{live:?}");
    drop(blocks);
}

/// Threads insert and remove while reports are made: never more than the bound, never a record that is left over.
fn under_load() {
    let profile = up_to(20_000);
    let tracked = profile.report().live.tracked.unwrap();
    let churn = |seed: usize| {
        move || {
            let mut held: Vec<Option<Block>> = (0..2000).map(|_| None).collect();
            let mut turn = seed;
            for _ in 0..100_000 {
                turn = turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                held[(turn >> 33) % 2000] = if turn & (1 << 50) == 0 { None } else { Some(Block::new(16)) };
            }
        }
    };
    let threads: Vec<_> = (1..=4).map(|seed| thread::spawn(churn(seed))).collect();
    while threads.iter().any(|thread| !thread.is_finished()) {
        let live = self::live(&profile);
        assert!(live.tracked.unwrap() <= 20_000 && live.exact);
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let report = profile.report();
    // What is left of the churn is nothing; reports and threads keep a few blocks of their own.
    let left = report.live.tracked.unwrap() - tracked;
    assert!(left < 30, "{left} records left: {:?}", report.live.groups);
    assert!(report.live.groups.iter().all(|group| !(group.bytes == 16 * group.count && group.count > 20)));
    assert_stats_agree();
}
