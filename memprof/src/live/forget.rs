//! How a record leaves the table: before its block is freed or reallocated.

use super::filter::Index;
use super::record::Record;
use super::slot::{self, Taken};
use super::table::{SLOTS, Slot, Table};
use std::sync::atomic::Ordering::Relaxed;

impl Table {
    /// Whether a block may have a record; false is certain. One byte of the filter, which ends it for most blocks without
    /// a record.
    #[inline(always)]
    pub(crate) fn may_hold(&self, address: usize) -> bool {
        self.asked.may_hold(slot::key(address))
    }

    /// Takes the record away of a block that [`may_hold`](Self::may_hold). Called before the block is freed: afterwards
    /// another thread may get, and insert, the same address. False: the first bucket has no such record, but another may;
    /// go on with [`forget_elsewhere`](Self::forget_elsewhere).
    ///
    /// Steps: one slot; one compare-exchange; two read-modify-writes.
    #[inline(always)]
    pub(crate) fn forget(&self, address: usize) -> bool {
        let key = slot::key(address);
        let index = self.filter.index(key);
        match self.find(Self::slot(index), key) {
            Some(slot) if slot::take(self.key_at(slot), key) => {
                self.settle(index);
                true
            }
            _ => false,
        }
    }

    /// Goes on after a [`forget`](Self::forget) that was not sure: in the other buckets, where a sweep is looking, and for a
    /// record that is listed.
    #[cold]
    #[inline(never)]
    pub(crate) fn forget_elsewhere(&self, address: usize) {
        let key = slot::key(address);
        // The short filter may have said "perhaps", which it does more often.
        if !self.filter.may_hold(self.filter.index(key)) {
            return;
        }
        if let Some(slot) = self.find_anywhere(key) {
            self.take_anywhere(slot, key);
        }
    }

    /// Takes the record away of a block that may have one, and returns it.
    #[inline]
    pub(crate) fn remove(&self, address: usize) -> Option<Record> {
        if !self.may_hold(address) {
            return None;
        }
        let key = slot::key(address);
        let slot = self.find_anywhere(key)?;
        let record = self.entry(slot).load();
        // The block is the caller's, so that only a sweep can have changed the slot since it was found.
        (self.take_anywhere(slot, key) != Taken::Lost).then_some(record)
    }

    fn take_anywhere(&self, slot: Slot, key: u64) -> Taken {
        let taken = slot::take_from_sweep(self.key_at(slot), key);
        if let Taken::Yes(key) = taken {
            self.settle_anywhere(slot, key);
        }
        taken
    }

    /// The slot of a key in any of its buckets, looked at by a sweep or not.
    fn find_anywhere(&self, key: u64) -> Option<Slot> {
        let in_bucket = |first: Slot| {
            (0..SLOTS).map(|step| first.in_bucket(step)).find(|&slot| slot::may_hold(self.key_at(slot), key))
        };
        let first = in_bucket(Self::slot(self.filter.index(key)));
        if first.is_some() || self.displaced.load(Relaxed) == 0 {
            return first;
        }
        self.elsewhere(key).find_map(in_bucket)
    }

    /// A record is gone that was not listed: its room and its entry in the filter are free again.
    #[inline(always)]
    pub(super) fn settle(&self, index: Index) {
        self.filter.subtract(index);
        self.room.give_back();
    }

    /// As [`settle`](Self::settle), of a record that stood in any of its buckets, listed or not.
    pub(super) fn settle_anywhere(&self, slot: Slot, key: u64) {
        let index = self.filter.index(slot::plain(key));
        if !Self::slot(index).is_beside(slot) {
            self.displaced.fetch_sub(1, Relaxed);
        }
        self.settle_either(index, key);
    }

    /// As [`settle`](Self::settle), of a record that is listed or not.
    pub(super) fn settle_either(&self, index: Index, key: u64) {
        if slot::is_listed(key) {
            self.filter.subtract(index);
            self.short.subtract(index.of_short());
            self.room.give_back_listed();
        } else {
            self.settle(index);
        }
    }
}
