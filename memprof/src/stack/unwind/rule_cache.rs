//! The rules that were worked out before, by return address: one table for all threads, without locks.
//!
//! Only rules that stay true as long as the process lives are in it. An entry is two words, the second the rule, the
//! first the address combined with it: a reader that sees the halves of two writers sees that they do not fit.

use crate::os::pages;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicPtr, AtomicU64};

/// Return addresses of a large program that allocations are made beneath: few thousand. 128 KiB.
const ENTRIES: usize = 8192;
/// 2^64 divided by the golden ratio, odd: the usual constant of multiplicative hashing (Knuth, TAOCP 3, 6.4).
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

static TABLE: AtomicPtr<CachedRule> = AtomicPtr::new(std::ptr::null_mut());

struct CachedRule {
    check: AtomicU64,
    rule: AtomicU64,
}

/// Makes the table, once. Outside of allocations, one caller at a time. False: the system has no memory for it.
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
    // SAFETY: the table has ENTRIES zeroed entries, is never freed, and the index has as many bits as that. Nothing but
    // its own atomics is read through it, so no ordering is needed.
    if table.is_null() { None } else { Some(unsafe { &*table.add(index as usize) }) }
}

/// The rule of a return address, if it is here.
#[inline(always)]
pub(super) fn find(address: usize) -> Option<u64> {
    let entry = entry(address)?;
    let rule = entry.rule.load(Relaxed);
    (entry.check.load(Relaxed) ^ rule == address as u64).then_some(rule)
}

/// Keeps a rule, in the place of another one if need be.
pub(super) fn keep(address: usize, rule: u64) {
    if let Some(entry) = entry(address) {
        entry.check.store(address as u64 ^ rule, Relaxed);
        entry.rule.store(rule, Relaxed);
    }
}
