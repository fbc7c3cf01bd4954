//! A counter with one writer, the owner of a ledger; any thread may read it.
//!
//! The owner needs no read-modify-write and no shared cache line: it loads, adds and stores. Where a signal handler of
//! the owner may come between the two, the macro `add!` does the same in one instruction.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed};

/// A counter with one writer.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct OwnerCounter(AtomicU64);

impl OwnerCounter {
    pub(crate) const fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    /// The present value.
    #[inline(always)]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// The present value; what the owner did before it stored this value with `Release` is seen, too.
    pub(crate) fn get_acquire(&self) -> u64 {
        self.0.load(Acquire)
    }

    /// Sets the value; the owner alone calls this.
    #[inline(always)]
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }

    /// Adds to the value; the owner alone calls this.
    #[inline(always)]
    pub(crate) fn add(&self, by: u64) {
        self.set(self.get().wrapping_add(by));
    }

    /// Raises the value to at least `value`; the owner alone calls this.
    #[inline(always)]
    pub(crate) fn raise_to(&self, value: u64) {
        self.set(self.get().max(value));
    }

    /// Lowers the value to at most `value`; the owner alone calls this.
    #[inline(always)]
    pub(crate) fn lower_to(&self, value: u64) {
        self.set(self.get().min(value));
    }

    /// As [`add`](Self::add), by any thread: for the shared ledger, whose counters have no owner.
    pub(crate) fn add_shared(&self, by: u64) {
        self.0.fetch_add(by, Relaxed);
    }
}

#[cfg(any(not(target_arch = "x86_64"), miri))]
impl crate::tracker::sync::OneWriter for OwnerCounter {
    #[inline(always)]
    fn add(&self, by: u64, order: std::sync::atomic::Ordering) {
        self.0.store(self.get().wrapping_add(by), order);
    }
}

#[cfg(test)]
mod tests {
    use super::OwnerCounter;

    #[test]
    fn it_adds_wraps_and_keeps_extremes() {
        let counter = OwnerCounter::new(3);
        counter.add(4);
        counter.add_shared(1);
        assert_eq!((counter.get(), counter.get_acquire()), (8, 8));
        counter.raise_to(5);
        counter.lower_to(9);
        assert_eq!(counter.get(), 8);
        counter.raise_to(u64::MAX);
        counter.add(2);
        assert_eq!(counter.get(), 1);
        counter.lower_to(0);
        assert_eq!(counter.get(), 0);
    }
}
