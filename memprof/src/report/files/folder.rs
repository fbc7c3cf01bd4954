//! The folders that reports are in.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

#[cfg(unix)]
use super::standing::is_trusted;

/// Makes the folder, if it is missing. Others may read it at most.
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

/// The same; reports are not meant to be committed: git ignores what is in a folder of memprof's own. Where it cannot be made,
/// the files say so.
pub(super) fn make_ignored(folder: &Path) {
    if folder.exists() || make(folder).is_err() {
        return;
    }
    // Another process may have been faster.
    if let Ok(mut file) = new_file(&folder.join(".gitignore")) {
        let _ = io::Write::write_all(&mut file, b"*\n");
    }
}

/// Permissions of a new file: others may read it at most.
pub(super) const MODE: u32 = 0o644;

/// A file that was not there.
pub(super) fn new_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, MODE);
    options.open(path)
}

/// The folder for what can be written nowhere else. Where the program has more privileges than its user, a variable of that
/// user does not name it.
pub(super) fn temporary() -> PathBuf {
    if cfg!(unix) && crate::os::privileges::are_raised() { PathBuf::from("/tmp") } else { std::env::temp_dir() }
}

/// True if anybody may make files in it.
#[cfg(unix)]
pub(super) fn is_shared(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|there| std::os::unix::fs::MetadataExt::mode(&there) & 0o002 != 0)
}

/// An error if the path goes by a link that another user has made in a folder where more than this user and root may.
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
