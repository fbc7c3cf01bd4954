//! Figures of a measurement.

use crate::printable::Printable;
#[cfg(feature = "profiling")]
use crate::size;
use std::fmt;

/// Memory figures of a closure or future, and its value.
///
/// Bytes are requested bytes. Allocations and frees count where they happen: a block that was allocated before the
/// measurement and deallocated in it lowers the net.
///
/// ```
/// #[global_allocator]
/// static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();
///
/// # fn main() {
/// let measured = memprof::testing::measure(|| vec![1u8; 64]);
/// assert_eq!((measured.allocated_bytes, measured.net_bytes, measured.value.len()), (64, 64, 64));
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Measured<R = ()> {
    /// Value of the closure, still alive: none of it has been deallocated yet.
    pub value: R,
    /// Allocated bytes, including the full new size of each reallocation.
    pub allocated_bytes: u64,
    /// Allocated blocks, including reallocations.
    pub allocated_count: u64,
    /// Deallocated bytes, including the old size of each reallocation.
    pub deallocated_bytes: u64,
    /// Deallocated blocks, including reallocations.
    pub deallocated_count: u64,
    /// Allocated − deallocated, bytes.
    pub net_bytes: i64,
    /// Allocated − deallocated, blocks.
    pub net_count: i64,
    /// Highest net of the measuring thread above its start, bytes. Other threads are not included.
    pub peak_bytes: u64,
    /// Reallocations.
    pub reallocated_count: u64,
    /// Growth of blocks in reallocations, bytes.
    pub grown_bytes: u64,
    /// Each tracked function's own figures, sorted by allocated bytes. A row `(outside tracked functions)` has the
    /// rest, so the rows add up to the figures above.
    pub functions: Vec<MeasuredFunction>,
}

/// Own figures of one function: while it was the innermost tracked one.
///
/// ```
/// #[global_allocator]
/// static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();
///
/// #[memprof::track_memory(name = "load")]
/// fn load() -> Vec<u8> {
///     std::hint::black_box(vec![1; 64])
/// }
///
/// # fn main() {
/// let measured = memprof::testing::measure(load);
/// assert_eq!((measured.functions[0].name.as_str(), measured.functions[0].allocated_bytes), ("load", 64));
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MeasuredFunction {
    /// Name as in reports: `crate::module::Type::function`.
    pub name: String,
    /// Source file; empty for the row outside tracked functions.
    pub file: String,
    /// Line in `file`.
    pub line: u32,
    /// Allocated bytes.
    pub allocated_bytes: u64,
    /// Allocated blocks.
    pub allocated_count: u64,
    /// Deallocated bytes.
    pub deallocated_bytes: u64,
    /// Deallocated blocks.
    pub deallocated_count: u64,
    /// Allocated − deallocated, bytes.
    pub net_bytes: i64,
}

#[cfg(feature = "profiling")]
impl<R> fmt::Display for Measured<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "allocated {} in {}, deallocated {} in {}, net {} in {}, peak {}",
            size::exact(self.allocated_bytes),
            size::plural(self.allocated_count, "block"),
            size::exact(self.deallocated_bytes),
            size::count(self.deallocated_count),
            size::exact(self.net_bytes),
            size::count(self.net_count),
            size::exact(self.peak_bytes),
        )?;
        if self.reallocated_count > 0 {
            let times = size::plural(self.reallocated_count, "reallocation");
            write!(f, ", grown by {} in {times}", size::exact(self.grown_bytes))?;
        }
        self.functions.iter().try_for_each(|function| write!(f, "\n  {function}"))
    }
}

#[cfg(feature = "profiling")]
impl fmt::Display for MeasuredFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bytes, blocks) = (size::exact(self.allocated_bytes), size::plural(self.allocated_count, "block"));
        write!(f, "{bytes} in {blocks}  {}{}", Printable(&self.name), place(&self.file, self.line))
    }
}

#[cfg(not(feature = "profiling"))]
impl<R> fmt::Display for Measured<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing was measured: memprof's feature `profiling` is off")
    }
}

#[cfg(not(feature = "profiling"))]
impl fmt::Display for MeasuredFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Printable(&self.name), f)
    }
}

/// ` (src/shop.rs:12)`, if the file is known.
#[cfg(feature = "profiling")]
pub(super) fn place(file: &str, line: u32) -> String {
    if file.is_empty() { String::new() } else { format!(" ({}:{line})", Printable(file)) }
}
