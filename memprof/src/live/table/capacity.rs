//! The capacity left in the table, whether it is a sample, and the number of listed records, in one word.
//!
//! One word, because the number of records that are *not* in the short filter (see `short_filter`) is a difference of
//! two parts and must belong to one moment. The sign is all that the path of an exact table needs: a word above 0 means
//! capacity in an exact table, so this path has no instruction for samples.

use crate::live::sync::{Acquire, AtomicI64, Relaxed, Release};

/// Subtracted from the word while the table is a sample.
const SAMPLED: i64 = 1 << 62;
/// Subtracted from the word for each listed record. There are fewer than 2^29 records (see `Table::create`), so the
/// lower half of the word is always the capacity left, as a signed number.
const LISTED: i64 = 1 << 32;

#[derive(Debug)]
pub(crate) struct Capacity(pub(super) AtomicI64);

/// The word at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CapacityReading {
    /// Capacity left; below 0 while threads are finding out that there is none.
    pub(crate) left: i64,
    pub(crate) is_sampled: bool,
    /// Records in the short filter.
    pub(crate) listed: i64,
}

impl CapacityReading {
    fn of(word: i64) -> Self {
        let is_sampled = word < -SAMPLED / 2;
        let left = i64::from(word as i32);
        let rest = left - word - if is_sampled { SAMPLED } else { 0 };
        Self { left, is_sampled, listed: rest / LISTED }
    }

    /// Records of a table of at most `max`, including those being written.
    pub(crate) fn records(self, max: u64) -> u64 {
        max.saturating_add_signed(-self.left)
    }

    /// Records that are not listed.
    pub(crate) fn unlisted(self, max: u64) -> i64 {
        max as i64 - self.left - self.listed
    }
}

impl Capacity {
    pub(crate) fn new(max: u64) -> Self {
        Self(AtomicI64::new(max as i64))
    }

    pub(crate) fn look(&self) -> CapacityReading {
        // Acquire: a thread that sees a record counted as listed sees it in the short filter.
        CapacityReading::of(self.0.load(Acquire))
    }

    /// Takes capacity for one record in an exact table. False: there is none, or the table is a sample or was one just
    /// now.
    #[inline(always)]
    pub(crate) fn take_exact(&self) -> bool {
        // Acquire: after a table has become exact, every free has to ask the whole filter (see `Table::begin`).
        let has_capacity = self.0.fetch_sub(1, Acquire) > 0;
        if !has_capacity {
            self.give_back();
        }
        has_capacity
    }

    /// Takes capacity for one record in any table, and returns the reading from before. `None`: there is none.
    pub(crate) fn take(&self) -> Option<CapacityReading> {
        let reading = CapacityReading::of(self.0.fetch_sub(1, Acquire));
        if reading.left <= 0 {
            self.give_back();
        }
        (reading.left > 0).then_some(reading)
    }

    /// Returns the capacity of a record that was not listed.
    #[inline(always)]
    pub(crate) fn give_back(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// Counts a record as listed. It is already in the short filter, and its capacity taken.
    pub(crate) fn list(&self) {
        self.0.fetch_sub(LISTED, Release);
    }

    /// Returns the capacity of a record that was listed.
    pub(crate) fn give_back_listed(&self) {
        self.0.fetch_add(1 + LISTED, Relaxed);
    }

    /// Changes the maximum number of records.
    pub(crate) fn add(&self, more: i64) {
        self.0.fetch_add(more, Relaxed);
    }

    /// In a forked child, which has one thread: sets all three figures.
    pub(crate) fn reset(&self, left: i64, listed: i64, is_sampled: bool) {
        let sampled = if is_sampled { SAMPLED } else { 0 };
        self.0.store(left - listed * LISTED - sampled, Relaxed);
    }

    /// Sets or clears the mark of a sample.
    pub(crate) fn mark_sampled(&self, is_sampled: bool) {
        let change = |word: i64| match (CapacityReading::of(word).is_sampled, is_sampled) {
            (false, true) => Some(word - SAMPLED),
            (true, false) => Some(word + SAMPLED),
            _ => None,
        };
        // Release: a thread that takes capacity sees everything prepared for the table's new state.
        let _ = self.0.fetch_update(Release, Relaxed, change);
    }
}
