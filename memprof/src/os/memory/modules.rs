//! The modules of a process on Windows: the program and its libraries.

use std::ffi::OsString;
use std::os::windows::ffi::OsStringExt;
use std::path::PathBuf;
use windows_sys::Win32::Foundation::{HANDLE, HMODULE};
use windows_sys::Win32::System::ProcessStatus::{
    K32EnumProcessModules, K32GetModuleFileNameExW, K32GetModuleInformation, MODULEINFO,
};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

/// A module and its place in memory.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) file: PathBuf,
    pub(crate) start: usize,
    pub(crate) length: usize,
}

/// The modules that are loaded now; the first is the program. Allocates.
pub(crate) fn loaded() -> Vec<Module> {
    // SAFETY: the call has no arguments, and its handle needs no closing.
    let process = unsafe { GetCurrentProcess() };
    handles(process).into_iter().filter_map(|handle| module(process, handle)).collect()
}

fn handles(process: HANDLE) -> Vec<HMODULE> {
    let mut handles: Vec<HMODULE> = vec![std::ptr::null_mut(); 64];
    loop {
        let room = (handles.len() * size_of::<HMODULE>()) as u32;
        let mut needed = 0;
        // SAFETY: the pointer and the length are those of the vector.
        if unsafe { K32EnumProcessModules(process, handles.as_mut_ptr(), room, &raw mut needed) } == 0 {
            return Vec::new();
        }
        let count = needed as usize / size_of::<HMODULE>();
        if count <= handles.len() {
            handles.truncate(count);
            return handles;
        }
        handles.resize(count + 16, std::ptr::null_mut());
    }
}

fn module(process: HANDLE, handle: HMODULE) -> Option<Module> {
    let mut information = MODULEINFO::default();
    // The longest path on Windows.
    let mut name = vec![0_u16; 32 * 1024];
    // SAFETY: the pointers and lengths are those of the structure and the vector. A module that has been unloaded
    // meanwhile makes the call fail.
    let length = unsafe {
        let size = size_of::<MODULEINFO>() as u32;
        if K32GetModuleInformation(process, handle, &raw mut information, size) == 0 {
            return None;
        }
        K32GetModuleFileNameExW(process, handle, name.as_mut_ptr(), name.len() as u32)
    };
    let file = OsString::from_wide(name.get(..length as usize)?).into();
    Some(Module { file, start: information.lpBaseOfDll.addr(), length: information.SizeOfImage as usize })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_program_is_the_first_and_holds_its_functions() {
        let modules = super::loaded();
        let program = modules.first().unwrap();
        assert_eq!(program.file.file_name(), std::env::current_exe().unwrap().file_name());
        let here = super::loaded as fn() -> _ as usize;
        assert!((program.start..program.start + program.length).contains(&here), "{modules:x?}");
        assert!(modules.len() > 2, "{modules:x?}");
    }
}
