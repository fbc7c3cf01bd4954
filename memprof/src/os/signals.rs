//! Signals, as far as the profiler's own thread must not get any.

/// Blocks every signal on this thread: the program's own threads get them.
pub(crate) fn block_all() {
    #[cfg(unix)]
    // SAFETY: the set is filled before it is used, and the former mask is not asked for.
    unsafe {
        let mut all = std::mem::zeroed::<libc::sigset_t>();
        libc::sigfillset(&raw mut all);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, std::ptr::null_mut());
    }
}
