//! A thread that is made without the program's allocator, where that may be in the middle of something.

use std::ffi::c_void;
use std::ptr::{null, null_mut};

/// Runs `work` on a new thread that gets no signals. False: the system has none to give.
pub(crate) fn start(work: fn()) -> bool {
    let mut thread = std::mem::MaybeUninit::<libc::pthread_t>::uninit();
    super::signals::with_all_blocked(|| {
        // SAFETY: the place is valid; `run` gives the function back its type.
        unsafe {
            let started = libc::pthread_create(thread.as_mut_ptr(), null(), run, work as *mut c_void) == 0;
            if started {
                // Nobody waits for its end.
                libc::pthread_detach(thread.assume_init());
            }
            started
        }
    })
}

extern "C" fn run(work: *mut c_void) -> *mut c_void {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the name ends with 0 and has at most 16 bytes.
    unsafe {
        libc::prctl(libc::PR_SET_NAME, c"memprof".as_ptr());
    }
    // SAFETY: `start` was given this function.
    let work = unsafe { std::mem::transmute::<*mut c_void, fn()>(work) };
    work();
    null_mut()
}
