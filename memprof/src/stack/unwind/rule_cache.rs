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

#[inline(always)]
fn entry(address: usize) -> Option<&'static CachedRule> {
    let index = (address as u64).wrapping_mul(GOLDEN) >> (64 - ENTRIES.trailing_zeros());
    let table = TABLE.load(Relaxed);
    // SAFETY: the table has ENTRIES zeroed entries and is never freed, and the index has only as many bits. Only its
    // own atomics are read through it, so no ordering is needed.
    if table.is_null() { None } else { Some(unsafe { &*table.add(index as usize) }) }
}

/// The rule of a return address, if it is in the cache.
#[inline(always)]
pub(super) fn find(address: usize) -> Option<u64> {
    let entry = entry(address)?;
    let rule = entry.rule.load(Relaxed);
    (entry.check.load(Relaxed) ^ rule == address as u64).then_some(rule)
}

/// Stores a rule, replacing another one if necessary.
pub(super) fn keep(address: usize, rule: u64) {
    if let Some(entry) = entry(address) {
        entry.check.store(address as u64 ^ rule, Relaxed);
        entry.rule.store(rule, Relaxed);
    }
}
