//! mimalloc beneath the tracker: every block is its, and every byte is counted.
#![allow(missing_docs)]

use memprof::{AllocationTracker, track_memory};
use memprof_tests::{Block, Flow, Profile, function, own};
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOC: AllocationTracker<MiMalloc> = AllocationTracker::new(MiMalloc);

const SIZES: [usize; 8] = [1, 8, 24, 100, 1024, 5000, 100_000, 3_000_000];
const ALIGNMENTS: [usize; 5] = [1, 8, 16, 64, 4096];

fn is_of_mimalloc(block: &Block) -> bool {
    // SAFETY: the function looks at no more than the address.
    unsafe { libmimalloc_sys::mi_is_in_heap_region(std::ptr::with_exposed_provenance(block.address())) }
}

/// One block of each size and alignment, twice as large in the end.
#[track_memory]
fn makes() -> Vec<Block> {
    let mut blocks = Vec::with_capacity(SIZES.len() * ALIGNMENTS.len());
    for size in SIZES {
        for align in ALIGNMENTS {
            let mut block = Block::aligned(size, align).unwrap();
            assert!(block.address().is_multiple_of(align) && is_of_mimalloc(&block), "{size} at {align}");
            assert!(block.resize(2 * size));
            assert!(block.address().is_multiple_of(align) && is_of_mimalloc(&block), "{size} at {align}");
            assert!(block.bytes()[..size].iter().all(|&byte| byte == 0xFF), "{size} at {align}");
            blocks.push(block);
        }
    }
    blocks
}

#[track_memory]
fn frees(blocks: Vec<Block>) {
    drop(blocks);
}

#[track_memory]
fn zeroed() {
    let block = Block::zeroed(70_000, 64).unwrap();
    assert!(block.bytes().iter().all(|&byte| byte == 0) && is_of_mimalloc(&block));
}

#[test]
fn every_byte_is_counted_and_is_its() {
    const THREADS: u64 = 4;
    let profile = Profile::start();
    // Each thread frees what another one has made.
    let makers: Vec<_> = (0..THREADS).map(|_| std::thread::spawn(makes)).collect();
    let made: Vec<_> = makers.into_iter().map(|maker| maker.join().unwrap()).collect();
    let report = profile.report();
    let each = SIZES.iter().sum::<usize>() as u64 * ALIGNMENTS.len() as u64;
    let count = (SIZES.len() * ALIGNMENTS.len()) as u64;
    let list = count * size_of::<Block>() as u64;
    let allocated = (THREADS * (3 * each + list), THREADS * (2 * count + 1));
    let row = function(&report, "mimalloc::makes");
    assert_eq!(own(row), Flow::new(allocated, (THREADS * each, THREADS * count)));
    assert_eq!(row.retained_bytes, Some(THREADS * (2 * each + list)));
    assert!(report.allocator.installed);
    assert_eq!(report.allocator.inner, "mimalloc::MiMalloc");

    made.into_iter().map(|blocks| std::thread::spawn(|| frees(blocks))).for_each(|thread| thread.join().unwrap());
    zeroed();
    let report = profile.report();
    let freed = (THREADS * (2 * each + list), THREADS * (count + 1));
    assert_eq!(own(function(&report, "mimalloc::frees")), Flow::new((0, 0), freed));
    assert_eq!(own(function(&report, "mimalloc::zeroed")), Flow::new((70_000, 1), (70_000, 1)));
    assert_eq!(function(&report, "mimalloc::makes").retained_bytes, Some(0));
}
