//! Removal of a record, before its block is deallocated or reallocated.

use crate::live::filter::choice::Answer;
use crate::live::record::Record;
use crate::live::table::share::Share;
use crate::live::table::slot::{self, Removal};
use crate::live::table::{SLOTS, SlotNumber, Table};
use std::sync::atomic::Ordering::Relaxed;

impl Table {
    /// True if a block may have a record; false is certain. In a sample it reads one byte of a filter, which is enough
    /// for most blocks without a record.
    #[inline(always)]
    pub(crate) fn may_contain(&self, address: usize) -> bool {
        self.choice.ask(slot::key(address)) != Answer::No
    }

    /// Removes the record of a block from an exact table, if there is one. Called before the block is freed: afterwards
    /// another thread may get, and insert, the same address. False: the first bucket has no such record, but another
    /// one may, or it is listed; continue with [`remove_slow`](Self::remove_slow).
    ///
    /// Steps: one slot; one compare-exchange; one read-modify-write on a word of the thread.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn remove(&self, address: usize, share: &'static Share) -> bool {
        let key = slot::key(address);
        match self.find(self.slot(key), key) {
            Some(slot) if slot::take(self.key_at(slot), key) => {
                self.capacity.give_back(Some(share));
                true
            }
            _ => false,
        }
    }

    /// Slow path after a [`remove`](Self::remove) that returned false: for records in other buckets, listed records,
    /// and records that a sweep is checking.
    #[cold]
    #[inline(never)]
    pub(crate) fn remove_slow(&self, address: usize) {
        let key = slot::key(address);
        // The short filter says "perhaps" more often than the whole one. While either is asked, all records are in
        // both.
        if !self.choice.look().counts_every() && !self.filter.may_contain(self.filter.index(key)) {
            return;
        }
        if let Some(slot) = self.find_in_any_bucket(key) {
            self.take_anywhere(slot, key);
        }
    }

    /// Removes and returns the record of a block that may have one.
    #[inline]
    pub(crate) fn take_record(&self, address: usize) -> Option<Record> {
        if !self.may_contain(address) {
            return None;
        }
        let key = slot::key(address);
        let slot = self.find_in_any_bucket(key)?;
        let record = self.entry(slot).load();
        // The block is the caller's, so only a sweep can have changed the slot since it was found.
        (self.take_anywhere(slot, key) != Removal::Lost).then_some(record)
    }

    fn take_anywhere(&self, slot: SlotNumber, key: u64) -> Removal {
        let taken = slot::take_from_sweep(self.key_at(slot), key);
        if let Removal::Done(key) = taken {
            self.settle_anywhere(slot, key);
        }
        taken
    }

    /// The slot of a key in any of its buckets, whether a sweep is checking it or not.
    fn find_in_any_bucket(&self, key: u64) -> Option<SlotNumber> {
        let in_bucket = |first: SlotNumber| {
            (0..SLOTS).map(|step| first.in_bucket(step)).find(|&slot| slot::may_contain(self.key_at(slot), key))
        };
        let first = in_bucket(self.slot(key));
        if first.is_some() || self.displaced.load(Relaxed) == 0 {
            return first;
        }
        self.other_buckets(key).find_map(in_bucket)
    }

    /// Settles the accounts of a removed record in any of its buckets, listed or not.
    pub(crate) fn settle_anywhere(&self, slot: SlotNumber, key: u64) {
        if !self.slot(slot::plain(key)).is_beside(slot) {
            self.displaced.fetch_sub(1, Relaxed);
        }
        self.settle(key);
    }

    /// Settles the accounts of a removed record: uncounts it in the filters if it was listed, and returns its capacity.
    pub(crate) fn settle(&self, key: u64) {
        if slot::is_listed(key) {
            self.uncount(slot::plain(key));
            self.capacity.give_back_listed();
        } else {
            self.capacity.give_back(None);
        }
    }
}
