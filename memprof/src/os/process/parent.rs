//! The process that started this one.

/// Ends this process with the command that started it. Without it nobody would wait for a test that hangs.
pub(super) fn end_with_parent() {
    // SAFETY: sets a signal of this process, and nothing else.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
    }
}
