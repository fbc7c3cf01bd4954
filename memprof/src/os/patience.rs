//! Waiting for a pipe or a terminal that takes nothing for the moment.

/// How long something may take nothing before it is given up, in milliseconds.
#[cfg(unix)]
const LONGEST: libc::c_int = 2000;

/// Waits until a write does not. False: it has taken nothing for two seconds. Allocates nothing.
#[cfg(unix)]
pub(crate) fn takes_something(descriptor: std::os::fd::RawFd) -> bool {
    let mut asked = libc::pollfd { fd: descriptor, events: libc::POLLOUT, revents: 0 };
    loop {
        // SAFETY: the place is that of one valid `pollfd`.
        match unsafe { libc::poll(&raw mut asked, 1, LONGEST) } {
            0 => return false,
            -1 if std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted => {}
            // The write says what is wrong.
            _ => return true,
        }
    }
}

#[cfg(not(unix))]
pub(crate) fn takes_something(_descriptor: i32) -> bool {
    true
}
