//! Listed records: those that the filters have counted, and the filter that frees ask.
//!
//! In an exact table nearly every free has a record, and searches for it at once: an insert pays for no filter. In a
//! sample nearly every free asks a filter, and nearly none of them has a record. The whole filter has an entry for each
//! slot, 64 KB by default, and frees read cache lines all over it. With few records these cache misses cost more than
//! the rest of a free. So there is a short one, with 1 entry for 16 of the first, that fits into the processor's
//! first-level cache. A record that both have counted is *listed*.
//!
//! A sample lists what it inserts, and a sweep lists the records that are left from an exact table. Until every record
//! is listed, frees search. From then on this holds as long as the table is a sample: the path of an exact table finds
//! no capacity in it (see `capacity`), and all other paths list what they insert.

use crate::live::table::slot;
use crate::live::table::{SlotNumber, Table};
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

/// Log2 of the entries of the whole filter for one of the short filter.
pub(super) const SHORTER_BY_BITS: u32 = 4;
/// Entries of the short filter for each record from which on it is used: at most one free in 8 then searches in vain.
const WORTH_IT: u64 = 8;
/// Entries for each record below which it is not used any more. Lower than the other limit, or a table in between would
/// switch with each record.
const IN_VAIN: u64 = 4;
/// Shards swept at a time: 1,024 slots.
const SOME_SHARDS: usize = 16;

impl Table {
    /// Counts a key in both filters. False: one of its entries is full, and nothing was counted.
    pub(super) fn count(&self, key: u64) -> bool {
        let index = self.filter.index(key);
        if !self.filter.add(index) {
            return false;
        }
        let is_counted = self.short.add(self.short.index(key));
        if !is_counted {
            self.filter.subtract(index);
        }
        is_counted
    }

    /// Uncounts a key in both filters.
    pub(super) fn uncount(&self, key: u64) {
        self.filter.subtract(self.filter.index(key));
        self.short.subtract(self.short.index(key));
    }

    /// Makes frees ask the filter that serves them best. Called with each record that a sample gets.
    pub(crate) fn choose_filter(&self) {
        // Before the counts: if a new profile starts in between, the change has no effect.
        let choice = self.choice.look();
        let (reading, max) = (self.capacity.look(), self.max.load(Relaxed));
        if !reading.is_sampled || reading.unlisted(max) != 0 {
            return;
        }
        let (records, short) = (reading.records(max), self.short.len() as u64);
        let limit = if choice.is(&self.short) { short / IN_VAIN } else { short / WORTH_IT };
        let best = if records <= limit { &self.short } else { &self.filter };
        if !choice.is(best) {
            self.choice.change(choice, best);
        }
    }

    /// Lists some more records. Called with each sample and each 64 KiB of a thread, so that frees of a table that has
    /// become a sample do not search for long.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn list_some(&self) {
        if self.choice.look().counts_every() {
            self.list_more(SOME_SHARDS);
        }
    }

    /// Lists more records, until frees can ask a filter: continues the current sweep by this many shards, or starts
    /// another one.
    pub(crate) fn list_more(&self, shards: usize) {
        if !self.choice.look().counts_every() || !self.lists() {
            return;
        }
        if self.capacity.look().unlisted(self.max.load(Relaxed)) != 0 && self.sweep_some(shards) {
            let state = self.state();
            // Records that it skipped, because they were just being written, are found by the next one.
            if self.state.compare_exchange(state.0, state.at(state.level()).0, SeqCst, Relaxed).is_ok() {
                self.bytes_left.store(0, Relaxed);
            }
        }
        self.choose_filter();
    }

    /// True if a sweep lists the records that it keeps.
    pub(crate) fn lists(&self) -> bool {
        self.capacity.look().is_sampled && !self.choice.look().is_shut()
    }

    /// Lists a record that a sweep keeps, if it is not listed yet.
    pub(crate) fn list(&self, slot: SlotNumber, key: u64) {
        let word = self.key_at(slot);
        if slot::is_listed(key) {
            return;
        }
        // By now it may be another record, which is listed.
        let Some(key) = slot::look(word) else { return };
        // A record of a profile that has begun meanwhile, in an exact table, is not.
        let lists = !slot::is_listed(key) && self.lists() && self.count(slot::plain(key));
        let listed = if lists { slot::listed(key) } else { key };
        if lists {
            self.capacity.list();
        }
        if !slot::keep_as(word, key, listed) {
            // Its block has been freed meanwhile.
            self.settle_anywhere(slot, listed);
        }
    }
}

#[cfg(test)]
mod tests;
