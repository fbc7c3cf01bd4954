//! The name that the system knows a thread by, without allocating.

/// A name of at most 31 bytes (Linux keeps 15), or nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ThreadName {
    bytes: [u8; 32],
}

impl ThreadName {
    pub(crate) const EMPTY: ThreadName = ThreadName { bytes: [0; 32] };

    /// The name of the current thread, where the system keeps one.
    pub(crate) fn current() -> Self {
        #[cfg_attr(not(unix), allow(unused_mut))]
        let mut name = Self::EMPTY;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        // SAFETY: PR_GET_NAME writes at most 16 bytes, and the buffer has 32.
        unsafe {
            libc::prctl(libc::PR_GET_NAME, name.bytes.as_mut_ptr());
        }
        #[cfg(target_vendor = "apple")]
        // SAFETY: the call writes at most the given length, its end marked by 0.
        unsafe {
            libc::pthread_getname_np(libc::pthread_self(), name.bytes.as_mut_ptr().cast(), name.bytes.len() - 1);
        }
        name
    }

    pub(crate) fn to_text(self) -> String {
        let end = self.bytes.iter().position(|&byte| byte == 0).unwrap_or(self.bytes.len());
        String::from_utf8_lossy(self.bytes.get(..end).unwrap_or_default()).into_owned()
    }
}

/// The system's number of the current thread, where it helps to find its name later; else 0.
pub(crate) fn current_id() -> u32 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the call has no arguments and cannot fail.
    return unsafe { libc::syscall(libc::SYS_gettid) } as u32;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    return 0;
}

/// The present name of a running thread. Threads are named after their first allocation, so this is asked when a
/// report is written. Allocates.
pub(crate) fn of_running(id: u32) -> Option<String> {
    if cfg!(any(target_os = "linux", target_os = "android")) && id != 0 {
        let name = std::fs::read(format!("/proc/self/task/{id}/comm")).ok()?;
        return Some(String::from_utf8_lossy(name.trim_ascii_end()).into_owned());
    }
    None
}
