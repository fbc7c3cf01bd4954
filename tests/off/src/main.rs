//! A program with everything on; it prints one line, and leaves nothing else.
#![deny(warnings)]

use std::process::ExitCode;

use memprof::config::Loaded;
use memprof::{AllocationTracker, Config, Error, Profiler};

#[global_allocator]
static ALLOC: AllocationTracker = AllocationTracker::system();

#[memprof::main(allocator = none, config = "no/such/file.toml")]
fn main() -> ExitCode {
    let loaded: Loaded = Config::load().unwrap();
    let profiler = Profiler::start(loaded).unwrap();
    let (stats, mb) = memprof_off::stats_after_work();
    let report = profiler.report();
    let nothing = report.totals.allocated_bytes == 0 && report.functions.is_empty() && !report.allocator.installed;
    let finished = matches!(profiler.finish(), Err(Error::NotRunning));
    drop(Profiler::start(Config::default()).unwrap());
    memprof::mark("working");
    let written = matches!(memprof::write_report(), Err(Error::NotRunning));
    println!("{nothing} {finished} {written} {} {}", stats == memprof::MemoryStats::default(), mb == [0.0; 4]);
    if std::env::args().len() > 1 {
        memprof::exit(4);
    }
    ExitCode::from(3)
}
