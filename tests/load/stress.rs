//! Everything at once, for minutes: threads, tasks, panics, contexts, reports, consecutive profiles. Not among the
//! usual tests:
//!
//!     cargo test --release -p memprof-tests --test stress -- --ignored --nocapture
//!
//! `STRESS_SECONDS` says for how long, 180 without it. It prints the load that it held.
#![allow(missing_docs)]

use memprof::testing::measure;
use memprof::{AllocationTracker, Config, Context, Profiler, Report, memory_stats, track_memory};
use memprof_tests::{Block, Counting, assert_rows_add_up, assert_stats_agree, flash, pause};
use std::cell::RefCell;
use std::panic::{catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

static OVER: AtomicBool = AtomicBool::new(false);

/// The work done so far.
struct Load {
    threads: AtomicU64,
    tasks: AtomicU64,
    turns: AtomicU64,
    panics: AtomicU64,
    refused: AtomicU64,
    elsewhere: AtomicU64,
    measured: AtomicU64,
    reports: AtomicU64,
    written: AtomicU64,
    profiles: AtomicU64,
}

static LOAD: Load = Load {
    threads: AtomicU64::new(0),
    tasks: AtomicU64::new(0),
    turns: AtomicU64::new(0),
    panics: AtomicU64::new(0),
    refused: AtomicU64::new(0),
    elsewhere: AtomicU64::new(0),
    measured: AtomicU64::new(0),
    reports: AtomicU64::new(0),
    written: AtomicU64::new(0),
    profiles: AtomicU64::new(0),
};

fn one(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

fn is_over() -> bool {
    OVER.load(Relaxed)
}

/// A small generator, one for each thread.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

const REFUSED: usize = 77_777;

/// The data that a thread-local leaves to its destructor.
struct Late(Block);

impl Drop for Late {
    fn drop(&mut self) {
        in_destructor(self.0.bytes().len());
    }
}

thread_local!(static LATE: RefCell<Option<Late>> = const { RefCell::new(None) });

#[track_memory]
fn in_destructor(size: usize) {
    flash(size);
}

#[track_memory]
fn recurse(depth: usize, random: &mut Random) {
    let _held = Block::new(random.below(200) + 1);
    if depth > 0 {
        recurse(depth - 1, random);
    }
}

#[track_memory]
fn panics(depth: usize) {
    let _held = Block::new(depth + 1);
    if depth == 0 {
        resume_unwind(Box::new(()));
    }
    panics(depth - 1);
}

#[track_memory]
fn is_refused() {
    let mut block = Block::new(100);
    assert!(Block::aligned(REFUSED, 8).is_none() && !block.resize(REFUSED));
    assert!(Vec::<u8>::new().try_reserve_exact(REFUSED).is_err());
    one(&LOAD.refused);
}

#[track_memory]
fn give_back(block: Block) {
    drop(block);
    one(&LOAD.elsewhere);
}

#[track_memory]
fn short_lived(number: u64) {
    LATE.with(|late| *late.borrow_mut() = Some(Late(Block::new(number as usize % 500 + 1))));
    flash(number as usize % 1000 + 1);
    one(&LOAD.threads);
}

#[track_memory]
fn spawns(random: &mut Random) {
    // A guard that ends on the other thread, and work that goes on beneath this function.
    let guard = random.below(4).eq(&0).then(|| memprof::scope!("stress: held elsewhere"));
    let number = random.0;
    let work = Context::current().wrap(move || {
        short_lived(number);
        drop(guard);
    });
    thread::spawn(work).join().unwrap();
}

/// Never returns before the end.
#[track_memory]
fn worker(number: u64, to: &SyncSender<Block>, from: &Receiver<Block>) {
    let mut random = Random(number);
    let mut kept: Vec<Block> = Vec::new();
    while !is_over() {
        one(&LOAD.turns);
        match random.below(1000) {
            0..20 => spawns(&mut random),
            20..60 => {
                let depth = random.below(20);
                assert!(catch_unwind(|| panics(depth)).is_err());
                one(&LOAD.panics);
            }
            60..120 => is_refused(),
            120..200 => recurse(random.below(50), &mut random),
            200..300 => drop(to.try_send(Block::new(random.below(5000) + 1))),
            300..400 => from.try_iter().take(5).for_each(give_back),
            // Two to a thousand blocks of its own live.
            400..700 => kept.push(Block::new(random.below(300) + 1)),
            700..800 if !kept.is_empty() => {
                assert!(kept.last_mut().is_some_and(|block| block.resize(number as usize + 1)));
            }
            _ if kept.len() > 1000 || random.below(3) == 0 => drop(kept.pop()),
            _ => flash(random.below(10_000) + 1),
        }
    }
}

#[track_memory]
async fn task(number: u64) {
    let _held = Block::new(number as usize % 300 + 1);
    pause().await;
    inner(number).await;
    tokio::task::yield_now().await;
}

#[track_memory]
async fn inner(number: u64) {
    let _held = Block::new(7);
    pause().await;
    if number % 10 == 3 {
        resume_unwind(Box::new(()));
    }
}

/// Tasks that end, panic, and are dropped half-way.
fn tasks() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let mut number = 0;
    while !is_over() {
        runtime.block_on(async {
            let running: Vec<_> = (number..number + 500)
                .map(|number| tokio::spawn(Context::current().wrap_future(task(number))))
                .collect();
            for (index, task) in running.into_iter().enumerate() {
                if index % 7 == 0 {
                    task.abort();
                }
                let _ = task.await;
                one(&LOAD.tasks);
            }
        });
        number += 500;
    }
}

#[track_memory]
fn measured_work(size: usize) {
    flash(size);
    flash(2 * size);
}

/// Measurements are exact, whatever runs at the same time.
fn measurements() {
    let mut random = Random(99);
    while !is_over() {
        let size = random.below(1000) + 1;
        let figures = measure(|| measured_work(size));
        assert_eq!((figures.allocated_bytes, figures.allocated_count), (3 * size as u64, 2));
        assert_eq!((figures.net_bytes, figures.peak_bytes), (0, 2 * size as u64));
        one(&LOAD.measured);
        thread::sleep(Duration::from_millis(1));
    }
}

/// Profiles that follow each other, each with other settings; in between reports, some of them written and read.
fn profiles(seconds: u64) {
    let folder = tempfile::tempdir().unwrap();
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut random = Random(7);
    let (mut lowest, mut highest) = (u64::MAX, 0);
    while Instant::now() < end {
        let mut config = Config::default();
        config.reporting.output_dir = folder.path().to_owned();
        config.memory_profiling.max_tracked_allocations = [50, 1000, 10_000][random.below(3)];
        config.memory_profiling.backtraces = random.below(4) == 0;
        config.memory_profiling.track_allocations = random.below(4) != 0;
        let profiler = Profiler::start(config).unwrap();
        one(&LOAD.profiles);
        for _ in 0..random.below(20) + 1 {
            if Instant::now() > end {
                break;
            }
            let report = profiler.report();
            assert_rows_add_up(&report);
            one(&LOAD.reports);
            let bytes = report.overhead.profiler_bytes;
            (lowest, highest) = (lowest.min(bytes), highest.max(bytes));
            let stats = memory_stats();
            assert!(stats.allocated >= stats.deallocated && stats.peak_allocated >= stats.net_allocated);
            if random.below(10) == 0 {
                let written = memprof::write_report().unwrap();
                assert_eq!(written.fell_back, None);
                let text = std::fs::read_to_string(written.allocation_report).unwrap();
                assert_rows_add_up(&Report::from_json(&text).unwrap());
                one(&LOAD.written);
            }
        }
        // The table on stderr says nothing here.
        drop(profiler);
    }
    println!("the profiler held {} to {} KiB", lowest >> 10, highest >> 10);
}

fn start(workers: u64) -> Vec<JoinHandle<()>> {
    let (mut to, from): (Vec<_>, Vec<_>) = (0..workers).map(|_| sync_channel::<Block>(256)).unzip();
    to.rotate_left(1);
    let mut threads: Vec<JoinHandle<()>> = to
        .into_iter()
        .zip(from)
        .zip(1..)
        .map(|((to, from), number)| thread::spawn(move || worker(number, &to, &from)))
        .collect();
    threads.push(thread::spawn(tasks));
    threads.push(thread::spawn(measurements));
    threads
}

#[test]
#[ignore = "takes minutes: run with --ignored --nocapture, see the first lines of this file"]
fn everything_at_once() {
    let seconds = std::env::var("STRESS_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(180);
    let workers = 8;
    Counting::refuse(REFUSED);
    let threads = start(workers);
    profiles(seconds);
    OVER.store(true, Relaxed);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    Counting::refuse(0);
    assert_stats_agree();

    let mut config = Config::default();
    config.memory_profiling.dump_on_exit = false;
    config.memory_profiling.backtraces = false;
    let report = Profiler::start(config).unwrap().report();
    assert_rows_add_up(&report);
    let left: Vec<_> = report.functions.iter().filter(|row| row.active != 0 && row.name.contains("stress")).collect();
    assert!(left.is_empty(), "{left:?}");
    let totals = &report.totals;
    println!("{seconds} s with {workers} workers, 2 threads of a runtime, and as many short ones at once:");
    println!(
        "{} allocations, {} MB, peak {:.1} MB",
        totals.allocated_count,
        totals.allocated_bytes >> 20,
        totals.peak_mb
    );
    let all = [
        ("short threads", &LOAD.threads),
        ("tasks", &LOAD.tasks),
        ("turns", &LOAD.turns),
        ("panics", &LOAD.panics),
        ("refused requests", &LOAD.refused),
        ("blocks freed elsewhere", &LOAD.elsewhere),
        ("measurements", &LOAD.measured),
        ("reports", &LOAD.reports),
        ("reports written and read", &LOAD.written),
        ("profiles", &LOAD.profiles),
    ];
    for (what, counter) in all {
        println!("{:>12} {what}", counter.load(Relaxed));
    }
    let threads = report.threads.len();
    println!("{threads:>12} ledgers, {} KiB of the profiler's own", report.overhead.profiler_bytes >> 10);
    // However many threads there were: those of the load, the runtime, the reports, and a new one for each that has not
    // quite ended.
    assert!(threads < 60, "{threads} ledgers");
}
