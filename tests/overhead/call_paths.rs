//! More call paths than the profiler keeps apart: they have one visible row, memory is bounded, and nothing is lost.
#![allow(missing_docs)]

use memprof::{AllocationTracker, track_memory};
use memprof_tests::{Block, Counting, Flow, Profile, assert_stats_agree, function, own, total};

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

const SITES: usize = 15;
const OTHER: &str = "(other paths)";

/// A guard of one of 15 sites.
fn open(site: usize) -> impl Sized {
    macro_rules! sites {
        ($($number:literal $name:literal)*) => {
            match site {
                $($number => memprof::scope!($name),)*
                _ => unreachable!(),
            }
        };
    }
    sites!(0 "0" 1 "1" 2 "2" 3 "3" 4 "4" 5 "5" 6 "6" 7 "7" 8 "8" 9 "9" 10 "10" 11 "11" 12 "12" 13 "13" 14 "14")
}

/// Opens every rising sequence of the sites from `first` on: each is a call path of its own, 2^15 with the empty one.
fn every_path(first: usize, left: &mut usize) {
    drop(Block::new(10));
    for site in first..SITES {
        if *left == 0 {
            return;
        }
        *left -= 1;
        let _scope = open(site);
        every_path(site + 1, left);
    }
}

#[track_memory]
fn walks(paths: usize) {
    let mut left = paths;
    every_path(0, &mut left);
    assert_eq!(left, 0);
}

#[track_memory]
fn afterwards() {
    drop(Block::new(1));
}

#[test]
fn twenty_thousand_distinct_paths() {
    const PATHS: u64 = 20_000;
    // Without the live table: a report copies it, and that is in `profiler_bytes` too.
    let profile = Profile::with(|config| config.memory_profiling.track_allocations = false);
    let before = profile.report();
    assert!(before.functions.iter().all(|row| row.name != OTHER));
    std::thread::spawn(|| walks(PATHS as usize)).join().unwrap();

    let report = profile.report();
    let other = function(&report, OTHER);
    assert!(other.calls > 0 && other.active == 0);
    assert!(report.call_tree.len() <= 16 * 1024 + 100, "{} rows", report.call_tree.len());
    assert!(report.call_tree.len() > 16_000);
    let grown = report.overhead.profiler_bytes - before.overhead.profiler_bytes;
    assert!(grown < 16 << 20, "{grown} bytes");
    // Each path is a call, has flashed ten bytes, and stands in its site's row or in that of the others.
    let sites = (0..SITES).map(|site| function(&report, &site.to_string())).chain([other]);
    let (calls, flow) = sites.fold((0, Flow::default()), |(calls, flow), row| (calls + row.calls, flow + own(row)));
    assert_eq!((calls, flow), (PATHS, Flow::new((10 * PATHS, PATHS), (10 * PATHS, PATHS))));
    // Beyond the bound a path is not beneath its caller any more.
    let walked = total(function(&report, "call_paths::walks"));
    assert_eq!(walked.allocations + own(other).allocations, PATHS + 1);

    // The same paths again, on the same ledger: nothing grows.
    std::thread::spawn(|| walks(PATHS as usize)).join().unwrap();
    let again = profile.report();
    assert_eq!(again.call_tree.len(), report.call_tree.len());
    assert_eq!(again.overhead.profiler_bytes, report.overhead.profiler_bytes);
    assert_eq!(function(&again, OTHER).calls, 2 * other.calls);

    // Another thread has a tree of its own, with room.
    afterwards();
    assert_eq!(own(function(&profile.report(), "call_paths::afterwards")), Flow::new((1, 1), (1, 1)));
    assert_stats_agree();
}
