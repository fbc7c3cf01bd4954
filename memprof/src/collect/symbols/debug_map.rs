//! Names from the object files that an Apple linker leaves: its executables only list the object files with their debug
//! information.

use super::unread::Unread;
use crate::stack::Image;
use addr2line::{FrameIter, Loader};
use std::marker::PhantomData;
use std::path::Path;

/// Empty: the loader keeps the files that it reads.
#[derive(Default)]
pub(crate) struct Files {}

/// Debug information of one file.
pub(crate) struct DebugInfo<'f>(Loader, PhantomData<&'f Files>);

impl<'f> DebugInfo<'f> {
    pub(crate) fn read(path: &Path, _files: &'f Files, _image: Option<&Image>) -> Result<Self, Unread> {
        Loader::new(path).map(|loader| Self(loader, PhantomData)).map_err(|_| Unread::Unreadable)
    }

    /// Functions at an address in the file, innermost first.
    pub(crate) fn frames(&self, address: u64) -> Option<FrameIter<'_, impl gimli::Reader + '_>> {
        self.0.find_frames(address).ok()
    }

    /// Symbol of an address in the file.
    pub(crate) fn symbol(&self, address: u64) -> Option<&str> {
        self.0.find_symbol(address)
    }
}
