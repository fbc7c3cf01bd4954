//! Memory straight from the system, for everything that is built inside an allocation.
//!
//! It never comes from `malloc`: an inner allocator, or a tool that watches `malloc`, must not see the profiler's own
//! blocks.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

// Elsewhere a mapping is no scarce thing.
#[cfg(unix)]
mod pool;

/// What several threads have pieces of.
#[cfg(unix)]
static POOL: pool::Pool = pool::Pool::new();

/// Bytes that are mapped now: `overhead.profiler_bytes`.
static HELD: AtomicU64 = AtomicU64::new(0);
/// How often the system had none.
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// What [`reserve`] rounds up to: the largest page size of the supported systems (aarch64 macOS has 16 KiB).
const GRANULE: usize = 16 * 1024;

/// Such a mapping is a table that is read and written all over: with large pages the processor finds them without a detour.
#[cfg(all(any(target_os = "linux", target_os = "android"), not(miri)))]
const LARGE: usize = 4 * 1024 * 1024;

/// Bytes that the profiler holds from the system.
pub(crate) fn held() -> u64 {
    HELD.load(Relaxed)
}

/// How often [`reserve`] was asked for memory and the system had none. What then goes without it is the caller's to settle;
/// a report says that something has.
pub(crate) fn refused() -> u64 {
    REFUSED.load(Relaxed)
}

/// Zeroed memory of at least `bytes` bytes, aligned to a page (4 KiB or more), or null where the system has none left.
/// The pages are backed by memory when they are first touched.
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

/// Gives back what [`reserve`] returned for the same `bytes`.
///
/// # Safety
/// `start` came from `reserve(bytes)`, is given back once, and nothing refers to it any more.
pub(crate) unsafe fn release(start: *mut u8, bytes: usize) {
    let Some(bytes) = bytes.checked_next_multiple_of(GRANULE) else { return };
    // SAFETY: the caller vouches that this is what `reserve` has returned for so many bytes, and that nobody uses it.
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
/// As for [`release`], of what [`piece`] has returned.
unsafe fn give_back(start: *mut u8, bytes: usize) {
    #[cfg(unix)]
    // SAFETY: as the caller vouches.
    if bytes <= pool::LARGEST && unsafe { POOL.give_back(start, bytes) } {
        return;
    }
    // SAFETY: as the caller vouches; it is no piece, so it is one whole mapping.
    unsafe { unmap(start, bytes) };
}

/// True if the system has so many bytes now.
pub(crate) fn are_there(bytes: usize) -> bool {
    let Some(bytes) = bytes.checked_next_multiple_of(GRANULE) else { return false };
    let start = map(bytes);
    if !start.is_null() {
        // SAFETY: it was mapped just now, and nobody uses it.
        unsafe { unmap(start, bytes) };
    }
    !start.is_null()
}

/// Address space that is kept for later, when there may be none left. Nobody writes to it as long as it is kept, so that it
/// takes no memory, also where the program has its memory locked (`mlockall(MCL_FUTURE)`), and it is not among the bytes that
/// are [`held`]. Given back when this is dropped.
#[derive(Debug)]
pub(crate) struct SetAside {
    start: *mut u8,
    bytes: usize,
}

// SAFETY: nobody reads or writes what is set aside through this; the owner alone gives it back.
unsafe impl Send for SetAside {}
// SAFETY: a shared one can only be asked where it begins.
unsafe impl Sync for SetAside {}

impl SetAside {
    /// Sets so many bytes aside; `None` where the system does not have them.
    pub(crate) fn new(bytes: usize) -> Option<Self> {
        let bytes = bytes.checked_next_multiple_of(GRANULE)?;
        let start = map_unlocked(bytes);
        if start.is_null() { None } else { Some(Self { start, bytes }) }
    }

    /// Where it begins: at a page.
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

/// As [`map`], of memory that is not locked: a piece of it is unlocked, and what that grows by is as it is.
#[cfg(all(target_os = "linux", not(miri)))]
fn map_unlocked(bytes: usize) -> *mut u8 {
    let piece = map(GRANULE);
    if piece.is_null() {
        return piece;
    }
    // SAFETY: nobody knows the mapping, which may move. Where it cannot grow it is given back.
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
