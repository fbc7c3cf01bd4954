//! The system's name of a thread, read without allocating.

/// A name of at most 31 bytes (Linux keeps 15), or empty.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ThreadName {
    bytes: [u8; 32],
}

impl ThreadName {
    pub(crate) const EMPTY: ThreadName = ThreadName { bytes: [0; 32] };

    /// The name of the current thread, if the system keeps one.
    pub(crate) fn current() -> Self {
        #[cfg_attr(not(unix), allow(unused_mut))]
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
        name
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
        assert_eq!(kept, if cfg!(unix) { "fifteen letters" } else { "" });
    }
}
