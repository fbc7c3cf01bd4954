//! Peaks: of a call, exact by construction; of the process, exact with one thread.
//!
//! A plain main: a second thread would end the exactness of the process's peak.
#![allow(missing_docs)]

use memprof::{AllocationTracker, memory_stats, track_memory};
use memprof_tests::{Block, Counting, Profile, function};
use std::sync::{Arc, Barrier};
use std::thread;

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

fn main() {
    let profile = Profile::start();
    one_thread(&profile);
    calls(&profile);
    // From here on there are others.
    calls_see_their_own_thread(&profile);
    several_threads(&profile);
    println!("peaks: all passed");
}

fn one_thread(profile: &Profile) {
    for size in [1, 65_535, 65_536, 65_537, 1_000_000, 300] {
        let first = Block::new(size);
        let mut second = Block::new(2 * size);
        assert!(second.resize(3 * size));
        drop(first);
        drop(second);
        let (truth, peak) = (Counting::peak(), memory_stats().peak_allocated);
        assert_eq!(peak as u64, truth);
        let truth = Counting::peak();
        let totals = profile.report().totals;
        assert_eq!((totals.peak_bytes, totals.peak_error_bytes), (truth, 0));
    }
    within_scopes(5, Block::new(10_000));
    within_contexts();
}

/// The peak is exact too where contexts are subtracted from the calls beneath.
#[track_memory]
fn within_contexts() {
    let exact = || assert_eq!(memory_stats().peak_allocated as u64, Counting::peak());
    let here = memprof::Context::current();
    let high = Counting::peak() as usize;
    drop(Block::new(high + 10_000));
    exact();
    let mut held = here.scope(|| {
        let held = Block::new(high);
        exact();
        held
    });
    exact();
    // Beyond the peak, and lower than the highest of the call plus what is held.
    drop(Block::new(high));
    exact();
    for more in 1..20 {
        let _scope = memprof::scope!("peaks: within a context");
        here.scope(|| assert!(held.resize(high + 100 * more)));
        exact();
        drop(Block::new(high));
        exact();
    }
    drop(held);
    exact();
}

/// The peak is exact inside of calls too, where the thread's highest net lies under that of the scopes.
#[track_memory]
fn within_scopes(depth: usize, held: Block) {
    drop(held);
    drop(Block::new(3_000_000 / (6 - depth)));
    assert_eq!(memory_stats().peak_allocated as u64, Counting::peak());
    if depth > 1 {
        within_scopes(depth - 1, Block::new(20_000 * depth));
    }
    assert_eq!(memory_stats().peak_allocated as u64, Counting::peak());
}

fn peak(profile: &Profile, name: &str) -> u64 {
    function(&profile.report(), &format!("peaks::{name}")).peak_bytes.expect("a call has ended")
}

#[track_memory]
fn nothing() {}

#[track_memory]
fn only_frees(block: Block) {
    drop(block);
}

#[track_memory]
fn frees_first(block: Block) {
    drop(block);
    drop(Block::new(7000));
}

#[track_memory]
fn up_and_down() {
    let first = Block::new(1000);
    let second = Block::new(200);
    drop(first);
    // 200 + 900 is less than 1200.
    drop(Block::new(900));
    drop(second);
}

#[track_memory]
fn outer() {
    let held = Block::new(10_000);
    inner(500);
    drop(held);
    inner(8000);
}

#[track_memory]
fn inner(size: usize) {
    let block = Block::new(size);
    let given = gives_back(Block::new(50));
    drop(given);
    drop(block);
}

#[track_memory]
fn gives_back(block: Block) -> Block {
    drop(block);
    Block::new(40)
}

#[track_memory]
fn grows(size: usize) -> Block {
    let mut block = Block::new(size);
    assert!(block.resize(3 * size) && block.resize(2 * size));
    block
}

fn calls(profile: &Profile) {
    nothing();
    assert_eq!(peak(profile, "nothing"), 0);
    only_frees(Block::new(5000));
    assert_eq!(peak(profile, "only_frees"), 0);
    // It starts 5000 lower than it was entered.
    frees_first(Block::new(5000));
    assert_eq!(peak(profile, "frees_first"), 2000);
    up_and_down();
    assert_eq!(peak(profile, "up_and_down"), 1200);

    outer();
    assert_eq!(peak(profile, "outer"), 10_550);
    assert_eq!(peak(profile, "inner"), 8050);
    // The block that it frees was there when it was entered.
    assert_eq!(peak(profile, "gives_back"), 0);

    // A reallocation is one step from the old to the new size.
    drop(grows(100));
    assert_eq!(peak(profile, "grows"), 300);
    drop(grows(10));
    assert_eq!(peak(profile, "grows"), 300, "the highest of all calls");
    drop(grows(1000));
    assert_eq!(peak(profile, "grows"), 3000);
}

#[track_memory]
fn waits_for_another(start: &Barrier, end: &Barrier) {
    let _held = Block::new(11);
    start.wait();
    end.wait();
}

fn calls_see_their_own_thread(profile: &Profile) {
    let (start, end) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let body = {
        let (start, end) = (Arc::clone(&start), Arc::clone(&end));
        move || {
            start.wait();
            drop(Block::new(40_000_000));
            end.wait();
        }
    };
    let other = thread::spawn(body);
    waits_for_another(&start, &end);
    other.join().unwrap();
    assert_eq!(peak(profile, "waits_for_another"), 11);
}

/// The error is at most 64 KiB for each thread that was alive at once, in both directions.
fn several_threads(profile: &Profile) {
    const THREADS: usize = 6;
    for round in 1..=20usize {
        let barrier = Arc::new(Barrier::new(THREADS));
        let work = |number: usize| {
            let barrier = Arc::clone(&barrier);
            move || {
                let mut held = Vec::new();
                for step in 0..200 {
                    held.push(Block::new((step * 37 + number * 101 + round * 1000) % 40_000 + 1));
                    if step % 3 == 0 {
                        held.swap_remove(step / 3);
                    }
                }
                barrier.wait();
                // All hold what they have: higher than before in each round.
                let last = Block::new(round * 400_000);
                barrier.wait();
                drop(last);
            }
        };
        let threads: Vec<_> = (0..THREADS).map(|number| thread::spawn(work(number))).collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let truth = Counting::peak();
        let totals = profile.report().totals;
        assert_eq!(totals.peak_error_bytes % (64 * 1024), 0);
        let ledgers = totals.peak_error_bytes / (64 * 1024);
        assert!((2..=THREADS as u64 + 2).contains(&ledgers), "{ledgers} ledgers");
        assert!(totals.peak_bytes.abs_diff(truth) <= totals.peak_error_bytes, "{} {truth}", totals.peak_bytes);
    }
    // A process with a hundred blocks of 1 MB is not off by more than before.
    assert!(Counting::peak() > 6 * 20 * 400_000);
}
