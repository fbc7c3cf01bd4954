//! A counting filter: whether an address may have a record, in one byte read.
//!
//! Most programs have far more live blocks than records, so most frees end here. There are 16 entries for each record
//! that the table may hold: at a full table one free in about 17 of an untracked block looks further.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// Entries for each tracked allocation.
const ENTRIES_PER_RECORD: usize = 16;

/// Where an entry gives up before it can wrap: more threads than this would have to add to it at the same instant.
const FULL: u8 = 128;

/// Counters by hash. The memory belongs to the table.
#[derive(Debug)]
pub(super) struct Filter {
    entries: *const AtomicU8,
    shift: u32,
}

impl Filter {
    /// log2 of how many entries a table for `max` records has.
    pub(super) fn bits(max: usize) -> Option<u32> {
        Some(max.checked_mul(ENTRIES_PER_RECORD)?.checked_next_power_of_two()?.trailing_zeros())
    }

    /// A filter over `1 << bits` zeroed bytes at `entries`, 1 ≤ bits ≤ 63.
    pub(super) fn over(entries: *const AtomicU8, bits: u32) -> Self {
        Self { entries, shift: 64 - bits }
    }

    #[inline(always)]
    fn entry(&self, hash: u64) -> &AtomicU8 {
        // SAFETY: a 64-bit hash shifted right by 64 − bits is below 1 << bits, the number of entries.
        unsafe { &*self.entries.add((hash >> self.shift) as usize) }
    }

    /// Counts one more address with this hash. False: the entry is full, nothing was counted.
    #[inline(always)]
    pub(super) fn add(&self, hash: u64) -> bool {
        let entry = self.entry(hash);
        // Relaxed: whoever frees the block learned its address after this, by whatever passed the address on.
        if entry.fetch_add(1, Relaxed) >= FULL {
            entry.fetch_sub(1, Relaxed);
            return false;
        }
        true
    }

    /// Takes one address with this hash away again.
    #[inline(always)]
    pub(super) fn subtract(&self, hash: u64) {
        self.entry(hash).fetch_sub(1, Relaxed);
    }

    /// Whether an address with this hash may be in the table.
    #[inline(always)]
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        self.entry(hash).load(Relaxed) != 0
    }
}
