//! Keeps the library that contains memprof loaded until the process ends.
//!
//! The system keeps addresses in it: the functions called at the end of a thread, in `exit`, in signals and in forked
//! children, and the code of memprof's own threads. If a plugin were unloaded, these addresses would dangle. So an
//! initializer marks the library as permanent as soon as it is loaded. An allocation could not do this later: the
//! loader allocates and has a lock. Nothing is done for the program itself, or on systems that never unload libraries
//! (musl, static programs).

#[cfg(all(
    unix,
    not(target_feature = "crt-static"),
    any(target_env = "gnu", target_os = "android", target_vendor = "apple")
))]
pub(crate) use dynamic::{hold, is_in_other_namespace, is_library};

#[cfg(all(
    unix,
    not(target_feature = "crt-static"),
    any(target_env = "gnu", target_os = "android", target_vendor = "apple")
))]
mod dynamic {
    use std::ffi::{CStr, c_char, c_void};
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    static IS_LIBRARY: AtomicBool = AtomicBool::new(false);
    static IS_IN_OTHER_NAMESPACE: AtomicBool = AtomicBool::new(false);

    /// True if memprof is in a library and not in the program itself.
    pub(crate) fn is_library() -> bool {
        IS_LIBRARY.load(Relaxed)
    }

    /// True if `dlmopen` loaded the library into a namespace with a C library of its own.
    #[inline]
    pub(crate) fn is_in_other_namespace() -> bool {
        IS_IN_OTHER_NAMESPACE.load(Relaxed)
    }

    /// The loader calls the functions in this section before it returns to the code that loads the library.
    /// Miri, which knows few of the system's calls, calls none.
    #[used]
    #[cfg_attr(not(any(target_vendor = "apple", miri)), unsafe(link_section = ".init_array"))]
    #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func,mod_init_funcs"))]
    static AT_LOAD: extern "C" fn() = at_load;

    /// Makes the linker keep the initializer, which nothing else refers to.
    pub(crate) fn hold() {
        // SAFETY: it is a static.
        unsafe { (&raw const AT_LOAD).read_volatile() };
    }

    extern "C" fn at_load() {
        crate::os::process::wanted::note_start();
        let Some(name) = name() else { return };
        IS_LIBRARY.store(true, Relaxed);
        // An initializer may call the loader, which finds the library by its name and opens no file.
        // SAFETY: the name belongs to the loader, and lives as long as the library.
        let library = unsafe { libc::dlopen(name, libc::RTLD_LAZY | libc::RTLD_NOLOAD | libc::RTLD_NODELETE) };
        note_namespace(library);
    }

    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn note_namespace(library: *mut c_void) {
        let mut namespace: libc::Lmid_t = libc::LM_ID_BASE;
        // SAFETY: the handle was just opened, and the pointer is valid for the answer.
        let is_told = !library.is_null()
            && unsafe { libc::dlinfo(library, libc::RTLD_DI_LMID, (&raw mut namespace).cast()) } == 0;
        IS_IN_OTHER_NAMESPACE.store(is_told && namespace != libc::LM_ID_BASE, Relaxed);
    }

    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    fn note_namespace(_: *mut c_void) {}

    /// The loader's name of the library; `None` for the program itself.
    #[cfg(not(target_vendor = "apple"))]
    fn name() -> Option<*const c_char> {
        struct LibrarySearch {
            address: u64,
            name: *const c_char,
        }
        #[allow(clippy::unnecessary_cast, reason = "systems of 32 bits have smaller ones")]
        unsafe extern "C" fn look(module: *mut libc::dl_phdr_info, _: usize, search: *mut c_void) -> libc::c_int {
            // SAFETY: the loader passes a complete structure, whose headers live during the call, and the given
            // pointer.
            let (module, search) = unsafe { (&*module, &mut *search.cast::<LibrarySearch>()) };
            if module.dlpi_phdr.is_null() {
                return 0;
            }
            // SAFETY: as above.
            let headers = unsafe { std::slice::from_raw_parts(module.dlpi_phdr, module.dlpi_phnum.into()) };
            let holds = headers.iter().any(|header| {
                let start = (module.dlpi_addr as u64).wrapping_add(header.p_vaddr as u64);
                header.p_type == libc::PT_LOAD && search.address.wrapping_sub(start) < header.p_memsz as u64
            });
            if holds {
                search.name = module.dlpi_name;
            }
            holds.into()
        }
        let mut search = LibrarySearch { address: at_load as *const () as u64, name: std::ptr::null() };
        // SAFETY: the function gets back the pointer to `search`, which outlives the call.
        unsafe { libc::dl_iterate_phdr(Some(look), (&raw mut search).cast()) };
        named(search.name)
    }

    /// The loader's name of the library; `None` for the program itself.
    #[cfg(target_vendor = "apple")]
    fn name() -> Option<*const c_char> {
        unsafe extern "C" {
            fn _dyld_get_image_header(index: u32) -> *const c_void;
        }
        let mut module = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
        let mut program = module;
        // SAFETY: the calls fill the structures that they are given, and all-zero is a valid one. The first image is
        // the program's.
        unsafe {
            let header = _dyld_get_image_header(0);
            if libc::dladdr(at_load as *const c_void, module.as_mut_ptr()) == 0
                || libc::dladdr(header, program.as_mut_ptr()) == 0
            {
                return None;
            }
            let (module, program) = (module.assume_init(), program.assume_init());
            if module.dli_fbase == program.dli_fbase { None } else { named(module.dli_fname) }
        }
    }

    fn named(name: *const c_char) -> Option<*const c_char> {
        // SAFETY: null, or a string of the loader.
        let is_named = !name.is_null() && unsafe { !CStr::from_ptr(name).is_empty() };
        is_named.then_some(name)
    }
}

#[cfg(not(all(
    unix,
    not(target_feature = "crt-static"),
    any(target_env = "gnu", target_os = "android", target_vendor = "apple")
)))]
mod fixed {
    #[cfg(unix)]
    pub(crate) fn hold() {}

    #[cfg(unix)]
    pub(crate) fn is_in_other_namespace() -> bool {
        false
    }

    pub(crate) fn is_library() -> bool {
        false
    }
}

#[cfg(not(all(
    unix,
    not(target_feature = "crt-static"),
    any(target_env = "gnu", target_os = "android", target_vendor = "apple")
)))]
pub(crate) use fixed::is_library;
#[cfg(all(
    unix,
    not(all(
        not(target_feature = "crt-static"),
        any(target_env = "gnu", target_os = "android", target_vendor = "apple")
    ))
))]
pub(crate) use fixed::{hold, is_in_other_namespace};

/// Pins the library. Only a profile needs this, which leaves the addresses of its thread and its handlers behind. When
/// a thread ends, Windows does not call a library that is unloaded.
#[cfg(windows)]
pub(crate) fn pin() {
    use windows_sys::Win32::System::LibraryLoader::{
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
    };
    let mut module = std::ptr::null_mut();
    let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
    // SAFETY: with these flags the name is an address in the module, and the pointer is valid.
    unsafe { GetModuleHandleExW(flags, pin as fn() as *const u16, &raw mut module) };
}
