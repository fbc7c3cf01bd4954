//! Files that are mapped into memory.

use memmap2::{Mmap, UncheckedAdvice};
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::ops::Deref;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Largest file that is read. The debug information of the largest programs has 4 GB.
const LARGEST: u64 = 16 << 30;

/// The bytes of a file, loaded from disk as they are accessed: debug information is larger than the part that is
/// needed.
#[derive(Debug)]
pub(crate) struct MappedFile(Mmap);

impl MappedFile {
    /// Removes its pages from this process: they are no part of the resident memory until they are accessed again.
    pub(crate) fn let_go(&self) {
        // SAFETY: the mapping is only read, so its pages have the content of the file, which does not change: a later
        // access finds the same bytes.
        let _ = unsafe { self.0.unchecked_advise(UncheckedAdvice::DontNeed) };
    }
}

impl Deref for MappedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Maps a file.
///
/// Only regular files: opening a pipe may block forever, and opening a device may have any effect.
pub(crate) fn mapped(path: &Path) -> io::Result<MappedFile> {
    check(&path.metadata()?)?;
    let file = open(path)?;
    // The path may lead to another file by now.
    check(&file.metadata()?)?;
    // SAFETY: only programs and their debug information are read in this way. Linkers and package managers replace such
    // files and do not write into existing ones, or a program would not survive its own update.
    unsafe { Mmap::map(&file) }.map(MappedFile)
}

/// Opens a file without blocking, and without making a terminal the controlling one.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

fn check(file: &Metadata) -> io::Result<()> {
    let is_read = file.is_file() && file.len() <= LARGEST;
    if is_read { Ok(()) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CString;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn only_regular_files_of_a_bearable_size_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("file"), "content").unwrap();
        let file = mapped(&path("file")).unwrap();
        assert_eq!(&*file, b"content");
        file.let_go();
        assert_eq!(&*file, b"content");
        std::os::unix::fs::symlink(path("file"), path("link")).unwrap();
        assert_eq!(&*mapped(&path("link")).unwrap(), b"content");

        let name = CString::new(path("pipe").as_os_str().as_bytes()).unwrap();
        // SAFETY: the name ends with 0.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        // It occupies no disk space.
        File::create(path("huge")).unwrap().set_len(LARGEST + 1).unwrap();
        std::os::unix::fs::symlink("loop", path("loop")).unwrap();
        for other in ["pipe", "huge", "loop", "missing", ""] {
            assert!(mapped(&path(other)).is_err(), "{other}");
        }
        for device in ["/dev/zero", "/dev/null", "/dev/tty"] {
            assert!(mapped(Path::new(device)).is_err(), "{device}");
        }
        // A pipe may replace the file between the two checks.
        assert!(check(&open(&path("pipe")).unwrap().metadata().unwrap()).is_err());
    }
}
