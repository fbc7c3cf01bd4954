//! How an exact table becomes a sampled one, and a sampled one coarser.
//!
//! Each record has a fixed number between 0 and 1, made from its address and time, and stays as long as that is below
//! P(present interval) / P(interval it was drawn at). So everybody agrees at once about which records there are when the
//! interval has grown: they need not be thinned in the same moment. Whoever finds the table full sweeps it shard by shard,
//! as far as it takes to find room; when a whole round leaves the table full, the interval grows. Whoever copies the table
//! passes over what no sweep has come to yet.

use super::cause;
use super::chance::{self, DOUBLING, MAX_LEVEL, probability};
use super::record::Record;
use super::slot;
use super::state::State;
use super::table::{Slot, Table};
use std::sync::atomic::Ordering::{Acquire, Relaxed, SeqCst};

/// Slots that are swept at a time: some 16 records of a full table.
pub(super) const SHARD: usize = 64;
/// How often an insert asks for room. It finds some each time, unless others are faster: threads by the dozen, each
/// with a block of its own.
const TRIES: usize = 64;

impl Table {
    /// The interval of a state, bytes; 1: exact.
    pub(crate) fn interval(&self, state: State) -> u64 {
        if state.is_exact() {
            return 1;
        }
        match self.fixed_interval.load(Relaxed) {
            0 => chance::interval(state.level()).max(2),
            fixed => fixed,
        }
    }

    /// Whether a record counts in this state.
    pub(super) fn survives(&self, key: u64, record: &Record, state: State) -> bool {
        let drawn = record.drawn;
        if drawn.is_from_before(state.period()) {
            return false;
        }
        // What was drawn at the present level was chosen by it. An exact state has no lower one.
        if drawn.level() >= state.level() {
            return true;
        }
        let chosen = if drawn.is_certain() { 1.0 } else { probability(record.size, chance::interval(drawn.level())) };
        // Whether it is listed is no part of its number.
        let number = chance::uniform(chance::mix(chance::mix(record.ticks) ^ slot::plain(key)));
        number * chosen < probability(record.size, self.interval(state))
    }

    /// Gives a block a record, if it is chosen at the present interval; of a full table the interval grows. False: there
    /// should be a record and there is none.
    pub(crate) fn insert_chosen(&self, address: usize, record: Record) -> bool {
        for _ in 0..TRIES {
            if !self.survives(slot::key(address), &record, self.state()) {
                return true;
            }
            match self.insert_either(address, record) {
                Some(inserted) => return inserted,
                None if self.make_room() => {}
                None => return false,
            }
        }
        false
    }

    /// Sweeps until there is room or the interval has grown. False: neither can be.
    fn make_room(&self) -> bool {
        loop {
            if self.room.look().room > 0 {
                return true;
            }
            let state = self.state();
            // A sweep changes nothing where the interval never does.
            if !self.may_grow(state) {
                return false;
            }
            if !self.sweep_next(state) {
                let left = self.bytes_left.load(Relaxed);
                return self.grow_to_keep_half(state, left);
            }
        }
    }

    fn may_grow(&self, state: State) -> bool {
        state.holders() == 0 && self.fixed_interval.load(Relaxed) == 0 && state.level() < MAX_LEVEL
    }

    /// Sweeps the next shard, if nobody else has taken it meanwhile. False: all are swept.
    pub(super) fn sweep_next(&self, state: State) -> bool {
        let is_one_left = state.swept() < self.slots().div_ceil(SHARD);
        if is_one_left && self.state.compare_exchange(state.0, state.and_swept().0, SeqCst, Relaxed).is_ok() {
            self.sweep(state);
        }
        is_one_left
    }

    /// Discards what does not survive in the next shard, and notes how many bytes do.
    fn sweep(&self, state: State) {
        let mut left = 0;
        let lists = self.is_worth_listing(self.room.look());
        let first = state.swept() * SHARD;
        for slot in (first..self.slots().min(first + SHARD)).map(Self::slot_number) {
            let (place, entry) = (self.key_at(slot), self.entry(slot));
            match slot::read(place, entry) {
                Some((key, record)) if self.survives(key, &record, state) => {
                    left += record.size;
                    if lists {
                        self.list(slot, key);
                    }
                }
                Some(_) => self.discard(slot, state),
                None => {}
            }
        }
        self.bytes_left.fetch_add(left, Relaxed);
    }

    /// Discards the record of a slot, unless it has become another's that survives.
    fn discard(&self, slot: Slot, state: State) {
        let place = self.key_at(slot);
        let Some(key) = slot::look(place) else { return };
        let survives = self.survives(key, &self.entry(slot).load(), state);
        if survives && slot::keep(place, key) {
            return;
        }
        if !survives {
            slot::discard(place);
        }
        self.settle_anywhere(slot, key);
    }

    /// Lets the interval grow so far that about half of the table stays, of `bytes` that are in it. False: it may not.
    fn grow_to_keep_half(&self, state: State, bytes: u64) -> bool {
        let half = (self.max.load(Relaxed) / 2).max(1);
        let grows = self.grow(state, chance::level_of(bytes / half));
        if grows {
            cause::note_full();
        }
        grows
    }

    /// Lets the interval double so often, because tracking costs too much, to the least one at least. False: it may not.
    pub(super) fn grow_for_budget(&self, least_interval: u64, doublings: u32) -> bool {
        let state = self.state();
        let more = u8::try_from(doublings).map_or(u8::MAX, |doublings| doublings.saturating_mul(DOUBLING));
        let grows = self.grow(state, chance::level_of(least_interval).max(state.level().saturating_add(more)));
        if grows {
            cause::note_dear();
        }
        grows
    }

    fn grow(&self, state: State, least: u8) -> bool {
        // The lowest levels are all intervals of 1.
        let level = state.level().saturating_add(DOUBLING).max(least).clamp(DOUBLING, MAX_LEVEL);
        if !self.may_grow(state) {
            return false;
        }
        if self.state.compare_exchange(state.0, state.at(level).0, SeqCst, Relaxed).is_ok() {
            self.bytes_left.store(0, Relaxed);
            self.room.mark_sampled(true);
        }
        // Lost to another thread: then that one let it grow, or a holder came, who is seen the next time.
        true
    }

    /// Has the table stay exact. False: it is not exact any more.
    pub(super) fn hold(&self) -> bool {
        let held = self.state.fetch_update(SeqCst, Acquire, |state| {
            let state = State(state);
            if state.is_exact() { state.and_held().map(|held| held.0) } else { None }
        });
        held.is_ok()
    }

    /// Ends one [`hold`](Self::hold).
    pub(super) fn let_go(&self) {
        let _ = self.state.fetch_update(SeqCst, Acquire, |state| Some(State(state).and_let_go().0));
    }

    /// Begins anew for another profile: without records, and exact unless `fixed_interval` is more than 1. Records that
    /// threads are writing just now may stay; all do while someone holds the table exact, who may look for them.
    pub(super) fn begin(&self, period: u8, fixed_interval: u64) {
        if self.state().holders() > 0 {
            return;
        }
        // Before anything can be inserted that is not listed, see `Room::take_exact`.
        self.asked.close(&self.filter);
        self.fixed_interval.store(fixed_interval, Relaxed);
        let level = u8::from(fixed_interval > 1);
        let _ = self.state.fetch_update(SeqCst, Acquire, |before| Some(State(before).begin(level, period).0));
        self.room.mark_sampled(level > 0);
        self.bytes_left.store(0, Relaxed);
        for slot in (0..self.slots()).map(Self::slot_number) {
            let place = self.key_at(slot);
            if let Some(key) = slot::look(place) {
                slot::discard(place);
                self.settle_anywhere(slot, key);
            }
        }
        self.asked.open(&self.filter);
    }

    /// Bytes of the records in the table.
    pub(super) fn bytes(&self) -> u64 {
        let all = (0..self.slots()).map(Self::slot_number);
        all.filter_map(|slot| slot::read(self.key_at(slot), self.entry(slot))).map(|(_, record)| record.size).sum()
    }
}

#[cfg(test)]
mod tests;
