//! Memory of this process: pages from the system, resident bytes, the bounds of stacks, and the code that is loaded.

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), target_pointer_width = "64"))]
pub(in crate::os) mod code;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) mod control_group;
#[cfg(windows)]
pub(in crate::os) mod import_table;
pub(crate) mod limit;
pub(crate) mod malloc;
#[cfg(all(feature = "backtraces", unix, not(target_vendor = "apple")))]
pub(crate) mod mapped_file;
pub(crate) mod mapped_vec;
#[cfg(windows)]
pub(crate) mod modules;
pub(crate) mod pages;
pub(crate) mod resident;
// On systems where the profiler unwinds by itself.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
pub(crate) mod stack_bounds;
pub(crate) mod thread_stack;
pub(crate) mod usable_size;
