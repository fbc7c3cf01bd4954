//! Source of a configuration: a file, or a pipe, such as a shell makes of `<(…)`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

/// Longest time that a pipe may send nothing.
const PATIENCE: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(10);

/// An open file or pipe. Reading waits for a pipe, but not forever: a pipe without a writer must not stop the program
/// before it has begun.
pub(super) struct Source {
    file: File,
    is_pipe: bool,
    has_begun: bool,
}

/// Opens a file or a pipe without waiting.
pub(super) fn open(path: &Path) -> io::Result<Source> {
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    let is_pipe = {
        use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
        let is_pipe = std::fs::metadata(path)?.file_type().is_fifo();
        options.custom_flags(if is_pipe { libc::O_NONBLOCK } else { 0 });
        is_pipe
    };
    #[cfg(not(unix))]
    let is_pipe = false;
    Ok(Source { file: options.open(path)?, is_pipe, has_begun: false })
}

impl Source {
    /// Metadata of the open file, which may have lost its name by now.
    pub(super) fn metadata(&self) -> io::Result<std::fs::Metadata> {
        self.file.metadata()
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.is_pipe {
            return self.file.read(buffer);
        }
        for _ in 0..PATIENCE.as_millis() / STEP.as_millis() {
            match self.file.read(buffer) {
                // Its writer may not have opened it yet.
                Ok(0) if !self.has_begun => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
                Ok(read) => {
                    self.has_begun = true;
                    return Ok(read);
                }
            }
            std::thread::sleep(STEP);
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "nobody writes to this pipe"))
    }
}
