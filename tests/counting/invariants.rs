//! Invariants 1 and 2 while other threads work: in every report the rows add up to the totals, and no row has freed
//! more than it has allocated.
#![allow(missing_docs)]

use memprof::{AllocationTracker, memory_stats, track_memory};
use memprof_tests::{Block, Counting, Profile, assert_stats_agree, own};
use std::sync::Mutex;
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
    while Instant::now() < end || reports < 300 {
        // `report` asserts that the rows add up.
        let report = profile.report();
        let totals = (report.totals.allocated_bytes, report.totals.deallocated_bytes);
        assert!(totals.0 >= before.0 && totals.1 >= before.1, "counters only rise");
        before = totals;
        assert!(report.functions.iter().all(|row| row.active <= row.calls));
        let servers = report.functions.iter().find(|row| row.name == "invariants::server");
        assert!(servers.is_none_or(|row| row.active <= 3 && row.active == row.calls));
        assert!(report.live.tracked.unwrap() <= 500);
        // What frees only what it has allocated itself has never freed more, row for row.
        for row in report
            .functions
            .iter()
            .filter(|row| ["recurse", "free_at_once"].iter().any(|name| row.name.ends_with(name)))
        {
            let own = own(row);
            assert!(own.allocated >= own.freed && own.allocations >= own.frees, "{}: {own:?}", row.name);
        }
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

#[track_memory]
fn makes() -> Block {
    Block::new(100)
}

#[track_memory]
fn makes_the_other_way() -> Block {
    Block::new(100)
}

#[track_memory]
fn takes(block: Block) {
    drop(block);
}

#[track_memory]
fn takes_the_other_way(block: Block) {
    drop(block);
}

/// There is at most one block on its way in each direction, so that a free which is seen without its allocation shows:
/// in the totals it would hide behind all the rest that is live.
#[test]
fn no_free_is_seen_before_its_allocation() {
    static DONE: AtomicBool = AtomicBool::new(false);
    static THERE: Mutex<Option<Block>> = Mutex::new(None);
    static BACK: Mutex<Option<Block>> = Mutex::new(None);

    fn give(to: &Mutex<Option<Block>>, make: fn() -> Block) {
        let mut place = to.lock().unwrap();
        if place.is_none() {
            *place = Some(make());
        }
    }

    fn take(from: &Mutex<Option<Block>>, take: fn(Block)) {
        if let Some(block) = from.lock().unwrap().take() {
            take(block);
        }
    }

    let profile = Profile::with(|config| config.memory_profiling.track_allocations = false);
    let threads = [
        thread::spawn(|| {
            while !DONE.load(Relaxed) {
                give(&THERE, makes);
                take(&BACK, takes_the_other_way);
            }
        }),
        thread::spawn(|| {
            while !DONE.load(Relaxed) {
                give(&BACK, makes_the_other_way);
                take(&THERE, takes);
            }
        }),
    ];
    let end = Instant::now() + Duration::from_secs(3);
    let mut reports = 0;
    while Instant::now() < end {
        let report = profile.report();
        let flow = |name: &str| {
            let row = report.functions.iter().find(|row| row.name == format!("invariants::{name}"));
            row.map(own).unwrap_or_default()
        };
        for (makes, takes) in [("makes", "takes"), ("makes_the_other_way", "takes_the_other_way")] {
            let (made, taken) = (flow(makes), flow(takes));
            assert!(made.allocated >= taken.freed && made.allocations >= taken.frees, "{made:?} {taken:?}");
        }
        reports += 1;
    }
    DONE.store(true, Relaxed);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    drop((THERE.lock().unwrap().take(), BACK.lock().unwrap().take()));
    println!("{reports} reports");
}
