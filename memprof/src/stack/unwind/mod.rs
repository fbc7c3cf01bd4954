//! Unwinding on Linux and macOS, done by the profiler itself.

mod inner_path;
mod registers;
mod rule;
mod rule_cache;
mod slot_check;
mod thread_cache;
mod walk;

#[cfg(target_vendor = "apple")]
#[path = "apple.rs"]
mod modules;
#[cfg(not(target_vendor = "apple"))]
#[path = "elf/mod.rs"]
mod modules;

pub(crate) use modules::{Image, images, mark_of};
pub(super) use thread_cache::ThreadCache;

use crate::os::memory::stack_bounds;

/// Creates the tables that all threads share. False: the system has no memory for them.
pub(super) fn prepare() -> bool {
    stack_bounds::prepare();
    modules::prepare();
    rule_cache::prepare()
}
