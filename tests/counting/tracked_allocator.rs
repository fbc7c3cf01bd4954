//! An inner allocator that is itself made of tracked functions: its scopes open and close within each allocation.
#![allow(missing_docs)]

use memprof::{AllocationTracker, track_memory};
use memprof_tests::{Block, Flow, Profile, function, own};
use std::alloc::{GlobalAlloc, Layout, System};

struct Own;

#[track_memory(name = "find room")]
fn find_room(layout: Layout) -> *mut u8 {
    // SAFETY: whoever calls promises what `GlobalAlloc::alloc` asks for.
    unsafe { System.alloc(layout) }
}

// SAFETY: every block comes from the system's allocator and goes back to it with its layout.
unsafe impl GlobalAlloc for Own {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        find_room(layout)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are the inner allocator's.
        unsafe { System.dealloc(block, layout) };
    }
}

#[global_allocator]
static ALLOC: AllocationTracker<Own> = AllocationTracker::new(Own);

#[track_memory]
fn works() {
    drop(Block::new(1000));
}

#[test]
fn is_found_to_be_installed_and_its_scopes_close() {
    let profile = Profile::start();
    works();
    let report = profile.report();
    assert!(report.allocator.installed);
    assert!(report.allocator.inner.ends_with("::Own"), "{}", report.allocator.inner);
    assert_eq!(own(function(&report, "tracked_allocator::works")), Flow::new((1000, 1), (1000, 1)));
    // A block is counted when it is there, which is after the scope of whoever found room for it.
    let row = function(&report, "find room");
    assert_eq!((own(row), row.active), (Flow::new((0, 0), (0, 0)), 0));
    assert!(row.calls > 0);
    assert_eq!(report.overhead.misplaced_guards, 0);
}
