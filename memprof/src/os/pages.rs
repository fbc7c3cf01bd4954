//! Memory straight from the system, for everything that is built inside an allocation.
//!
//! It never comes from `malloc`: an inner allocator, or a tool that watches `malloc`, must not see the profiler's own
//! blocks.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Bytes that are mapped now: `overhead.profiler_bytes`.
static HELD: AtomicU64 = AtomicU64::new(0);

/// What [`reserve`] rounds up to: the largest page size of the supported systems (aarch64 macOS has 16 KiB).
const GRANULE: usize = 16 * 1024;

/// Such a mapping is a table that is read and written all over: with large pages the processor finds them without a detour.
#[cfg(any(target_os = "linux", target_os = "android"))]
const LARGE: usize = 4 * 1024 * 1024;

/// Bytes that the profiler holds from the system.
pub(crate) fn held() -> u64 {
    HELD.load(Relaxed)
}

/// Zeroed memory of at least `bytes` bytes, aligned to a page (4 KiB or more), or null where the system has none left.
/// The pages are backed by memory when they are first touched.
pub(crate) fn reserve(bytes: usize) -> *mut u8 {
    let Some(bytes) = bytes.checked_next_multiple_of(GRANULE) else { return std::ptr::null_mut() };
    let start = map(bytes);
    if !start.is_null() {
        HELD.fetch_add(bytes as u64, Relaxed);
    }
    start
}

/// Gives back what [`reserve`] returned for the same `bytes`.
///
/// # Safety
/// `start` came from `reserve(bytes)`, is given back once, and nothing refers to it any more.
pub(crate) unsafe fn release(start: *mut u8, bytes: usize) {
    let Some(bytes) = bytes.checked_next_multiple_of(GRANULE) else { return };
    // SAFETY: the caller vouches that this is one whole mapping that nobody uses.
    unsafe { unmap(start, bytes) };
    HELD.fetch_sub(bytes as u64, Relaxed);
}

#[cfg(unix)]
fn map(bytes: usize) -> *mut u8 {
    // SAFETY: an anonymous private mapping at an address of the system's choice touches no memory in use.
    let start = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANON,
            -1,
            0,
        )
    };
    if start == libc::MAP_FAILED {
        return std::ptr::null_mut();
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if bytes >= LARGE {
        // SAFETY: advice on a mapping that was made just now. Where the system does not take it nothing changes.
        unsafe { libc::madvise(start, bytes, libc::MADV_HUGEPAGE) };
    }
    start.cast()
}

#[cfg(unix)]
unsafe fn unmap(start: *mut u8, bytes: usize) {
    // SAFETY: as the caller of `release` vouches.
    unsafe { libc::munmap(start.cast(), bytes) };
}

#[cfg(windows)]
fn map(bytes: usize) -> *mut u8 {
    use windows_sys::Win32::System::Memory::{MEM_COMMIT, MEM_RESERVE, PAGE_READWRITE, VirtualAlloc};
    // SAFETY: a fresh region at an address of the system's choice touches no memory in use.
    unsafe { VirtualAlloc(std::ptr::null(), bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE).cast() }
}

#[cfg(windows)]
unsafe fn unmap(start: *mut u8, _bytes: usize) {
    use windows_sys::Win32::System::Memory::{MEM_RELEASE, VirtualFree};
    // SAFETY: as the caller of `release` vouches; MEM_RELEASE takes the whole region and wants size 0.
    unsafe { VirtualFree(start.cast(), 0, MEM_RELEASE) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_memory_is_zeroed_counted_and_given_back() {
        let bytes = 10 * GRANULE + 1;
        let start = reserve(bytes);
        assert!(!start.is_null());
        assert_eq!(start as usize % 4096, 0);
        assert!(held() >= 11 * GRANULE as u64);
        // SAFETY: the mapping is at least `bytes` long and nobody else knows it.
        unsafe {
            assert!((0..bytes).all(|i| *start.add(i) == 0));
            *start.add(bytes - 1) = 1;
            release(start, bytes);
        }
    }

    #[test]
    fn more_than_there_is_gives_null() {
        assert!(reserve(usize::MAX).is_null());
        assert!(reserve(usize::MAX / 2).is_null());
    }
}
