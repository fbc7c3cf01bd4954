//! The pool of slots: segments in system memory, and a list of the free slots. Taking a slot and giving it back neither
//! lock nor allocate.
//!
//! Segments are never unmapped: the pool keeps the memory of the most slots that were in use at once.

use super::slot::CarriedSlot;
use crate::os::memory::pages;
use std::ptr::null_mut;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64};

/// Slots of the first segment. Each segment is twice as large as the one before.
const FIRST: u32 = 256;
const SEGMENTS: usize = 20;

static POOL: CarriedPool = CarriedPool {
    segments: [const { AtomicPtr::new(null_mut()) }; SEGMENTS],
    free: AtomicU64::new(0),
    made: AtomicU32::new(0),
};

struct CarriedPool {
    segments: [AtomicPtr<CarriedSlot>; SEGMENTS],
    /// Number of the first free slot, plus 1, in the lower half. The upper half changes with each change, so that a
    /// slot that was taken and given back meanwhile is noticed.
    free: AtomicU64,
    /// Number of slots that were ever in use.
    made: AtomicU32,
}

/// A slot that nobody uses. `None`: the system has no memory, or all slots are in use.
pub(super) fn take() -> Option<&'static CarriedSlot> {
    POOL.take_free().or_else(|| POOL.make())
}

/// Returns a slot. The caller does not touch it afterwards.
pub(super) fn give_back(slot: &'static CarriedSlot) {
    POOL.give_back(slot);
}

/// The segment of a slot, and the slot's index in it.
fn place(number: u32) -> (usize, usize) {
    let segment = (number / FIRST + 1).ilog2();
    (segment as usize, (number - ((1 << segment) - 1) * FIRST) as usize)
}

impl CarriedPool {
    fn take_free(&self) -> Option<&'static CarriedSlot> {
        let mut free = self.free.load(Acquire);
        // Each failed exchange means that another thread has taken or given back a slot.
        loop {
            let slot = self.slot((free as u32).checked_sub(1)?)?;
            let next = changed(free, slot.next_free.load(Relaxed));
            match self.free.compare_exchange_weak(free, next, AcqRel, Acquire) {
                Ok(_) => return Some(slot),
                Err(present) => free = present,
            }
        }
    }

    fn give_back(&self, slot: &'static CarriedSlot) {
        let mut free = self.free.load(Relaxed);
        loop {
            slot.next_free.store(free as u32, Relaxed);
            let next = changed(free, slot.number.load(Relaxed).wrapping_add(1));
            match self.free.compare_exchange_weak(free, next, AcqRel, Relaxed) {
                Ok(_) => return,
                Err(present) => free = present,
            }
        }
    }

    #[cold]
    fn make(&self) -> Option<&'static CarriedSlot> {
        let mut number = self.made.load(Relaxed);
        loop {
            let (segment, _) = place(number);
            self.reserve(segment)?;
            match self.made.compare_exchange_weak(number, number.wrapping_add(1), Relaxed, Relaxed) {
                Ok(_) => break,
                Err(present) => number = present,
            }
        }
        let slot = self.slot(number)?;
        slot.number.store(number, Relaxed);
        Some(slot)
    }

    /// Makes sure that a segment exists.
    fn reserve(&self, segment: usize) -> Option<()> {
        let start = self.segments.get(segment)?;
        if start.load(Acquire).is_null() {
            let bytes = (FIRST as usize * size_of::<CarriedSlot>()) << segment;
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

    fn slot(&self, number: u32) -> Option<&'static CarriedSlot> {
        let (segment, index) = place(number);
        let start = self.segments.get(segment)?.load(Acquire);
        if start.is_null() {
            return None;
        }
        // SAFETY: the segment has this many slots, by `place`. Zeroed memory is a slot, all of whose parts are atomics;
        // it is aligned to a page and never unmapped.
        Some(unsafe { &*start.add(index) })
    }
}

/// The word of the free list, changed to begin with this slot (a number plus 1).
fn changed(word: u64, first: u32) -> u64 {
    (word & !u64::from(u32::MAX)).wrapping_add(1 << 32) | u64::from(first)
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn no_slot_is_taken_twice() {
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    for turn in 0..2_000 {
                        let slots: Vec<_> = (0..turn % 20).map(|_| take().expect("memory")).collect();
                        let mut addresses: Vec<_> = slots.iter().map(|slot| std::ptr::from_ref(*slot).addr()).collect();
                        addresses.sort_unstable();
                        addresses.dedup();
                        assert_eq!(addresses.len(), slots.len());
                        slots.into_iter().for_each(give_back);
                    }
                });
            }
        });
        assert!(POOL.made.load(Relaxed) < 1_000);
    }
}
