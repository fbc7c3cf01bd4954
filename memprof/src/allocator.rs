//! The global allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};

#[cfg(feature = "profiling")]
use crate::tracker::{self, DeallocEnd, Ledger};

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
//
// PERF: each method asks the thread before it calls the inner allocator. Where profiling is off that call is a jump,
// and no register is saved. Always inlined: a program has one caller of each, the compiler's allocation shim.
#[cfg(feature = "profiling")]
unsafe impl<A: GlobalAlloc> GlobalAlloc for AllocationTracker<A> {
    #[inline(always)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let present = tracker::present();
        match present.lasting_ledger() {
            Some(ledger) => {
                let bytes = in_own_register(layout.size());
                // SAFETY: the caller's promises are the inner allocator's.
                let block = unsafe { self.inner.alloc(layout) };
                tracker::on_alloc(ledger, block, bytes);
                block
            }
            // SAFETY: as above.
            None if present.is_off() && is_usual(layout) => unsafe { self.inner.alloc(layout) },
            // SAFETY: as above.
            None => allocate_slow::<A>(layout, |layout| unsafe { self.inner.alloc(layout) }),
        }
    }

    #[inline(always)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if tracker::present().is_off() && is_usual(layout) {
            // SAFETY: the caller's promises are the inner allocator's.
            return unsafe { self.inner.alloc_zeroed(layout) };
        }
        // SAFETY: as above.
        unsafe { allocate_zeroed(&self.inner, layout) }
    }

    #[inline(always)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let present = tracker::present();
        match present.ledger() {
            Some(ledger) => {
                if let Some(total) = tracker::on_dealloc(ledger, layout.size()) {
                    let (size, align) = (layout.size(), layout.align());
                    // SAFETY: the caller's promises are the inner allocator's.
                    return unsafe { deallocate_beyond(block, size, align, total, ledger, &self.inner) };
                }
            }
            None if present.is_off() => {}
            // SAFETY: as above.
            None => return unsafe { deallocate_slow(block, layout, &self.inner) },
        }
        // SAFETY: as above.
        unsafe { self.inner.dealloc(block, layout) };
    }

    #[inline(always)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if tracker::present().is_off() {
            // SAFETY: the caller's promises are the inner allocator's.
            return unsafe { self.inner.realloc(block, layout, new_size) };
        }
        // SAFETY: as above.
        unsafe { reallocate(&self.inner, block, layout, new_size) }
    }
}

/// True for a block that `malloc` aligns. PERF: `System` has its own way to other blocks, and would save registers for
/// it at all blocks.
#[cfg(feature = "profiling")]
#[inline(always)]
fn is_usual(layout: Layout) -> bool {
    layout.align() <= 2 * size_of::<usize>() && layout.align() <= layout.size()
}

/// The same value. PERF: in a register of its own. Otherwise the function's argument gets one that lasts while the
/// inner allocator runs, and that register is saved for every call, also where profiling is off.
#[cfg(feature = "profiling")]
#[cfg_attr(not(all(target_arch = "x86_64", not(miri))), expect(unused_mut))]
#[inline(always)]
fn in_own_register(mut value: usize) -> usize {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: it is no instruction.
    unsafe {
        std::arch::asm!("/* {0} */", inout(reg) value, options(pure, nomem, nostack, preserves_flags));
    }
    value
}

/// Allocates on a thread without a ledger. Its first allocation takes one.
#[cfg(feature = "profiling")]
#[cold]
#[inline(never)]
fn allocate_slow<A>(layout: Layout, allocate: impl FnOnce(Layout) -> *mut u8) -> *mut u8 {
    let block = allocate(layout);
    tracker::on_alloc_without_ledger(block, layout.size(), std::any::type_name::<A>);
    block
}

/// # Safety
/// As for [`GlobalAlloc::alloc_zeroed`].
#[cfg(feature = "profiling")]
#[inline(never)]
unsafe fn allocate_zeroed<A: GlobalAlloc>(inner: &A, layout: Layout) -> *mut u8 {
    // SAFETY: the caller's promises.
    let allocate = |layout| unsafe { inner.alloc_zeroed(layout) };
    match tracker::present().lasting_ledger() {
        Some(ledger) => {
            let block = allocate(layout);
            tracker::on_alloc(ledger, block, layout.size());
            block
        }
        None => allocate_slow::<A>(layout, allocate),
    }
}

/// Deallocates beyond the threshold. `total`: the thread's deallocated bytes, with these. PERF: size and alignment in
/// the order of the compiler's call, so that they stay in their registers.
///
/// # Safety
/// As for [`GlobalAlloc::dealloc`].
#[cfg(feature = "profiling")]
#[inline(never)]
unsafe fn deallocate_beyond<A: GlobalAlloc>(
    block: *mut u8,
    size: usize,
    align: usize,
    total: u64,
    ledger: &'static Ledger,
    inner: &A,
) {
    // SAFETY: they are those of a layout.
    let layout = unsafe { Layout::from_size_align_unchecked(size, align) };
    match tracker::on_dealloc_beyond(ledger, block, size, total) {
        DeallocEnd::Nothing => {}
        // SAFETY: the caller's promises.
        DeallocEnd::Remove => return unsafe { deallocate_recorded(block, layout, ledger, inner) },
        // SAFETY: as above.
        DeallocEnd::RemoveListed => return unsafe { deallocate_listed(block, layout, inner) },
        // SAFETY: as above.
        DeallocEnd::Publish => return unsafe { deallocate_publishing(block, layout, ledger, inner) },
    }
    // SAFETY: as above.
    unsafe { inner.dealloc(block, layout) };
}

/// Deallocates a block that may have a record in an exact table.
///
/// # Safety
/// As for [`GlobalAlloc::dealloc`].
#[cfg(feature = "profiling")]
#[inline(never)]
unsafe fn deallocate_recorded<A: GlobalAlloc>(block: *mut u8, layout: Layout, ledger: &'static Ledger, inner: &A) {
    tracker::remove_record(ledger, block);
    // SAFETY: the caller's promises.
    unsafe { inner.dealloc(block, layout) };
}

/// Deallocates a block that may have a record in a sample.
///
/// # Safety
/// As for [`GlobalAlloc::dealloc`].
#[cfg(feature = "profiling")]
#[cold]
#[inline(never)]
unsafe fn deallocate_listed<A: GlobalAlloc>(block: *mut u8, layout: Layout, inner: &A) {
    tracker::remove_listed_record(block);
    // SAFETY: the caller's promises.
    unsafe { inner.dealloc(block, layout) };
}

/// Deallocates, and publishes the thread's net.
///
/// # Safety
/// As for [`GlobalAlloc::dealloc`].
#[cfg(feature = "profiling")]
#[cold]
#[inline(never)]
unsafe fn deallocate_publishing<A: GlobalAlloc>(block: *mut u8, layout: Layout, ledger: &'static Ledger, inner: &A) {
    tracker::on_dealloc_that_publishes(ledger, block, layout.size());
    // SAFETY: the caller's promises.
    unsafe { inner.dealloc(block, layout) };
}

/// Deallocates on a thread without a ledger.
///
/// # Safety
/// As for [`GlobalAlloc::dealloc`].
#[cfg(feature = "profiling")]
#[cold]
#[inline(never)]
unsafe fn deallocate_slow<A: GlobalAlloc>(block: *mut u8, layout: Layout, inner: &A) {
    tracker::on_dealloc_without_ledger(block, layout.size());
    // SAFETY: the caller's promises.
    unsafe { inner.dealloc(block, layout) };
}

/// # Safety
/// As for [`GlobalAlloc::realloc`].
#[cfg(feature = "profiling")]
#[inline(never)]
unsafe fn reallocate<A: GlobalAlloc>(inner: &A, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
    let record = tracker::before_realloc(block);
    // SAFETY: the caller's promises.
    let moved = unsafe { inner.realloc(block, layout, new_size) };
    if moved.is_null() {
        tracker::on_realloc_failure(block, record);
        tracker::on_out_of_memory(new_size);
    } else {
        tracker::on_realloc(moved, layout.size(), new_size, record);
    }
    moved
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
