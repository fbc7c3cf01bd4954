//! Memory straight from the system, for everything that is built inside an allocation.
//!
//! It never comes from `malloc`: an inner allocator, or a tool that watches `malloc`, must not see the profiler's own
//! blocks.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

// On other systems mappings are not scarce.
#[cfg(unix)]
mod pool;

/// Mappings that several threads share.
#[cfg(unix)]
static POOL: pool::Pool = pool::Pool::new();

/// Bytes that are mapped now: `overhead.profiler_bytes`.
static HELD: AtomicU64 = AtomicU64::new(0);
/// Number of requests that the system has refused.
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// Granularity of [`reserve`]: the largest page size of the supported systems (aarch64 macOS has 16 KiB).
const GRANULE: usize = 16 * 1024;

/// Such a mapping is a table that is accessed at random: large pages save TLB misses.
#[cfg(all(any(target_os = "linux", target_os = "android"), not(miri)))]
const LARGE: usize = 4 * 1024 * 1024;

/// Bytes that the profiler holds from the system.
pub(crate) fn held() -> u64 {
    HELD.load(Relaxed)
}

/// Number of times that [`reserve`] was refused memory by the system. The caller decides what to do without it; a
/// report says that this has happened.
pub(crate) fn refused() -> u64 {
    REFUSED.load(Relaxed)
}

/// Zeroed memory of at least `bytes` bytes, aligned to a page (4 KiB or more), or null if the system has none left. The
/// pages become resident when they are first touched.
pub(crate) fn reserve(bytes: usize) -> *mut u8 {
    let start = bytes.checked_next_multiple_of(GRANULE).map_or(std::ptr::null_mut(), |bytes| {
        let start = piece(bytes);
        if !start.is_null() {
            HELD.fetch_add(bytes as u64, Relaxed);
        }
        start
    });
    if start.is_null() {
        REFUSED.fetch_add(1, Relaxed);
    }
    start
}

/// Releases memory that [`reserve`] returned for the same `bytes`.
///
/// # Safety
/// `start` came from `reserve(bytes)`, is released once, and nothing refers to it any more.
pub(crate) unsafe fn release(start: *mut u8, bytes: usize) {
    let Some(bytes) = bytes.checked_next_multiple_of(GRANULE) else { return };
    // SAFETY: the caller guarantees that `reserve` returned this for the same bytes, and that nobody uses it.
    unsafe { give_back(start, bytes) };
    HELD.fetch_sub(bytes as u64, Relaxed);
}

#[cfg(unix)]
fn piece(bytes: usize) -> *mut u8 {
    let piece = if bytes <= pool::LARGEST { POOL.take(bytes) } else { std::ptr::null_mut() };
    if piece.is_null() { map(bytes) } else { piece }
}

#[cfg(not(unix))]
fn piece(bytes: usize) -> *mut u8 {
    map(bytes)
}

/// # Safety
/// As for [`release`], for memory that [`piece`] returned.
unsafe fn give_back(start: *mut u8, bytes: usize) {
    #[cfg(unix)]
    // SAFETY: by the caller's contract.
    if bytes <= pool::LARGEST && unsafe { POOL.give_back(start, bytes) } {
        return;
    }
    // SAFETY: by the caller's contract; it is not a piece of the pool, so it is one whole mapping.
    unsafe { unmap(start, bytes) };
}

/// True if the system has this many bytes now.
pub(crate) fn are_there(bytes: usize) -> bool {
    let Some(bytes) = bytes.checked_next_multiple_of(GRANULE) else { return false };
    let start = map(bytes);
    if !start.is_null() {
        // SAFETY: it was just mapped, and nobody uses it.
        unsafe { unmap(start, bytes) };
    }
    !start.is_null()
}

/// Reserved address space, for a time when there may be none left. Nobody writes to it while it is reserved, so it
/// occupies no memory, even if the program has its memory locked (`mlockall(MCL_FUTURE)`), and it is not among the
/// bytes that are [`held`]. Released on drop.
#[derive(Debug)]
pub(crate) struct SetAside {
    start: *mut u8,
    bytes: usize,
}

// SAFETY: nobody reads or writes the reserved memory through this; only the owner releases it.
unsafe impl Send for SetAside {}
// SAFETY: a shared reference only gives the start address.
unsafe impl Sync for SetAside {}

impl SetAside {
    /// Reserves this many bytes; `None` if the system does not have them.
    pub(crate) fn new(bytes: usize) -> Option<Self> {
        let bytes = bytes.checked_next_multiple_of(GRANULE)?;
        let start = map_unlocked(bytes);
        if start.is_null() { None } else { Some(Self { start, bytes }) }
    }

    /// Start of the reserved space, at a page boundary.
    #[cfg(unix)]
    pub(crate) fn start(&self) -> *mut u8 {
        self.start
    }
}

impl Drop for SetAside {
    fn drop(&mut self) {
        // SAFETY: this is one whole mapping that was made for this value, and nobody uses it.
        unsafe { unmap(self.start, self.bytes) };
    }
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
    // Miri does not know the call.
    #[cfg(all(any(target_os = "linux", target_os = "android"), not(miri)))]
    if bytes >= LARGE {
        // SAFETY: advice on a mapping that was just made. If the system does not accept it, nothing changes.
        unsafe { libc::madvise(start, bytes, libc::MADV_HUGEPAGE) };
    }
    start.cast()
}

#[cfg(unix)]
unsafe fn unmap(start: *mut u8, bytes: usize) {
    // SAFETY: by the contract of `release`.
    unsafe { libc::munmap(start.cast(), bytes) };
}

/// Like [`map`], but the memory is not locked: a small mapping is unlocked, and grows with the same property.
#[cfg(all(target_os = "linux", not(miri)))]
fn map_unlocked(bytes: usize) -> *mut u8 {
    let piece = map(GRANULE);
    if piece.is_null() {
        return piece;
    }
    // SAFETY: nobody knows the mapping, which may move. If it cannot grow, it is unmapped.
    unsafe {
        libc::munlock(piece.cast(), GRANULE);
        let grown = libc::mremap(piece.cast(), GRANULE, bytes, libc::MREMAP_MAYMOVE);
        if grown == libc::MAP_FAILED {
            unmap(piece, GRANULE);
            return std::ptr::null_mut();
        }
        grown.cast()
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn map_unlocked(bytes: usize) -> *mut u8 {
    map(bytes)
}

#[cfg(windows)]
fn map(bytes: usize) -> *mut u8 {
    use windows_sys::Win32::System::Memory::{MEM_COMMIT, MEM_RESERVE, PAGE_READWRITE, VirtualAlloc};
    // SAFETY: a new region at an address of the system's choice touches no memory in use.
    unsafe { VirtualAlloc(std::ptr::null(), bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE).cast() }
}

#[cfg(windows)]
unsafe fn unmap(start: *mut u8, _bytes: usize) {
    use windows_sys::Win32::System::Memory::{MEM_RELEASE, VirtualFree};
    // SAFETY: by the contract of `release`; MEM_RELEASE takes the whole region and requires size 0.
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
    fn more_than_there_is_gives_null_and_is_counted() {
        let before = refused();
        assert!(reserve(usize::MAX).is_null());
        assert!(reserve(usize::MAX / 2).is_null());
        assert!(refused() >= before + 2);
        assert!(SetAside::new(usize::MAX).is_none() && SetAside::new(usize::MAX / 2).is_none());
    }

    #[test]
    fn what_is_set_aside_is_given_back() {
        let set_aside = SetAside::new(1 << 20).unwrap();
        let start = set_aside.start;
        assert!(!start.is_null());
        drop(set_aside);
    }
}
