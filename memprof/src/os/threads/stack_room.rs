//! Space left on the current stack: code that needs more than a few hundred bytes checks it first.

/// Required bytes: several times the stack of a reading of all places in a debug build.
const ENOUGH: usize = 64 * 1024;

/// True if this runs on the stack that the system has made for the thread, with enough space left. False on the stack
/// of a handler or a coroutine. One or two system calls.
#[inline(never)]
pub(crate) fn is_enough() -> bool {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    return crate::os::memory::stack_bounds::left().is_some_and(|left| left >= ENOUGH)
        && !crate::os::process::sigaction::is_on_small_stack(ENOUGH);
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    return ENOUGH > 0;
}
