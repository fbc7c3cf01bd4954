//! A counting filter: whether an address may have a record, in one byte read.
//!
//! Most programs have far more live blocks than records, so most frees end here. There are at least 32 entries for each
//! record that the table may hold: at a full table one free in about 33 of an untracked block looks further.

use super::prefetch::prefetch;
use super::sync::{Acquire, AtomicPtr, AtomicU8, Relaxed, Release};

/// Where an entry gives up before it can wrap: as many threads as this would have to add to it at the same instant.
const FULL: u8 = 128;
/// 2^64 divided by the golden ratio, odd: the usual constant of multiplicative hashing (Knuth, TAOCP 3, 6.4).
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// 128 entries of the whole filter for one of the short one, see `listing`.
pub(super) const SHORTER_BY_BITS: u32 = 7;

/// One entry of the filter: only [`Filter::index`] and [`Filter::other_index`] make them, below the filter's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Index(usize);

impl Index {
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn number(self) -> usize {
        self.0
    }

    /// Where the short filter counts what the whole one counts here.
    pub(super) fn of_short(self) -> Index {
        Index(self.0 >> SHORTER_BY_BITS)
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

    /// A filter over `len` zeroed bytes at `entries`, which is aligned to [`ALIGNED_TO`]; `len` is a power of two, at least 2 and
    /// at most 2^32.
    pub(super) fn over(entries: *const AtomicU8, len: usize) -> Self {
        Self { entries, shift: 64 - len.trailing_zeros() }
    }

    pub(super) fn len(&self) -> usize {
        1 << (64 - self.shift)
    }

    /// Which entry counts a key.
    #[cfg_attr(not(debug_assertions), inline(always))]
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

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn entry(&self, index: Index) -> &AtomicU8 {
        // SAFETY: an index is a 64-bit hash shifted right by 64 − log2(entries) when it is made, so it is below the number of
        // entries of the whole filter of its table; that of the short one is shifted once more, as its length is.
        unsafe { &*self.entries.add(index.0) }
    }

    /// See [`Table::prefetch`](super::table::Table::prefetch).
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn prefetch(&self, index: Index) {
        prefetch(self.entry(index));
    }

    /// Counts one more address. False: the entry is full, nothing was counted.
    #[cfg_attr(not(debug_assertions), inline(always))]
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
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn subtract(&self, index: Index) {
        self.entry(index).fetch_sub(1, Relaxed);
    }

    /// How many addresses are counted in all entries.
    #[cfg(test)]
    pub(super) fn sum(&self) -> u64 {
        (0..self.len()).map(|index| u64::from(self.entry(Index(index)).load(Relaxed))).sum()
    }

    /// Whether an address may be in the table.
    pub(super) fn may_hold(&self, index: Index) -> bool {
        self.entry(index).load(Relaxed) != 0
    }
}

/// What a filter's entries are aligned to, so that [`Asked`] has bits to spare.
pub(super) const ALIGNED_TO: usize = 4096;
/// The bits of [`Asked`] that say how a hash is shifted to an index.
const SHIFT: usize = 63;
/// Set while the filter that is asked may be changed.
const OPEN: usize = 1 << 6;
/// What a generation is counted in, and its bits.
const GENERATION: usize = 1 << 7;
const GENERATIONS: usize = 15 << 7;
/// Set when the filter that is asked will never be changed again.
const SHUT: usize = 1 << 11;

/// Which of a table's filters every free asks.
///
/// One word, so that its parts are never those of two filters: where the entries begin, a generation, whether it may be
/// changed, and the shift.
#[derive(Debug)]
pub(super) struct Asked(AtomicPtr<AtomicU8>);

/// Which one it was, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer(*mut AtomicU8);

impl Answer {
    fn of(filter: &Filter, rest: usize) -> Self {
        let more = rest & (OPEN | GENERATIONS | SHUT) | filter.shift as usize & SHIFT;
        Self(filter.entries.cast_mut().map_addr(|address| address | more))
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn entries(self) -> *mut AtomicU8 {
        self.0.map_addr(|address| address & !(ALIGNED_TO - 1))
    }

    pub(super) fn is(self, filter: &Filter) -> bool {
        std::ptr::eq(self.entries(), filter.entries)
    }

    pub(super) fn is_shut(self) -> bool {
        self.0.addr() & SHUT != 0
    }
}

impl Asked {
    pub(super) fn new(filter: &Filter) -> Self {
        Self(AtomicPtr::new(Answer::of(filter, OPEN).0))
    }

    pub(super) fn look(&self) -> Answer {
        // Acquire: see `may_hold`.
        Answer(self.0.load(Acquire))
    }

    /// Whether a key may be in the table; false is certain.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(super) fn may_hold(&self, key: u64) -> bool {
        // Acquire: whoever asks the short filter sees what was listed before it was chosen.
        let answer = self.look();
        let index = (key.wrapping_mul(GOLDEN) >> (answer.0.addr() & SHIFT)) as usize;
        // SAFETY: every word is made by `Answer::of`, of a filter that is never freed: the shift is that of these entries, so
        // that the index is below their number.
        unsafe { &*answer.entries().add(index) }.load(Relaxed) != 0
    }

    /// Has every free ask `filter` until this is opened again, so that a [`change`](Self::change) which was thought of before
    /// has no effect. One thread at a time closes and opens.
    pub(super) fn close(&self, filter: &Filter) {
        // A thread would have to be stopped between a look and its change while 16 profiles start, to take a generation for
        // that of before.
        let seen = self.look();
        let shut = seen.0.addr() & SHUT;
        let next = seen.0.addr().wrapping_add(GENERATION) & GENERATIONS;
        // A swap where a store would do, for loom: see `slot::discard`.
        self.0.swap(Answer::of(filter, next | shut).0, Release);
    }

    /// As [`close`](Self::close), for ever.
    pub(super) fn shut(&self, filter: &Filter) {
        self.0.swap(Answer::of(filter, SHUT).0, Release);
    }

    /// Ends what [`close`](Self::close) began, unless it is shut.
    pub(super) fn open(&self, filter: &Filter) {
        let seen = self.look();
        let open = if seen.is_shut() { 0 } else { OPEN };
        self.0.store(Answer::of(filter, seen.0.addr() | open).0, Release);
    }

    /// Has every free ask `filter`, if nothing has changed since the look.
    pub(super) fn change(&self, seen: Answer, filter: &Filter) {
        let rest = seen.0.addr();
        if rest & OPEN != 0 {
            // Release: see `may_hold`. Lost to another thread: then that one did it, or all begins anew.
            let _ = self.0.compare_exchange(seen.0, Answer::of(filter, rest).0, Release, Relaxed);
        }
    }
}
