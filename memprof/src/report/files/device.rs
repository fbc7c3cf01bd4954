//! Reports to a device or a pipe.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use crate::os::terminal::blocked_write;

/// A device or a pipe. Writing to a pipe fails if its reader reads nothing for two seconds.
pub(super) struct Device(File);

impl Device {
    /// Opens a device or a pipe. A pipe without a reader is an error, because it must not stop the program.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut options = File::options();
        options.write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK | libc::O_NOCTTY);
        options.open(path).map(Self)
    }

    fn wait_until_writable(&self) -> bool {
        #[cfg(unix)]
        let descriptor = std::os::fd::AsRawFd::as_raw_fd(&self.0);
        #[cfg(not(unix))]
        let descriptor = -1;
        blocked_write::wait_until_writable(descriptor)
    }
}

impl Write for Device {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !self.wait_until_writable() {
                        return Err(io::Error::new(
                            io::ErrorKind::TimedOut,
                            "its reader has read nothing for two seconds",
                        ));
                    }
                }
                result => return result,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
