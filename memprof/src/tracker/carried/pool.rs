//! A pool of items: segments in system memory, and a list of the free items. Taking one and giving it back neither lock
//! nor allocate.
//!
//! Segments are never unmapped: the pool keeps the memory of the most items that were in use at once.

use crate::os::memory::pages;
use std::ptr::null_mut;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64};

/// Items of the first segment. Each segment is twice as large as the one before.
const FIRST: u32 = 256;
const SEGMENTS: usize = 20;

/// Item of a pool.
///
/// # Safety
/// Zeroed memory is an item, and all parts of an item are atomics. Its size divides that of a page.
pub(super) unsafe trait Pooled: Sync + 'static {
    /// Number of the item, and number of the next free item; for the pool alone.
    fn numbers(&self) -> (&AtomicU32, &AtomicU32);
}

pub(super) struct ItemPool<T> {
    segments: [AtomicPtr<T>; SEGMENTS],
    /// Number of the first free item, plus 1, in the lower half. The upper half changes with each change, so that a
    /// item that was taken and given back meanwhile is noticed.
    free: AtomicU64,
    /// Number of items that were ever in use.
    made: AtomicU32,
}

/// The segment of a item, and the item's index in it.
fn place(number: u32) -> (usize, usize) {
    let segment = (number / FIRST + 1).ilog2();
    (segment as usize, (number - ((1 << segment) - 1) * FIRST) as usize)
}

impl<T: Pooled> ItemPool<T> {
    pub(super) const fn new() -> Self {
        Self {
            segments: [const { AtomicPtr::new(null_mut()) }; SEGMENTS],
            free: AtomicU64::new(0),
            made: AtomicU32::new(0),
        }
    }

    /// An item that nobody uses. `None`: the system has no memory, or all items are in use.
    pub(super) fn take(&self) -> Option<&'static T> {
        self.take_free().or_else(|| self.make())
    }

    fn take_free(&self) -> Option<&'static T> {
        let mut free = self.free.load(Acquire);
        // Each failed exchange means that another thread has taken or given back a item.
        loop {
            let item = self.item((free as u32).checked_sub(1)?)?;
            let next = changed(free, item.numbers().1.load(Relaxed));
            match self.free.compare_exchange_weak(free, next, AcqRel, Acquire) {
                Ok(_) => return Some(item),
                Err(present) => free = present,
            }
        }
    }

    /// Returns an item. The caller does not touch it afterwards.
    pub(super) fn give_back(&self, item: &'static T) {
        let mut free = self.free.load(Relaxed);
        loop {
            item.numbers().1.store(free as u32, Relaxed);
            let next = changed(free, item.numbers().0.load(Relaxed).wrapping_add(1));
            match self.free.compare_exchange_weak(free, next, AcqRel, Relaxed) {
                Ok(_) => return,
                Err(present) => free = present,
            }
        }
    }

    #[cold]
    fn make(&self) -> Option<&'static T> {
        let mut number = self.made.load(Relaxed);
        loop {
            let (segment, _) = place(number);
            self.reserve(segment)?;
            match self.made.compare_exchange_weak(number, number.wrapping_add(1), Relaxed, Relaxed) {
                Ok(_) => break,
                Err(present) => number = present,
            }
        }
        let item = self.item(number)?;
        item.numbers().0.store(number, Relaxed);
        Some(item)
    }

    /// Makes sure that a segment exists.
    fn reserve(&self, segment: usize) -> Option<()> {
        let start = self.segments.get(segment)?;
        if start.load(Acquire).is_null() {
            let bytes = (FIRST as usize * size_of::<T>()) << segment;
            let made = pages::reserve(bytes);
            if made.is_null() {
                return None;
            }
            if start.compare_exchange(null_mut(), made.cast(), AcqRel, Acquire).is_err() {
                // SAFETY: the mapping was made above with this size; nobody else knows it, another thread was faster.
                unsafe { pages::release(made, bytes) };
            }
        }
        Some(())
    }

    fn item(&self, number: u32) -> Option<&'static T> {
        let (segment, index) = place(number);
        let start = self.segments.get(segment)?.load(Acquire);
        if start.is_null() {
            return None;
        }
        // SAFETY: the segment has this many items, by `place`. Zeroed memory is an item, all of whose parts are
        // atomics, by the trait; the segment is aligned to a page and never unmapped.
        Some(unsafe { &*start.add(index) })
    }
}

/// The word of the free list, changed to begin with this item (a number plus 1).
fn changed(word: u64, first: u32) -> u64 {
    (word & !u64::from(u32::MAX)).wrapping_add(1 << 32) | u64::from(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C, align(64))]
    struct TestItem([AtomicU32; 2]);

    // SAFETY: two atomics.
    unsafe impl Pooled for TestItem {
        fn numbers(&self) -> (&AtomicU32, &AtomicU32) {
            (&self.0[0], &self.0[1])
        }
    }

    static POOL: ItemPool<TestItem> = ItemPool::new();

    #[test]
    fn segments_follow_each_other_without_a_gap() {
        assert_eq!([0, 255, 256, 767, 768].map(place), [(0, 0), (0, 255), (1, 0), (1, 511), (2, 0)]);
        let mut expected = (0, 0);
        for number in 0..100_000 {
            assert_eq!(place(number), expected);
            expected.1 += 1;
            if expected.1 == (FIRST as usize) << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
    }

    #[test]
    fn no_item_is_taken_twice() {
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    for turn in 0..2_000 {
                        let items: Vec<_> = (0..turn % 20).map(|_| POOL.take().expect("memory")).collect();
                        let mut addresses: Vec<_> = items.iter().map(|item| std::ptr::from_ref(*item).addr()).collect();
                        addresses.sort_unstable();
                        addresses.dedup();
                        assert_eq!(addresses.len(), items.len());
                        items.into_iter().for_each(|item| POOL.give_back(item));
                    }
                });
            }
        });
        assert!(POOL.made.load(Relaxed) < 1_000);
    }
}
