//! A word of each thread, initially 0. It has no destructor, needs no allocation, and is valid until the thread's last
//! instruction.
//!
//! A constant in `thread_local!` is enough if the compiler has native thread-locals. On Windows with the GNU toolchain
//! it has none: there the standard library keeps even a number in a heap block, deallocates it among the destructors of
//! the thread, and makes a new one for later accesses.

#[cfg(not(all(windows, target_env = "gnu")))]
macro_rules! thread_words {
    ($($(#[$meta:meta])* static $name:ident;)*) => {
        thread_local! {
            $($(#[$meta])* static $name: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };)*
        }
    };
}

#[cfg(all(windows, target_env = "gnu"))]
macro_rules! thread_words {
    ($($(#[$meta:meta])* static $name:ident;)*) => {
        $($(#[$meta])* static $name: $crate::os::threads::thread_word::Slot = $crate::os::threads::thread_word::Slot::new();)*
    };
}

pub(crate) use thread_words;

/// The word of every thread if the system has no slot left. It has more than a thousand.
pub(crate) const WITHOUT_SLOT: usize = 1;

#[cfg(all(windows, target_env = "gnu"))]
pub(crate) use slot::Slot;

#[cfg(all(windows, target_env = "gnu"))]
mod slot {
    use super::WITHOUT_SLOT;
    use std::sync::atomic::{AtomicU32, Ordering::AcqRel, Ordering::Acquire};
    use windows_sys::Win32::Foundation::{GetLastError, SetLastError};
    use windows_sys::Win32::System::Threading::{TLS_OUT_OF_INDEXES, TlsAlloc, TlsFree, TlsGetValue, TlsSetValue};

    /// One of the system's slots.
    pub(crate) struct Slot {
        /// The slot's number plus one; 0 while there is none.
        number: AtomicU32,
    }

    impl Slot {
        pub(crate) const fn new() -> Self {
            Self { number: AtomicU32::new(0) }
        }

        pub(crate) fn get(&self) -> usize {
            let Some(number) = self.number() else { return WITHOUT_SLOT };
            // SAFETY: the slot is never freed once it is in `number`. The caller's error is restored, because reading a
            // slot clears it.
            unsafe {
                let error = GetLastError();
                let word = TlsGetValue(number).addr();
                if error != 0 {
                    SetLastError(error);
                }
                word
            }
        }

        pub(crate) fn set(&self, word: usize) {
            if let Some(number) = self.number() {
                // SAFETY: as above; the system stores the word and does not interpret it.
                unsafe { TlsSetValue(number, std::ptr::without_provenance(word)) };
            }
        }

        fn number(&self) -> Option<u32> {
            match self.number.load(Acquire) {
                0 => self.take(),
                number => Some(number - 1),
            }
        }

        /// If two threads make a slot at once, the second returns its own: nobody waits, because this runs inside an
        /// allocation.
        #[cold]
        fn take(&self) -> Option<u32> {
            // SAFETY: the call has no arguments.
            let made = unsafe { TlsAlloc() };
            if made == TLS_OUT_OF_INDEXES {
                return None;
            }
            match self.number.compare_exchange(0, made + 1, AcqRel, Acquire) {
                Ok(_) => Some(made),
                Err(theirs) => {
                    // SAFETY: nobody else knows this slot.
                    unsafe { TlsFree(made) };
                    Some(theirs - 1)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    thread_words! {
        static WORD;
    }

    #[test]
    fn each_thread_has_its_own() {
        WORD.set(usize::MAX);
        let other = std::thread::spawn(|| {
            let first = WORD.get();
            WORD.set(7);
            (first, WORD.get())
        });
        assert_eq!(other.join().unwrap(), (0, 7));
        assert_eq!(WORD.get(), usize::MAX);
    }

    #[cfg(windows)]
    #[test]
    fn the_last_error_stays() {
        // SAFETY: neither call has preconditions.
        unsafe { windows_sys::Win32::Foundation::SetLastError(5) };
        std::hint::black_box(WORD.get());
        assert_eq!(std::io::Error::last_os_error().raw_os_error(), Some(5));
    }
}
