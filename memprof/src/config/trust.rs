//! Trust in a `memory_profile.toml` by its owner: it names files that the program writes.

use std::fs::Metadata;
use std::path::Path;

/// True if this file or link is trusted: it belongs to this user, to root, or to the owner of the working directory.
#[cfg(unix)]
pub(super) fn is_taken(there: &Metadata, working_directory: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let directory = || std::fs::metadata(working_directory).ok().map(|there| there.uid());
    let owner = there.uid();
    owner == 0 || owner == user() || Some(owner) == directory()
}

/// True if a folder above the working directory is skipped: other users can write to it, and it is not this user's.
#[cfg(unix)]
pub(super) fn is_passed_over(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(folder).is_ok_and(|there| there.uid() != user() && there.mode() & 0o022 != 0)
}

#[cfg(unix)]
fn user() -> u32 {
    crate::os::process::privileges::user()
}

#[cfg(not(unix))]
pub(super) fn is_taken(_there: &Metadata, _working_directory: &Path) -> bool {
    true
}

#[cfg(not(unix))]
pub(super) fn is_passed_over(_folder: &Path) -> bool {
    false
}
