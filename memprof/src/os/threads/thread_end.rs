//! Notification that the current thread ends, after the destructors of its Rust thread-locals have run.
//!
//! A Rust thread-local with a destructor would come too early: others are destroyed after it, and they allocate.

pub(crate) use system::arm;

#[cfg(unix)]
mod system {
    use crate::os::process::kept_loaded;
    use std::ffi::c_void;
    use std::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire};

    /// Called on the thread that ends.
    pub(crate) type Callback = unsafe extern "C" fn(*mut c_void);

    /// The process-wide key plus one; 0 while there is none. A compare-exchange sets it rather than a `Once`, because a
    /// `Once` waits, and this runs inside an allocation.
    static KEY: AtomicUsize = AtomicUsize::new(0);

    /// Registers `callback` for the end of this thread. Returns false if the system has no key left: then the thread's
    /// end is not noticed, and its ledger is not passed on.
    pub(crate) fn arm(callback: Callback) -> bool {
        kept_loaded::hold();
        // In another namespace the C library uses the same key numbers as the program's, and the same slots in each
        // thread.
        if kept_loaded::is_in_other_namespace() {
            return false;
        }
        let mut key = KEY.load(Acquire);
        if key == 0 {
            let Some(made) = create(callback) else { return false };
            key = match KEY.compare_exchange(0, made + 1, AcqRel, Acquire) {
                Ok(_) => made + 1,
                Err(theirs) => {
                    delete(made);
                    theirs
                }
            };
        }
        set(key - 1)
    }

    fn create(callback: Callback) -> Option<usize> {
        let mut key: libc::pthread_key_t = 0;
        // SAFETY: `key` is valid to write to, and the callback is a function of this crate that lives as long as the
        // program.
        let answer = unsafe { libc::pthread_key_create(&mut key, Some(callback)) };
        if answer == 0 { Some(key as usize) } else { None }
    }

    fn delete(key: usize) {
        // SAFETY: the key was made by `create` and never handed to another thread.
        unsafe { libc::pthread_key_delete(key as libc::pthread_key_t) };
    }

    fn set(key: usize) -> bool {
        // The value only has to be non-null: destructors run for non-null values only.
        // SAFETY: the key was made by `create` and is never deleted once it is in `KEY`.
        unsafe { libc::pthread_setspecific(key as libc::pthread_key_t, std::ptr::dangling::<u8>().cast()) == 0 }
    }
}

#[cfg(windows)]
mod system {
    use std::ffi::c_void;
    use std::ptr::null_mut;
    use std::sync::atomic::{AtomicPtr, Ordering::Acquire, Ordering::Release};

    /// Called on the thread that ends.
    pub(crate) type Callback = fn();

    static CALLBACK: AtomicPtr<()> = AtomicPtr::new(null_mut());

    /// Registers `callback` for the end of every thread from now on.
    pub(crate) fn arm(callback: Callback) -> bool {
        CALLBACK.store(callback as *mut (), Release);
        // SAFETY: both are statics. Reading them makes the linker keep them: nothing else refers to them.
        unsafe {
            (&raw const AT_THREAD_END).read_volatile();
            (&raw const _tls_used).read_volatile();
        }
        true
    }

    /// A function that the loader calls at the start and the end of a thread.
    type LoaderCallback = unsafe extern "system" fn(*mut c_void, u32, *mut c_void);

    unsafe extern "C" {
        /// The C runtime's list of callbacks. Programs that use nothing of it are linked without it.
        static _tls_used: u8;
    }

    /// The loader calls the functions in these sections in the order of the sections' names: the standard library's is
    /// `.CRT$XLB`, those of C++ are `.CRT$XLD`. A fibre-local slot, the more usual way, is called before all of them.
    // SAFETY: the section holds pointers to such functions, and nothing else.
    #[unsafe(link_section = ".CRT$XLY")]
    #[used]
    static AT_THREAD_END: LoaderCallback = at_thread_end;

    unsafe extern "system" fn at_thread_end(_: *mut c_void, reason: u32, _: *mut c_void) {
        const DLL_THREAD_DETACH: u32 = 3;
        let callback = CALLBACK.load(Acquire);
        if reason == DLL_THREAD_DETACH && !callback.is_null() {
            // SAFETY: the value is a `Callback` that `arm` has stored.
            unsafe { std::mem::transmute::<*mut (), Callback>(callback)() };
        }
    }
}
