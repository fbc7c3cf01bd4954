//! The user of this process, and the privileges that its file has given it beyond that user's.

/// True if the program has more privileges than the user who started it: a set-user-id or set-group-id program, one with
/// capabilities of its file. What that user has set and may write then decides nothing.
pub(crate) fn are_raised() -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let raised = {
        const AT_SECURE: libc::c_ulong = 23;
        // SAFETY: the call reads what the system gave to the process when it began.
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

/// True if they are raised and the program still runs as the user who started it: its file has capabilities.
pub(crate) fn are_capabilities() -> bool {
    #[cfg(unix)]
    // SAFETY: the calls have no preconditions.
    let is_same_user = unsafe { libc::getuid() == libc::geteuid() && libc::getgid() == libc::getegid() };
    #[cfg(not(unix))]
    let is_same_user = false;
    are_raised() && is_same_user
}

/// The user whose permissions hold for files.
#[cfg(unix)]
pub(crate) fn user() -> u32 {
    // SAFETY: the call has no preconditions.
    unsafe { libc::geteuid() }
}
