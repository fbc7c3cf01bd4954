//! Reports: their data, and one file for each format.

#[macro_use]
pub mod data;
mod format;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
pub(crate) mod formats;
mod written;

// So far only the engine calls the text formats.
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
pub(crate) mod at_limit;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
mod columns;
#[cfg(feature = "compare")]
pub mod compare;
#[cfg(feature = "profiling")]
pub(crate) mod files;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
pub(crate) mod findings;
#[cfg(feature = "report")]
mod json;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
pub(crate) mod leaks;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
pub(crate) mod name;
#[cfg(feature = "report")]
pub(crate) mod naming;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
pub(crate) mod peak;
#[cfg(feature = "profiling")]
pub(crate) mod placeholder;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
pub(crate) mod resident;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
pub(crate) mod rise;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
mod sum;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
pub(crate) mod table;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
pub(crate) mod trend;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
pub(crate) mod violations;
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
mod words;

#[cfg(all(test, feature = "report"))]
pub(crate) mod golden;

pub use data::Report;
pub use format::{Format, UnknownFormat};
pub use written::Written;

/// The first line of every text report of a program in which nothing could be counted.
#[cfg(feature = "report")]
#[cfg_attr(not(feature = "profiling"), allow(dead_code))]
pub(crate) const NOT_INSTALLED: &str = "memprof's allocator is not installed, so nothing was counted: put #[memprof::main] on main, \
or declare `#[global_allocator] static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();`";
