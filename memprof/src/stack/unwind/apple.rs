//! Modules of code addresses, on Apple's systems.
//!
//! Every function there keeps a frame pointer: the platform's ABI requires it, and Rust's targets are built that way,
//! including the standard library. So one rule fits all code, nothing has to be read from the modules, and the only
//! question is if an address is code of a loaded module at all.

use super::rule::UnwindRule;
use std::ffi::CStr;
use std::path::PathBuf;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicUsize, fence};

/// A module, with the data that unwinding needs.
pub(super) struct UnwindModule {
    /// Always 0: a module loaded later at the same address has the same rule.
    pub(super) mark: u32,
}

impl UnwindModule {
    /// The rule of a function that continues at a return address.
    #[allow(clippy::unused_self, reason = "ELF modules differ")]
    pub(super) fn rule(&self, _return_address: usize) -> Option<UnwindRule> {
        Some(UnwindRule::FRAME_POINTER)
    }
}

/// Maximum number of modules. Large programs have a few hundred, including those of the system. Code of further modules
/// ends a stack.
const MOST: usize = 2048;
static LOW: [AtomicUsize; MOST] = [const { AtomicUsize::new(0) }; MOST];
static HIGH: [AtomicUsize; MOST] = [const { AtomicUsize::new(0) }; MOST];
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Notes the modules that are loaded now. Modules loaded later end a stack until the next profile starts. Only outside
/// allocations, one caller at a time. Allocates.
pub(super) fn prepare() {
    let images = images();
    // Concurrent readers find fewer modules, never wrong ones.
    COUNT.store(0, Release);
    fence(Release);
    for ((low, high), image) in LOW.iter().zip(&HIGH).zip(&images) {
        low.store(image.low, Relaxed);
        high.store(image.high, Relaxed);
    }
    COUNT.store(images.len().min(MOST), Release);
}

/// The module of an address.
pub(super) fn find(address: usize) -> Option<UnwindModule> {
    let mut all = LOW.iter().zip(&HIGH).take(COUNT.load(Acquire));
    let is_code = all.any(|(low, high)| low.load(Relaxed) <= address && address < high.load(Relaxed));
    is_code.then_some(UnwindModule { mark: 0 })
}

/// Mark of the module of an address: always 0.
pub(crate) fn mark_of(_address: usize) -> Option<u32> {
    Some(0)
}

/// The executable or a library, as loaded.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) file: PathBuf,
    pub(crate) low: usize,
    pub(crate) high: usize,
    /// Offset of the loaded addresses from those in the file.
    pub(crate) moved_by: usize,
    /// Identity that the linker gave to this build.
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

/// All modules; the first is the executable.
#[allow(deprecated, reason = "libc would rather have them in another crate of one function each")]
pub(crate) fn images() -> Vec<Image> {
    // SAFETY: the calls only read the loader's list; an index beyond its end gives null. Unloading a module meanwhile
    // would unmap its header, so its owner must not do so while a report is made.
    unsafe { (0..libc::_dyld_image_count()).filter_map(|number| image(number)).collect() }
}

/// # Safety
/// The module with this number is not unloaded meanwhile.
#[allow(deprecated, reason = "as above")]
unsafe fn image(number: u32) -> Option<Image> {
    // SAFETY: null, or a header that is mapped with the commands behind it, as the caller guarantees.
    unsafe {
        let header = libc::_dyld_get_image_header(number).cast::<libc::mach_header_64>();
        let name = libc::_dyld_get_image_name(number);
        if header.is_null() || name.is_null() {
            return None;
        }
        let moved_by = libc::_dyld_get_image_vmaddr_slide(number) as usize;
        let mut image = Image {
            file: PathBuf::from(CStr::from_ptr(name).to_string_lossy().into_owned()),
            low: 0,
            high: 0,
            moved_by,
            build_id: None,
            content: None,
        };
        let mut command = header.add(1).cast::<libc::load_command>();
        for _ in 0..(*header).ncmds {
            match (*command).cmd {
                libc::LC_SEGMENT_64 => {
                    let segment = &*command.cast::<libc::segment_command_64>();
                    if segment.segname.starts_with(&b"__TEXT\0".map(|byte| byte as libc::c_char)) {
                        image.low = moved_by.wrapping_add(segment.vmaddr as usize);
                        image.high = image.low.wrapping_add(segment.vmsize as usize);
                    }
                }
                // LC_UUID: 16 bytes behind the command's two words.
                0x1b => {
                    let id = &*command.add(1).cast::<[u8; 16]>();
                    image.build_id = Some(id.iter().map(|byte| format!("{byte:02x}")).collect());
                }
                _ => {}
            }
            command = command.byte_add((*command).cmdsize as usize);
        }
        (image.low < image.high).then_some(image)
    }
}
