//! The reports: what they hold, and one file for each format.

pub mod data;
mod written;

#[cfg(feature = "profiling")]
mod columns;
#[cfg(feature = "profiling")]
pub(crate) mod files;
#[cfg(feature = "profiling")]
mod json;
#[cfg(feature = "profiling")]
pub(crate) mod leaks;
#[cfg(feature = "profiling")]
pub(crate) mod name;
#[cfg(feature = "profiling")]
pub(crate) mod placeholder;
#[cfg(feature = "profiling")]
mod resident;
#[cfg(feature = "profiling")]
pub(crate) mod table;
#[cfg(feature = "profiling")]
mod violations;

#[cfg(all(test, feature = "profiling"))]
mod golden;

pub use data::Report;
pub use written::Written;

/// The first line of every text report of a program in which nothing could be counted.
#[cfg(feature = "profiling")]
const NOT_INSTALLED: &str = "memprof's allocator is not installed, so nothing was counted: put #[memprof::main] on main, \
or declare `#[global_allocator] static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();`";
