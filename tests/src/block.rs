//! One block straight from the global allocator.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc, realloc};
use std::hint::black_box;

/// One block straight from the global allocator: what a collection would hold, with every request in the test's hands.
///
/// The compiler cannot remove the requests: each address goes through `black_box`.
#[derive(Debug)]
pub struct Block {
    start: *mut u8,
    layout: Layout,
}

// SAFETY: the block is owned, and only reached through `&self` and `&mut self`.
unsafe impl Send for Block {}

impl Block {
    /// A block of `size` bytes; panics where there is none.
    pub fn new(size: usize) -> Self {
        Self::aligned(size, 8).unwrap()
    }

    /// A block of `size` bytes at a multiple of `align`, full of 0xFF; `None` where the allocator returns null.
    pub fn aligned(size: usize, align: usize) -> Option<Self> {
        let layout = Self::layout(size, align);
        // SAFETY: the size is not 0.
        let start = black_box(unsafe { alloc(layout) });
        if start.is_null() {
            return None;
        }
        // SAFETY: the block is `size` bytes long.
        unsafe { start.write_bytes(0xFF, size) };
        Some(Self { start, layout })
    }

    /// A zeroed block; `None` where the allocator returns null.
    pub fn zeroed(size: usize, align: usize) -> Option<Self> {
        let layout = Self::layout(size, align);
        // SAFETY: the size is not 0.
        let start = black_box(unsafe { alloc_zeroed(layout) });
        if start.is_null() { None } else { Some(Self { start, layout }) }
    }

    fn layout(size: usize, align: usize) -> Layout {
        assert_ne!(size, 0);
        Layout::from_size_align(size, align).unwrap()
    }

    /// Reallocates. False: the allocator returned null, and the block is as it was.
    pub fn resize(&mut self, size: usize) -> bool {
        let layout = Self::layout(size, self.layout.align());
        // SAFETY: the block came from the global allocator with this layout, and the new size is not 0.
        let moved = black_box(unsafe { realloc(self.start, self.layout, size) });
        if moved.is_null() {
            return false;
        }
        (self.start, self.layout) = (moved, layout);
        true
    }

    /// Contents of the block.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: every byte was written, by `aligned`, by the allocator's zeroing, or carried over by `realloc`; what
        // `realloc` added is not read: tests look at blocks that shrank or were not reallocated.
        unsafe { std::slice::from_raw_parts(self.start, self.layout.size()) }
    }

    /// Address of the block.
    pub fn address(&self) -> usize {
        self.start.addr()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: the block came from the global allocator with this layout, and is given back once.
        unsafe { dealloc(black_box(self.start), self.layout) };
    }
}

/// Allocates and frees so many bytes, in one block.
pub fn flash(size: usize) {
    drop(Block::new(size));
}
