//! The figures of a measurement.

use crate::printable::Printable;
#[cfg(feature = "profiling")]
use crate::size;
use std::fmt;

/// What a closure or future did with memory, and the value it gave.
///
/// Bytes are those that were asked for. Allocations and frees count where they happen: what was allocated before and freed in
/// the measurement makes its net lower.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Measured<R = ()> {
    /// What the closure returned. It is still there: nothing of it is freed yet.
    pub value: R,
    /// Bytes allocated, the full new size of each reallocation among them.
    pub allocated_bytes: u64,
    /// Blocks allocated, reallocations among them.
    pub allocated_count: u64,
    /// Bytes freed, the old size of each reallocation among them.
    pub deallocated_bytes: u64,
    /// Blocks freed, reallocations among them.
    pub deallocated_count: u64,
    /// Allocated − freed, bytes.
    pub net_bytes: i64,
    /// Allocated − freed, blocks.
    pub net_count: i64,
    /// How high the measuring thread stood above where it began, at the most, bytes. Other threads are not in it.
    pub peak_bytes: u64,
    /// Reallocations.
    pub reallocated_count: u64,
    /// By how much blocks grew in reallocations, bytes.
    pub grown_bytes: u64,
    /// What each tracked function did itself, the one that allocated most first. What no tracked function did is in a row
    /// `(outside tracked functions)`, so the rows add up to the figures above.
    pub functions: Vec<MeasuredFunction>,
}

/// What one function did while it was the innermost tracked one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MeasuredFunction {
    /// As in reports: `crate::module::Type::function`.
    pub name: String,
    /// Where it is in the source; empty for what is outside of every tracked function.
    pub file: String,
    /// See `file`.
    pub line: u32,
    /// Bytes allocated.
    pub allocated_bytes: u64,
    /// Blocks allocated.
    pub allocated_count: u64,
    /// Bytes freed.
    pub deallocated_bytes: u64,
    /// Blocks freed.
    pub deallocated_count: u64,
    /// Allocated − freed, bytes.
    pub net_bytes: i64,
}

#[cfg(feature = "profiling")]
impl<R> fmt::Display for Measured<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "allocated {} in {}, freed {} in {}, net {} in {}, peak {}",
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

/// ` (src/shop.rs:12)`, where there is a place.
#[cfg(feature = "profiling")]
pub(super) fn place(file: &str, line: u32) -> String {
    if file.is_empty() { String::new() } else { format!(" ({}:{line})", Printable(file)) }
}
