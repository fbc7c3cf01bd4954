//! Notification of a fork, in the child.

/// Registers `handler`, which runs in every child of this process that `fork` creates, before `fork` returns there. It
/// runs on the only thread of the child. Other threads may have been in the middle of anything: the handler must not
/// allocate or block. Returns false if the system does not accept it. A child that only runs another program is of no
/// interest, and the system mostly creates it without these handlers.
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

/// Closes a descriptor that belongs to a thread of the parent, which does not exist in the child.
#[cfg(all(unix, feature = "serve"))]
pub(crate) fn close_in_child(descriptor: libc::c_int) {
    // SAFETY: its owner is on the stack of a thread that does not exist here, so nobody uses or closes it.
    unsafe {
        libc::close(descriptor);
    }
}
