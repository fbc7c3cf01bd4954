//! Waiting for a pipe or a terminal that is not writable at the moment.

/// Timeout of a wait, in milliseconds.
#[cfg(unix)]
const LONGEST: libc::c_int = 2000;

/// Waits until a write would not block. False: nothing could be written for two seconds. Does not allocate.
#[cfg(unix)]
pub(crate) fn wait_until_writable(descriptor: std::os::fd::RawFd) -> bool {
    let mut asked = libc::pollfd { fd: descriptor, events: libc::POLLOUT, revents: 0 };
    loop {
        // SAFETY: the pointer leads to one valid `pollfd`.
        match unsafe { libc::poll(&raw mut asked, 1, LONGEST) } {
            0 => return false,
            -1 if std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted => {}
            // The write reports the error.
            _ => return true,
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn wait_until_writable(_descriptor: i32) -> bool {
    true
}
