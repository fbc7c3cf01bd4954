//! Copies of all records, made without allocating.

use crate::live::probability;
use crate::live::record::Record;
use crate::live::table::Table;
use crate::live::table::slot;
use crate::os::memory::pages;
use std::ops::Range;
use std::sync::atomic::Ordering::Relaxed;

/// Copied records, in system memory that is released when this is dropped.
pub(crate) struct Records {
    start: *mut Record,
    capacity: usize,
    len: usize,
    /// True if each record stands for its own block only.
    pub(crate) is_exact: bool,
    /// The interval at which blocks were drawn at the time of the copy; 1: exact.
    pub(crate) interval: u64,
    /// The largest interval that any block of this period was subject to.
    pub(crate) largest_interval: u64,
    /// The interval that the user has fixed; 0: none.
    fixed_interval: u64,
}

impl Records {
    /// An empty copy for up to `capacity` records. `None`: the system has no memory for it.
    pub(crate) fn with_capacity(capacity: usize) -> Option<Self> {
        let start = pages::reserve(capacity.checked_mul(size_of::<Record>())?).cast::<Record>();
        if start.is_null() {
            return None;
        }
        Some(Self { start, capacity, len: 0, is_exact: true, interval: 1, largest_interval: 1, fixed_interval: 0 })
    }

    /// Adds a record, if there is capacity.
    pub(crate) fn push(&mut self, record: Record) {
        if self.len < self.capacity {
            // SAFETY: `len` is below the reserved capacity.
            unsafe { self.start.add(self.len).write(record) };
            self.len += 1;
        }
    }

    /// The largest interval that a record has been subject to, bytes. The record stands for 1 /
    /// [`probability`](probability::probability) blocks of its size. 1: for itself only.
    pub(crate) fn interval_of(&self, record: &Record) -> u64 {
        match record.drawn.level() {
            0 => 1,
            _ if self.fixed_interval > 1 => self.fixed_interval,
            level => probability::interval(level),
        }
    }

    /// Smallest and largest interval of the records; `None`: there are no records.
    pub(crate) fn interval_range(&self) -> Option<[u64; 2]> {
        let intervals = || self.as_slice().iter().map(|record| self.interval_of(record));
        Some([intervals().min()?, intervals().max()?])
    }

    /// The records copied so far.
    pub(crate) fn as_slice(&self) -> &[Record] {
        // SAFETY: the first `len` records were written by `push`.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

impl Table {
    /// Copies all records into system memory, without allocating. `None`: the system has no memory for it. A block that
    /// is allocated or freed meanwhile may or may not be in the copy; a record is never a mixture of two.
    pub(crate) fn copy(&self) -> Option<Records> {
        // Records can be added during the copy; those beyond the capacity were made after it began. In a full table a
        // copy could find more than ever existed at once: a record that is removed later, and its successor in another
        // slot.
        let capacity = (self.most() + 1024).min(self.max.load(Relaxed)) as usize;
        let mut records = Records::with_capacity(capacity)?;
        // Records that the last sweep has not reached yet are thinned here, so that all have at least the state's
        // level. The state is the one after copying: if the level rose meanwhile, slots that were copied late have lost
        // the records that it does not keep.
        let mut state = self.state();
        loop {
            records.len = 0;
            self.each(|key, record| {
                if self.survives(key, &record, state) {
                    records.push(Record { drawn: record.drawn.at_least(state.level(), state.period()), ..record });
                }
            });
            let now = self.state();
            if now.level() == state.level() && now.period() == state.period() {
                break;
            }
            // Levels change at most ten times a second, so this ends.
            state = now;
        }
        records.is_exact = state.is_exact();
        (records.interval, records.largest_interval) = self.intervals();
        records.fixed_interval = self.fixed_interval.load(Relaxed);
        Some(records)
    }

    /// Visits all records that count now, each with the largest interval that it was subject to. As
    /// [`copy`](Self::copy), without memory of its own: if the interval changes meanwhile, some records that do not
    /// count any more may be visited.
    pub(crate) fn each_kept(&self, see: impl FnMut(&Record, u64)) {
        self.each_kept_in(0..self.slots(), see);
    }

    /// As [`each_kept`](Self::each_kept), for the slots with these numbers. Returns a number that changes when the
    /// interval that all records are subject to does.
    pub(crate) fn each_kept_in(&self, slots: Range<usize>, mut see: impl FnMut(&Record, u64)) -> u16 {
        let state = self.state();
        self.each_in(slots, |key, record| {
            if self.survives(key, &record, state) {
                see(&record, self.interval_at(record.drawn.level().max(state.level())));
            }
        });
        u16::from_le_bytes([state.level(), state.period()])
    }

    /// The interval at which blocks are drawn now, and the largest one that any block of this period was subject to; 1:
    /// every block is recorded.
    pub(crate) fn intervals(&self) -> (u64, u64) {
        let interval = self.interval();
        (interval, self.interval_at(self.highest.load(Relaxed)).max(interval))
    }

    /// Visits all records with their keys, while other threads work. In a sample this includes records that the last
    /// sweep has not reached yet.
    pub(crate) fn each(&self, see: impl FnMut(u64, Record)) {
        self.each_in(0..self.slots(), see);
    }

    fn each_in(&self, slots: Range<usize>, mut see: impl FnMut(u64, Record)) {
        let end = slots.end.min(self.slots());
        let mut next = slots.start;
        while let Some(number) = self.next_used(next, end) {
            let slot = Table::slot_number(number);
            if let Some((key, record)) = slot::read(self.key_at(slot), self.entry(slot)) {
                see(slot::plain(key), record);
            }
            next = number + 1;
        }
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        // SAFETY: the memory came from `reserve` with the same size, and slices of it borrow `self`.
        unsafe { pages::release(self.start.cast(), self.capacity * size_of::<Record>()) };
    }
}
