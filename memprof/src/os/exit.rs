//! The end of the process.

/// Has `handler` called by `exit`, which `std::process::exit` and the return from main go through on Unix. Returns
/// whether the system took it.
pub(crate) fn at_exit(handler: extern "C" fn()) -> bool {
    // SAFETY: `atexit` only stores the pointer, and the function lives as long as the program.
    unsafe { libc::atexit(handler) == 0 }
}
