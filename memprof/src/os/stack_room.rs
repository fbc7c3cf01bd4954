//! Room on the stack that is in use: what takes more than a few hundred bytes asks for it first.

/// Bytes: several times what a reading of all places takes in a debug build.
const ENOUGH: usize = 64 * 1024;

/// True if this runs on the stack that the system has made for the thread, with room on it. Who runs on that of a handler or of
/// a coroutine is told that it is not. One or two system calls.
#[inline(never)]
pub(crate) fn is_enough() -> bool {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    return super::stack_bounds::left().is_some_and(|left| left >= ENOUGH)
        && !super::handler::is_on_small_stack(ENOUGH);
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    return ENOUGH > 0;
}
