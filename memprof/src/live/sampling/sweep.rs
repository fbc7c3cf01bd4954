//! The sweep: it turns an exact table into a sample, and a sample into a coarser or finer one.
//!
//! The table has two levels of the sampling interval. New blocks are drawn at the *drawing* level, which the overhead
//! budget moves up and down; this discards nothing. The level of the *state* applies to every record and rises when the
//! table is full. A record of a lower level is then kept with the probability P(state's interval) / P(its own
//! interval), and has the state's level from then on. So each record has the largest interval that it has been subject
//! to, and stands for 1 / P(that interval).
//!
//! Nothing is drawn at random: each record has a fixed number between 0 and 1, made from its address, its time and its
//! level. So all threads agree at once which records remain when the level has risen, and the records need not be
//! thinned at that moment. A thread that finds the table full sweeps it shard by shard until it finds capacity; when a
//! whole round leaves the table full, the level rises. A copy of the table skips the records that a sweep still has to
//! discard. A thinned record gets another number from its new level, because the numbers of the records that remain are
//! below their probability and no longer uniform.

use crate::live::probability::{self, DOUBLING, MAX_LEVEL, probability};
use crate::live::record::Record;
use crate::live::sampling::cause;
use crate::live::table::share::Share;
use crate::live::table::slot;
use crate::live::table::state::TableState;
use crate::live::table::{SlotNumber, Table};
use std::sync::atomic::Ordering::{Acquire, Relaxed, SeqCst};

/// Slots swept at a time: about 16 records of a full table.
pub(crate) const SHARD: usize = 64;
/// Shards swept in one go when nothing waits for capacity: 16,384 mostly empty slots. A default table has four times as
/// many.
pub(crate) const SHARDS_AT_A_TIME: usize = 256;
/// Attempts of an insert to find capacity. Each finds some, unless dozens of other threads are faster.
const TRIES: usize = 64;

impl Table {
    /// The interval of a level, bytes; 1: every block is recorded.
    pub(crate) fn interval_at(&self, level: u8) -> u64 {
        match self.fixed_interval.load(Relaxed) {
            _ if level == 0 => 1,
            0 => probability::interval(level),
            fixed => fixed,
        }
    }

    /// The interval at which blocks are drawn now, bytes; 1: every block is recorded.
    pub(crate) fn interval(&self) -> u64 {
        self.interval_at(self.drawing().1)
    }

    /// The state, and the level at which blocks are drawn; 0: every block gets a record.
    pub(crate) fn drawing(&self) -> (TableState, u8) {
        let state = self.state();
        (state, if state.is_exact() { 0 } else { state.level().max(self.drawing.load(Relaxed)) })
    }

    /// True if a record counts in this state.
    pub(crate) fn survives(&self, key: u64, record: &Record, state: TableState) -> bool {
        let drawn = record.drawn;
        if drawn.is_from_before(state.period()) {
            return false;
        }
        // A record drawn at the current level was chosen by it. An exact state has no lower level.
        if drawn.level() >= state.level() {
            return true;
        }
        let before = probability(record.size, self.interval_at(drawn.level()));
        // The number does not depend on whether the record is listed.
        let moment = probability::mix(record.ticks ^ u64::from(drawn.level()) << 56);
        let number = probability::uniform(probability::mix(moment ^ slot::plain(key)));
        number * before < probability(record.size, self.interval_at(state.level()))
    }

    /// Gives a block a record, if it is chosen at the current interval. In a full table the interval grows. False: the
    /// block should have a record and has none.
    pub(crate) fn insert_chosen(&self, address: usize, share: Option<&'static Share>, mut record: Record) -> bool {
        for _ in 0..TRIES {
            let state = self.state();
            if !self.survives(slot::key(address), &record, state) {
                return true;
            }
            record.drawn = record.drawn.at_least(state.level(), state.period());
            match self.insert_either(address, share, record) {
                Some(inserted) => return inserted,
                None if self.reclaim() => {}
                None => return false,
            }
        }
        false
    }

    /// Sweeps until there is capacity or the interval has grown. False: neither is possible.
    fn reclaim(&self) -> bool {
        loop {
            if self.capacity.look().left > 0 {
                return true;
            }
            let state = self.state();
            // A sweep changes nothing if the interval never grows.
            if !self.may_grow(state) {
                return false;
            }
            if !self.sweep_next(state) {
                let left = self.bytes_left.load(Relaxed);
                return self.grow_to_keep_half(state, left);
            }
        }
    }

    fn may_grow(&self, state: TableState) -> bool {
        state.guards() == 0 && self.fixed_interval.load(Relaxed) == 0 && state.level() < MAX_LEVEL
    }

    /// Sweeps the next shard, unless another thread has taken it meanwhile. False: all are swept.
    pub(crate) fn sweep_next(&self, state: TableState) -> bool {
        let is_one_left = state.swept() < self.slots().div_ceil(SHARD);
        if is_one_left && self.state.compare_exchange(state.0, state.and_swept().0, SeqCst, Relaxed).is_ok() {
            self.sweep(state);
        }
        is_one_left
    }

    /// Discards the records of the next shard that do not survive, and adds up the bytes that the others stand for.
    fn sweep(&self, state: TableState) {
        let mut left = 0;
        let lists = self.lists();
        let first = state.swept() * SHARD;
        for slot in (first..self.slots().min(first + SHARD)).map(Self::slot_number) {
            let Some((key, record)) = slot::read(self.key_at(slot), self.entry(slot)) else { continue };
            if !self.survives(key, &record, state) {
                self.thin(slot, state);
                continue;
            }
            let level = record.drawn.level().max(state.level());
            left += (record.size as f64 / probability(record.size, self.interval_at(level))) as u64;
            if level > record.drawn.level() {
                self.thin(slot, state);
            }
            if lists {
                self.list(slot, key);
            }
        }
        self.bytes_left.fetch_add(left, Relaxed);
    }

    /// Discards the record of a slot, or gives it the state's level if it survives. The slot may have another record by
    /// now, also of another profile, which stays as it is.
    fn thin(&self, slot: SlotNumber, state: TableState) {
        let (word, entry) = (self.key_at(slot), self.entry(slot));
        let Some(key) = slot::look(word) else { return };
        let record = entry.load();
        // Another profile may have begun since the sweep did. Who sees a record that was made in it, sees its state.
        let is_over = self.state().period() != state.period();
        if is_over || self.survives(key, &record, state) {
            if !is_over {
                let drawn = record.drawn.at_least(state.level(), state.period());
                slot::mark(entry, Record { drawn, ..record });
            }
            if slot::keep(word, key) {
                return;
            }
        } else {
            slot::discard(word);
        }
        self.settle_anywhere(slot, key);
    }

    /// Grows the interval so far that about half of the table remains; the records stand for `bytes`. False: it may not
    /// grow.
    fn grow_to_keep_half(&self, state: TableState, bytes: u64) -> bool {
        let half = (self.max.load(Relaxed) / 2).max(1);
        let grows = self.grow(state, probability::level_of(bytes / half));
        if grows {
            cause::note_full();
        }
        grows
    }

    /// Doubles the interval at which new blocks are drawn this many times, to at least `least_interval`, because
    /// recording costs too much. No record is discarded. False: the interval may not grow.
    pub(crate) fn coarsen(&self, least_interval: u64, doublings: u32) -> bool {
        let (state, level) = self.drawing();
        if !self.may_grow(state) {
            return false;
        }
        let least = probability::level_of(least_interval).max(DOUBLING);
        let level = level.saturating_add(levels(doublings)).max(least).min(MAX_LEVEL);
        self.drawing.store(level, Relaxed);
        self.highest.fetch_max(level, Relaxed);
        cause::note_dear();
        // If another thread was faster, the table was full or got a guard.
        if state.is_exact() && self.state.compare_exchange(state.0, state.at(1).0, SeqCst, Relaxed).is_ok() {
            self.bytes_left.store(0, Relaxed);
            self.capacity.mark_sampled(true);
        }
        true
    }

    /// Halves the interval at which new blocks are drawn up to this many times, if the table has capacity for the
    /// records that this may bring. False: it has none, or a sweep has to end first. One thread at a time calls this
    /// and [`coarsen`](Self::coarsen).
    pub(crate) fn refine(&self, halvings: u32) -> bool {
        let (state, level) = self.drawing();
        let capacity = self.max.load(Relaxed);
        let fits = |&halvings: &u32| self.len().max(1) << halvings <= capacity;
        let Some(halvings) = (1..=halvings).rev().find(fits) else { return false };
        if level <= DOUBLING || self.fixed_interval.load(Relaxed) != 0 {
            return false;
        }
        let finer = level.saturating_sub(levels(halvings)).max(DOUBLING);
        if level > state.level() {
            self.drawing.store(finer.max(state.level()), Relaxed);
            return true;
        }
        // Only a finished sweep has given every record the level that it was subject to.
        if !self.sweep_some(SHARDS_AT_A_TIME) {
            return false;
        }
        let swept = self.state();
        if swept.level() != state.level() {
            return false;
        }
        self.drawing.store(finer, Relaxed);
        let is_changed = self.state.compare_exchange(swept.0, swept.at(finer).0, SeqCst, Relaxed).is_ok();
        if is_changed {
            self.bytes_left.store(0, Relaxed);
        }
        is_changed
    }

    /// Continues the current sweep by this many shards. True: it is finished.
    pub(crate) fn sweep_some(&self, shards: usize) -> bool {
        (0..shards).any(|_| !self.sweep_next(self.state()))
    }

    fn grow(&self, state: TableState, least: u8) -> bool {
        // The intervals of the lowest levels are all 1.
        let level = state.level().saturating_add(DOUBLING).max(least).clamp(DOUBLING, MAX_LEVEL);
        if !self.may_grow(state) {
            return false;
        }
        if self.state.compare_exchange(state.0, state.at(level).0, SeqCst, Relaxed).is_ok() {
            self.bytes_left.store(0, Relaxed);
            self.highest.fetch_max(level, Relaxed);
            self.capacity.mark_sampled(true);
        }
        // If another thread was faster, it let the interval grow, or the table got a guard, which is seen next time.
        true
    }

    /// Keeps the table exact. False: it is not exact any more.
    pub(crate) fn keep_exact(&self) -> bool {
        let kept = self.state.fetch_update(SeqCst, Acquire, |state| {
            let state = TableState(state);
            if state.is_exact() { state.with_guard().map(|kept| kept.0) } else { None }
        });
        kept.is_ok()
    }

    /// Ends one [`keep_exact`](Self::keep_exact).
    pub(crate) fn release_exact(&self) {
        let _ = self.state.fetch_update(SeqCst, Acquire, |state| Some(TableState(state).without_guard().0));
    }

    /// Resets the table for another profile: empty, and exact unless `fixed_interval` is more than 1. Records that
    /// threads are just writing may stay. All stay while a guard keeps the table exact, because its owner may look for
    /// them.
    pub(crate) fn begin(&self, period: u8, fixed_interval: u64) {
        if self.state().guards() > 0 {
            return;
        }
        // Before any unlisted record can be inserted, see `Capacity::take_exact`.
        self.choice.close(&self.every);
        self.fixed_interval.store(fixed_interval, Relaxed);
        let level = u8::from(fixed_interval > 1);
        self.drawing.store(level, Relaxed);
        self.highest.store(level, Relaxed);
        let _ = self.state.fetch_update(SeqCst, Acquire, |before| Some(TableState(before).begin(level, period).0));
        self.capacity.mark_sampled(level > 0);
        self.bytes_left.store(0, Relaxed);
        for slot in (0..self.slots()).map(Self::slot_number) {
            let word = self.key_at(slot);
            if let Some(key) = slot::look(word) {
                slot::discard(word);
                self.settle_anywhere(slot, key);
            }
        }
        self.choice.open(&self.every);
        self.choose_filter();
    }

    /// Bytes of the records in the table.
    pub(crate) fn bytes(&self) -> u64 {
        let all = (0..self.slots()).map(Self::slot_number);
        all.filter_map(|slot| slot::read(self.key_at(slot), self.entry(slot))).map(|(_, record)| record.size).sum()
    }
}

/// Levels of this many doublings.
fn levels(doublings: u32) -> u8 {
    u8::try_from(doublings).map_or(u8::MAX, |doublings| doublings.saturating_mul(DOUBLING))
}

#[cfg(test)]
mod tests;
