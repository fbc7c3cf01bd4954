//! Figures of the whole process, for a running program.

/// Allocated and deallocated memory of the whole process so far, in bytes and blocks.
///
/// Counters start with the first allocation of the process and are never reset. All figures are exact except
/// `peak_allocated`: it can be off by 64 KiB for each thread that was alive at the same time, and is exact in a program
/// with one thread.
///
/// ```
/// #[global_allocator]
/// static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();
///
/// let before = memprof::memory_stats();
/// let block = std::hint::black_box(vec![0u8; 1024]);
/// let after = memprof::memory_stats();
/// # #[cfg(feature = "profiling")]
/// assert_eq!(after.allocated - before.allocated, 1024);
/// # drop(block);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryStats {
    /// Allocated bytes: every allocation, and the full new size of every successful reallocation.
    pub allocated: usize,
    /// Deallocated bytes: every free, and the old size of every successful reallocation.
    pub deallocated: usize,
    /// `allocated − deallocated`, bytes.
    pub net_allocated: usize,
    /// Allocations; a reallocation counts as one.
    pub allocated_count: usize,
    /// Frees; a reallocation counts as one.
    pub deallocated_count: usize,
    /// `allocated_count − deallocated_count`: live blocks.
    pub net_count: usize,
    /// Highest net so far, bytes.
    pub peak_allocated: usize,
}

const MB: f64 = 1_048_576.0;

impl MemoryStats {
    /// `allocated` in MB (2^20 bytes).
    ///
    /// ```
    /// println!("{:.1} MB", memprof::memory_stats().allocated_mb());
    /// ```
    pub fn allocated_mb(&self) -> f64 {
        self.allocated as f64 / MB
    }

    /// `deallocated` in MB (2^20 bytes).
    ///
    /// ```
    /// println!("{:.1} MB", memprof::memory_stats().deallocated_mb());
    /// ```
    pub fn deallocated_mb(&self) -> f64 {
        self.deallocated as f64 / MB
    }

    /// `net_allocated` in MB (2^20 bytes).
    ///
    /// ```
    /// println!("{:.1} MB", memprof::memory_stats().net_allocated_mb());
    /// ```
    pub fn net_allocated_mb(&self) -> f64 {
        self.net_allocated as f64 / MB
    }

    /// `peak_allocated` in MB (2^20 bytes).
    ///
    /// ```
    /// println!("{:.1} MB", memprof::memory_stats().peak_allocated_mb());
    /// ```
    pub fn peak_allocated_mb(&self) -> f64 {
        self.peak_allocated as f64 / MB
    }
}
