//! A memory profiler that charges every allocation to the function it happened in.

mod allocator;
pub mod config;
mod error;
mod jemalloc;
#[cfg(feature = "profiling")]
mod live;
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
pub use memprof_macros::{main, track_memory};
pub use profiler::{Profiler, write_report};
pub use report::{Report, Written};
pub use tracker::{MemoryStats, memory_stats};

/// Opens a named scope that lasts until the returned guard is dropped.
#[macro_export]
macro_rules! scope {
    ($name:literal) => {{
        static SITE: $crate::__private::Site =
            $crate::__private::Site::named($name, $crate::__private::file!(), $crate::__private::line!());
        $crate::__private::enter_block(&SITE)
    }};
}
