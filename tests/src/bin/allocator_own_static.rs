//! `allocator = none` in a program that installs the tracker itself, over an allocator of its own.

use std::alloc::{GlobalAlloc, Layout, System};

struct Own;

// SAFETY: forwards to the system's allocator.
unsafe impl GlobalAlloc for Own {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are the system's.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOC: memprof::AllocationTracker<Own> = memprof::AllocationTracker::new(Own);

#[memprof::track_memory]
fn work() {
    drop(std::hint::black_box(vec![1u8; 12345]));
}

#[memprof::main(allocator = none)]
fn main() {
    work();
}
