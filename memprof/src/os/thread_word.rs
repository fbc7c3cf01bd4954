//! A word that every thread has for itself, 0 at first: without a destructor, without an allocation, and there until the
//! thread has run its last instruction.
//!
//! A constant in `thread_local!` is that wherever the compiler knows thread-locals of its own. On Windows with the GNU
//! tools it does not: there the standard library keeps even a number in a block from an allocator, frees it among the
//! destructors of the thread, and makes a new one for whoever asks later.

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
        $($(#[$meta])* static $name: $crate::os::thread_word::Slot = $crate::os::thread_word::Slot::new();)*
    };
}

pub(crate) use thread_words;

/// What every thread has where the system has no slot left. It has more than a thousand.
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
            // SAFETY: the slot is never freed once it is in `number`. The error is the caller's: reading a slot clears it.
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
                // SAFETY: as above; the system keeps the word and does not look at it.
                unsafe { TlsSetValue(number, std::ptr::without_provenance(word)) };
            }
        }

        fn number(&self) -> Option<u32> {
            match self.number.load(Acquire) {
                0 => self.take(),
                number => Some(number - 1),
            }
        }

        /// Whoever comes second gives his own back: nobody waits, as this runs inside an allocation.
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
                    // SAFETY: nobody has been told of this slot.
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
