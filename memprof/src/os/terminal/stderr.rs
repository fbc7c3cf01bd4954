//! Writing to stderr where nothing may allocate, lock or panic.

use crate::os::terminal::blocked_write;
use std::fmt;

/// Bytes written at a time: a pipe that is writable takes this much without blocking (`PIPE_BUF` is at least 512).
const PART: usize = 512;

/// Writes to file descriptor 2. If it is closed, or nobody has read from it for a while, the rest is dropped, so that a
/// program that is about to end does not hang. The same if the descriptor is now a file of the program's own.
pub(crate) fn write_all(mut rest: &[u8]) {
    if !descriptor::is_stderr() {
        return;
    }
    while !rest.is_empty() && blocked_write::wait_until_writable(2) {
        let part = rest.len().min(PART);
        // SAFETY: the pointer and the length describe a part of `rest`, which is initialized.
        let written = unsafe { libc::write(2, rest.as_ptr().cast(), part as _) };
        match usize::try_from(written) {
            Ok(written @ 1..) => rest = rest.get(written..).unwrap_or_default(),
            Err(_) if is_passing(std::io::Error::last_os_error().kind()) => {}
            _ => break,
        }
    }
}

/// True if another attempt may succeed: another thread has just filled the pipe, or a signal has arrived.
fn is_passing(kind: std::io::ErrorKind) -> bool {
    matches!(kind, std::io::ErrorKind::Interrupted | std::io::ErrorKind::WouldBlock)
}

pub(crate) use descriptor::note;

/// Descriptor 2 is stderr by convention only: if a program closes it, its next file gets the number.
#[cfg(unix)]
mod descriptor {
    use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
    use std::sync::atomic::{AtomicU8, AtomicU64};

    /// The file that had descriptor 2 when the process began.
    static DEVICE: AtomicU64 = AtomicU64::new(0);
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    static STATE: AtomicU8 = AtomicU8::new(NOT_NOTED);

    const NOT_NOTED: u8 = 0;
    const CLOSED: u8 = 1;
    const OPEN: u8 = 2;

    /// Records it once, before the program has closed or opened anything. Not under Miri, which has no metadata of it.
    #[cfg_attr(target_os = "linux", used)]
    #[cfg_attr(all(target_os = "linux", not(miri)), unsafe(link_section = ".init_array"))]
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "noted when a profile starts"))]
    static BEFORE_MAIN: extern "C" fn() = begin;

    extern "C" fn begin() {
        note();
    }

    /// Records which file is stderr, unless it is recorded already.
    pub(crate) fn note() {
        if STATE.load(Relaxed) != NOT_NOTED {
            return;
        }
        let state = match file() {
            Some(file) => {
                DEVICE.store(file.device, Relaxed);
                NUMBER.store(file.number, Relaxed);
                OPEN
            }
            None => CLOSED,
        };
        STATE.store(state, Release);
    }

    struct Descriptor {
        device: u64,
        number: u64,
        kind: libc::mode_t,
    }

    #[allow(clippy::unnecessary_cast, reason = "the numbers have another type on each system")]
    fn file() -> Option<Descriptor> {
        // SAFETY: all-zero is a valid value, and the call fills it if it returns 0.
        let (failed, status) = unsafe {
            let mut status: libc::stat = std::mem::zeroed();
            (libc::fstat(2, &raw mut status) != 0, status)
        };
        (!failed).then_some(Descriptor {
            device: status.st_dev as u64,
            number: status.st_ino as u64,
            kind: status.st_mode & libc::S_IFMT,
        })
    }

    /// True if descriptor 2 is the same as at the start. Another file counts as a redirection if it is a terminal or
    /// similar, or a pipe and stderr was open at the start; a regular file or a socket is the program's own.
    pub(super) fn is_stderr() -> bool {
        let Some(now) = file() else { return false };
        let state = STATE.load(Acquire);
        let is_same = state == OPEN && DEVICE.load(Relaxed) == now.device && NUMBER.load(Relaxed) == now.number;
        is_same || state == NOT_NOTED || now.kind == libc::S_IFCHR || (now.kind == libc::S_IFIFO && state == OPEN)
    }
}

#[cfg(not(unix))]
mod descriptor {
    pub(crate) fn note() {}

    pub(super) fn is_stderr() -> bool {
        true
    }
}

/// File descriptor 2 with a buffer of one line on the stack.
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
