//! The short filter: for a sample of few blocks, a filter that stays in the processor's first cache.
//!
//! Nearly every free asks the filter, and nearly none finds something. The whole filter has 32 entries for each record that
//! there may be, half a megabyte by default, and frees ask for lines all over it: where a sample has few records, what that
//! costs is a multiple of all else that a free does (parsing JSON took 1.15 of its time without a profiler, and 1.06 with
//! this). So there is a second filter with 1 entry for 128 of those. A record in both is *listed*; one that was made while the
//! table was exact is in the whole filter alone, so that an exact table pays for one. A sweep lists the records it leaves.
//!
//! Frees ask the short filter while no record is unlisted, and the records are so few that it mostly says no. Once no record
//! is unlisted none will be as long as the table is a sample: the path of an exact table finds no room in it (see `capacity`), and
//! all others list what they insert.

use crate::live::table::capacity::CapacityReading;
use crate::live::table::slot;
use crate::live::table::{Slot, Table};
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

/// The short filter is asked where it has at least so many entries for each record: one in 8 frees looks further in vain.
const WORTH_IT: u64 = 8;
/// And no more where it has fewer than these. Not the same, or a table in between would change with each record.
const IN_VAIN: u64 = 4;

impl Table {
    /// Has frees ask the filter that serves them best. Called with each record that a sample gets.
    pub(crate) fn choose_filter(&self) {
        let choice = self.choice.look();
        let (seen, max) = (self.capacity.look(), self.max.load(Relaxed));
        if choice.is(&self.short) {
            if seen.records(max) > self.short.len() as u64 / IN_VAIN {
                // Always right: each record is in the whole filter.
                self.choice.change(choice, &self.filter);
            }
        } else if self.is_worth_listing(seen) && seen.unlisted(max) == 0 {
            self.choice.change(choice, &self.short);
        }
    }

    /// Whether the records are so few that the short filter mostly says no.
    pub(crate) fn is_worth_listing(&self, seen: CapacityReading) -> bool {
        seen.is_sampled
            && !self.choice.look().is_shut()
            && seen.records(self.max.load(Relaxed)) <= self.short.len() as u64 / WORTH_IT
    }

    /// Lists what is not, if frees had better ask the short filter: goes on with the present sweep by so many
    /// shards, or begins another.
    pub(crate) fn list_more(&self, shards: usize) {
        let seen = self.capacity.look();
        if !self.is_worth_listing(seen) || seen.unlisted(self.max.load(Relaxed)) == 0 {
            return;
        }
        if self.sweep_some(shards) {
            let state = self.state();
            // What it has passed over, because it was just being written, is found by the next one.
            if self.state.compare_exchange(state.0, state.at(state.level()).0, SeqCst, Relaxed).is_ok() {
                self.bytes_left.store(0, Relaxed);
            }
        }
        self.choose_filter();
    }

    /// Lists a record that a sweep leaves, if it is not listed.
    pub(crate) fn list(&self, slot: Slot, key: u64) {
        let word = self.key_at(slot);
        if slot::is_listed(key) {
            return;
        }
        // It may be another record by now, which is listed.
        let Some(key) = slot::look(word) else { return };
        let lists = !slot::is_listed(key) && self.short.add(self.filter.index(slot::plain(key)).of_short());
        let listed = if lists { slot::listed(key) } else { key };
        if lists {
            self.capacity.list();
        }
        if !slot::keep_as(word, key, listed) {
            // Its block was freed meanwhile.
            self.settle_anywhere(slot, listed);
        }
    }
}

#[cfg(test)]
mod tests;
