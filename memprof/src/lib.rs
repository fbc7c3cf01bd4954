//! A memory profiler that charges every allocation to the function it happened in.

pub mod config;
mod error;
// The profiler calls it; until it is there, nothing does.
#[allow(dead_code)]
mod jemalloc;
mod report;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use config::Config;
pub use error::Error;
#[cfg(feature = "jemalloc")]
pub use jemalloc::Jemalloc;
pub use memprof_macros::{main, track_memory};
pub use report::Report;

/// Opens a named scope that lasts until the returned guard is dropped.
#[macro_export]
macro_rules! scope {
    ($name:literal) => {{
        static SITE: $crate::__private::Site =
            $crate::__private::Site::named($name, $crate::__private::file!(), $crate::__private::line!());
        $crate::__private::enter(&SITE)
    }};
}
