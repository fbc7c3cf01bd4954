//! Platforms on which the profiler does not unwind itself: Windows unwinds, other systems have no stacks.

use super::Counts;
use super::tree::{Known, StackId, tree};
use std::path::PathBuf;

/// The program or a library, as loaded.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) file: PathBuf,
    low: usize,
    high: usize,
    /// Start of the module: addresses are shown as offsets from it.
    pub(crate) moved_by: usize,
    /// Not known here.
    pub(crate) build_id: Option<String>,
    /// Not known here.
    #[allow(dead_code, reason = "asked for where ELF files are read")]
    pub(crate) content: Option<u64>,
}

impl Image {
    pub(crate) fn contains(&self, address: usize) -> bool {
        self.low <= address && address < self.high
    }
}

/// The modules that are loaded now. Allocates.
#[cfg(windows)]
pub(crate) fn images() -> Vec<Image> {
    crate::os::memory::modules::loaded()
        .into_iter()
        .map(|module| {
            let low = module.start;
            Image {
                file: module.file,
                low,
                high: low.saturating_add(module.length),
                moved_by: low,
                build_id: None,
                content: None,
            }
        })
        .collect()
}

/// No modules are listed on this system.
#[cfg(not(windows))]
pub(crate) fn images() -> Vec<Image> {
    Vec::new()
}

/// Mark of the module of an address: always 0.
pub(crate) fn mark_of(_address: usize) -> Option<u32> {
    Some(0)
}

pub(super) fn prepare() -> bool {
    true
}

/// Maximum number of frames: they are written to the stack.
const MOST: usize = 128;

#[derive(Debug)]
pub(super) struct ThreadCache;

impl ThreadCache {
    pub(super) const fn new() -> Self {
        Self
    }

    #[allow(clippy::unused_self, reason = "other systems keep something")]
    pub(super) fn reset(&self) {}

    /// Captures the stack of the caller. 0: there is none.
    #[inline(never)]
    #[allow(clippy::unused_self, reason = "other systems keep something")]
    pub(super) fn capture(&self, limit: usize, counts: &Counts) -> StackId {
        let mut addresses = [0_usize; MOST];
        let count = backtrace(addresses.get_mut(..limit.min(MOST)).unwrap_or_default());
        let mut caller = 0;
        let Some(tree) = tree() else { return 0 };
        for &address in addresses.iter().take(count).rev() {
            let Some(known) = tree.child(Known { caller, address, mark: 0 }) else {
                Counts::add(&counts.tree_full);
                return 0;
            };
            caller = known;
        }
        if caller == 0 {
            Counts::add(&counts.not_captured);
        }
        caller
    }
}

/// Writes the return addresses, innermost first, and returns their number.
#[cfg(windows)]
fn backtrace(into: &mut [usize]) -> usize {
    use windows_sys::Win32::System::Diagnostics::Debug::RtlCaptureStackBackTrace;
    let length = into.len() as u32;
    // SAFETY: the pointer and the length are those of the slice, and the last argument may be null. The call allocates
    // nothing and uses the loader's tables of functions.
    unsafe { RtlCaptureStackBackTrace(1, length, into.as_mut_ptr().cast(), std::ptr::null_mut()) }.into()
}

#[cfg(not(windows))]
fn backtrace(_into: &mut [usize]) -> usize {
    0
}
