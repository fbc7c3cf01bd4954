//! Writing to stderr where nothing may allocate, lock or panic.

use std::fmt;

/// What is written at a time: a pipe that says it takes something takes this much (`PIPE_BUF` is at least 512).
const PART: usize = 512;

/// Writes to file descriptor 2. Where it is closed, or nobody has read from it for a while, nobody is there to be told: the
/// rest is left out, lest a program that is about to end does not.
pub(crate) fn write_all(mut rest: &[u8]) {
    while !rest.is_empty() && takes_something() {
        let part = rest.len().min(PART);
        // SAFETY: the pointer and the length describe a part of `rest`, which is initialised.
        let written = unsafe { libc::write(2, rest.as_ptr().cast(), part as _) };
        match usize::try_from(written) {
            Ok(written @ 1..) => rest = rest.get(written..).unwrap_or_default(),
            Err(_) if std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted => {}
            _ => break,
        }
    }
}

/// Waits until a write does not.
#[cfg(unix)]
fn takes_something() -> bool {
    const LONGEST: libc::c_int = 2000;
    let mut stderr = libc::pollfd { fd: 2, events: libc::POLLOUT, revents: 0 };
    loop {
        // SAFETY: the place is that of one valid `pollfd`.
        match unsafe { libc::poll(&raw mut stderr, 1, LONGEST) } {
            0 => return false,
            -1 if std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted => {}
            // The write says what is wrong.
            _ => return true,
        }
    }
}

#[cfg(not(unix))]
fn takes_something() -> bool {
    true
}

/// File descriptor 2, unbuffered but for one line on the stack.
pub(crate) struct RawStderr {
    buffer: [u8; 256],
    used: usize,
}

impl RawStderr {
    pub(crate) fn new() -> Self {
        Self { buffer: [0; 256], used: 0 }
    }

    pub(crate) fn flush(&mut self) {
        write_all(self.buffer.get(..self.used).unwrap_or_default());
        self.used = 0;
    }
}

impl fmt::Write for RawStderr {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for &byte in text.as_bytes() {
            if self.used == self.buffer.len() {
                self.flush();
            }
            if let Some(place) = self.buffer.get_mut(self.used) {
                *place = byte;
                self.used += 1;
            }
        }
        Ok(())
    }
}

impl Drop for RawStderr {
    fn drop(&mut self) {
        self.flush();
    }
}
