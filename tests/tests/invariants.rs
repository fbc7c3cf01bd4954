//! Invariants 1 and 2 while other threads work: in every report the rows add up to the totals, and nowhere is more freed
//! than was allocated.
#![allow(missing_docs)]

use memprof::{AllocationTracker, memory_stats, track_memory};
use memprof_tests::{Block, Counting, Profile, assert_stats_agree};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

static STOP: AtomicBool = AtomicBool::new(false);
static BLOCKS: AtomicU64 = AtomicU64::new(0);

/// Never returns before the end: its figures are in each report all the same.
#[track_memory]
fn server(number: usize, from: &Receiver<Block>, to: &SyncSender<Block>) {
    let mut turn = number;
    while !STOP.load(Relaxed) {
        turn = turn.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        handle(turn >> 33, to);
        while let Ok(block) = from.try_recv() {
            give_back(block);
        }
        BLOCKS.fetch_add(1, Relaxed);
    }
}

#[track_memory]
fn handle(turn: usize, to: &SyncSender<Block>) {
    let mut block = Block::new(turn % 3000 + 1);
    match turn % 5 {
        0 => drop(block),
        1 => assert!(block.resize(turn % 100 + 1)),
        2 => {
            let _scope = memprof::scope!("hands over");
            // A full channel: the block is freed here.
            drop(to.try_send(block));
        }
        3 => recurse(turn % 4),
        _ => {
            let panicked = std::panic::catch_unwind(|| {
                recurse(2);
                std::panic::resume_unwind(Box::new(()));
            });
            drop(panicked);
        }
    }
}

#[track_memory]
fn recurse(depth: usize) {
    let _block = Block::new(depth + 1);
    if depth > 0 {
        recurse(depth - 1);
    }
}

#[track_memory]
fn give_back(block: Block) {
    drop(block);
}

/// A thread that allocates, hands on and is over; the next one adopts its ledger.
#[track_memory]
fn short_lived(to: &SyncSender<Block>) {
    for size in 1..20 {
        let _ = to.try_send(Block::new(size));
    }
}

/// One block at a time through all threads: the tightest case, for allocated and freed meet at each step.
#[track_memory]
fn free_at_once(size: usize) {
    drop(Block::new(size));
}

fn start(servers: usize) -> Vec<thread::JoinHandle<()>> {
    let (mut to, mut from): (Vec<_>, Vec<_>) = (0..servers).map(|_| sync_channel::<Block>(256)).unzip();
    let feeder = to[0].clone();
    let mut threads = vec![thread::spawn(move || {
        while !STOP.load(Relaxed) {
            let to = feeder.clone();
            thread::spawn(move || short_lived(&to)).join().unwrap();
        }
    })];
    for number in 0..servers {
        // To the next one, in a ring.
        let (to, from) = (to[(number + 1) % servers].clone(), from.remove(0));
        threads.push(thread::spawn(move || server(number, &from, &to)));
    }
    to.clear();
    threads.push(thread::spawn(|| {
        while !STOP.load(Relaxed) {
            free_at_once(64);
        }
    }));
    threads
}

#[test]
fn in_every_report_under_load() {
    let profile = Profile::with(|config| config.memory_profiling.max_tracked_allocations = 500);
    let threads = start(3);
    let end = Instant::now() + Duration::from_secs(4);
    let (mut reports, mut statistics) = (0u64, 0u64);
    let mut before = (0, 0);
    while Instant::now() < end || reports < 500 {
        // `report` asserts that the rows add up.
        let report = profile.report();
        let totals = (report.totals.allocated_bytes, report.totals.deallocated_bytes);
        assert!(totals.0 >= before.0 && totals.1 >= before.1, "counters only rise");
        before = totals;
        assert!(report.functions.iter().all(|row| row.active <= row.calls));
        let servers = report.functions.iter().find(|row| row.name == "invariants::server");
        assert!(servers.is_none_or(|row| row.active <= 3 && row.active == row.calls));
        assert!(report.live.tracked.unwrap() <= 500);
        reports += 1;
        for _ in 0..200 {
            let stats = memory_stats();
            assert!(stats.allocated >= stats.deallocated, "{stats:?}");
            assert!(stats.allocated_count >= stats.deallocated_count, "{stats:?}");
            assert_eq!(stats.net_allocated, stats.allocated - stats.deallocated);
            assert!(stats.peak_allocated >= stats.net_allocated);
            statistics += 1;
        }
    }
    STOP.store(true, Relaxed);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(BLOCKS.load(Relaxed) > 1000, "there was load");
    assert_stats_agree();
    let report = profile.report();
    assert!(report.functions.iter().filter(|row| row.name.starts_with("invariants")).all(|row| row.active == 0));
    println!("{reports} reports, {statistics} statistics, {} turns", BLOCKS.load(Relaxed));
}
