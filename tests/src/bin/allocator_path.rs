//! `allocator = path`: an allocator in a static of the program's own.

mod memory {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    pub(crate) struct Counting(pub(crate) AtomicUsize);

    pub(crate) static ARENA: Counting = Counting(AtomicUsize::new(0));

    // SAFETY: forwards to the system's allocator.
    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            self.0.fetch_add(layout.size(), Relaxed);
            // SAFETY: the caller's promises are the system's.
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            // SAFETY: the caller's promises are the system's.
            unsafe { System.dealloc(block, layout) }
        }
    }
}

#[memprof::main(allocator = crate::memory::ARENA)]
fn main() {
    let count = || memory::ARENA.0.load(std::sync::atomic::Ordering::Relaxed);
    let before = count();
    drop(std::hint::black_box(vec![1u8; 12345]));
    println!("{}", count() - before);
}
