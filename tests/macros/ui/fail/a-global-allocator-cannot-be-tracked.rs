use std::alloc::{GlobalAlloc, Layout, System};

use memprof::track_memory;

struct Own;

#[track_memory]
unsafe impl GlobalAlloc for Own {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static OWN: Own = Own;

fn main() {}
