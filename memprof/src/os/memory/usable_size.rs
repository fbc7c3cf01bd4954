//! The size that an allocator gives a block, beside the size that was asked for.

/// Bytes that the allocator of this name uses for a block of so many bytes, its own header included. A block is made
/// for the question, and freed; it is in no figure. `None` if the allocator cannot be asked.
pub(crate) fn of(allocator: &str, bytes: usize) -> Option<usize> {
    match allocator {
        "system" => system(bytes),
        #[cfg(feature = "jemalloc")]
        "jemalloc" => jemalloc(bytes),
        _ => None,
    }
}

#[cfg(target_os = "linux")]
fn system(bytes: usize) -> Option<usize> {
    // musl tells the requested size, and its header differs from class to class.
    if cfg!(not(target_env = "gnu")) {
        return None;
    }
    /// glibc keeps the size of a block in front of it.
    const HEADER: usize = size_of::<usize>();
    // SAFETY: `malloc` takes any size.
    let block = unsafe { libc::malloc(bytes) };
    if block.is_null() {
        return None;
    }
    // SAFETY: the block was made above and is freed once.
    unsafe {
        let usable = libc::malloc_usable_size(block);
        libc::free(block);
        Some(usable + HEADER)
    }
}

#[cfg(target_vendor = "apple")]
fn system(bytes: usize) -> Option<usize> {
    // SAFETY: the function takes any size and makes no block.
    Some(unsafe { libc::malloc_good_size(bytes) })
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn system(_bytes: usize) -> Option<usize> {
    None
}

#[cfg(feature = "jemalloc")]
fn jemalloc(bytes: usize) -> Option<usize> {
    use std::alloc::{GlobalAlloc, Layout};
    let layout = Layout::from_size_align(bytes.max(1), 1).ok()?;
    // SAFETY: the layout is not empty, and the block is freed once, with the same layout.
    unsafe {
        let block = tikv_jemallocator::Jemalloc.alloc(layout);
        if block.is_null() {
            return None;
        }
        let usable = tikv_jemallocator::usable_size(block.cast_const());
        tikv_jemallocator::Jemalloc.dealloc(block, layout);
        Some(usable)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu", target_pointer_width = "64"))]
    fn a_small_block_of_glibc_takes_more_than_was_asked_for() {
        let sizes: Vec<Option<usize>> = [1, 24, 25, 40, 41].map(|bytes| super::of("system", bytes)).to_vec();
        assert_eq!(sizes, [Some(32), Some(32), Some(48), Some(48), Some(64)]);
    }

    #[test]
    fn an_allocator_that_cannot_be_asked_is_not() {
        assert_eq!(super::of("app::MyAllocator", 8), None);
    }

    #[test]
    #[cfg(feature = "jemalloc")]
    fn jemalloc_has_classes() {
        let sizes: Vec<Option<usize>> = [8, 9, 33].map(|bytes| super::of("jemalloc", bytes)).to_vec();
        assert_eq!(sizes, [Some(8), Some(16), Some(48)]);
    }
}
