//! jemalloc as the allocator of a process of its own.
#![cfg(feature = "jemalloc")]

use std::hint::black_box;

use tikv_jemalloc_ctl::{epoch, stats};

#[global_allocator]
static ALLOC: memprof::Jemalloc = memprof::Jemalloc;

#[test]
fn the_allocator_that_memprof_names_is_the_one_that_serves() {
    const BYTES: usize = 32 << 20;
    epoch::advance().unwrap();
    let before = stats::allocated::read().unwrap();
    let block = black_box(vec![1u8; BYTES]);
    epoch::advance().unwrap();
    assert!(stats::allocated::read().unwrap() >= before + BYTES / 2);
    drop(block);
    epoch::advance().unwrap();
    assert!(stats::allocated::read().unwrap() < before + BYTES / 2);
}
