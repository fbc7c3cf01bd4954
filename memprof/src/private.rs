//! Names for generated code. Not public API: they change without notice.
#![allow(missing_docs)]

pub use core::any::type_name;
pub use core::future::Future;
pub use core::option::Option;
pub use core::{compile_error, file, format_args, line, module_path, option_env};
pub use std::alloc::System;

pub use memprof_macros::{size, test};

/// The `&'static Site` of the enclosing function or block.
#[cfg(feature = "profiling")]
#[doc(hidden)]
#[macro_export]
macro_rules! __site {
    ($name:literal $($with_limits:tt)*) => {{
        static SITE: $crate::__private::Site =
            $crate::__private::Site::named($name, $crate::__private::file!(), $crate::__private::line!()) $($with_limits)*;
        &SITE
    }};
    ($($with_limits:tt)*) => {{
        enum Marker {}
        static SITE: $crate::__private::Site = $crate::__private::Site::function(
            $crate::__private::type_name::<Marker>,
            $crate::__private::file!(),
            $crate::__private::line!(),
        ) $($with_limits)*;
        &SITE
    }};
}
#[cfg(feature = "profiling")]
pub use crate::__site as site;

/// Functions for assertions and tests.
pub mod testing {
    pub use crate::testing::private::*;
}

pub use crate::allocator::{AllocationTracker, Borrowed};
#[cfg(not(feature = "profiling"))]
pub use crate::off::{Guard, Site, enter_block};
#[cfg(feature = "profiling")]
pub use crate::profile::{MainOptions, MainProfile, main_start};
#[cfg(feature = "profiling")]
pub use crate::scope::{CountedGuard, enter_counted, items_at_entry};
#[cfg(feature = "profiling")]
pub use crate::scope::{Guard, LimitedGuard, Tracked, enter, enter_block, enter_limited};
#[cfg(feature = "profiling")]
pub use crate::scope::{
    IsFuture, Itself, Output, Perhaps, counted, counted_windowed, is_future, never, number, output, returned, tracked,
    typed, value, windowed,
};
#[cfg(feature = "profiling")]
pub use crate::tracker::{Limits, Site};
