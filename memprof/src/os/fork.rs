//! Being told of a fork, in the child.

/// Has `handler` run in every child of this process that `fork` makes, before `fork` returns there. It runs on the only
/// thread of the child, where other threads may have been in the middle of anything: it must not allocate, nor wait.
/// Returns false where the system does not take it. What becomes of a child that only runs another program is nobody's
/// business, and mostly the system makes it without this.
pub(crate) fn in_child(handler: extern "C" fn()) -> bool {
    #[cfg(unix)]
    // SAFETY: the call only stores the pointer, and the function lives as long as the program.
    return unsafe { libc::pthread_atfork(None, None, Some(as_unsafe(handler))) == 0 };
    // There are no forks.
    #[cfg(not(unix))]
    {
        let _ = handler;
        true
    }
}

#[cfg(unix)]
fn as_unsafe(handler: extern "C" fn()) -> unsafe extern "C" fn() {
    handler
}
