//! A program's own allocator, which has an end: what it refuses is the program's to deal with, and is not counted.
#![allow(missing_docs)]

use memprof::{AllocationTracker, track_memory};
use memprof_tests::{Block, Flow, Profile, function, own};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Blocks of at most 1 MiB come from the system; larger ones consecutively from one region. It overrides no more
/// methods than it must: reallocation and zeroing are the defaults of `GlobalAlloc`.
struct Arena {
    memory: UnsafeCell<[u8; ROOM]>,
    used: AtomicUsize,
}

const ROOM: usize = 32 << 20;
const LARGE: usize = 1 << 20;

// SAFETY: each part of the memory is given to one caller.
unsafe impl Sync for Arena {}

// SAFETY: blocks are within the memory, aligned, and no two share a byte; the others are the system's.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() < LARGE {
            // SAFETY: the caller's promises are the system allocator's.
            return unsafe { System.alloc(layout) };
        }
        let start = self.memory.get().cast::<u8>();
        let take = |used: usize| {
            let at = (start.addr() + used).next_multiple_of(layout.align()) - start.addr();
            Some(at + layout.size()).filter(|end| *end <= ROOM)
        };
        match self.used.fetch_update(SeqCst, SeqCst, take) {
            // SAFETY: the block ends where `take` said, which is within the memory.
            Ok(used) => unsafe { start.add(take(used).unwrap_or(ROOM) - layout.size()) },
            Err(_) => null_mut(),
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.size() < LARGE {
            // SAFETY: the block came from the system, by its size.
            unsafe { System.dealloc(block, layout) };
        }
    }
}

#[global_allocator]
static ALLOC: AllocationTracker<Arena> =
    AllocationTracker::new(Arena { memory: UnsafeCell::new([0; ROOM]), used: AtomicUsize::new(0) });

#[track_memory]
fn until_nothing_is_left() -> Vec<Block> {
    let mut blocks = Vec::with_capacity(64);
    while let Some(block) = Block::aligned(LARGE, 64) {
        blocks.push(block);
    }
    blocks
}

#[track_memory]
fn asks_for_more(list: &mut Vec<u8>) {
    assert!(list.try_reserve_exact(2 * LARGE).is_err());
    assert!(Block::zeroed(LARGE, 8).is_none());
}

#[track_memory]
fn grows(block: &mut Block) {
    // It is not there, so the block stays as it was.
    assert!(!block.resize(LARGE));
    assert!(block.resize(2000));
}

#[test]
fn what_it_refuses_is_not_counted() {
    let profile = Profile::start();
    let blocks = until_nothing_is_left();
    let count = blocks.len() as u64;
    assert!((20..=32).contains(&count), "{count}");
    let list = 64 * size_of::<Block>() as u64;
    asks_for_more(&mut vec![1; 100]);
    let mut block = Block::new(1000);
    grows(&mut block);
    assert!(block.bytes()[..1000].iter().all(|&byte| byte == 0xFF));

    let report = profile.report();
    assert!(report.allocator.inner.ends_with("::Arena"), "{}", report.allocator.inner);
    let flow = |name: &str| own(function(&report, name));
    let large = LARGE as u64;
    assert_eq!(flow("arena::until_nothing_is_left"), Flow::new((count * large + list, count + 1), (0, 0)));
    assert_eq!(flow("arena::asks_for_more"), Flow::default());
    assert_eq!(flow("arena::grows"), Flow::new((2000, 1), (1000, 1)));
    drop(blocks);
    let report = profile.report();
    assert_eq!(function(&report, "arena::until_nothing_is_left").retained_bytes, Some(0));
}
