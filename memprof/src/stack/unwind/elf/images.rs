//! The loaded modules, for code that may allocate.

use crate::stack::identity;
use std::ffi::{CStr, CString, c_int, c_void};
use std::path::PathBuf;

/// The executable or a library, as loaded.
#[derive(Debug)]
pub(crate) struct Image {
    /// Its file; empty for the executable itself and for the kernel's own module.
    pub(crate) file: PathBuf,
    pub(crate) low: usize,
    pub(crate) high: usize,
    /// Offset of the loaded addresses from those in the file.
    pub(crate) moved_by: usize,
    /// The address of its `.eh_frame_hdr`.
    pub(crate) index: Option<usize>,
    /// Identity that the linker gave to this build, in hexadecimal.
    pub(crate) build_id: Option<String>,
    /// Without it, a hash of the content, see [`identity`].
    #[cfg_attr(not(feature = "backtraces"), allow(dead_code, reason = "nobody reads the files of modules"))]
    pub(crate) content: Option<u64>,
}

impl Image {
    pub(crate) fn contains(&self, address: usize) -> bool {
        self.low <= address && address < self.high
    }

    /// Keeps the module loaded until the process ends.
    pub(super) fn keep_loaded(&self) {
        use std::os::unix::ffi::OsStrExt;
        let Ok(file) = CString::new(self.file.as_os_str().as_bytes()) else { return };
        // SAFETY: the name ends in NUL; this does not load a module that is not loaded.
        unsafe { libc::dlopen(file.as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD | libc::RTLD_NODELETE) };
    }
}

/// All modules; the first is the executable.
pub(crate) fn all() -> Vec<Image> {
    let mut images: Vec<Image> = Vec::new();
    // SAFETY: the callback gets the pointer to `images`, which outlives the call, and nothing else uses it meanwhile.
    unsafe { libc::dl_iterate_phdr(Some(add), (&raw mut images).cast()) };
    images
}

unsafe extern "C" fn add(info: *mut libc::dl_phdr_info, _size: usize, images: *mut c_void) -> c_int {
    // SAFETY: the C library passes a complete structure, whose headers and name live during the call, and the pointer
    // from `all`.
    let (info, headers, images, name) = unsafe {
        let info = &*info;
        let name = (!info.dlpi_name.is_null()).then(|| CStr::from_ptr(info.dlpi_name).to_bytes().to_vec());
        (
            info,
            std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()),
            &mut *images.cast::<Vec<Image>>(),
            name,
        )
    };
    let moved_by = info.dlpi_addr as usize;
    let at = |address: u64| moved_by.wrapping_add(address as usize);
    let mut image = Image {
        file: PathBuf::from(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(
            name.unwrap_or_default(),
        )),
        low: usize::MAX,
        high: 0,
        moved_by,
        index: None,
        build_id: None,
        content: None,
    };
    let mut index: &[u8] = &[];
    for header in headers {
        let start = at(header.p_vaddr);
        match header.p_type {
            libc::PT_LOAD => {
                image.low = image.low.min(start);
                image.high = image.high.max(start.saturating_add(header.p_memsz as usize));
            }
            libc::PT_GNU_EH_FRAME => {
                image.index = Some(start);
                // SAFETY: as for the notes below.
                index = unsafe {
                    let start = std::ptr::with_exposed_provenance::<u8>(start);
                    std::slice::from_raw_parts(start, header.p_memsz as usize)
                };
            }
            libc::PT_NOTE if image.build_id.is_none() => {
                // SAFETY: a segment with notes is within the loaded part, and the module is not unloaded during the
                // call.
                let notes = unsafe {
                    let start = std::ptr::with_exposed_provenance::<u8>(start);
                    std::slice::from_raw_parts(start, header.p_filesz as usize)
                };
                image.build_id = build_id(notes);
            }
            _ => {}
        }
    }
    if image.build_id.is_none() {
        let loaded = headers.iter().filter(|header| header.p_type == libc::PT_LOAD);
        let part = |of: &libc::Elf64_Phdr| [of.p_vaddr, of.p_memsz, of.p_filesz];
        image.content = Some(identity::content(loaded.map(part), index));
    }
    if image.low < image.high {
        images.push(image);
    }
    0
}

/// The build id from the linker's note: owner "GNU", kind 3.
fn build_id(mut notes: &[u8]) -> Option<String> {
    loop {
        let (sizes, rest) = notes.split_at_checked(12)?;
        let number = |at: usize| Some(u32::from_ne_bytes(sizes.get(at..at + 4)?.try_into().ok()?) as usize);
        let (name_size, size, kind) = (number(0)?, number(4)?, number(8)?);
        let (name, rest) = rest.split_at_checked(name_size.checked_next_multiple_of(4)?)?;
        let content = rest.get(..size)?;
        if kind == 3 && name == b"GNU\0" {
            return Some(content.iter().map(|byte| format!("{byte:02x}")).collect());
        }
        notes = rest.get(size.checked_next_multiple_of(4)?..)?;
    }
}
