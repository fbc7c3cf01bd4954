//! Files that are read where they are.

use memmap2::Mmap;
use std::fs::File;
use std::io;
use std::path::Path;

/// The bytes of a file, which come from the disk as they are read: debug information is larger than what is wanted of it.
pub(crate) fn mapped(path: &Path) -> io::Result<Mmap> {
    let file = File::open(path)?;
    // SAFETY: only files of programs and their debug information are read in this way. Linkers and package managers make
    // such files anew and do not write into those that are there, or a program would not survive its own update.
    unsafe { Mmap::map(&file) }
}
