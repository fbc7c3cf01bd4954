//! A process with one thread: a second one would make each call of the C library's allocator dearer.
//!
//! As long as a process has one thread, glibc's `malloc` takes no locks; from the first `pthread_create` on it does, for ever.
//! So the profiler's own thread is put off there until the program has a second thread itself, or a signal has come. A handler
//! that makes a thread may have interrupted the allocator, and making a thread uses it. So it looks at the interrupted
//! instruction. Outside of the C library and of the loader no allocation of theirs is in progress: neither calls back. Within
//! the C library only a system call is known to be harmless, and not those that manage memory. Elsewhere the handler has to
//! come again.

use std::ffi::c_void;

#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64", not(target_feature = "crt-static")))]
pub(super) use imp::was_in_allocator;
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
    use super::super::code::{self, Code, code_at, code_of};
    use std::ffi::c_void;
    use std::ptr::null_mut;
    use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
    use std::sync::atomic::{AtomicI8, AtomicPtr};

    /// glibc's `__libc_single_threaded`: not 0 while the process has one thread. Null: not known.
    static SINGLE: AtomicPtr<AtomicI8> = AtomicPtr::new(null_mut());
    static C_LIBRARY: Code = Code::new();
    static LOADER: Code = Code::new();

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

    pub(super) fn may_make_thread(context: *const c_void, is_late: bool) -> bool {
        let Some(address) = code::interrupted(context).map(|interrupted| interrupted.address) else { return false };
        if C_LIBRARY.holds(address) {
            let is_harmless = if is_late { !is_of_allocator(address) } else { is_at_system_call(address) };
            return is_harmless && !manages_memory(address);
        }
        C_LIBRARY.is_known() && !LOADER.holds(address)
    }

    /// True for the code of the allocator: glibc has its functions beside each other.
    fn is_of_allocator(address: usize) -> bool {
        /// The last of them is no longer.
        const LONGEST: usize = 4096;
        /// The functions that they share come before them: 16.6 KiB in 2.36.
        const BEFORE: usize = 24 << 10;
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
        bounds.is_some_and(|(start, end)| (start.saturating_sub(BEFORE)..end).contains(&address))
    }

    /// True if a thread that was interrupted at this address was in the allocator, or in what that has called. `stack` has the
    /// words that are next on the thread's stack.
    #[cfg(target_arch = "x86_64")]
    pub(in crate::os) fn was_in_allocator(address: usize, stack: &[usize]) -> bool {
        let is_of_it = |address| C_LIBRARY.holds(address) && is_of_allocator(address);
        is_of_it(address)
            || (C_LIBRARY.holds(address) || LOADER.holds(address)) && stack.iter().any(|&word| is_of_it(word))
    }

    /// True if the instruction at this address of the C library's code is a system call that begins again, or follows one.
    fn is_at_system_call(address: usize) -> bool {
        C_LIBRARY.has_system_call(address) || C_LIBRARY.has_system_call(address.wrapping_sub(code::SYSTEM_CALL.len()))
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

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn code_that_must_not_be_interrupted_is_found() {
            find();
            assert!(C_LIBRARY.holds(libc::malloc as *const () as usize));
            assert!(!C_LIBRARY.holds(find as *const () as usize) && !LOADER.holds(find as *const () as usize));
            assert!(LOADER.is_known());
            // Tests run on threads.
            assert!(!is_alone());
        }

        #[cfg(target_arch = "x86_64")]
        #[test]
        fn what_the_allocator_shares_is_of_it() {
            find();
            let malloc = libc::malloc as *const () as usize;
            for address in [malloc, malloc + 100, malloc - 1000, malloc - 16_000] {
                assert!(was_in_allocator(address, &[]), "{address:#x}");
            }
            let call = libc::getppid as *const () as usize;
            assert!(!was_in_allocator(call, &[0, call]) && was_in_allocator(call, &[0, malloc + 100]));
            assert!(!was_in_allocator(find as *const () as usize, &[malloc]));
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
