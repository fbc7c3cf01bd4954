//! The capacity left in the table, whether it is a sample, and the number of listed records, in one word.
//!
//! One word, because the number of records that are *not* listed (see `listing`) is a difference of two parts and must
//! belong to one moment. The sign is all that the path of an exact table needs: a word above 0 means
//! capacity in an exact table, so this path has no instruction for samples.
//!
//! Threads that record blocks in an exact table have a part of the capacity in their shares (see `share`). It is not in
//! the word, which counts it as records that are not listed.

use super::share::{Share, Shares};
use crate::live::sync::{Acquire, AtomicI64, Relaxed, Release, SeqCst, fence};

/// Subtracted from the word while the table is a sample.
const SAMPLED: i64 = 1 << 62;
/// Subtracted from the word for each listed record. There are fewer than 2^29 records (see `Table::create`), so the
/// lower half of the word is always the capacity left, as a signed number.
const LISTED: i64 = 1 << 32;

/// The largest part of the capacity left that goes into one share: 1 of this many. So shares get smaller while the
/// table fills up, and with few records left none is opened.
const PARTS: i64 = 64;
/// The most that goes into a share at once, and the least for which one is opened.
const MOST: i64 = 64;
const LEAST: i64 = 2;

#[derive(Debug)]
pub(crate) struct Capacity {
    pub(super) word: AtomicI64,
    shares: &'static Shares,
}

/// The word at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CapacityReading {
    /// Capacity left; below 0 while threads are finding out that there is none.
    pub(crate) left: i64,
    pub(crate) is_sampled: bool,
    /// Records that the filters have counted.
    pub(crate) listed: i64,
}

impl CapacityReading {
    fn of(word: i64) -> Self {
        let is_sampled = word < -SAMPLED / 2;
        let left = i64::from(word as i32);
        let rest = left - word - if is_sampled { SAMPLED } else { 0 };
        Self { left, is_sampled, listed: rest / LISTED }
    }

    /// Records of a table of at most `max`, including those being written and what lies in shares.
    pub(crate) fn records(self, max: u64) -> u64 {
        max.saturating_add_signed(-self.left)
    }

    /// Records that are not listed, and what lies in shares.
    pub(crate) fn unlisted(self, max: u64) -> i64 {
        max as i64 - self.left - self.listed
    }
}

impl Capacity {
    /// Capacity for `max` records, of which threads have these shares.
    pub(crate) fn new(max: u64, shares: &'static Shares) -> Self {
        Self { word: AtomicI64::new(max as i64), shares }
    }

    pub(crate) fn look(&self) -> CapacityReading {
        // Acquire: a thread that sees a record counted as listed sees it in the filters.
        CapacityReading::of(self.word.load(Acquire))
    }

    /// Capacity in open shares. Exact while no thread records or frees.
    pub(crate) fn in_shares(&self) -> i64 {
        if self.shares.is_any_open() { self.shares.each().map(|share| share.look().left).sum() } else { 0 }
    }

    /// Takes capacity for one record in an exact table, after a take from the share has failed, and as much for the
    /// share as the table can spare. False: there is none, or the table is a sample or was one just now.
    fn refill(&self, share: &'static Share) -> bool {
        share.not_taken();
        self.give_back_many(share.drain());
        let word = self.word.load(Relaxed);
        let more = (word / PARTS).min(MOST);
        if more >= LEAST && self.open(share, more) {
            return true;
        }
        if word <= 0 {
            if !self.shares.is_any_open() {
                return false;
            }
            self.close_shares();
        }
        self.take_exact()
    }

    /// Takes capacity for one record and `more` for a share. False: there is not so much.
    fn open(&self, share: &'static Share, more: i64) -> bool {
        let taken = |word: i64| (word > more).then(|| word - more - 1);
        // Acquire: as in `take_exact`, for all that is taken from the share.
        if self.word.fetch_update(Acquire, Relaxed, taken).is_err() {
            return false;
        }
        self.give_back_many(more - self.shares.open(share, more as i8));
        // Together with the fence of `mark_sampled`: either we see that the table has become a sample, or whoever made
        // it one closes the share.
        fence(SeqCst);
        if self.word.load(Relaxed) <= 0 {
            self.close_share(share);
        }
        true
    }

    /// Takes capacity for one record from the word, in an exact table.
    #[inline(always)]
    pub(crate) fn take_exact(&self) -> bool {
        // Acquire: after a table has become exact, every free has to search (see `Table::begin`).
        let has_capacity = self.word.fetch_sub(1, Acquire) > 0;
        if !has_capacity {
            self.give_back_many(1);
        }
        has_capacity
    }

    /// Takes capacity for one record in any table. Returns true if the record has to be listed, because the table is a
    /// sample. `None`: there is none.
    pub(crate) fn take(&self, share: Option<&'static Share>) -> Option<bool> {
        if let Some(share) = share
            && !CapacityReading::of(self.word.load(Relaxed)).is_sampled
            && (share.take() || self.refill(share))
        {
            return Some(false);
        }
        let reading = CapacityReading::of(self.word.fetch_sub(1, Acquire));
        if reading.left <= 0 {
            self.give_back_many(1);
        }
        (reading.left > 0).then_some(reading.is_sampled)
    }

    /// Returns the capacity of a record that was not listed, to the thread's share if it has one.
    #[inline(always)]
    pub(crate) fn give_back(&self, share: Option<&'static Share>) {
        match share {
            Some(share) if share.add() => {}
            Some(share) => self.give_back_slow(share),
            None => self.give_back_many(1),
        }
    }

    #[cold]
    #[inline(never)]
    fn give_back_slow(&self, share: &'static Share) {
        self.give_back_many(share.give_up());
    }

    #[inline(always)]
    fn give_back_many(&self, many: i64) {
        self.word.fetch_add(many, Relaxed);
    }

    /// Closes the share of a thread, which is over.
    pub(crate) fn close_share(&self, share: &Share) {
        self.give_back_many(self.shares.close(share));
    }

    /// Closes all shares: afterwards the word has all capacity that no record has.
    fn close_shares(&self) {
        self.shares.each().for_each(|share| self.close_share(share));
    }

    /// Counts a record as listed. It is already in the filters, and its capacity taken.
    pub(crate) fn list(&self) {
        self.word.fetch_sub(LISTED, Release);
    }

    /// Returns the capacity of a record that was listed.
    pub(crate) fn give_back_listed(&self) {
        self.word.fetch_add(1 + LISTED, Relaxed);
    }

    /// Changes the maximum number of records.
    pub(crate) fn add(&self, more: i64) {
        self.word.fetch_add(more, Relaxed);
        self.close_shares();
    }

    /// In a forked child, which has one thread: closes the shares of the parent's threads.
    pub(crate) fn recover(&self) {
        self.close_shares();
        self.shares.none_is_open();
    }

    /// In a forked child, after [`recover`](Self::recover): sets all three figures.
    pub(crate) fn reset(&self, left: i64, listed: i64, is_sampled: bool) {
        let sampled = if is_sampled { SAMPLED } else { 0 };
        self.word.store(left - listed * LISTED - sampled, Relaxed);
    }

    /// Sets or clears the mark of a sample, which has no open shares.
    pub(crate) fn mark_sampled(&self, is_sampled: bool) {
        let change = |word: i64| match (CapacityReading::of(word).is_sampled, is_sampled) {
            (false, true) => Some(word - SAMPLED),
            (true, false) => Some(word + SAMPLED),
            _ => None,
        };
        // Release: a thread that takes capacity sees everything prepared for the table's new state.
        let _ = self.word.fetch_update(Release, Relaxed, change);
        if is_sampled {
            // Together with that of `open`.
            fence(SeqCst);
            self.close_shares();
        }
    }
}
