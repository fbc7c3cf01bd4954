//! The short filter: for a sample of few blocks, a filter that fits into the processor's first-level cache.
//!
//! Nearly every free asks the filter, and nearly none of them has a record. The whole filter has an entry for each
//! slot, 64 KB by default, and frees read cache lines all over it. With few records these cache misses cost more than
//! the rest of a free. So there is a second filter with 1 entry for 16 of the first. A record in both is *listed*.
//! A record made while the table was exact is in the whole filter alone, so that an exact table pays for one filter
//! only. A sweep lists the records that it keeps.
//!
//! Frees ask the short filter while every record is listed and the records are so few that it mostly says no. Once
//! every record is listed, this holds as long as the table is a sample: the path of an exact table finds no capacity in
//! it (see `capacity`), and all other paths list what they insert.

use crate::live::table::capacity::CapacityReading;
use crate::live::table::slot;
use crate::live::table::{SlotNumber, Table};
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

/// Entries of the short filter for each record from which on it is used: at most one free in 8 then searches in vain.
const WORTH_IT: u64 = 8;
/// Entries for each record below which it is not used any more. Lower than the other limit, or a table in between would
/// switch with each record.
const IN_VAIN: u64 = 4;

impl Table {
    /// Makes frees ask the filter that serves them best. Called with each record that a sample gets.
    pub(crate) fn choose_filter(&self) {
        let choice = self.choice.look();
        let (reading, max) = (self.capacity.look(), self.max.load(Relaxed));
        if choice.is(&self.short) {
            if reading.records(max) > self.short.len() as u64 / IN_VAIN {
                // Always correct: each record is in the whole filter.
                self.choice.change(choice, &self.filter);
            }
        } else if self.is_worth_listing(reading) && reading.unlisted(max) == 0 {
            self.choice.change(choice, &self.short);
        }
    }

    /// True if the records are so few that the short filter mostly says no.
    pub(crate) fn is_worth_listing(&self, reading: CapacityReading) -> bool {
        reading.is_sampled
            && !self.choice.look().is_shut()
            && reading.records(self.max.load(Relaxed)) <= self.short.len() as u64 / WORTH_IT
    }

    /// Lists more records, if that lets frees use the short filter: continues the current sweep by this many shards, or
    /// starts another one.
    pub(crate) fn list_more(&self, shards: usize) {
        let reading = self.capacity.look();
        if !self.is_worth_listing(reading) || reading.unlisted(self.max.load(Relaxed)) == 0 {
            return;
        }
        if self.sweep_some(shards) {
            let state = self.state();
            // Records that it skipped, because they were just being written, are found by the next one.
            if self.state.compare_exchange(state.0, state.at(state.level()).0, SeqCst, Relaxed).is_ok() {
                self.bytes_left.store(0, Relaxed);
            }
        }
        self.choose_filter();
    }

    /// Lists a record that a sweep keeps, if it is not listed yet.
    pub(crate) fn list(&self, slot: SlotNumber, key: u64) {
        let word = self.key_at(slot);
        if slot::is_listed(key) {
            return;
        }
        // By now it may be another record, which is listed.
        let Some(key) = slot::look(word) else { return };
        let lists = !slot::is_listed(key) && self.short.add(self.short.short_index(slot::plain(key)));
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
