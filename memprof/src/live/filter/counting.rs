//! A counting filter: one byte read tells if an address may have a record.
//!
//! Most programs have far more live blocks than records, so most frees end here. There are at least 4 entries for each
//! record that the table can hold: with a full table, one free in 5 of a block without a record searches the table.
//!
//! Addresses of one page of 4 KiB have neighbouring entries, one for 16 bytes, so blocks that are allocated one after
//! the other touch the same cache lines.

use crate::live::prefetch::prefetch;
use crate::live::sync::{AtomicU8, Relaxed};

/// Limit of an entry, far below the value at which it would wrap: for that, this many threads would have to add to it
/// at the same instant.
const FULL: u8 = 128;
/// Multiplier of the hash, odd. Pages, and blocks of one size, lie at equal distances, and each multiplier clusters
/// some distances; the usual one, 2^64 divided by the golden ratio, several. This one is the best of 8,000 random
/// numbers over distances from 16 bytes to 2^23.
pub(super) const MULTIPLIER: u64 = 0xC13C_3ACE_5DD6_0D51;

/// Log2 of the entries of the whole filter for one of the short filter (see `short_filter`).
pub(crate) const SHORTER_BY_BITS: u32 = 4;

/// Least number of entries: the bits of an address within its page change the lowest 8 bits of an index.
pub(crate) const LEAST: usize = 256;

/// Entry of an address in a short filter of 2^(64 − `shift`) entries: the highest bits of a product depend on all bits
/// of the address. A short filter is in the first-level cache as a whole, so neighbours gain nothing.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn short_entry_of(key: u64, shift: u32) -> usize {
    (key.wrapping_mul(MULTIPLIER) >> shift) as usize
}

/// Entry of an address in a whole filter of 2^(64 − `shift`) entries, at least [`LEAST`].
///
/// The highest bits of a product depend on all bits of the page's address. The bits within the page change the lowest
/// ones. Blocks that are 8 bytes apart, which few allocators have, count as if they were in different pages.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(super) fn entry_of(key: u64, shift: u32) -> usize {
    let page = (key & !0xFF7).wrapping_mul(MULTIPLIER) >> shift;
    page as usize ^ usize::from((key >> 4) as u8)
}

/// Alignment of the entries, so that [`FilterChoice`](super::choice::FilterChoice) has bits to spare.
pub(crate) const ALIGNED_TO: usize = 4096;

/// One entry of the filter: made only by [`Filter::index`] and [`Filter::other_index`], which keep it below the
/// filter's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Index(pub(super) usize);

impl Index {
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn number(self) -> usize {
        self.0
    }
}

/// Counters by hash. The memory belongs to the table.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(super) entries: *const AtomicU8,
    /// 64 − log2 of the number of entries.
    pub(super) shift: u32,
    pub(super) is_short: bool,
}

impl Filter {
    /// A whole filter over `len` zeroed bytes at `entries`, which are aligned to [`ALIGNED_TO`]. `len` is a power of
    /// two from [`LEAST`] to 2^32.
    pub(crate) fn over(entries: *const AtomicU8, len: usize) -> Self {
        debug_assert!(len.is_power_of_two() && len >= LEAST);
        Self { entries, shift: 64 - len.trailing_zeros(), is_short: false }
    }

    /// A short filter, likewise. `len` is a power of two from 2 to 2^32.
    pub(crate) fn short_over(entries: *const AtomicU8, len: usize) -> Self {
        debug_assert!(len.is_power_of_two() && len >= 2);
        Self { entries, shift: 64 - len.trailing_zeros(), is_short: true }
    }

    pub(crate) fn len(&self) -> usize {
        1 << (64 - self.shift)
    }

    /// Entry that counts a key.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn index(&self, key: u64) -> Index {
        debug_assert!(!self.is_short);
        Index(entry_of(key, self.shift))
    }

    /// Entry of a short filter that counts a key.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn short_index(&self, key: u64) -> Index {
        debug_assert!(self.is_short);
        Index(short_entry_of(key, self.shift))
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
        // SAFETY: an index is 64 bits shifted right by 64 − log2(entries) when it is made: it is below the number of
        // entries of its filter. In a whole filter the lowest 8 bits are changed, and there are at least 2^8 entries.
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
    fn blocks_of_a_page_are_neighbours_with_entries_of_their_own() {
        let filter = Filter::over(std::ptr::null(), 1 << 16);
        for page in [0x5555_0000_1000, 0x7f00_1234_5000] {
            let entries: std::collections::HashSet<usize> =
                (0..256).map(|block| filter.index(page + block * 16).number()).collect();
            assert_eq!(
                (entries.len(), entries.iter().map(|entry| entry / 256).min()),
                (256, entries.iter().map(|entry| entry / 256).max())
            );
        }
    }

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
                }
                let short = Filter::short_over(std::ptr::null(), filter.len() >> SHORTER_BY_BITS);
                assert!(short.len() < filter.len() && short.short_index(key).number() < short.len());
            }
        }
    }
}
