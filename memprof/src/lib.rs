//! A memory profiler that charges every allocation to the function it happened in.

mod allocator;
pub mod config;
mod error;
#[cfg(any(feature = "profiling", feature = "jemalloc"))]
mod jemalloc;
#[cfg(feature = "profiling")]
mod live;
mod memory_stats;
#[cfg(not(feature = "profiling"))]
mod off;
#[cfg(feature = "profiling")]
mod os;
#[cfg(feature = "profiling")]
mod profiler;
pub mod report;
#[cfg(feature = "profiling")]
mod scope;
#[cfg(feature = "profiling")]
mod tracker;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use allocator::AllocationTracker;
pub use config::Config;
pub use error::Error;
#[cfg(feature = "jemalloc")]
pub use jemalloc::Jemalloc;
pub use memory_stats::MemoryStats;
pub use memprof_macros::{main, track_memory};
#[cfg(not(feature = "profiling"))]
pub use off::{Profiler, memory_stats, write_report};
#[cfg(feature = "profiling")]
pub use profiler::{Profiler, write_report};
pub use report::{Report, Written};
#[cfg(feature = "profiling")]
pub use tracker::memory_stats;

/// Opens a scope with a name, for a block of code that is no function of its own.
///
/// The scope lasts until the guard that it returns is dropped, so the guard needs a name: `let _scope = …`.
///
/// ```
/// fn load(lines: &[&str]) -> Vec<String> {
///     let parsed = {
///         let _scope = memprof::scope!("parse");
///         lines.iter().map(|line| line.trim().to_owned()).collect::<Vec<_>>()
///     };
///     parsed
/// }
/// # assert_eq!(load(&[" a "]), ["a"]);
/// ```
///
/// The guard may end out of order, on another thread, or never (`std::mem::forget`): no byte is lost or counted twice,
/// and the next function that ends around it puts the thread back in order. Cost: as a tracked call.
#[macro_export]
macro_rules! scope {
    ($name:literal) => {{
        static SITE: $crate::__private::Site =
            $crate::__private::Site::named($name, $crate::__private::file!(), $crate::__private::line!());
        $crate::__private::enter_block(&SITE)
    }};
}
