//! A process with one thread: a second one would make each call of the C library's allocator dearer.
//!
//! As long as a process has one thread, glibc's `malloc` takes no locks; from the first `pthread_create` on it does, for ever.
//! So the profiler's own thread is put off there until the program has a second thread itself, or a signal has come. A handler
//! that makes a thread may have interrupted the allocator, and making a thread uses it. So it looks at the interrupted
//! instruction. Outside of the C library and of the loader no allocation of theirs is in progress: neither calls back. Within
//! the C library only a system call is known to be harmless, and not those that manage memory. Elsewhere the handler has to
//! come again.

use std::ffi::c_void;

pub(crate) use imp::{is_alone, prepare};

/// True if a handler may make a thread: `context` is what the system gave it. Whoever was turned away for long passes `is_late`:
/// then only code of the allocator is left out. It is never for long in other code that it has called.
pub(super) fn may_make_thread(context: *const c_void, is_late: bool) -> bool {
    imp::may_make_thread(context, is_late)
}

#[cfg(all(
    target_os = "linux",
    target_env = "gnu",
    not(target_feature = "crt-static"),
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod imp {
    use std::ffi::{c_int, c_void};
    use std::ptr::null_mut;
    use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
    use std::sync::atomic::{AtomicI8, AtomicPtr, AtomicUsize};

    /// glibc's `__libc_single_threaded`: not 0 while the process has one thread. Null: not known.
    static SINGLE: AtomicPtr<AtomicI8> = AtomicPtr::new(null_mut());
    static C_LIBRARY: Code = Code::new();
    static LOADER: Code = Code::new();

    /// Addresses of a module's instructions.
    struct Code {
        start: AtomicUsize,
        end: AtomicUsize,
    }

    impl Code {
        const fn new() -> Self {
            Self { start: AtomicUsize::new(0), end: AtomicUsize::new(0) }
        }

        fn set(&self, (start, end): (usize, usize)) {
            self.start.store(start, Relaxed);
            self.end.store(end, Relaxed);
        }

        fn holds(&self, address: usize) -> bool {
            (self.start.load(Relaxed)..self.end.load(Relaxed)).contains(&address)
        }
    }

    /// True if the process has one thread, so far as the C library knows. False before [`prepare`], and where nobody can tell.
    pub(crate) fn is_alone() -> bool {
        // SAFETY: null, or the address of a byte of the C library, which is never unloaded.
        unsafe { SINGLE.load(Acquire).as_ref() }.is_some_and(|single| single.load(Relaxed) != 0)
    }

    /// Finds what tells how many threads the process has, and the code that a handler must not interrupt. Finds nothing where the
    /// allocator is not glibc's. Takes memory from the C library.
    pub(crate) fn prepare() {
        if SINGLE.load(Acquire).is_null() {
            find();
        }
    }

    fn find() {
        let functions = [libc::malloc as *const (), libc::pthread_create as *const (), libc::mmap as *const ()];
        let modules = functions.map(|function| code_at(function.addr()));
        let [Some(malloc), Some(create), Some(map)] = modules else { return };
        // A program or a preloaded library that brings its own has its own locks.
        if malloc != create || malloc != map {
            return;
        }
        // SAFETY: the call only reads what the kernel has passed to the process.
        let loader = unsafe { libc::getauxval(libc::AT_BASE) } as usize;
        let Some(loader) = code_of(|info| info.dlpi_addr as usize == loader) else { return };
        C_LIBRARY.set(malloc);
        LOADER.set(loader);
        // SAFETY: the name ends with 0. The address is that of a `char`, which is read as an atomic.
        unsafe {
            let single = libc::dlsym(libc::RTLD_DEFAULT, c"__libc_single_threaded".as_ptr());
            SINGLE.store(single.cast(), Release);
        }
    }

    fn code_at(address: usize) -> Option<(usize, usize)> {
        let holds = |info: &libc::dl_phdr_info| code(info).is_some_and(|(start, end)| (start..end).contains(&address));
        code_of(holds)
    }

    /// The code of the first module that is asked for.
    fn code_of<F: Fn(&libc::dl_phdr_info) -> bool>(is_asked_for: F) -> Option<(usize, usize)> {
        struct Search<F> {
            is_asked_for: F,
            found: Option<(usize, usize)>,
        }
        unsafe extern "C" fn see<F: Fn(&libc::dl_phdr_info) -> bool>(
            info: *mut libc::dl_phdr_info,
            _: usize,
            search: *mut c_void,
        ) -> c_int {
            // SAFETY: the system's description of a module, and the search that the caller has passed.
            let (info, search) = unsafe { (&*info, &mut *search.cast::<Search<F>>()) };
            if (search.is_asked_for)(info) {
                search.found = code(info);
            }
            c_int::from(search.found.is_some())
        }
        let mut search = Search { is_asked_for, found: None };
        // SAFETY: the function gets the search back, which outlives the call.
        unsafe { libc::dl_iterate_phdr(Some(see::<F>), (&raw mut search).cast()) };
        search.found
    }

    /// From the first to the last instruction of a module.
    fn code(info: &libc::dl_phdr_info) -> Option<(usize, usize)> {
        if info.dlpi_phdr.is_null() {
            return None;
        }
        // SAFETY: the system gives as many headers as it says.
        let headers = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
        let is_code = |header: &&libc::Elf64_Phdr| header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_X != 0;
        let base = info.dlpi_addr as usize;
        let bounds = headers.iter().filter(is_code).map(|header| {
            let start = base.wrapping_add(header.p_vaddr as usize);
            (start, start.wrapping_add(header.p_memsz as usize))
        });
        bounds.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
    }

    pub(super) fn may_make_thread(context: *const c_void, is_late: bool) -> bool {
        let Some(address) = interrupted_at(context) else { return false };
        if C_LIBRARY.holds(address) {
            let is_harmless = if is_late { !is_of_allocator(address) } else { is_at_system_call(address) };
            return is_harmless && !manages_memory(address);
        }
        C_LIBRARY.end.load(Relaxed) != 0 && !LOADER.holds(address)
    }

    /// True for the code of the allocator: glibc has its functions beside each other.
    fn is_of_allocator(address: usize) -> bool {
        /// The last of them is no longer.
        const LONGEST: usize = 4096;
        let functions = [
            libc::malloc as *const (),
            libc::free as *const (),
            libc::calloc as *const (),
            libc::realloc as *const (),
            libc::memalign as *const (),
            libc::posix_memalign as *const (),
            libc::malloc_usable_size as *const (),
            libc::malloc_trim as *const (),
            libc::malloc_info as *const (),
        ];
        let bounds = functions.iter().map(|function| function.addr()).map(|at| (at, at.saturating_add(LONGEST)));
        let bounds = bounds.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
        bounds.is_some_and(|(start, end)| (start..end).contains(&address))
    }

    /// True if the instruction at this address of the C library's code is a system call that begins again, or follows one.
    fn is_at_system_call(address: usize) -> bool {
        let is_one = |address: usize| {
            C_LIBRARY.holds(address) && C_LIBRARY.holds(address.wrapping_add(SYSTEM_CALL.len() - 1)) && {
                // SAFETY: all of it is code of the C library, which is never unloaded and can be read.
                let found = unsafe { std::slice::from_raw_parts(address as *const u8, SYSTEM_CALL.len()) };
                found == SYSTEM_CALL
            }
        };
        is_one(address) || is_one(address.wrapping_sub(SYSTEM_CALL.len()))
    }

    /// Calls that the allocator, and the making of a thread, may be in the middle of.
    fn manages_memory(address: usize) -> bool {
        /// None of these functions is longer.
        const LONGEST: usize = 256;
        let functions = [
            libc::mmap as *const (),
            libc::munmap as *const (),
            libc::mremap as *const (),
            libc::mprotect as *const (),
            libc::madvise as *const (),
            libc::brk as *const (),
            libc::sbrk as *const (),
        ];
        functions.iter().any(|function| address.wrapping_sub(function.addr()) < LONGEST)
    }

    #[cfg(target_arch = "x86_64")]
    const SYSTEM_CALL: &[u8] = &[0x0f, 0x05];
    #[cfg(target_arch = "aarch64")]
    const SYSTEM_CALL: &[u8] = &[0x01, 0x00, 0x00, 0xd4];

    fn interrupted_at(context: *const c_void) -> Option<usize> {
        // SAFETY: null, or what the system gives to a handler.
        let context = unsafe { context.cast::<libc::ucontext_t>().as_ref() }?;
        #[cfg(target_arch = "x86_64")]
        return context.uc_mcontext.gregs.get(libc::REG_RIP as usize).map(|&address| address as usize);
        #[cfg(target_arch = "aarch64")]
        return Some(context.uc_mcontext.pc as usize);
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn code_that_must_not_be_interrupted_is_found() {
            find();
            assert!(C_LIBRARY.holds(libc::malloc as *const () as usize));
            assert!(!C_LIBRARY.holds(find as *const () as usize) && !LOADER.holds(find as *const () as usize));
            assert_ne!(LOADER.end.load(Relaxed), 0);
            // Tests run on threads.
            assert!(!is_alone());
        }

        #[test]
        fn a_system_call_is_one_unless_it_manages_memory() {
            find();
            let calls = |function: *const ()| {
                let first = function as usize;
                (first..first + 64)
                    .filter(|&address| is_at_system_call(address))
                    .map(manages_memory)
                    .collect::<Vec<_>>()
            };
            let harmless = calls(libc::getppid as *const ());
            assert!(harmless.len() >= 2 && harmless.iter().all(|manages| !manages), "{harmless:?}");
            let managing = calls(libc::munmap as *const ());
            assert!(managing.len() >= 2 && managing.iter().all(|manages| *manages), "{managing:?}");
        }
    }
}

#[cfg(not(all(
    target_os = "linux",
    target_env = "gnu",
    not(target_feature = "crt-static"),
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
mod imp {
    use std::ffi::c_void;

    pub(crate) fn is_alone() -> bool {
        false
    }

    pub(crate) fn prepare() {}

    pub(super) fn may_make_thread(_: *const c_void, _: bool) -> bool {
        false
    }
}
