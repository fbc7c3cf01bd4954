//! A memory profiler that charges every allocation to the function it happened in.

mod config;
mod error;
mod report;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use config::Config;
pub use error::Error;
pub use memprof_macros::{main, track_memory};
pub use report::Report;
#[cfg(feature = "profiling")]
pub use report::Written;

/// Opens a named scope that lasts until the returned guard is dropped.
#[macro_export]
macro_rules! scope {
    ($name:literal) => {{
        static SITE: $crate::__private::Site =
            $crate::__private::Site::named($name, $crate::__private::file!(), $crate::__private::line!());
        $crate::__private::enter(&SITE)
    }};
}
