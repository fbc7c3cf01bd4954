//! A program without the attribute. The argument says what it does with its profile.

use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use memprof::{AllocationTracker, Config, Profiler, track_memory};

#[global_allocator]
static ALLOC: AllocationTracker = AllocationTracker::system();

#[track_memory]
fn work() -> Vec<u8> {
    black_box(vec![1u8; 4096])
}

fn config(output_dir: &str) -> Config {
    let mut config = Config::default();
    config.reporting.output_dir = output_dir.into();
    config
}

/// The program has its own handler when the profile begins.
fn handler_before() -> Result<(), memprof::Error> {
    static COME: AtomicU32 = AtomicU32::new(0);
    extern "C" fn note(_: i32) {
        COME.fetch_add(1, Relaxed);
    }
    // SAFETY: the handler only adds to an atomic.
    unsafe { libc::signal(libc::SIGTERM, note as extern "C" fn(i32) as libc::sighandler_t) };
    let profiler = Profiler::start(Config::load()?)?;
    std::fs::write("ready", "").unwrap();
    while !std::path::Path::new("go").exists() {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    println!("handled: {}", COME.load(Relaxed));
    drop(profiler);
    Ok(())
}

fn main() -> Result<(), memprof::Error> {
    let mode = std::env::args().nth(1).unwrap_or_default();
    if mode == "none" {
        println!("{}", memprof::write_report().unwrap_err());
        return Ok(());
    }
    if mode == "disabled" {
        let mut config = config("data/logs");
        config.memory_profiling.enabled = false;
        let profiler = Profiler::start(config)?;
        let block = work();
        println!("{} {}", profiler.report().totals.allocated_bytes, profiler.finish().unwrap_err());
        drop(block);
        return Ok(());
    }
    if mode == "handler before" {
        return handler_before();
    }
    let profiler = Profiler::start(config("data/logs"))?;
    let block = work();
    match mode.as_str() {
        "drop" => {}
        "forget" => std::mem::forget(profiler),
        "exit" => std::process::exit(7),
        "panic" => panic!("as it was told to"),
        "twice" => {
            println!("{}", Profiler::start(config("elsewhere")).unwrap_err());
            println!("{}", profiler.finish()?.allocation_report.display());
            println!("{}", memprof::write_report().unwrap_err());
        }
        "again" => {
            let before = profiler.report();
            let first = profiler.finish()?;
            drop(block);
            // A relative folder is that of the working directory at the start.
            let second = Profiler::start(config("data/second"))?;
            let kept = work();
            std::env::set_current_dir("/").unwrap();
            let after = second.report();
            println!("{}", after.totals.allocated_bytes - before.totals.allocated_bytes >= 4096);
            println!("{}", after.live.tracked.unwrap() >= 1);
            let second = second.finish()?;
            println!("{}", first.allocation_report.parent() != second.allocation_report.parent());
            drop(kept);
        }
        other => panic!("unknown: {other}"),
    }
    Ok(())
}
