//! The global allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};

#[cfg(feature = "profiling")]
use crate::tracker;

/// A global allocator that counts every allocation and free and forwards them to another allocator.
///
/// [`#[memprof::main]`](crate::main) installs one; without the attribute:
///
/// ```
/// use memprof::AllocationTracker;
///
/// #[global_allocator]
/// static ALLOC: AllocationTracker = AllocationTracker::system();
///
/// let before = memprof::memory_stats();
/// let block = std::hint::black_box(vec![0u8; 1000]);
/// assert_eq!(memprof::memory_stats().allocated - before.allocated, 1000);
/// # drop(block);
/// ```
///
/// Any other allocator is passed by value, such as `AllocationTracker::new(memprof::Jemalloc)` with the feature
/// `jemalloc`.
///
/// Cost: about 30 instructions for an allocation and its free; none without the default feature `profiling`. The
/// tracker never panics, never waits, and never allocates through itself. All four methods are forwarded, so `realloc`
/// and `alloc_zeroed` stay as fast as in the inner allocator. A null from the inner allocator is returned to the
/// caller.
#[derive(Debug, Default)]
pub struct AllocationTracker<A = System> {
    inner: A,
}

impl AllocationTracker<System> {
    /// A tracker over the system's allocator.
    ///
    /// ```
    /// #[global_allocator]
    /// static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();
    /// ```
    pub const fn system() -> Self {
        Self { inner: System }
    }
}

impl<A> AllocationTracker<A> {
    /// A tracker over `inner`.
    ///
    /// ```
    /// use memprof::AllocationTracker;
    /// use std::alloc::System;
    ///
    /// #[global_allocator]
    /// static ALLOC: AllocationTracker<System> = AllocationTracker::new(System);
    /// ```
    pub const fn new(inner: A) -> Self {
        Self { inner }
    }
}

// SAFETY: every block comes from the inner allocator and returns to it with the layout of its request. Counting touches
// no block and does not unwind.
#[cfg(feature = "profiling")]
unsafe impl<A: GlobalAlloc> GlobalAlloc for AllocationTracker<A> {
    // Always inlined: a program has one caller of each, the compiler's allocation shim.
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the inner allocator's.
        let block = unsafe { self.inner.alloc(layout) };
        allocated::<A>(block, layout.size())
    }

    #[inline(always)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the inner allocator's.
        let block = unsafe { self.inner.alloc_zeroed(layout) };
        allocated::<A>(block, layout.size())
    }

    #[inline(always)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        tracker::on_dealloc(block, layout.size());
        // SAFETY: the caller's promises are the inner allocator's.
        unsafe { self.inner.dealloc(block, layout) };
    }

    #[inline(always)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let record = tracker::before_realloc(block);
        // SAFETY: the caller's promises are the inner allocator's.
        let moved = unsafe { self.inner.realloc(block, layout, new_size) };
        if moved.is_null() {
            tracker::on_realloc_failure(block, record);
            tracker::on_out_of_memory(new_size);
        } else {
            tracker::on_realloc(moved, layout.size(), new_size, record);
        }
        moved
    }
}

/// Counts an allocation, or its failure.
#[cfg(feature = "profiling")]
#[inline(always)]
fn allocated<A>(block: *mut u8, bytes: usize) -> *mut u8 {
    tracker::on_alloc(block, bytes, std::any::type_name::<A>);
    block
}

// SAFETY: forwards to the inner allocator and does nothing else.
#[cfg(not(feature = "profiling"))]
unsafe impl<A: GlobalAlloc> GlobalAlloc for AllocationTracker<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the inner allocator's.
        unsafe { self.inner.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the inner allocator's.
        unsafe { self.inner.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are the inner allocator's.
        unsafe { self.inner.dealloc(block, layout) };
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promises are the inner allocator's.
        unsafe { self.inner.realloc(block, layout, new_size) }
    }
}

/// An allocator in a user's static, for `#[memprof::main(allocator = path::To::ALLOC)]`. Costs one indirect call more
/// than the allocator itself.
pub struct Borrowed(pub &'static (dyn GlobalAlloc + Sync));

// SAFETY: forwards to the allocator and does nothing else.
unsafe impl GlobalAlloc for Borrowed {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the inner allocator's.
        unsafe { self.0.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are the inner allocator's.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are the inner allocator's.
        unsafe { self.0.dealloc(block, layout) };
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promises are the inner allocator's.
        unsafe { self.0.realloc(block, layout, new_size) }
    }
}

impl std::fmt::Debug for Borrowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Borrowed")
    }
}
