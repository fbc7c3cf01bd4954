//! Whose code a frame is.

use crate::report::data::Frame;

/// Paths at which the names of functions begin that say nothing of where a block came from.
const COMMON: [&str; 16] = [
    "std::",
    "core::",
    "alloc::",
    "memprof::",
    "__rust",
    "__rustc::",
    "_rust_",
    "rust_",
    "hashbrown::",
    "tokio::",
    "rayon::",
    "rayon_core::",
    "futures_",
    "libc_",
    "__libc_",
    "_start",
];

/// The same by their folders in cargo's registry: with line tables alone, inlined functions have no path.
const COMMON_FOLDERS: [&str; 7] = ["memprof-", "hashbrown-", "tokio-1", "rayon-", "futures-", "libc-", "backtrace-"];

/// The profiler's own sources.
const OWN_SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");

/// Whose code a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    User,
    /// A crate that the program depends on.
    OtherCrate,
    /// The standard library, a runtime, the profiler, the system.
    Common,
}

pub(super) fn of(frame: &Frame) -> Owner {
    let Some(function) = &frame.function else {
        // A program without symbols has nothing better to show than its own addresses.
        let is_library = frame.module.as_ref().is_some_and(|module| module.contains(".so") || module.contains(".dll"));
        return if is_library { Owner::Common } else { Owner::User };
    };
    // `<alloc::vec::Vec<T> as core::clone::Clone>::clone` is as much of the library as `alloc::vec::push`.
    let name = function.trim_start_matches(['<', '&', '[', '(', '*']);
    let name = name.strip_prefix("mut ").or(name.strip_prefix("dyn ")).unwrap_or(name);
    let file = frame.file.as_deref().unwrap_or_default().replace('\\', "/");
    if COMMON.iter().any(|prefix| name.starts_with(prefix)) || is_common(&file) || is_of_the_system(name, frame) {
        return Owner::Common;
    }
    if after_registry(&file).is_some() { Owner::OtherCrate } else { Owner::User }
}

/// A source of the standard library (as it was built; as it is beside the compiler, where the component `rust-src` is
/// installed; as distributions have it), of the profiler or of a runtime.
fn is_common(file: &str) -> bool {
    ["/rustc/", "/rust/deps/", "/usr/src/rustc-"].iter().any(|start| file.starts_with(start))
        || file.contains("/lib/rustlib/src/rust/library/")
        || file.starts_with(&OWN_SOURCES.replace('\\', "/"))
        || after_registry(file).is_some_and(|inside| COMMON_FOLDERS.iter().any(|folder| inside.starts_with(folder)))
}

/// What follows the folder in which cargo keeps the sources of other crates: `crossbeam-epoch-0.9.18/src/atomic.rs`.
pub(super) fn after_registry(file: &str) -> Option<&str> {
    let (_, inside) = file.split_once("/registry/src/").or_else(|| file.split_once("/git/checkouts/"))?;
    inside.split_once('/').map(|(_, rest)| rest)
}

/// A function of C that stands in no file of the user's: `main`, `clone3`, `start_thread`.
fn is_of_the_system(name: &str, frame: &Frame) -> bool {
    frame.file.is_none() && !name.contains("::")
}
