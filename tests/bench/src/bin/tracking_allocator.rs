//! tracking-allocator, with a tracker that counts.

use memprof_peers::{Peer, run};
use std::alloc::System;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use tracking_allocator::{AllocationGroupId, AllocationRegistry, AllocationTracker, Allocator};

#[global_allocator]
static ALLOC: Allocator<System> = Allocator::system();

struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);
static FREED: AtomicUsize = AtomicUsize::new(0);

impl AllocationTracker for Counting {
    fn allocated(&self, _: usize, size: usize, _: usize, _: AllocationGroupId) {
        ALLOCATED.fetch_add(size, Relaxed);
    }

    fn deallocated(&self, _: usize, size: usize, _: usize, _: AllocationGroupId, _: AllocationGroupId) {
        FREED.fetch_add(size, Relaxed);
    }
}

fn main() {
    AllocationRegistry::set_global_tracker(Counting).expect("no other tracker is set");
    AllocationRegistry::enable_tracking();
    run(Peer { counted: Some(Box::new(|| ALLOCATED.load(Relaxed) as u64)), ..Peer::default() });
}
