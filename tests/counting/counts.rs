//! Each kind of allocation is counted to the byte: in the function's row, in `memory_stats()`, in the totals.
//!
//! A plain main: there is no other thread, so the figures of the whole process are exact too.
#![allow(missing_docs)]

use memprof::{AllocationTracker, Report, memory_stats, track_memory};
use memprof_tests::{Block, Counting, Flow, Profile, assert_stats_agree, function, own};
use std::hint::black_box;

#[global_allocator]
static ALLOC: AllocationTracker<Counting> = AllocationTracker::new(Counting);

fn main() {
    let profile = Profile::start();
    let cases: [fn(&Profile); 9] = [
        allocations_and_frees,
        zeroed_memory,
        growing_and_shrinking,
        in_place_and_moving,
        over_aligned_blocks,
        nothing_for_size_zero,
        a_growing_vector,
        requests_that_fail,
        statistics_by_construction,
    ];
    for case in cases {
        case(&profile);
        assert_stats_agree();
        totals_agree(&profile);
    }
    println!("counts: {} cases passed", cases.len());
}

/// The totals of a report are those of the allocator within; a report allocates only after it has read them.
fn totals_agree(profile: &Profile) {
    let (truth, reallocations, grown) = (Counting::flow(), Counting::reallocations(), Counting::grown());
    let report = profile.report();
    let (totals, own) = (report.totals, report.overhead.reporting);
    // The profiler's own work that is over has freed what it allocated.
    let whole = Flow::new(
        (totals.allocated_bytes + own.allocated_bytes, totals.allocated_count + own.allocated_count),
        (totals.deallocated_bytes + own.allocated_bytes, totals.deallocated_count + own.allocated_count),
    );
    assert_eq!((whole, totals.reallocated_count, totals.grown_bytes), (truth, reallocations, grown));
}

fn row(profile: &Profile, name: &str) -> Flow {
    row_of(&profile.report(), name)
}

fn row_of(report: &Report, name: &str) -> Flow {
    own(function(report, &format!("counts::{name}")))
}

#[track_memory]
fn boxes() {
    for _ in 0..3 {
        drop(black_box(Box::new([0u8; 100])));
    }
    drop(Block::new(1));
    drop(black_box(Vec::<u64>::with_capacity(25)));
    drop(black_box(String::from("eleven more")));
}

#[track_memory]
fn kept() -> Block {
    Block::new(12_345)
}

fn allocations_and_frees(profile: &Profile) {
    boxes();
    assert_eq!(row(profile, "boxes"), Flow::new((512, 6), (512, 6)));
    let block = kept();
    assert_eq!(row(profile, "kept"), Flow::new((12_345, 1), (0, 0)));
    drop(block);
    // Whoever drops it has freed it.
    assert_eq!(row(profile, "kept"), Flow::new((12_345, 1), (0, 0)));
}

#[track_memory]
fn zeroed() {
    // What was written before must not shine through.
    for size in [1, 1000, 5000, 300_000] {
        drop(Block::aligned(size, 8));
        let block = Block::zeroed(size, 8).unwrap();
        assert!(block.bytes().iter().all(|&byte| byte == 0), "{size}");
    }
    assert!(black_box(vec![0u8; 7]).iter().all(|&byte| byte == 0));
}

fn zeroed_memory(profile: &Profile) {
    zeroed();
    let bytes = 2 * 306_001 + 7;
    assert_eq!(row(profile, "zeroed"), Flow::new((bytes, 9), (bytes, 9)));
}

#[track_memory]
fn grows() {
    let mut block = Block::new(100);
    assert!(block.resize(300) && block.resize(200_000));
}

#[track_memory]
fn shrinks() {
    let mut block = Block::new(4096);
    assert!(block.resize(1000));
    assert!(block.bytes().iter().all(|&byte| byte == 0xFF));
}

fn growing_and_shrinking(profile: &Profile) {
    let (reallocations, grown) = reallocated(profile);
    grows();
    let after = reallocated(profile);
    assert_eq!(after, (reallocations + 2, grown + 200 + 199_700));
    shrinks();
    assert_eq!(reallocated(profile), (after.0 + 1, after.1));
    assert_eq!(row(profile, "grows"), Flow::new((200_400, 3), (200_400, 3)));
    assert_eq!(row(profile, "shrinks"), Flow::new((5096, 2), (5096, 2)));
}

/// The totals' reallocations and growth.
fn reallocated(profile: &Profile) -> (u64, u64) {
    let totals = profile.report().totals;
    (totals.reallocated_count, totals.grown_bytes)
}

#[track_memory]
fn in_place() -> bool {
    let mut block = Block::new(1024);
    let before = block.address();
    assert!(block.resize(1016));
    block.address() == before
}

#[track_memory]
fn moving() -> bool {
    // Above an alignment of 16 the system's `realloc` is a new block, a copy and a free: it moves.
    let mut block = Block::aligned(1000, 256).unwrap();
    let before = block.address();
    assert!(block.resize(1001));
    block.address() != before && block.address().is_multiple_of(256)
}

fn in_place_and_moving(profile: &Profile) {
    let stayed = in_place();
    // glibc shrinks where the block is; another allocator may do as it likes.
    assert!(stayed || !cfg!(target_env = "gnu"));
    assert!(moving() || !cfg!(unix));
    assert_eq!(row(profile, "in_place"), Flow::new((2040, 2), (2040, 2)));
    assert_eq!(row(profile, "moving"), Flow::new((2001, 2), (2001, 2)));
}

#[track_memory]
fn over_aligned() {
    for align in [64, 128, 256, 512, 1024, 2048, 4096] {
        let mut block = Block::aligned(10, align).unwrap();
        assert!(block.address().is_multiple_of(align));
        assert!(block.resize(20) && block.address().is_multiple_of(align));
        let zeroed = Block::zeroed(30, align).unwrap();
        assert!(zeroed.address().is_multiple_of(align) && zeroed.bytes().iter().all(|&byte| byte == 0));
    }
}

fn over_aligned_blocks(profile: &Profile) {
    over_aligned();
    // The alignment costs nothing: what was asked for is counted.
    assert_eq!(row(profile, "over_aligned"), Flow::new((7 * 60, 21), (7 * 60, 21)));
}

#[track_memory]
fn empty() {
    drop(black_box(Vec::<u64>::new()));
    drop(black_box(Vec::<u64>::with_capacity(0)));
    drop(black_box(Vec::<()>::with_capacity(1000)));
    drop(black_box(vec![(); 1000]));
    drop(black_box(Box::new(())));
    drop(black_box(String::new()));
    drop(black_box(Box::<[u8]>::from([])));
    let mut emptied = black_box(Vec::<u8>::with_capacity(10));
    emptied.shrink_to_fit();
    drop(emptied);
}

fn nothing_for_size_zero(profile: &Profile) {
    empty();
    assert_eq!(row(profile, "empty"), Flow::new((10, 1), (10, 1)));
}

#[track_memory]
fn thousand_pushes() -> Vec<u8> {
    let mut bytes = Vec::new();
    for byte in 0..1000u32 {
        bytes.push(black_box(byte as u8));
    }
    bytes
}

fn a_growing_vector(profile: &Profile) {
    let (reallocations, grown) = reallocated(profile);
    let bytes = thousand_pushes();
    // 8, 16, … 1024: an allocation and seven reallocations.
    assert_eq!(bytes.capacity(), 1024);
    assert_eq!(reallocated(profile), (reallocations + 7, grown + 1016));
    assert_eq!(row(profile, "thousand_pushes"), Flow::new((2040, 8), (1016, 7)));
}

const REFUSED: usize = 77_777;

#[track_memory]
fn refused() -> Block {
    let mut block = Block::new(555);
    Counting::refuse(REFUSED);
    assert!(Block::aligned(REFUSED, 8).is_none());
    assert!(Block::aligned(REFUSED, 4096).is_none());
    assert!(Block::zeroed(REFUSED, 8).is_none());
    assert!(!block.resize(REFUSED));
    Counting::refuse(0);
    block
}

#[track_memory]
fn refused_vector() {
    let mut bytes: Vec<u8> = black_box(Vec::new());
    Counting::refuse(REFUSED);
    assert!(bytes.try_reserve_exact(REFUSED).is_err());
    Counting::refuse(0);
    bytes.try_reserve_exact(10).unwrap();
    bytes.extend_from_slice(b"0123456789");
    Counting::refuse(REFUSED);
    assert!(bytes.try_reserve_exact(REFUSED - 10).is_err());
    Counting::refuse(0);
    assert_eq!(bytes, b"0123456789");
    drop(black_box(bytes));
}

fn requests_that_fail(profile: &Profile) {
    let block = refused();
    assert!(block.bytes().len() == 555 && block.bytes().iter().all(|&byte| byte == 0xFF));
    let report = profile.report();
    assert_eq!(row_of(&report, "refused"), Flow::new((555, 1), (0, 0)));
    let group = report.live.groups.iter().find(|group| group.path == ["counts::refused"]);
    let group = group.expect("the old block is still tracked");
    assert_eq!((group.bytes, group.count, report.live.exact), (555, 1, true));
    drop(block);
    assert!(profile.report().live.groups.iter().all(|group| group.path != ["counts::refused"]));

    refused_vector();
    assert_eq!(row(profile, "refused_vector"), Flow::new((10, 1), (10, 1)));
}

/// Not against the other allocator, but against what this function asks for.
fn statistics_by_construction(_: &Profile) {
    let before = memory_stats();
    let mut block = Block::new(1000);
    assert!(block.resize(3000));
    let kept = Block::zeroed(500, 64).unwrap();
    drop(block);
    let after = memory_stats();
    assert_eq!(after.allocated - before.allocated, 4500);
    assert_eq!(after.allocated_count - before.allocated_count, 3);
    assert_eq!(after.deallocated - before.deallocated, 4000);
    assert_eq!(after.deallocated_count - before.deallocated_count, 2);
    assert_eq!(after.net_allocated - before.net_allocated, 500);
    assert_eq!(after.net_count - before.net_count, 1);
    drop(kept);
    assert_eq!(memory_stats().net_allocated, before.net_allocated);
}
