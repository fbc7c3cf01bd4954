//! A counting filter: one byte read tells if an address may have a record.
//!
//! Most programs have far more live blocks than records, so most frees end here. There are at least 32 entries for each
//! record that the table can hold: with a full table, one free in about 33 of a block without a record searches the
//! table.

use crate::live::prefetch::prefetch;
use crate::live::sync::{AtomicU8, Relaxed};

/// Limit of an entry, far below the value at which it would wrap: for that, this many threads would have to add to it
/// at the same instant.
const FULL: u8 = 128;
/// Multiplier of the hash, odd. Blocks of one size lie at equal distances, and each multiplier clusters some distances.
/// The usual one, 2^64 divided by the golden ratio, clusters those of 48, 96, 112 and 144 bytes: 10,000 blocks of 100
/// bytes fill 3,147 of 8,192 buckets, and a quarter of them are outside their first. This one is the best of 8,000
/// random numbers: at none of 832 combinations of a distance (16 bytes to 2 KB, or a multiple of 2^8 to 2^23) and a
/// size is a record outside its first bucket.
pub(super) const MULTIPLIER: u64 = 0xC13C_3ACE_5DD6_0D51;

/// Log2 of the entries of the whole filter for one of the short filter (see `short_filter`).
pub(crate) const SHORTER_BY_BITS: u32 = 7;

/// Alignment of the entries, so that [`FilterChoice`](super::choice::FilterChoice) has bits to spare.
pub(crate) const ALIGNED_TO: usize = 4096;

/// One entry of the filter: made only by [`Filter::index`] and [`Filter::other_index`], which keep it below the
/// filter's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Index(usize);

impl Index {
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn number(self) -> usize {
        self.0
    }

    /// Entry of the short filter for the same addresses.
    pub(crate) fn of_short(self) -> Index {
        Index(self.0 >> SHORTER_BY_BITS)
    }
}

/// Counters by hash. The memory belongs to the table.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(super) entries: *const AtomicU8,
    /// 64 − log2 of the number of entries.
    pub(super) shift: u32,
}

impl Filter {
    /// Entries for each slot of the table. Three of four slots stay empty.
    pub(crate) const ENTRIES_PER_SLOT: usize = 8;

    /// A filter over `len` zeroed bytes at `entries`, which are aligned to [`ALIGNED_TO`]. `len` is a power of two from
    /// 2 to 2^32.
    pub(crate) fn over(entries: *const AtomicU8, len: usize) -> Self {
        Self { entries, shift: 64 - len.trailing_zeros() }
    }

    pub(crate) fn len(&self) -> usize {
        1 << (64 - self.shift)
    }

    /// Entry that counts a key.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn index(&self, key: u64) -> Index {
        // The highest bits: they depend on all bits of the key.
        Index((key.wrapping_mul(MULTIPLIER) >> self.shift) as usize)
    }

    /// A second, mostly independent index for the `choice`-th bucket (double hashing).
    pub(crate) fn other_index(&self, key: u64, choice: u32) -> Index {
        let hash = key.wrapping_mul(MULTIPLIER);
        let mixed = (hash ^ (hash >> 29)).wrapping_mul(MULTIPLIER);
        let step = mixed.rotate_left(32) | 1;
        Index((mixed.wrapping_add(step.wrapping_mul(u64::from(choice))) >> self.shift) as usize)
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn entry(&self, index: Index) -> &AtomicU8 {
        // SAFETY: an index is a 64-bit hash shifted right by 64 − log2(entries) when it is made, so it is below the
        // number of entries of the whole filter of its table; that of the short one is shifted once more, as its length
        // is.
        unsafe { &*self.entries.add(index.0) }
    }

    /// See [`Table::prefetch`](crate::live::Table::prefetch).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn prefetch(&self, index: Index) {
        prefetch(self.entry(index));
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

    /// True if an address may be in the table.
    pub(crate) fn may_contain(&self, index: Index) -> bool {
        self.entry(index).load(Relaxed) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_is_below_the_length_of_its_filter() {
        for bits in [8, 19, 32] {
            // Only the length is used: no entry is read.
            let filter = Filter::over(std::ptr::null(), 1 << bits);
            assert_eq!(filter.len(), 1 << bits);
            for key in [0, 1, 0x1000, 0x7fff_ffff_fff0, u64::MAX].into_iter().chain((0..1000).map(|n| n * 48)) {
                let all = [filter.index(key)].into_iter().chain((1..16).map(|choice| filter.other_index(key, choice)));
                for index in all {
                    assert!(index.number() < filter.len());
                    assert_eq!(index.of_short().number(), index.number() >> SHORTER_BY_BITS);
                    assert!(index.of_short().number() < (filter.len() >> SHORTER_BY_BITS).max(1));
                }
            }
        }
    }
}
