//! The memory of a call tree, which only grows: system memory, taken chunk by chunk.
//!
//! A signal handler may take memory between any two instructions of the owner, so a piece is taken by an exchange.

use crate::os::memory::pages;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicPtr, AtomicUsize};

/// Bytes requested from the system at once.
const CHUNK: usize = 64 * 1024;

/// Header of a chunk of memory from which the tree allocates.
struct Chunk {
    free_from: AtomicUsize,
    free_to: usize,
}

impl Chunk {
    /// Turns memory that nobody else uses into a chunk.
    ///
    /// # Safety
    /// `bytes` at `start` belong to the caller alone, are larger than the header, and are aligned for it.
    unsafe fn at(start: usize, bytes: usize) -> *mut Chunk {
        let memory = std::ptr::with_exposed_provenance_mut::<Chunk>(start);
        // SAFETY: guaranteed by the caller.
        unsafe {
            memory.write(Chunk { free_from: AtomicUsize::new(start + size_of::<Chunk>()), free_to: start + bytes });
        };
        memory
    }
}

/// The memory of one tree.
#[derive(Debug)]
pub(crate) struct NodeMemory {
    /// The chunk from which pieces are taken.
    present: AtomicPtr<Chunk>,
}

impl NodeMemory {
    pub(crate) const fn new() -> Self {
        Self { present: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// Gives it its first chunk.
    ///
    /// # Safety
    /// `bytes` at `start` belong to the caller alone, hold some nodes, are aligned for one, and are never freed.
    pub(crate) unsafe fn init(&self, start: usize, bytes: usize) {
        // SAFETY: guaranteed by the caller.
        self.present.store(unsafe { Chunk::at(start, bytes) }, Relaxed);
    }

    /// Allocates memory for a `T` that nobody else uses and that is never freed; null: the system has no memory.
    pub(crate) fn allocate<T>(&self) -> *mut T {
        loop {
            let present = self.present.load(Relaxed);
            // SAFETY: `init` and this function store chunks, and those are never freed. The shared ledger never
            // allocates.
            let chunk = unsafe { &*present };
            let from = chunk.free_from.load(Relaxed);
            let at = from.next_multiple_of(align_of::<T>());
            if at + size_of::<T>() <= chunk.free_to {
                // It fails if a signal handler has allocated meanwhile.
                if chunk.free_from.compare_exchange(from, at + size_of::<T>(), Relaxed, Relaxed).is_ok() {
                    return std::ptr::with_exposed_provenance_mut(at);
                }
                continue;
            }
            let start = pages::reserve(CHUNK);
            if start.is_null() {
                return std::ptr::null_mut();
            }
            // SAFETY: the mapping was just made with this size and begins at a page.
            let next = unsafe { Chunk::at(start.expose_provenance(), CHUNK) };
            if self.present.compare_exchange(present, next, Relaxed, Relaxed).is_err() {
                // SAFETY: nobody else knows it.
                unsafe { pages::release(start, CHUNK) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracker::paths::node::Node;

    #[test]
    fn pieces_are_aligned_and_do_not_overlap_across_chunks() {
        let memory = NodeMemory::new();
        let first = pages::reserve(4096);
        assert!(!first.is_null(), "there is memory");
        // SAFETY: the mapping is this test's, and begins at a page.
        unsafe { memory.init(first.expose_provenance(), 4096) };
        let mut taken: Vec<(usize, usize)> = Vec::new();
        for index in 0..2000 {
            let (at, bytes, aligned) = match index % 3 {
                0 => (memory.allocate::<u8>().addr(), 1, 1),
                1 => (memory.allocate::<[u64; 19]>().addr(), 152, 8),
                _ => (memory.allocate::<Node>().addr(), size_of::<Node>(), 64),
            };
            assert!(at != 0 && at % aligned == 0);
            taken.push((at, at + bytes));
        }
        taken.sort_unstable();
        assert!(taken.windows(2).all(|pair| pair[0].1 <= pair[1].0));
    }
}
