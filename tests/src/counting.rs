//! The truth that the tracker is compared with: an allocator that counts, inside the tracker.

use crate::rows::Flow;
use memprof::{MemoryStats, memory_stats};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize};

static ALLOCATED: AtomicU64 = AtomicU64::new(0);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static FREED: AtomicU64 = AtomicU64::new(0);
static FREES: AtomicU64 = AtomicU64::new(0);
static REALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static GROWN: AtomicU64 = AtomicU64::new(0);
static NET: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);
static REFUSED_SIZE: AtomicUsize = AtomicUsize::new(0);

/// An allocator over the system's with its own counts, kept by plain atomic adds. Wrapped in the tracker,
/// `AllocationTracker::new(Counting)`, it sees exactly the calls that the tracker counts, from the first of the process
/// on.
#[derive(Debug)]
pub struct Counting;

impl Counting {
    /// Bytes and blocks allocated and freed since the process began.
    pub fn flow() -> Flow {
        Flow {
            allocated: ALLOCATED.load(SeqCst),
            allocations: ALLOCATIONS.load(SeqCst),
            freed: FREED.load(SeqCst),
            frees: FREES.load(SeqCst),
        }
    }

    /// How many reallocations.
    pub fn reallocations() -> u64 {
        REALLOCATIONS.load(SeqCst)
    }

    /// By how much reallocations made blocks larger, bytes.
    pub fn grown() -> u64 {
        GROWN.load(SeqCst)
    }

    /// The highest net so far, bytes.
    pub fn peak() -> u64 {
        PEAK.load(SeqCst) as u64
    }

    /// Runs work of the profiler: its reallocations are not counted, and its live memory is in no peak. For a process
    /// that does nothing else meanwhile.
    pub fn apart<R>(work: impl FnOnce() -> R) -> R {
        let before = (Self::reallocations(), Self::grown(), PEAK.load(SeqCst));
        let result = work();
        REALLOCATIONS.store(before.0, SeqCst);
        GROWN.store(before.1, SeqCst);
        PEAK.store(before.2.max(NET.load(SeqCst)), SeqCst);
        result
    }

    /// From now on, a request for exactly this many bytes gets null; 0: none does.
    pub fn refuse(size: usize) {
        REFUSED_SIZE.store(size, SeqCst);
    }

    fn refuses(size: usize) -> bool {
        size == REFUSED_SIZE.load(SeqCst) && size != 0
    }

    fn allocated(block: *mut u8, size: usize) -> *mut u8 {
        if !block.is_null() {
            ALLOCATED.fetch_add(size as u64, SeqCst);
            ALLOCATIONS.fetch_add(1, SeqCst);
            Self::moved(size as i64);
        }
        block
    }

    fn moved(by: i64) {
        let net = NET.fetch_add(by, SeqCst) + by;
        PEAK.fetch_max(net, SeqCst);
    }
}

/// Checks that the tracker's totals are those of the counting allocator, except for the memory of reports. Other
/// threads may allocate meanwhile, or be between an allocation and its count: then the check is repeated.
pub fn assert_stats_agree() {
    let mut last = None;
    for _ in 0..500 {
        let before = Counting::flow();
        let stats = memory_stats();
        if Counting::flow() == before {
            if agree(&stats, before) {
                return;
            }
            last = Some((stats, before));
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let (stats, truth) = last.expect("a process that stands still");
    assert_are(&stats, truth);
}

fn agree(stats: &MemoryStats, truth: Flow) -> bool {
    let own_bytes = truth.allocated.wrapping_sub(stats.allocated as u64);
    let own_blocks = truth.allocations.wrapping_sub(stats.allocated_count as u64);
    own_bytes == truth.freed.wrapping_sub(stats.deallocated as u64)
        && own_blocks == truth.frees.wrapping_sub(stats.deallocated_count as u64)
}

/// The tracker's totals are these, but for what reports have taken. For a process that stands still.
pub fn assert_stats_are(truth: Flow) {
    assert_are(&memory_stats(), truth);
}

fn assert_are(stats: &MemoryStats, truth: Flow) {
    let tracked = Flow {
        allocated: stats.allocated as u64,
        allocations: stats.allocated_count as u64,
        freed: stats.deallocated as u64,
        frees: stats.deallocated_count as u64,
    };
    // The rest is what the profiler has allocated and freed for itself: as much the one as the other.
    let own = Flow {
        allocated: truth.allocated - tracked.allocated,
        allocations: truth.allocations - tracked.allocations,
        freed: truth.freed - tracked.freed,
        frees: truth.frees - tracked.frees,
    };
    assert_eq!((own.allocated, own.allocations), (own.freed, own.frees), "{tracked:?} of {truth:?}");
    assert_eq!(stats.net_allocated as u64, truth.allocated - truth.freed);
    assert_eq!(stats.net_count as u64, truth.allocations - truth.frees);
}

// SAFETY: every block comes from the system's allocator and goes back to it with its layout.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if Self::refuses(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promises are the system allocator's.
        Self::allocated(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if Self::refuses(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promises are the system allocator's.
        Self::allocated(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        FREED.fetch_add(layout.size() as u64, SeqCst);
        FREES.fetch_add(1, SeqCst);
        Self::moved(-(layout.size() as i64));
        // SAFETY: the caller's promises are the system allocator's.
        unsafe { System.dealloc(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if Self::refuses(new_size) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promises are the system allocator's.
        let moved = unsafe { System.realloc(block, layout, new_size) };
        if !moved.is_null() {
            ALLOCATED.fetch_add(new_size as u64, SeqCst);
            ALLOCATIONS.fetch_add(1, SeqCst);
            FREED.fetch_add(layout.size() as u64, SeqCst);
            FREES.fetch_add(1, SeqCst);
            REALLOCATIONS.fetch_add(1, SeqCst);
            GROWN.fetch_add(new_size.saturating_sub(layout.size()) as u64, SeqCst);
            Self::moved(new_size as i64 - layout.size() as i64);
        }
        moved
    }
}
