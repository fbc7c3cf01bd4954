//! Writing to stderr where nothing may allocate, lock or panic.

use std::fmt;

/// Writes to file descriptor 2. A closed stderr is no reason to fail: there is nobody left to tell.
pub(crate) fn write_all(mut rest: &[u8]) {
    while !rest.is_empty() {
        // SAFETY: the pointer and the length describe `rest`, which is initialised.
        let written = unsafe { libc::write(2, rest.as_ptr().cast(), rest.len() as _) };
        match usize::try_from(written) {
            Ok(written @ 1..) => rest = rest.get(written..).unwrap_or_default(),
            Err(_) if std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted => {}
            _ => break,
        }
    }
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
