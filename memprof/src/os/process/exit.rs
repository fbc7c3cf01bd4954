//! The end of the process.

/// Registers `handler` with `exit`, which `std::process::exit` and the return from main call. Returns true if the
/// system accepted it.
#[cfg(unix)]
pub(crate) fn at_exit(handler: extern "C" fn()) -> bool {
    // SAFETY: `atexit` only stores the pointer, and the function lives as long as the program.
    unsafe { libc::atexit(handler) == 0 }
}

#[cfg(windows)]
pub(crate) use windows::at_exit;

/// The return from main ends in the C runtime's `exit`, which calls handlers. `std::process::exit` calls the system's
/// `ExitProcess`, which calls none: the module that memprof is linked into calls a function of ours instead.
#[cfg(windows)]
mod windows {
    use crate::os::memory::import_table;
    use std::ptr::null_mut;
    use std::sync::Once;
    use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
    use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize};

    /// Most handlers.
    const MOST: usize = 4;
    static HANDLERS: [AtomicPtr<()>; MOST] = [const { AtomicPtr::new(null_mut()) }; MOST];
    /// Address of `ExitProcess`; 0: nothing in this module calls it.
    static SYSTEMS: AtomicUsize = AtomicUsize::new(0);

    type Handler = extern "C" fn();
    type ExitProcess = unsafe extern "system" fn(u32) -> !;

    /// Registers `handler` with the C runtime's `exit`, and before `ExitProcess` where this module calls it. Both may
    /// call it. Returns true if both accepted it.
    pub(crate) fn at_exit(handler: Handler) -> bool {
        static ONCE: Once = Once::new();
        static IS_READY: AtomicBool = AtomicBool::new(false);
        // SAFETY: `atexit` only stores the pointer, and the function lives as long as the program.
        let by_runtime = unsafe { libc::atexit(handler) == 0 };
        let new = handler as *mut ();
        let has_place =
            HANDLERS.iter().any(|place| place.compare_exchange(null_mut(), new, AcqRel, Relaxed).is_ok_and(|_| true));
        ONCE.call_once(|| {
            IS_READY
                .store(import_table::replace(c"ExitProcess", exit_process as *const () as usize, &SYSTEMS), Relaxed);
        });
        by_runtime && has_place && IS_READY.load(Relaxed)
    }

    unsafe extern "system" fn exit_process(status: u32) -> ! {
        for place in &HANDLERS {
            let handler = place.load(Acquire);
            if !handler.is_null() {
                // SAFETY: only `at_exit` stores here, and it stores such a function.
                unsafe { std::mem::transmute::<*mut (), Handler>(handler)() };
            }
        }
        // SAFETY: `replace` has stored the system's function before it put this one in its place.
        unsafe { std::mem::transmute::<usize, ExitProcess>(SYSTEMS.load(Acquire))(status) }
    }
}
