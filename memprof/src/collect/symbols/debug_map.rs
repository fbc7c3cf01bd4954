//! Names from the files that an Apple linker leaves: its executables only say in which object files their debug
//! information is.

use super::unread::Unread;
use crate::stack::Image;
use addr2line::{FrameIter, Loader};
use std::marker::PhantomData;
use std::path::Path;

/// Nothing is kept here: the loader keeps what it reads.
#[derive(Default)]
pub(crate) struct Files {}

/// The debug information of one file.
pub(crate) struct DebugInfo<'f>(Loader, PhantomData<&'f Files>);

impl<'f> DebugInfo<'f> {
    pub(crate) fn read(path: &Path, _files: &'f Files, _image: Option<&Image>) -> Result<Self, Unread> {
        Loader::new(path).map(|loader| Self(loader, PhantomData)).map_err(|_| Unread::Unreadable)
    }

    /// The functions at an address in the file, innermost first.
    pub(crate) fn frames(&self, address: u64) -> Option<FrameIter<'_, impl gimli::Reader + '_>> {
        self.0.find_frames(address).ok()
    }

    /// The symbol that an address in the file belongs to.
    pub(crate) fn symbol(&self, address: u64) -> Option<&str> {
        self.0.find_symbol(address)
    }
}
