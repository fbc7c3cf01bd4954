//! Pages of mapped files that names are read from: they are let go as soon as others have been read.

use crate::os::memory::mapped_file::MappedFile;
use std::cell::Cell;

/// Limit of the bytes that stay resident.
const MOST_RESIDENT: usize = 1 << 20;

/// Bytes that the system maps around one access.
const AROUND_AN_ACCESS: usize = 64 << 10;

/// The files of one module, which are read in turns.
#[derive(Default)]
pub(super) struct Pages<'f> {
    files: Vec<&'f MappedFile>,
    /// Bytes that were read since the pages were let go.
    read: Cell<usize>,
}

impl<'f> Pages<'f> {
    pub(super) fn add(&mut self, file: &'f MappedFile) {
        self.files.push(file);
    }

    /// Notes that bytes beside those read before have been read.
    pub(super) fn note_read(&self, bytes: usize) {
        let read = self.read.get().saturating_add(bytes);
        if read < MOST_RESIDENT {
            self.read.set(read);
        } else {
            self.let_go();
        }
    }

    /// Notes that a few bytes have been read somewhere.
    pub(super) fn note_access(&self) {
        self.note_read(AROUND_AN_ACCESS);
    }

    /// Lets all pages go.
    pub(super) fn let_go(&self) {
        self.read.set(0);
        self.files.iter().for_each(|file| file.let_go());
    }
}
