//! A program with one thread of its own, while the profiler's thread writes reports beside it.

use std::thread::sleep;
use std::time::Duration;

use memprof::{AllocationTracker, Config, Profiler, memory_stats, track_memory};
use memprof_tests::{Block, Counting};

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

const LARGE: usize = 1 << 20;

#[track_memory]
fn works() {
    drop(Block::new(LARGE));
}

fn main() -> Result<(), memprof::Error> {
    let profiler = Profiler::start(Config::load()?)?;
    let start = memory_stats();
    works();
    for number in 1..=2 {
        while !std::fs::exists(format!("data/logs/memory_leaks.{number:04}.txt")).unwrap_or(false) {
            sleep(Duration::from_millis(10));
        }
    }
    // The report's last file was there; the thread may still be at work.
    sleep(Duration::from_millis(100));
    let (now, truth) = (memory_stats(), Counting::flow());
    let report = profiler.report();
    let own = &report.overhead.reporting;
    println!("threads {}", report.threads.len());
    println!("exact {}", report.totals.peak_error_bytes == 0);
    println!("peak {}", report.totals.peak_bytes as usize - start.net_allocated - LARGE);
    println!("asked by the program {}", now.allocated - start.allocated - LARGE);
    println!("missing {}", truth.allocated - report.totals.allocated_bytes - own.allocated_bytes);
    println!("reports took {}", own.allocated_bytes);
    println!("at once {}", own.peak_bytes);
    println!("thread holds {}", (truth.allocated - truth.freed) as usize - now.net_allocated);
    let peak = Counting::peak();
    println!(
        "beneath {}",
        peak >= report.totals.peak_bytes && peak <= report.totals.peak_bytes + own.peak_bytes + 4096
    );
    Ok(())
}
