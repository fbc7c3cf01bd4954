//! A counting filter: one byte read tells if an address may have a record.
//!
//! While the table is a sample, far more blocks are live than have records, so most frees end here. The whole filter
//! has at least 4 entries for each record that the table can hold: with a full table, one free in 5 of a block without
//! a record searches the table.

use crate::live::hash::spread;
use crate::live::sync::{AtomicU8, Relaxed};

/// Limit of an entry, far below the value at which it would wrap: for that, this many threads would have to add to it
/// at the same instant.
const FULL: u8 = 128;

/// Alignment of the entries, so that [`FilterChoice`](super::choice::FilterChoice) has bits to spare.
pub(crate) const ALIGNED_TO: usize = 4096;

/// One entry of a filter, made only by [`Filter::index`], which keeps it below the filter's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Index(pub(super) usize);

/// Counters by hash. The memory belongs to the table.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(super) entries: *const AtomicU8,
    /// 64 − log2 of the number of entries.
    pub(super) shift: u32,
    /// True for the one filter whose entries are all counted and never change.
    pub(super) counts_every: bool,
}

impl Filter {
    /// A filter over `len` zeroed bytes at `entries`, which are aligned to [`ALIGNED_TO`]. `len` is a power of two from
    /// 2 to 2^32.
    pub(crate) fn over(entries: *const AtomicU8, len: usize) -> Self {
        debug_assert!(len.is_power_of_two() && len >= 2);
        Self { entries, shift: 64 - len.trailing_zeros(), counts_every: false }
    }

    /// A filter that has counted every key: all of its entries are counted already, and never change.
    pub(crate) fn of_every_key(entries: *const AtomicU8, len: usize) -> Self {
        Self { counts_every: true, ..Self::over(entries, len) }
    }

    pub(crate) fn len(&self) -> usize {
        1 << (64 - self.shift)
    }

    /// Entry that counts a key.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn index(&self, key: u64) -> Index {
        Index(spread(key, self.shift))
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn entry(&self, index: Index) -> &AtomicU8 {
        // SAFETY: an index is 64 bits shifted right by 64 − log2(entries) when it is made, so it is below the number of
        // entries of its filter.
        unsafe { &*self.entries.add(index.0) }
    }

    /// Counts one more address. False: the entry is full, and nothing was counted.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn add(&self, index: Index) -> bool {
        let entry = self.entry(index);
        // Relaxed: the thread that frees the block got its address after this, and that passing-on orders the two.
        if entry.fetch_add(1, Relaxed) >= FULL {
            entry.fetch_sub(1, Relaxed);
            return false;
        }
        true
    }

    /// Uncounts one address.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn subtract(&self, index: Index) {
        self.entry(index).fetch_sub(1, Relaxed);
    }

    /// Number of addresses counted in all entries.
    #[cfg(test)]
    pub(crate) fn sum(&self) -> u64 {
        (0..self.len()).map(|index| u64::from(self.entry(Index(index)).load(Relaxed))).sum()
    }

    /// True if an address may be counted.
    pub(crate) fn may_contain(&self, index: Index) -> bool {
        self.entry(index).load(Relaxed) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_is_below_the_length_of_its_filter() {
        for bits in [1, 8, 19, 32] {
            // Only the length is used: no entry is read.
            let filter = Filter::over(std::ptr::null(), 1 << bits);
            assert_eq!(filter.len(), 1 << bits);
            for key in [0, 1, 0x1000, 0x7fff_ffff_fff0, u64::MAX].into_iter().chain((0..1000).map(|n| n * 48)) {
                assert!(filter.index(key).0 < filter.len());
            }
        }
    }
}
