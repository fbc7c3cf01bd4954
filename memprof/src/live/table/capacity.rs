//! How many records there may still be, whether the table is a sample, and how many records are listed, in one word.
//!
//! One word, because only then the difference that matters is never a mixture of two moments: how many records are *not* in
//! the short filter (see `listing`). And its sign tells all there is to know where every block gets a record: a word above 0
//! is room in an exact table, so that the path of an exact table has no instruction for samples.

use crate::live::sync::{Acquire, AtomicI64, Relaxed, Release};

/// Taken from the word while the table is a sample.
const SAMPLED: i64 = 1 << 62;
/// Taken from the word for each record that is listed. Records are fewer than 2^29, see `Table::create`: the lower half of
/// the word is the room, as a signed number, whatever the rest is.
const LISTED: i64 = 1 << 32;

#[derive(Debug)]
pub(crate) struct Capacity(AtomicI64);

/// The word at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CapacityReading {
    /// How many more records there may be; below 0 while threads find out that there is none.
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

    /// Records of a table of at most `max`, those being written among them.
    pub(crate) fn records(self, max: u64) -> u64 {
        max.saturating_add_signed(-self.left)
    }

    /// Those of them that are not listed.
    pub(crate) fn unlisted(self, max: u64) -> i64 {
        max as i64 - self.left - self.listed
    }
}

impl Capacity {
    pub(crate) fn new(max: u64) -> Self {
        Self(AtomicI64::new(max as i64))
    }

    pub(crate) fn look(&self) -> CapacityReading {
        // Acquire: whoever sees a record listed sees it in the short filter.
        CapacityReading::of(self.0.load(Acquire))
    }

    /// Takes the room of one record in an exact table. False: there is none, or the table is a sample, or was one just now.
    #[inline(always)]
    pub(crate) fn take_exact(&self) -> bool {
        // Acquire: after a table has become exact, every free has to ask the whole filter (see `Table::begin`).
        let has_capacity = self.0.fetch_sub(1, Acquire) > 0;
        if !has_capacity {
            self.give_back();
        }
        has_capacity
    }

    /// Takes the room of one record in any table, and says what there was; `None`: there is none.
    pub(crate) fn take(&self) -> Option<CapacityReading> {
        let seen = CapacityReading::of(self.0.fetch_sub(1, Acquire));
        if seen.left <= 0 {
            self.give_back();
        }
        (seen.left > 0).then_some(seen)
    }

    /// A record is gone that was not listed.
    #[inline(always)]
    pub(crate) fn give_back(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// A record was listed. It is in the short filter already, and its room taken.
    pub(crate) fn list(&self) {
        self.0.fetch_sub(LISTED, Release);
    }

    /// A record is gone that was listed.
    pub(crate) fn give_back_listed(&self) {
        self.0.fetch_add(1 + LISTED, Relaxed);
    }

    /// Changes the most records there may be.
    pub(crate) fn add(&self, more: i64) {
        self.0.fetch_add(more, Relaxed);
    }

    /// In a forked child, where nobody else is: sets all three.
    pub(crate) fn reset(&self, left: i64, listed: i64, is_sampled: bool) {
        let sampled = if is_sampled { SAMPLED } else { 0 };
        self.0.store(left - listed * LISTED - sampled, Relaxed);
    }

    /// Marks, or does not mark any more, that the table is a sample. One thread at a time changes it to the same.
    pub(crate) fn mark_sampled(&self, is_sampled: bool) {
        let change = |word: i64| match (CapacityReading::of(word).is_sampled, is_sampled) {
            (false, true) => Some(word - SAMPLED),
            (true, false) => Some(word + SAMPLED),
            _ => None,
        };
        // Release: what was arranged for the table's new state is seen by whoever takes room in it.
        let _ = self.0.fetch_update(Release, Relaxed, change);
    }
}
