//! One process at a time in a folder, as far as the processes ask.

use std::path::Path;

/// The turn of this process; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct FolderLock {
    #[cfg(unix)]
    folder: Option<std::fs::File>,
}

impl FolderLock {
    /// Waits until no other process has its turn in the folder, but not for ever: a file system may know no locks, and
    /// whoever holds this one may have been stopped. Leaves nothing in the folder.
    #[cfg(unix)]
    pub(crate) fn take(folder: &Path) -> Self {
        use std::os::fd::AsRawFd;
        use std::time::Duration;
        const PAUSE: Duration = Duration::from_millis(5);
        const TRIES: u32 = 400;
        let Ok(file) = std::fs::File::open(folder) else { return Self { folder: None } };
        for _ in 0..TRIES {
            // SAFETY: the descriptor is that of `file`, which is open.
            if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
                return Self { folder: Some(file) };
            }
            if std::io::Error::last_os_error().kind() != std::io::ErrorKind::WouldBlock {
                break;
            }
            std::thread::sleep(PAUSE);
        }
        Self { folder: None }
    }

    /// Folders cannot be locked here.
    #[cfg(not(unix))]
    pub(crate) fn take(_folder: &Path) -> Self {
        Self {}
    }
}

#[cfg(unix)]
impl Drop for FolderLock {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // Closing would not do: a child that was forked meanwhile has the descriptor as well.
            // SAFETY: the descriptor is that of `folder`, which is open.
            unsafe { libc::flock(std::os::fd::AsRawFd::as_raw_fd(folder), libc::LOCK_UN) };
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::FolderLock;

    #[test]
    fn one_has_its_turn_and_then_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderLock::take(folder.path());
        assert!(first.folder.is_some());
        let path = folder.path().to_owned();
        let second = std::thread::spawn(move || FolderLock::take(&path).folder.is_some());
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert!(!second.is_finished());
        drop(first);
        assert!(second.join().unwrap());
        assert!(FolderLock::take("/no/such/folder".as_ref()).folder.is_none());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
