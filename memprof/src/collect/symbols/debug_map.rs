//! Names from the object files that an Apple linker leaves: its executables only list the object files with their debug
//! information.

use super::unread::Unread;
use crate::report::data::Frame;
use crate::stack::Image;
use addr2line::Loader;
use std::borrow::Cow;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

/// Empty: the loader keeps the files that it reads.
#[derive(Default)]
pub(crate) struct Files {}

/// Debug information of one file.
pub(crate) struct DebugInfo<'f>(Loader, PhantomData<&'f Files>);

impl<'f> DebugInfo<'f> {
    pub(crate) fn read(path: &Path, _files: &'f Files, _image: Option<&Image>) -> Result<Self, Unread> {
        Loader::new(path).map(|loader| Self(loader, PhantomData)).map_err(|_| Unread::Unreadable)
    }

    /// Functions at addresses in the file; of each the innermost first.
    pub(crate) fn frames(&self, addresses: &[u64]) -> Vec<Vec<Frame>> {
        addresses.iter().map(|&address| self.frames_at(address)).collect()
    }

    fn frames_at(&self, address: u64) -> Vec<Frame> {
        let mut frames = Vec::new();
        if let Ok(mut found) = self.0.find_frames(address) {
            while let Ok(Some(frame)) = found.next() {
                let location = frame.location.as_ref();
                frames.push(Frame {
                    function: frame.function.and_then(|name| Some((*name.demangle().ok()?).into())),
                    file: location.and_then(|location| location.file).map(Into::into),
                    line: location.and_then(|location| location.line),
                    ..Frame::default()
                });
            }
        }
        frames
    }

    /// Symbols of addresses in the file.
    pub(crate) fn symbols(&self, addresses: &[u64]) -> Vec<Option<Arc<str>>> {
        let demangled = |name| addr2line::demangle_auto(Cow::Borrowed(name), None).into();
        addresses.iter().map(|&address| self.0.find_symbol(address).map(demangled)).collect()
    }
}
