//! Being told that the current thread is over, after the destructors of its Rust thread-locals have run.
//!
//! A Rust thread-local with a destructor would do it too early: others are destroyed after it, and they allocate.

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire};

/// The process-wide key plus one; 0 while there is none. Keys are made with a compare-exchange rather than a `Once`
/// because a `Once` waits, and this runs inside an allocation.
static KEY: AtomicUsize = AtomicUsize::new(0);

/// Has `callback` run at the end of this thread. Returns false where the system has no key left: the thread's end is
/// then not seen, and its ledger not passed on.
pub(crate) fn arm(callback: Callback) -> bool {
    let mut key = KEY.load(Acquire);
    if key == 0 {
        let Some(made) = system::create(callback) else { return false };
        key = match KEY.compare_exchange(0, made + 1, AcqRel, Acquire) {
            Ok(_) => made + 1,
            Err(theirs) => {
                system::delete(made);
                theirs
            }
        };
    }
    system::set(key - 1)
}

pub(crate) use system::Callback;

#[cfg(unix)]
mod system {
    use super::c_void;

    /// Called on the thread that ends.
    pub(crate) type Callback = unsafe extern "C" fn(*mut c_void);

    pub(super) fn create(callback: Callback) -> Option<usize> {
        let mut key: libc::pthread_key_t = 0;
        // SAFETY: `key` is a valid place, and the callback is a function of this crate that lives as long as the
        // program.
        let answer = unsafe { libc::pthread_key_create(&mut key, Some(callback)) };
        if answer == 0 { Some(key as usize) } else { None }
    }

    pub(super) fn delete(key: usize) {
        // SAFETY: the key was made by `create` and never handed to another thread.
        unsafe { libc::pthread_key_delete(key as libc::pthread_key_t) };
    }

    pub(super) fn set(key: usize) -> bool {
        // The value only has to be non-null: destructors run for non-null values alone.
        // SAFETY: the key was made by `create` and is never deleted once it is in `KEY`.
        unsafe { libc::pthread_setspecific(key as libc::pthread_key_t, std::ptr::dangling::<u8>().cast()) == 0 }
    }
}

#[cfg(windows)]
mod system {
    use super::c_void;
    use windows_sys::Win32::System::Threading::{FLS_OUT_OF_INDEXES, FlsAlloc, FlsFree, FlsSetValue};

    /// Called on the thread that ends.
    pub(crate) type Callback = unsafe extern "system" fn(*const c_void);

    pub(super) fn create(callback: Callback) -> Option<usize> {
        // SAFETY: the callback is a function of this crate that lives as long as the program.
        let index = unsafe { FlsAlloc(Some(callback)) };
        if index == FLS_OUT_OF_INDEXES { None } else { Some(index as usize) }
    }

    pub(super) fn delete(key: usize) {
        // SAFETY: the index was made by `create` and never handed to another thread.
        unsafe { FlsFree(key as u32) };
    }

    pub(super) fn set(key: usize) -> bool {
        // SAFETY: the index was made by `create` and is never freed once it is in `KEY`.
        unsafe { FlsSetValue(key as u32, std::ptr::dangling::<u8>().cast()) != 0 }
    }
}
