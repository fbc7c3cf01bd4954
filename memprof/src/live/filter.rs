//! A counting filter: whether an address may have a record, in one byte read.
//!
//! Most programs have far more live blocks than records, so most frees end here. There are at least 32 entries for each
//! record that the table may hold: at a full table one free in about 33 of an untracked block looks further.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// Where an entry gives up before it can wrap: as many threads as this would have to add to it at the same instant.
const FULL: u8 = 128;
/// 2^64 divided by the golden ratio, odd: the usual constant of multiplicative hashing (Knuth, TAOCP 3, 6.4).
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// One entry of the filter: only [`Filter::index`] and [`Filter::other_index`] make them, below the filter's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Index(usize);

impl Index {
    #[inline(always)]
    pub(super) fn number(self) -> usize {
        self.0
    }
}

/// Counters by hash. The memory belongs to the table.
#[derive(Debug)]
pub(super) struct Filter {
    entries: *const AtomicU8,
    /// 64 − log2 of how many there are.
    shift: u32,
}

impl Filter {
    /// Entries for each slot of the table, three of four of which stay empty.
    pub(super) const ENTRIES_PER_SLOT: usize = 8;

    /// A filter over `len` zeroed bytes at `entries`; `len` is a power of two, at least 2 and at most 2^32.
    pub(super) fn over(entries: *const AtomicU8, len: usize) -> Self {
        Self { entries, shift: 64 - len.trailing_zeros() }
    }

    pub(super) fn len(&self) -> usize {
        1 << (64 - self.shift)
    }

    /// Which entry counts a key.
    #[inline(always)]
    pub(super) fn index(&self, key: u64) -> Index {
        // The highest bits: by them the golden ratio spreads blocks that lie side by side evenly, and most do.
        Index((key.wrapping_mul(GOLDEN) >> self.shift) as usize)
    }

    /// An index that has little to do with [`index`](Self::index), for the `choice`-th bucket.
    pub(super) fn other_index(&self, key: u64, choice: u32) -> Index {
        let hash = key.wrapping_mul(GOLDEN);
        let mixed = (hash ^ (hash >> 29)).wrapping_mul(GOLDEN).rotate_left(choice * 16);
        Index((mixed >> self.shift) as usize)
    }

    #[inline(always)]
    fn entry(&self, index: Index) -> &AtomicU8 {
        // SAFETY: an index is a 64-bit hash shifted right by 64 − log2(entries) when it is made, so it is below the
        // number of entries of this, the only, filter of its table.
        unsafe { &*self.entries.add(index.0) }
    }

    /// See [`Table::prefetch`](super::table::Table::prefetch).
    #[inline(always)]
    pub(super) fn prefetch(&self, index: Index) {
        super::table::prefetch(self.entry(index));
    }

    /// Counts one more address. False: the entry is full, nothing was counted.
    #[inline(always)]
    pub(super) fn add(&self, index: Index) -> bool {
        let entry = self.entry(index);
        // Relaxed: whoever frees the block learned its address after this, by whatever passed the address on.
        if entry.fetch_add(1, Relaxed) >= FULL {
            entry.fetch_sub(1, Relaxed);
            return false;
        }
        true
    }

    /// Takes one address away again.
    #[inline(always)]
    pub(super) fn subtract(&self, index: Index) {
        self.entry(index).fetch_sub(1, Relaxed);
    }

    /// How many addresses are counted in all entries.
    #[cfg(test)]
    pub(super) fn sum(&self) -> u64 {
        (0..self.len()).map(|index| u64::from(self.entry(Index(index)).load(Relaxed))).sum()
    }

    /// Whether an address may be in the table.
    #[inline(always)]
    pub(super) fn may_hold(&self, index: Index) -> bool {
        self.entry(index).load(Relaxed) != 0
    }
}
