//! A package with tests of many kinds.
//!
//! ```
//! assert_eq!(shop::order(2), [0, 1]);
//! ```

/// So many numbers.
pub fn order(count: usize) -> Vec<usize> {
    (0..count).collect()
}

/// Counts what reaches the system's allocator, on all threads but the main one.
#[cfg(test)]
mod truth {
    use std::alloc::{GlobalAlloc, Layout, System};
    use std::cell::Cell;
    use std::sync::atomic::Ordering::Relaxed;
    use std::sync::atomic::{AtomicUsize, AtomicU64};

    pub struct Counting;

    #[global_allocator]
    static ALLOC: memprof::AllocationTracker<Counting> = memprof::AllocationTracker::new(Counting);

    static MAIN: AtomicUsize = AtomicUsize::new(0);
    static BYTES: AtomicU64 = AtomicU64::new(0);
    static COUNT: AtomicU64 = AtomicU64::new(0);
    thread_local!(static WORD: Cell<u8> = const { Cell::new(0) });

    fn count(bytes: usize) {
        let here = WORD.with(|word| word.as_ptr() as usize);
        if !matches!(MAIN.compare_exchange(0, here, Relaxed, Relaxed), Err(main) if main != here) {
            return;
        }
        BYTES.fetch_add(bytes as u64, Relaxed);
        COUNT.fetch_add(1, Relaxed);
    }

    unsafe impl GlobalAlloc for Counting {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            count(layout.size());
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            unsafe { System.dealloc(block, layout) }
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            count(size);
            unsafe { System.realloc(block, layout, size) }
        }
    }

    /// Prints what the work has allocated.
    pub fn of(work: impl FnOnce()) {
        let now = || (BYTES.load(Relaxed), COUNT.load(Relaxed));
        let before = now();
        work();
        let after = now();
        println!("truth {} {}", after.0 - before.0, after.1 - before.1);
    }
}

#[cfg(test)]
mod tests {
    use super::truth;
    use rayon::prelude::*;
    use std::hint::black_box;

    #[test]
    fn nothing() {}

    #[test]
    fn one_block() {
        black_box(vec![0u8; 1_000_000]);
    }

    #[test]
    fn leaks() {
        black_box(Box::leak(vec![0u8; 777].into_boxed_slice()));
    }

    #[test]
    fn orders() {
        truth::of(|| {
            let all: Vec<String> = super::order(100).iter().map(|number| format!("order {number}")).collect();
            black_box(all);
        });
    }

    #[test]
    fn spawns() {
        truth::of(|| {
            let threads: Vec<_> = (1..=4)
                .map(|size| std::thread::spawn(move || drop(black_box(vec![0u8; size * 100_000]))))
                .collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
    }

    #[test]
    fn uses_rayon() {
        // Its threads are there when the counting begins.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
        let sum: usize =
            pool.install(|| (0..64usize).into_par_iter().map(|size| black_box(vec![0u8; size * 1_000]).len()).sum());
        assert_eq!(sum, 64 * 63 / 2 * 1_000);
    }

    #[test]
    #[should_panic = "as expected"]
    fn panics() {
        panic!("as expected");
    }

    #[test]
    #[ignore = "takes long"]
    fn ignored() {
        black_box(vec![0u8; 5_000]);
    }
}
