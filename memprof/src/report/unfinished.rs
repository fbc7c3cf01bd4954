//! A file that is being written and has no name of its own yet.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// So many names are tried: a file of such a name is left by a program of the same id that was killed as it wrote.
const TRIES: u32 = 1000;

/// A file beside the place it is meant for. It is removed if that place is never taken.
pub(super) struct Unfinished {
    path: PathBuf,
}

impl Unfinished {
    /// A new file; nothing that is there, and nothing that a link points to, is opened for it.
    pub(super) fn in_folder(folder: &Path) -> io::Result<(Self, File)> {
        let id = std::process::id();
        let mut result = Err(io::Error::from(io::ErrorKind::AlreadyExists));
        for number in 0..TRIES {
            let path = folder.join(format!(".memprof-{id}-{number}.tmp"));
            result = File::options().write(true).create_new(true).open(&path).map(|file| (Self { path }, file));
            match &result {
                // Also where another thread writes a report into the same folder at this moment.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                _ => break,
            }
        }
        result
    }

    /// Gives it its name. What had that name is replaced.
    pub(super) fn becomes(mut self, path: &Path) -> io::Result<()> {
        self.rename(path)?;
        // From now on another thread may have a file by the name that was given up.
        self.path = PathBuf::new();
        Ok(())
    }

    /// Windows does not replace a file that somebody is reading just then, a scanner for viruses for instance: there it is tried
    /// again, for half a second in all.
    fn rename(&self, path: &Path) -> io::Result<()> {
        let mut tries = if cfg!(windows) { 100 } else { 1 };
        loop {
            tries -= 1;
            match fs::rename(&self.path, path) {
                Err(refused) if tries > 0 && refused.kind() == io::ErrorKind::PermissionDenied => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                result => return result,
            }
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("the folder is there");
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect()
    }

    #[test]
    fn a_file_without_its_name_is_removed_and_no_other() {
        let folder = tempfile::tempdir().expect("a directory for the test");
        let (first, _) = Unfinished::in_folder(folder.path()).expect("a file");
        let (second, _) = Unfinished::in_folder(folder.path()).expect("another, since the first has its name");
        assert_eq!(names(folder.path()).len(), 2);
        first.becomes(&folder.path().join("report")).expect("it is renamed");
        drop(second);
        assert_eq!(names(folder.path()), ["report"]);
    }
}
