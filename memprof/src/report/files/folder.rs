//! Folders of the reports.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

#[cfg(unix)]
use super::standing::is_trusted;

/// Creates the folder, if it is missing. Other users can read it at most.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    check_links(folder)?;
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o755);
    builder.create(folder)
}

/// As [`make`], with a `.gitignore` in a new folder, because reports are not meant to be committed. If the folder
/// cannot be created, writing the files fails and says so.
pub(super) fn make_ignored(folder: &Path) {
    if folder.exists() || make(folder).is_err() {
        return;
    }
    // Another process may have been faster.
    if let Ok(mut file) = new_file(&folder.join(".gitignore")) {
        let _ = io::Write::write_all(&mut file, b"*\n");
    }
}

/// Permissions of a new file: other users can read it at most.
pub(super) const MODE: u32 = 0o644;

/// Creates a file that must not exist.
pub(super) fn new_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, MODE);
    options.open(path)
}

/// Folder of last resort. If the program has more privileges than its user, an environment variable of that user cannot
/// name it.
pub(super) fn temporary() -> PathBuf {
    if cfg!(unix) && crate::os::process::privileges::are_raised() {
        PathBuf::from("/tmp")
    } else {
        std::env::temp_dir()
    }
}

/// True if every user may create files in it.
#[cfg(unix)]
pub(super) fn is_shared(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|there| std::os::unix::fs::MetadataExt::mode(&there) & 0o002 != 0)
}

/// An error if the path contains a link that another user has made in a folder that others than this user and root can
/// write to.
#[cfg(unix)]
fn check_links(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    for part in folder.ancestors() {
        let Ok(there) = fs::symlink_metadata(part) else { continue };
        if !there.is_symlink() || is_trusted(&there) {
            continue;
        }
        let above = part.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !fs::metadata(above).is_ok_and(|above| is_trusted(&above) && above.mode() & 0o022 == 0) {
            let message =
                format!("{} is a link of another user", crate::report::name::printable(&part.to_string_lossy()));
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_links(_folder: &Path) -> io::Result<()> {
    Ok(())
}
