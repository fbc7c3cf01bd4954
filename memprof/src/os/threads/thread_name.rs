//! The system's name of a thread, read without allocating.

/// A name of at most 31 bytes (Linux keeps 15), or empty.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ThreadName {
    bytes: [u8; 32],
}

impl ThreadName {
    pub(crate) const EMPTY: ThreadName = ThreadName { bytes: [0; 32] };

    /// The name of the current thread, if the system keeps one. Windows hands out a copy from the process's heap, which
    /// is not the tracker's.
    pub(crate) fn current() -> Self {
        #[cfg_attr(not(any(unix, windows)), allow(unused_mut))]
        let mut name = Self::EMPTY;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        // SAFETY: PR_GET_NAME writes at most 16 bytes, and the buffer has 32.
        unsafe {
            libc::prctl(libc::PR_GET_NAME, name.bytes.as_mut_ptr());
        }
        #[cfg(target_vendor = "apple")]
        // SAFETY: the call writes at most the given length, including the final 0.
        unsafe {
            libc::pthread_getname_np(libc::pthread_self(), name.bytes.as_mut_ptr().cast(), name.bytes.len() - 1);
        }
        #[cfg(windows)]
        name.set(windows::description().units());
        name
    }

    /// Takes as much of a name as there is room for, up to a whole character.
    #[cfg(windows)]
    fn set(&mut self, units: &[u16]) {
        let mut end = 0;
        for letter in char::decode_utf16(units.iter().copied()).map(|letter| letter.unwrap_or('\u{fffd}')) {
            let most = self.bytes.len() - 1;
            let Some(room) = self.bytes.get_mut(end..most).filter(|room| room.len() >= letter.len_utf8()) else {
                break;
            };
            end += letter.encode_utf8(room).len();
        }
    }

    /// The name in words, for storage in atomics that threads read while it is replaced.
    pub(crate) fn to_words(self) -> [u64; 4] {
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(self.bytes.as_chunks::<8>().0) {
            *word = u64::from_ne_bytes(*bytes);
        }
        words
    }

    /// The name from the words of [`to_words`](Self::to_words).
    pub(crate) fn from_words(words: [u64; 4]) -> Self {
        let mut name = Self::EMPTY;
        for (bytes, word) in name.bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
            *bytes = word.to_ne_bytes();
        }
        name
    }

    pub(crate) fn starts_with(&self, beginning: &str) -> bool {
        self.bytes.starts_with(beginning.as_bytes())
    }

    pub(crate) fn to_text(self) -> String {
        let end = self.bytes.iter().position(|&byte| byte == 0).unwrap_or(self.bytes.len());
        String::from_utf8_lossy(self.bytes.get(..end).unwrap_or_default()).into_owned()
    }
}

#[cfg(windows)]
mod windows {
    use std::ptr::null_mut;
    use windows_sys::Win32::Foundation::LocalFree;
    use windows_sys::Win32::System::Threading::{GetCurrentThread, GetThreadDescription};

    /// The system's copy of a name; null: there is none.
    pub(super) struct Description(*mut u16);

    pub(super) fn description() -> Description {
        let mut copy = null_mut();
        // SAFETY: the handle is always valid, and the call writes one pointer.
        let result = unsafe { GetThreadDescription(GetCurrentThread(), &raw mut copy) };
        Description(if result < 0 { null_mut() } else { copy })
    }

    impl Description {
        pub(super) fn units(&self) -> &[u16] {
            if self.0.is_null() {
                return &[];
            }
            // SAFETY: the name ends with 0, and lives as long as the copy.
            unsafe {
                let length = (0..).take_while(|&at| *self.0.add(at) != 0).count();
                std::slice::from_raw_parts(self.0, length)
            }
        }
    }

    impl Drop for Description {
        fn drop(&mut self) {
            // SAFETY: the caller of `GetThreadDescription` frees the copy, once. Null is allowed.
            unsafe { LocalFree(self.0.cast()) };
        }
    }
}

/// The system's id of the current thread, if its name can be found by it later; else 0.
pub(crate) fn current_id() -> u32 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the call has no arguments and cannot fail.
    return unsafe { libc::syscall(libc::SYS_gettid) } as u32;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    return 0;
}

/// The current name of a running thread. Threads are often named after their first allocation, so this is called when a
/// report is written. Allocates.
pub(crate) fn of_running(id: u32) -> Option<String> {
    if cfg!(any(target_os = "linux", target_os = "android")) && id != 0 {
        let name = std::fs::read(format!("/proc/self/task/{id}/comm")).ok()?;
        return Some(String::from_utf8_lossy(name.trim_ascii_end()).into_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::ThreadName;

    #[test]
    fn a_name_survives_being_kept_in_words() {
        let named = std::thread::Builder::new().name("fifteen letters".to_owned());
        let kept = named.spawn(|| ThreadName::from_words(ThreadName::current().to_words()).to_text());
        let kept = kept.unwrap().join().unwrap();
        assert_eq!(kept, if cfg!(any(unix, windows)) { "fifteen letters" } else { "" });
    }
}
