//! Linux and macOS: the profiler unwinds by itself.

mod registers;
mod rule;
mod rule_cache;
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

use crate::os::stack_bounds;

/// Makes what all threads share. False: the system has no memory for it.
pub(super) fn prepare() -> bool {
    stack_bounds::prepare();
    modules::prepare();
    rule_cache::prepare()
}
