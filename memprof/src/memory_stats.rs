//! The figures of the whole process, as a program asks for them while it runs.

/// What the whole process has allocated and freed so far, in bytes and blocks.
///
/// Counted from the first allocation of the process and never set back. All figures are exact, but for
/// `peak_allocated`, which can be off by 64 KiB for each thread that was alive at once (it is exact in a program with
/// one thread).
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
    /// Bytes asked for: every allocation, and the full new size of every successful reallocation.
    pub allocated: usize,
    /// Bytes given back: every free, and the old size of every successful reallocation.
    pub deallocated: usize,
    /// `allocated − deallocated`, bytes.
    pub net_allocated: usize,
    /// How many allocations; a reallocation is one.
    pub allocated_count: usize,
    /// How many frees; a reallocation is one.
    pub deallocated_count: usize,
    /// `allocated_count − deallocated_count`: live blocks.
    pub net_count: usize,
    /// The highest net so far, bytes.
    pub peak_allocated: usize,
}

const MB: f64 = 1_048_576.0;

impl MemoryStats {
    /// `allocated` in MB (2^20 bytes).
    pub fn allocated_mb(&self) -> f64 {
        self.allocated as f64 / MB
    }

    /// `deallocated` in MB (2^20 bytes).
    pub fn deallocated_mb(&self) -> f64 {
        self.deallocated as f64 / MB
    }

    /// `net_allocated` in MB (2^20 bytes).
    pub fn net_allocated_mb(&self) -> f64 {
        self.net_allocated as f64 / MB
    }

    /// `peak_allocated` in MB (2^20 bytes).
    pub fn peak_allocated_mb(&self) -> f64 {
        self.peak_allocated as f64 / MB
    }
}
