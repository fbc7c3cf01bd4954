//! Figures of the C library's allocator.

/// Figures of the C library's allocator, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MallocFigures {
    /// In use: blocks of this program's code and of C code, with the allocator's own overhead.
    pub(crate) in_use: u64,
    /// Free, and not returned to the system.
    pub(crate) free: u64,
}

/// The figures of glibc's allocator, in all its arenas. `None`: another C library, or one older than 2.33.
///
/// Walks over all free chunks under the locks of their arenas: 60 ms for 2 million of them. Not for a thread that may
/// be in the allocator.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn figures() -> Option<MallocFigures> {
    /// `struct mallinfo2` of `malloc.h`.
    #[repr(C)]
    struct MallInfo {
        arena: usize,
        ordblks: usize,
        smblks: usize,
        hblks: usize,
        hblkhd: usize,
        usmblks: usize,
        fsmblks: usize,
        uordblks: usize,
        fordblks: usize,
        keepcost: usize,
    }
    // SAFETY: the name ends with 0.
    let function = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"mallinfo2".as_ptr()) };
    if function.is_null() {
        return None;
    }
    // SAFETY: this is the type of glibc's function, which has no preconditions.
    let info = unsafe { std::mem::transmute::<*mut libc::c_void, extern "C" fn() -> MallInfo>(function)() };
    let in_use = (info.uordblks as u64).saturating_add(info.hblkhd as u64);
    Some(MallocFigures { in_use, free: info.fordblks as u64 })
}

/// Fallback: the C library does not tell.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn figures() -> Option<MallocFigures> {
    None
}

#[cfg(all(test, target_os = "linux", target_env = "gnu", not(miri)))]
mod tests {
    #[test]
    fn what_c_code_allocates_is_in_use() {
        const BYTES: usize = 64 << 20;
        let before = super::figures().unwrap();
        // SAFETY: the block is freed once and not used.
        let block = unsafe { libc::malloc(BYTES) };
        let during = super::figures().unwrap();
        // SAFETY: as above.
        unsafe { libc::free(block) };
        assert!(!block.is_null() && during.in_use >= before.in_use + BYTES as u64 / 2, "{before:?} {during:?}");
    }
}
