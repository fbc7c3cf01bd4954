//! Files of the system that are read again and again without being opened again: a sandbox may kill for that.

use std::ffi::CStr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicI32, AtomicU64};

/// Lowest number of a descriptor: the program finds its own numbers as without the profiler.
const LOWEST: [libc::c_int; 2] = [500, 100];

/// A file that stays open for the rest of the process. It is never closed: the program may have closed it and used its
/// number.
pub(crate) struct KeptFile {
    /// -1: none.
    descriptor: AtomicI32,
    device: AtomicU64,
    number: AtomicU64,
}

impl KeptFile {
    pub(crate) const fn new() -> Self {
        Self { descriptor: AtomicI32::new(-1), device: AtomicU64::new(0), number: AtomicU64::new(0) }
    }

    /// Opens the file, if none is open. Does not allocate.
    pub(crate) fn open(&self, path: &CStr) {
        if self.descriptor.load(Acquire) >= 0 {
            return;
        }
        // SAFETY: the path ends with 0.
        let file = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
        if file < 0 {
            return;
        }
        let descriptor = LOWEST.iter().find_map(|&lowest| {
            // SAFETY: the descriptor is open.
            let high = unsafe { libc::fcntl(file, libc::F_DUPFD_CLOEXEC, lowest) };
            (high >= 0).then_some(high)
        });
        // SAFETY: it is open, and used no more.
        unsafe { libc::close(file) };
        let Some((descriptor, (device, number))) = descriptor.and_then(|it| Some((it, identity(it)?))) else { return };
        self.device.store(device, Relaxed);
        self.number.store(number, Relaxed);
        self.descriptor.store(descriptor, Release);
    }

    /// Leaves the file alone from now on. In a forked child, whose files of `/proc` have the figures of the parent.
    pub(crate) fn forget(&self) {
        self.descriptor.store(-1, Release);
    }

    /// The file's text, or the part of it that fits into the buffer. `None`: it is not open. Does not allocate.
    pub(crate) fn read<'b>(&self, buffer: &'b mut [u8]) -> Option<&'b str> {
        let file = self.descriptor.load(Acquire);
        if file < 0 {
            return None;
        }
        if identity(file) != Some((self.device.load(Relaxed), self.number.load(Relaxed))) {
            // The program has closed it; perhaps the number is now that of a file of its own.
            let _ = self.descriptor.compare_exchange(file, -1, AcqRel, Relaxed);
            return None;
        }
        // SAFETY: the buffer has the given length.
        let length = unsafe { libc::pread(file, buffer.as_mut_ptr().cast(), buffer.len(), 0) };
        let text = buffer.get(..usize::try_from(length).ok()?)?;
        std::str::from_utf8(text).ok()
    }
}

/// Device and number of an open file.
#[allow(clippy::useless_conversion, reason = "on some systems the numbers are smaller")]
fn identity(file: libc::c_int) -> Option<(u64, u64)> {
    let mut found = std::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the call fills the structure if it succeeds.
    let found = unsafe { (libc::fstat(file, found.as_mut_ptr()) == 0).then(|| found.assume_init()) }?;
    Some((found.st_dev.into(), found.st_ino.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_again_until_its_number_is_anothers() {
        let kept = KeptFile::new();
        let mut buffer = [0; 4096];
        assert_eq!(kept.read(&mut buffer), None);
        kept.open(c"/proc/self/statm");
        assert!(kept.read(&mut buffer).is_some_and(|text| text.ends_with('\n')));
        assert!(kept.read(&mut buffer[..4]).is_some_and(|text| text.len() == 4));
        let number = kept.descriptor.load(Relaxed);
        assert!(number >= 100);
        let other = std::fs::File::open("/proc/self/status").unwrap();
        // SAFETY: both are open.
        assert_eq!(unsafe { libc::dup2(std::os::fd::AsRawFd::as_raw_fd(&other), number) }, number);
        assert_eq!(kept.read(&mut buffer), None, "another file");
        // SAFETY: the test's own, and used no more.
        unsafe { libc::close(number) };
        kept.open(c"/proc/self/statm");
        assert!(kept.read(&mut buffer).is_some());
        kept.forget();
        kept.open(c"/none");
        assert_eq!(kept.read(&mut buffer), None);
    }
}
