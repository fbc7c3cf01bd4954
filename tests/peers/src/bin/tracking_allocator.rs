//! tracking-allocator, with a tracker that counts.

use std::alloc::System;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tracking_allocator::{AllocationGroupId, AllocationRegistry, AllocationTracker, Allocator};

#[global_allocator]
static ALLOC: Allocator<System> = Allocator::system();

struct Counting;

static BYTES: AtomicUsize = AtomicUsize::new(0);

impl AllocationTracker for Counting {
    fn allocated(&self, _: usize, size: usize, _: usize, _: AllocationGroupId) {
        BYTES.fetch_add(size, Relaxed);
    }

    fn deallocated(&self, _: usize, size: usize, _: usize, _: AllocationGroupId, _: AllocationGroupId) {
        BYTES.fetch_sub(size, Relaxed);
    }
}

fn main() {
    AllocationRegistry::set_global_tracker(Counting).expect("no other tracker is set");
    AllocationRegistry::enable_tracking();
    memprof_peers::run(None);
    AllocationRegistry::disable_tracking();
}
