//! Live bytes by place, and net by call path, at a bounded number of moments of the run.
//!
//! The profiler's own thread takes these readings while the program runs; without it, threads of the program do (see
//! `schedule`). Every report takes one too, so that earlier reports of a run help later ones. When all moments are in
//! use, every second one is dropped and their distance doubles. The memory is static: nothing is allocated, and a key
//! without a free row has no readings.

use super::estimate::chance;
use crate::live;
use crate::os::clock::{self, Anchor};
use crate::os::process::fork_lock::{ForkLock, LockGuard};
use crate::tracker;
use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, AtomicUsize};

/// Maximum number of moments.
pub(crate) const MOMENTS: usize = 32;
/// Maximum number of places, or call paths, with readings.
const ROWS: usize = 1024;
/// Rows that a key may have.
const PROBES: usize = 16;
static TABLES: Tables = Tables::new();
/// One reading at a time.
static ONE_AT_A_TIME: ForkLock<()> = ForkLock::new();

/// Key of a row: a node's address, and a stack (0 for the net).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ReadingKey {
    pub(crate) owner: usize,
    pub(crate) stack: u32,
}

/// All readings of one kind: [`ROWS`] rows with a value for each moment.
struct ReadingRows {
    owners: [AtomicUsize; ROWS],
    stacks: [AtomicU32; ROWS],
    values: [[AtomicI64; MOMENTS]; ROWS],
    /// True if the row became free after some key had found none: its key may be that one.
    is_late: [AtomicBool; ROWS],
    /// Number of times that a key found no row.
    left_out: AtomicUsize,
}

impl ReadingRows {
    const fn new() -> Self {
        Self {
            owners: [const { AtomicUsize::new(0) }; ROWS],
            stacks: [const { AtomicU32::new(0) }; ROWS],
            values: [const { [const { AtomicI64::new(0) }; MOMENTS] }; ROWS],
            is_late: [const { AtomicBool::new(false) }; ROWS],
            left_out: AtomicUsize::new(0),
        }
    }

    fn key(&self, row: usize) -> Option<ReadingKey> {
        let (owner, stack) = (self.owners.get(row)?.load(Relaxed), self.stacks.get(row)?.load(Relaxed));
        (owner != 0).then_some(ReadingKey { owner, stack })
    }

    fn value(&self, row: usize, moment: usize) -> Option<&AtomicI64> {
        self.values.get(row)?.get(moment)
    }

    /// The row of a key; an empty one becomes its own.
    fn row(&self, key: ReadingKey) -> Option<usize> {
        let mixed = (key.owner as u64 >> 4 ^ u64::from(key.stack) << 32).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let first = (mixed >> 32) as usize;
        let rows = || (0..PROBES).map(|step| (first + step) % ROWS);
        if let Some(row) = rows().find(|&row| self.key(row) == Some(key)) {
            return Some(row);
        }
        let Some(row) = rows().find(|&row| self.key(row).is_none()) else {
            self.left_out.fetch_add(1, Relaxed);
            return None;
        };
        (0..MOMENTS).filter_map(|moment| self.value(row, moment)).for_each(|value| value.store(0, Relaxed));
        self.is_late.get(row)?.store(self.left_out.load(Relaxed) > 0, Relaxed);
        self.stacks.get(row)?.store(key.stack, Relaxed);
        self.owners.get(row)?.store(key.owner, Relaxed);
        Some(row)
    }

    fn add(&self, key: ReadingKey, moment: usize, value: i64) {
        if let Some(place) = self.row(key).and_then(|row| self.value(row, moment)) {
            place.store(place.load(Relaxed).saturating_add(value), Relaxed);
        }
    }

    /// The rows in use. The pages of all others are never touched.
    fn used(&self) -> impl Iterator<Item = usize> + '_ {
        (0..ROWS).filter(|&row| self.key(row).is_some())
    }

    fn clear_moment(&self, moment: usize) {
        self.used().filter_map(|row| self.value(row, moment)).for_each(|value| value.store(0, Relaxed));
    }

    /// Drops every second moment, and the rows that are empty afterwards.
    fn thin(&self) {
        for row in self.used() {
            let mut is_empty = true;
            for (to, from) in (0..MOMENTS).step_by(2).enumerate() {
                let kept = self.value(row, from).map_or(0, |value| value.load(Relaxed));
                is_empty &= kept == 0;
                if let Some(to) = self.value(row, to) {
                    to.store(kept, Relaxed);
                }
            }
            if let Some(owner) = self.owners.get(row).filter(|_| is_empty) {
                owner.store(0, Relaxed);
            }
        }
    }

    fn clear(&self) {
        self.owners.iter().for_each(|owner| owner.store(0, Relaxed));
        self.left_out.store(0, Relaxed);
    }

    fn copy(&self, moments: usize) -> HashMap<ReadingKey, Vec<i64>> {
        let row = |row| {
            let values = (0..moments).filter_map(|moment| self.value(row, moment)).map(|value| value.load(Relaxed));
            Some((self.key(row)?, values.collect()))
        };
        let is_whole = |row: &usize| self.is_late.get(*row).is_some_and(|is_late| !is_late.load(Relaxed));
        self.used().filter(is_whole).filter_map(row).collect()
    }
}

struct Tables {
    /// Live bytes that were allocated at a node, on a stack.
    live: ReadingRows,
    /// The net of a node.
    net: ReadingRows,
    /// Calls that a node has begun.
    calls: ReadingRows,
    /// Ticks.
    moments: [AtomicU64; MOMENTS],
    len: AtomicUsize,
}

impl Tables {
    const fn new() -> Self {
        Self {
            live: ReadingRows::new(),
            net: ReadingRows::new(),
            calls: ReadingRows::new(),
            moments: [const { AtomicU64::new(0) }; MOMENTS],
            len: AtomicUsize::new(0),
        }
    }

    /// Begins a moment, and returns its number.
    fn begin_moment(&self, ticks: u64) -> usize {
        let mut moment = self.len.load(Relaxed);
        if moment >= MOMENTS {
            self.live.thin();
            self.net.thin();
            self.calls.thin();
            for (to, from) in self.moments.iter().zip(self.moments.iter().step_by(2)) {
                to.store(from.load(Relaxed), Relaxed);
            }
            moment = MOMENTS / 2;
        }
        self.live.clear_moment(moment);
        self.net.clear_moment(moment);
        self.calls.clear_moment(moment);
        if let Some(place) = self.moments.get(moment) {
            place.store(ticks, Relaxed);
        }
        moment
    }

    fn end_moment(&self, moment: usize) {
        self.len.store(moment + 1, Relaxed);
    }

    fn is_full(&self) -> bool {
        self.len.load(Relaxed) >= MOMENTS
    }
}

/// Waits until no other thread takes a reading. `None`: this very thread does, and was interrupted by a handler that
/// ends the program.
fn lock() -> Option<LockGuard<'static, ()>> {
    (!ONE_AT_A_TIME.is_held_here()).then(|| ONE_AT_A_TIME.lock())
}

/// Starts again: a profile has started.
pub(crate) fn begin() {
    let _alone = lock();
    TABLES.len.store(0, Relaxed);
    TABLES.live.clear();
    TABLES.net.clear();
    TABLES.calls.clear();
}

/// Takes a reading. Does not allocate.
pub(crate) fn take() {
    if let Some(_alone) = lock() {
        read();
    }
}

/// Takes a reading unless another thread is taking one. Never waits.
pub(crate) fn try_take() {
    if let Some(_alone) = ONE_AT_A_TIME.try_lock() {
        read();
    }
}

/// True if there is no free moment.
pub(crate) fn are_full() -> bool {
    TABLES.is_full()
}

fn read() {
    let moment = TABLES.begin_moment(clock::ticks());
    if let Some(table) = live::table() {
        table.each_kept(|record, interval| {
            let bytes = record.size as f64 / chance(record, interval).max(f64::MIN_POSITIVE);
            // A cast from a float saturates.
            TABLES.live.add(ReadingKey { owner: record.owner(), stack: record.stack }, moment, bytes as i64);
        });
    }
    for ledger in tracker::each_ledger() {
        for node in tracker::each_node(ledger) {
            let (key, net) = (ReadingKey { owner: crate::collect::merge::address(node), stack: 0 }, node.net());
            if net != 0 {
                TABLES.net.add(key, moment, net);
            }
            let calls = node.calls();
            if calls != 0 {
                TABLES.calls.add(key, moment, calls as i64);
            }
        }
    }
    TABLES.end_moment(moment);
}

/// All readings so far.
#[derive(Debug, Default)]
pub(crate) struct Readings {
    /// Times, in ticks.
    pub(crate) moments: Vec<u64>,
    /// True if each key has its live bytes.
    pub(crate) is_live_whole: bool,
    /// Live bytes at each moment.
    pub(crate) live: HashMap<ReadingKey, Vec<i64>>,
    /// Net bytes at each moment; `None` if some node found no free row.
    pub(crate) net: Option<HashMap<ReadingKey, Vec<i64>>>,
    /// Calls so far at each moment; `None` likewise.
    pub(crate) calls: Option<HashMap<ReadingKey, Vec<i64>>>,
}

impl Readings {
    /// A copy. Allocates: for reports.
    pub(crate) fn copy() -> Self {
        let _alone = lock();
        let len = TABLES.len.load(Relaxed);
        Self {
            moments: TABLES.moments.iter().take(len).map(|ticks| ticks.load(Relaxed)).collect(),
            is_live_whole: TABLES.live.left_out.load(Relaxed) == 0,
            live: TABLES.live.copy(len),
            net: (TABLES.net.left_out.load(Relaxed) == 0).then(|| TABLES.net.copy(len)),
            calls: (TABLES.calls.left_out.load(Relaxed) == 0).then(|| TABLES.calls.copy(len)),
        }
    }
}

/// Seconds of the run at a moment.
pub(crate) fn seconds(ticks: u64, started: &Anchor, now: &Anchor) -> f64 {
    (started.elapsed_until(now).as_secs_f64() - started.age_seconds(ticks, now)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: ReadingKey = ReadingKey { owner: 64, stack: 7 };

    #[test]
    fn moments_are_thinned_and_rows_that_are_empty_go() {
        let tables = Box::new(Tables::new());
        for turn in 0..100_i64 {
            let moment = tables.begin_moment(turn as u64);
            tables.live.add(KEY, moment, turn);
            tables.live.add(KEY, moment, turn);
            if turn == 1 {
                tables.live.add(ReadingKey { owner: 128, stack: 7 }, moment, 1);
            }
            tables.end_moment(moment);
        }
        let rows = tables.live.copy(tables.len.load(Relaxed));
        assert_eq!(rows.len(), 1);
        let row = rows.get(&KEY).expect("a row");
        assert!(
            (MOMENTS / 2..=MOMENTS).contains(&row.len()) && row.windows(2).all(|pair| pair[0] < pair[1]),
            "{row:?}"
        );
        assert_eq!(row.last(), Some(&198));
        let ticks: Vec<i64> =
            tables.moments.iter().take(row.len()).map(|ticks| ticks.load(Relaxed) as i64 * 2).collect();
        assert_eq!(&ticks, row);
    }

    #[test]
    fn what_finds_no_row_is_known() {
        let tables = Box::new(Tables::new());
        for owner in 1..=2 * ROWS {
            tables.live.add(ReadingKey { owner: owner * 64, stack: 0 }, 0, 1);
        }
        assert!(tables.live.left_out.load(Relaxed) >= ROWS);
        assert!(tables.live.copy(1).len() > ROWS / 2);
    }
}
