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

/// Figures and names as the texts of reports show them, for `cargo memprof`.
#[cfg(feature = "report")]
pub mod texts {
    use crate::report::name;
    use crate::size;

    pub use name::OUTSIDE;

    pub fn without_trait(name: &str) -> String {
        name::without_trait(name).into_owned()
    }

    pub fn bytes(bytes: i128) -> String {
        size::bytes(bytes)
    }

    pub fn count(number: i128) -> String {
        size::count(number)
    }

    pub fn plural(number: i128, noun: &str) -> String {
        size::plural(number, noun)
    }

    pub fn share(part: u64, whole: u64) -> String {
        size::share(part, whole)
    }

    pub fn age(seconds: f64) -> String {
        size::age(seconds)
    }

    /// The text with escapes for what would command a terminal, turn text around or be invisible.
    pub fn printable(text: &str) -> String {
        name::printable(text)
    }

    /// A printable name in at most so many columns, with its end.
    pub fn shorten(name: &str, width: usize) -> String {
        name::shorten(name, width)
    }
}

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
