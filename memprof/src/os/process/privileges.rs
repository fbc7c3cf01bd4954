//! The user of this process, and the privileges that its executable adds to that user's.

/// True if the program has more privileges than the user who started it, because it is set-user-id or set-group-id, or
/// its file has capabilities. Such a program must not trust that user's settings and files.
pub(crate) fn are_raised() -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let raised = {
        const AT_SECURE: libc::c_ulong = 23;
        // SAFETY: the call reads a value that the system gave to the process at its start.
        unsafe { libc::getauxval(AT_SECURE) != 0 }
    };
    #[cfg(target_vendor = "apple")]
    let raised = {
        unsafe extern "C" {
            fn issetugid() -> libc::c_int;
        }
        // SAFETY: the call has no preconditions.
        unsafe { issetugid() != 0 }
    };
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    let raised = false;
    raised
}

/// True if privileges are raised and the program still runs as the user who started it: its file has capabilities.
pub(crate) fn are_capabilities() -> bool {
    #[cfg(unix)]
    // SAFETY: the calls have no preconditions.
    let is_same_user = unsafe { libc::getuid() == libc::geteuid() && libc::getgid() == libc::getegid() };
    #[cfg(not(unix))]
    let is_same_user = false;
    are_raised() && is_same_user
}

/// The user whose file permissions apply.
#[cfg(unix)]
pub(crate) fn user() -> u32 {
    // SAFETY: the call has no preconditions.
    unsafe { libc::geteuid() }
}
