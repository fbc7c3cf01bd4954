//! Existing files under the names of a report.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::mark::{LENGTH, Mark};

/// Identity of a file, which distinguishes it from earlier files of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    device: u64,
    number: u64,
}

impl FileId {
    #[cfg(unix)]
    pub(super) fn of(there: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self { device: there.dev(), number: there.ino() }
    }

    /// The identity without file numbers: the file's times.
    #[cfg(not(unix))]
    pub(super) fn of(there: &Metadata) -> Self {
        let time = |time: io::Result<SystemTime>| {
            let since = time.ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
            since.unwrap_or_default().as_nanos() as u64
        };
        Self { device: time(there.created()), number: time(there.modified()) }
    }

    /// The identity of the file or link under this name.
    pub(super) fn at(path: &Path) -> Option<Self> {
        fs::symlink_metadata(path).ok().map(|there| Self::of(&there))
    }
}

/// An existing file under a name.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(super) id: FileId,
    /// Its mark, if it is a JSON report.
    pub(super) mark: Option<Mark>,
    pub(super) is_empty: bool,
    /// True if it belongs to this user.
    pub(super) is_own: bool,
    /// Its permissions.
    pub(super) mode: u32,
    pub(super) modified: Option<SystemTime>,
}

impl Standing {
    fn new(there: &Metadata, mark: Option<Mark>) -> Self {
        #[cfg(unix)]
        let (is_own, mode) = {
            use std::os::unix::fs::MetadataExt;
            (there.uid() == crate::os::process::privileges::user(), there.mode() & 0o777)
        };
        #[cfg(not(unix))]
        let (is_own, mode) = (true, 0);
        let modified = there.modified().ok();
        Self { id: FileId::of(there), mark, is_empty: there.len() == 0, is_own, mode, modified }
    }

    /// True if nothing has replaced or changed it since.
    pub(super) fn is_still(&self, before: &Self) -> bool {
        (self.id, self.mark, self.is_empty) == (before.id, before.mark, before.is_empty)
    }
}

/// Result of a look at a name.
#[derive(Debug)]
pub(super) enum Look {
    /// No file.
    Free,
    /// A file, under its real name: links of this user and of root are followed.
    File(PathBuf, Standing),
    /// A link that is not followed: its target is missing, or another user made it.
    Link(Standing),
    Folder,
    /// A device or a pipe.
    Device,
}

/// Looks at a name. Opens nothing but files, follows no link of another user, and waits for nothing.
pub(super) fn look(path: &Path) -> io::Result<Look> {
    let there = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Look::Free),
        result => result?,
    };
    if !there.is_symlink() {
        return Ok(look_at(path.to_owned(), &there));
    }
    let link = Look::Link(Standing::new(&there, None));
    if !is_trusted(&there) {
        return Ok(link);
    }
    let Ok(there) = fs::metadata(path) else { return Ok(link) };
    Ok(look_at(if there.is_file() { fs::canonicalize(path)? } else { path.to_owned() }, &there))
}

fn look_at(path: PathBuf, there: &Metadata) -> Look {
    if there.is_dir() {
        return Look::Folder;
    }
    if !there.is_file() {
        return Look::Device;
    }
    // An unreadable file is judged by its other properties.
    let standing = read(&path).unwrap_or_else(|_| Standing::new(there, None));
    Look::File(path, standing)
}

fn read(path: &Path) -> io::Result<Standing> {
    let mut options = File::options();
    options.read(true);
    // A replacement that has come meanwhile is neither followed nor waited for.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK | libc::O_NOFOLLOW);
    let file = options.open(path)?;
    let there = file.metadata()?;
    if !there.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut beginning = Vec::with_capacity(LENGTH);
    file.take(LENGTH as u64).read_to_end(&mut beginning)?;
    Ok(Standing::new(&there, Mark::of(&beginning)))
}

/// True if the owner of the link may decide where this program writes.
#[cfg(unix)]
pub(super) fn is_trusted(there: &Metadata) -> bool {
    let owner = std::os::unix::fs::MetadataExt::uid(there);
    owner == 0 || owner == crate::os::process::privileges::user()
}

#[cfg(not(unix))]
pub(super) fn is_trusted(_there: &Metadata) -> bool {
    true
}
