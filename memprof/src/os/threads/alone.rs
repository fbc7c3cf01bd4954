//! A process with one thread: a second thread would make each call of the C library's allocator more expensive.
//!
//! While a process has one thread, glibc's `malloc` takes no locks. After the first `pthread_create` it does, for the
//! rest of the process. So the start of the profiler's own thread is deferred until the program has a second thread
//! itself, or a signal has arrived.
//!
//! A handler that starts a thread may have interrupted the allocator, and starting a thread uses the allocator. So the
//! handler looks at the interrupted instruction. Outside of the C library and the loader, none of their allocations is
//! in progress: neither calls back. Inside the C library only a system call is known to be harmless, and only one that
//! does not manage memory. Anywhere else the handler has to run again later.

use std::ffi::c_void;

#[cfg(all(target_os = "linux", target_env = "gnu", target_arch = "x86_64", not(target_feature = "crt-static")))]
pub(in crate::os) use imp::was_in_allocator;
pub(crate) use imp::{is_alone, prepare};

/// True if a handler may start a thread. `context` is the one that the system passed to the handler. A handler that has
/// been refused for long passes `is_late`: then only the allocator's own code is excluded, because the allocator never
/// stays in the code that it calls for long.
pub(in crate::os) fn may_make_thread(context: *const c_void, is_late: bool) -> bool {
    imp::may_make_thread(context, is_late)
}

#[cfg(all(
    target_os = "linux",
    target_env = "gnu",
    not(target_feature = "crt-static"),
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod imp {
    use crate::os::memory::code::{self, Code, code_at, code_of};
    use std::ffi::c_void;
    use std::ptr::null_mut;
    use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
    use std::sync::atomic::{AtomicI8, AtomicPtr};

    /// glibc's `__libc_single_threaded`: not 0 while the process has one thread. Null: unknown.
    static SINGLE: AtomicPtr<AtomicI8> = AtomicPtr::new(null_mut());
    static C_LIBRARY: Code = Code::new();
    static LOADER: Code = Code::new();

    /// True if the process has one thread, as far as the C library knows. False before [`prepare`] and on systems that
    /// do not tell.
    pub(crate) fn is_alone() -> bool {
        // SAFETY: null, or the address of a byte of the C library, which is never unloaded.
        unsafe { SINGLE.load(Acquire).as_ref() }.is_some_and(|single| single.load(Relaxed) != 0)
    }

    /// Finds glibc's flag for a single thread and the code that a handler must not interrupt. Finds nothing if the
    /// allocator is not glibc's. Allocates from the C library.
    pub(crate) fn prepare() {
        if SINGLE.load(Acquire).is_null() {
            find();
        }
    }

    fn find() {
        let functions = [libc::malloc as *const (), libc::pthread_create as *const (), libc::mmap as *const ()];
        let modules = functions.map(|function| code_at(function.addr()));
        let [Some(malloc), Some(create), Some(map)] = modules else { return };
        // A program or a preloaded library with its own allocator has its own locks.
        if malloc != create || malloc != map {
            return;
        }
        // SAFETY: the call only reads values that the kernel passed to the process.
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

    /// True for the code of the allocator: glibc places its functions next to each other.
    fn is_of_allocator(address: usize) -> bool {
        /// Upper bound of the length of the last function.
        const LONGEST: usize = 4096;
        /// Space before them for the functions that they share: 16.6 KiB in 2.36.
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

    /// True if a thread that was interrupted at this address was in the allocator, or in code that the allocator
    /// called. `stack` holds the topmost words of the thread's stack.
    #[cfg(target_arch = "x86_64")]
    pub(in crate::os) fn was_in_allocator(address: usize, stack: &[usize]) -> bool {
        let is_of_it = |address| C_LIBRARY.holds(address) && is_of_allocator(address);
        is_of_it(address)
            || (C_LIBRARY.holds(address) || LOADER.holds(address)) && stack.iter().any(|&word| is_of_it(word))
    }

    /// True if the instruction at this address of the C library's code is a system call that restarts, or follows one.
    fn is_at_system_call(address: usize) -> bool {
        C_LIBRARY.has_system_call(address) || C_LIBRARY.has_system_call(address.wrapping_sub(code::SYSTEM_CALL.len()))
    }

    /// True in calls that the allocator, or the start of a thread, may be in the middle of.
    fn manages_memory(address: usize) -> bool {
        /// Upper bound of the length of these functions.
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
