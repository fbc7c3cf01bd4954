//! The cache of rules by return address: one table for all threads, without locks.
//!
//! It has only rules that stay valid as long as the process lives. An entry is two words: the rule, and the address
//! combined with the rule, so that a reader that sees words of two writers notices the mismatch.

use crate::os::memory::pages;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicPtr, AtomicU64};

/// Entries of the table, 128 KiB. Large programs allocate beneath a few thousand return addresses.
const ENTRIES: usize = 8192;
/// 2^64 divided by the golden ratio, odd: the usual constant of multiplicative hashing (Knuth, TAOCP 3, 6.4).
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

static TABLE: AtomicPtr<CachedRule> = AtomicPtr::new(std::ptr::null_mut());

struct CachedRule {
    check: AtomicU64,
    rule: AtomicU64,
}

/// Creates the table, once. Only outside allocations, one caller at a time. False: the system has no memory for it.
pub(super) fn prepare() -> bool {
    if TABLE.load(Relaxed).is_null() {
        TABLE.store(pages::reserve(ENTRIES * size_of::<CachedRule>()).cast(), Relaxed);
    }
    !TABLE.load(Relaxed).is_null()
}

/// The two entries that can have the rule of an address, the first one first. With one, two frames of a program that
/// fall together would be looked up anew in each of its stacks.
#[inline(always)]
fn entries(address: usize) -> Option<[&'static CachedRule; 2]> {
    let index = ((address as u64).wrapping_mul(GOLDEN) >> (64 - ENTRIES.trailing_zeros())) as usize;
    let table = TABLE.load(Relaxed);
    if table.is_null() {
        return None;
    }
    // SAFETY: the table has ENTRIES zeroed entries, a power of two, and is never freed. The index has only as many
    // bits, and so has its neighbour. Only their own atomics are read through them, so no ordering is needed.
    Some(unsafe { [&*table.add(index), &*table.add(index ^ 1)] })
}

impl CachedRule {
    /// The rule, if it is that of the address.
    #[inline(always)]
    fn of(&self, address: usize) -> Option<u64> {
        let rule = self.rule.load(Relaxed);
        (self.check.load(Relaxed) ^ rule == address as u64).then_some(rule)
    }

    fn set(&self, check: u64, rule: u64) {
        self.check.store(check, Relaxed);
        self.rule.store(rule, Relaxed);
    }
}

/// The rule of a return address, if it is in the cache.
#[inline(always)]
pub(super) fn find(address: usize) -> Option<u64> {
    let [first, second] = entries(address)?;
    first.of(address).or_else(|| second.of(address))
}

/// Stores a rule in the first entry. What was there goes to the second, and what was in that is replaced.
pub(super) fn keep(address: usize, rule: u64) {
    if let Some([first, second]) = entries(address) {
        second.set(first.check.load(Relaxed), first.rule.load(Relaxed));
        first.set(address as u64 ^ rule, rule);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_addresses_that_fall_together_are_both_kept() {
        assert!(prepare());
        let place = |address: usize| entries(address).map(|[first, _]| std::ptr::from_ref(first));
        // No code is at these addresses.
        let one = 0x10;
        let other = (one + 1..).find(|address| place(*address) == place(one)).expect("8,192 entries");
        keep(one, 7);
        keep(other, 8);
        assert_eq!((find(one), find(other)), (Some(7), Some(8)));
        keep(one, 7);
        assert_eq!((find(one), find(other)), (Some(7), Some(8)));
    }
}
