//! The table itself: fixed buckets of 8 slots, no locks.
//!
//! A slot is empty, being written, or holds an address (see `slot`). An insert claims an empty slot by compare-exchange and
//! makes the address visible last; a removal sets the slot to empty. An insert may be given up, a removal never.
//!
//! One hash serves everything. There are 8 entries of the filter for each slot, so an index into the filter without its
//! lowest 3 bits is the byte offset of a slot (8 bytes each), and without its lowest 6 that of the slot's bucket.

use super::filter::{Filter, Index};
use super::record::Record;
use super::slot::{self, Entry};
use super::state::State;
use crate::os::pages;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::sync::atomic::{AtomicI64, AtomicU64};

pub(super) const SLOTS: usize = 8;
/// At most every fourth slot is in use: the first look then mostly finds what it wants (random churn among 10,000 records:
/// 115 instructions for an allocation and its free beyond the forwarding; 128 with two slots for each record).
const SLOTS_PER_RECORD: usize = 4;
/// Buckets that an address may stand in. With so many slots, all four are full for fewer than one insert in 10^12.
const CHOICES: u32 = 4;

/// Taken from the room of a table that is a sample, so that an insert that knows nothing of samples finds it full: the
/// path of an exact table has no instruction for it.
pub(super) const SAMPLED: i64 = 1 << 62;

/// What became of an insert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// The block has a record.
    Yes,
    /// The table is full: there is none.
    No,
    /// The first bucket is full; the insert has to be finished by [`Table::insert_elsewhere`].
    Crowded,
}

/// A slot, by its byte offset.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot(usize);

impl Slot {
    /// The `step`-th slot from here in the same bucket; all 8 of them for the steps 0 to 7.
    #[inline(always)]
    pub(super) fn in_bucket(self, step: usize) -> Slot {
        Slot(self.0 ^ (step * 8))
    }

    /// Whether both are in the same bucket.
    pub(super) fn is_beside(self, other: Slot) -> bool {
        self.0 / (SLOTS * 8) == other.0 / (SLOTS * 8)
    }
}

/// The records of the live allocations.
pub(crate) struct Table {
    keys: *const AtomicU64,
    entries: *const Entry,
    pub(super) filter: Filter,
    /// The most records; at most a fourth of the slots.
    pub(super) max: AtomicU64,
    /// How many more records there may be; [`SAMPLED`] less while the table is a sample. Counted down, because its sign then
    /// tells all there is to know where every block gets a record.
    pub(super) room: AtomicI64,
    /// Records that stand in another bucket than their first: while there are none, a search ends after one bucket.
    pub(super) displaced: AtomicU64,
    /// A [`State`]: exact or sampled, and how far the sweep is.
    pub(super) state: AtomicU64,
    /// The interval that the user has fixed: 0, it grows when it must; 1, it stays exact.
    pub(super) fixed_interval: AtomicU64,
    /// Bytes of the records that the present sweep has left.
    pub(super) bytes_left: AtomicU64,
}

// SAFETY: the pointers lead to memory that lives as long as the table and is only reached through atomics.
unsafe impl Sync for Table {}

/// Rounds up so that what follows in the same mapping begins on a cache line.
fn lines(bytes: usize) -> Option<usize> {
    bytes.checked_next_multiple_of(64)
}

impl Table {
    /// An empty table in system memory, never freed; `None` where there is no memory for it.
    pub(super) fn create(max: usize) -> Option<&'static Table> {
        let slots = max.max(SLOTS).checked_mul(SLOTS_PER_RECORD)?.checked_next_power_of_two()?;
        let filter_bytes = slots.checked_mul(Filter::ENTRIES_PER_SLOT)?;
        // A hash gives 32 bits.
        u32::try_from(filter_bytes - 1).ok()?;
        let header_bytes = lines(size_of::<Table>())?;
        let key_bytes = slots.checked_mul(size_of::<AtomicU64>())?;
        let entry_bytes = lines(slots.checked_mul(size_of::<Entry>())?)?;
        let bytes = header_bytes.checked_add(key_bytes)?.checked_add(entry_bytes)?.checked_add(filter_bytes)?;
        let start = pages::reserve(bytes);
        if start.is_null() {
            return None;
        }
        // SAFETY: the mapping is `bytes` long, the sum of the four parts; it is aligned to a page and each part's
        // length is a multiple of 64, so each part is aligned. Zeroed memory is valid for every part: empty slots,
        // entries that nothing refers to, a filter without addresses. The header is written before it is shared.
        unsafe {
            let keys_at = start.add(header_bytes);
            let entries_at = keys_at.add(key_bytes);
            let filter_at = entries_at.add(entry_bytes);
            let table = start.cast::<Table>();
            table.write(Table {
                keys: keys_at.cast(),
                entries: entries_at.cast(),
                filter: Filter::over(filter_at.cast(), filter_bytes),
                max: AtomicU64::new(max as u64),
                room: AtomicI64::new(max as i64),
                displaced: AtomicU64::new(0),
                state: AtomicU64::new(0),
                fixed_interval: AtomicU64::new(0),
                bytes_left: AtomicU64::new(0),
            });
            Some(&*table)
        }
    }

    pub(super) fn slots(&self) -> usize {
        self.filter.len() / Filter::ENTRIES_PER_SLOT
    }

    /// Whether the table has room for `max` records.
    pub(super) fn holds(&self, max: usize) -> bool {
        max <= self.slots() / SLOTS_PER_RECORD
    }

    /// Records now, those being written among them.
    pub(crate) fn tracked(&self) -> u64 {
        self.max.load(Relaxed).saturating_add_signed(-self.room())
    }

    /// How many more records there may be.
    pub(super) fn room(&self) -> i64 {
        Self::without_mark(self.room.load(Relaxed))
    }

    /// The room without what marks a sample. The counts are far smaller than half the mark.
    fn without_mark(room: i64) -> i64 {
        if room < -SAMPLED / 2 { room + SAMPLED } else { room }
    }

    /// Marks, or does not mark any more, that the table is a sample.
    pub(super) fn mark_sampled(&self, is_sampled: bool) {
        let change = |room: i64| {
            let counted = Self::without_mark(room);
            Some(if is_sampled { counted - SAMPLED } else { counted })
        };
        let _ = self.room.fetch_update(Relaxed, Relaxed, change);
    }

    /// Changes the most records; the caller has asked [`holds`](Self::holds).
    pub(super) fn limit_to(&self, max: usize) {
        let before = self.max.swap(max as u64, Relaxed);
        self.room.fetch_add(max as i64 - before as i64, Relaxed);
    }

    /// The first slot to look at for an entry of the filter.
    #[inline(always)]
    pub(super) fn slot(index: Index) -> Slot {
        Slot(index.number() & !(Filter::ENTRIES_PER_SLOT - 1))
    }

    /// The other buckets that a key may stand in, a slot of each.
    pub(super) fn elsewhere(&self, key: u64) -> impl Iterator<Item = Slot> {
        (1..CHOICES).map(move |choice| Self::slot(self.filter.other_index(key, choice)))
    }

    /// The slot with this number, from 0.
    pub(super) fn slot_number(number: usize) -> Slot {
        Slot(number * 8)
    }

    #[inline(always)]
    pub(super) fn key_at(&self, slot: Slot) -> &AtomicU64 {
        Self::place(self.keys, slot)
    }

    /// As [`key_at`](Self::key_at), with the pointer in a register: a loop that writes would else load it each time.
    #[inline(always)]
    fn place<'a>(keys: *const AtomicU64, slot: Slot) -> &'a AtomicU64 {
        // SAFETY: every slot comes from an index into the filter, which has 8 entries for each slot, with the lowest 3
        // bits cleared, or from a number below `slots`: a multiple of 8 below 8 × slots, and a bucket's slots differ in
        // the next 3 bits alone. The memory is never freed.
        unsafe { &*keys.byte_add(slot.0) }
    }

    #[inline(always)]
    pub(super) fn entry(&self, slot: Slot) -> &Entry {
        // SAFETY: as in `place`; there is one entry for each slot, four words where the slot is one.
        unsafe { &*self.entries.byte_add(slot.0 * 4) }
    }

    /// Exact or sampled, as of now.
    #[inline(always)]
    pub(crate) fn state(&self) -> State {
        // Acquire: whoever sees a new period sees the interval that was fixed for it.
        State(self.state.load(Acquire))
    }

    /// Has the processor fetch what an [`insert`](Self::insert) of this address will touch: three lines of a memory that is
    /// larger than its caches. Called before a stack is captured, which takes as long as they do to come.
    #[inline(always)]
    pub(crate) fn prefetch(&self, address: usize) {
        let index = self.filter.index(slot::key(address));
        let slot = Self::slot(index);
        self.filter.prefetch(index);
        prefetch(self.key_at(slot));
        prefetch(self.entry(slot));
    }

    /// Gives a block a record, of an exact table; `record` is asked last, so that nothing of it has to be kept meanwhile.
    ///
    /// Steps: count, filter (two read-modify-writes), one slot (one compare-exchange), five stores.
    #[inline(always)]
    pub(crate) fn insert(&self, address: usize, record: impl FnOnce() -> Record) -> Inserted {
        self.insert_if(|room| room > 0, address, record)
    }

    /// As [`insert`](Self::insert), of a table that may be a sample.
    pub(super) fn insert_sampled(&self, address: usize, record: Record) -> Inserted {
        self.insert_if(|room| Self::without_mark(room) > 0, address, || record)
    }

    #[inline(always)]
    fn insert_if(
        &self,
        has_room: impl FnOnce(i64) -> bool,
        address: usize,
        record: impl FnOnce() -> Record,
    ) -> Inserted {
        // The room is taken before the slot, so that there are never more records than `max`.
        if !has_room(self.room.fetch_sub(1, Relaxed)) {
            self.room.fetch_add(1, Relaxed);
            return Inserted::No;
        }
        let key = slot::key(address);
        let index = self.filter.index(key);
        if !self.filter.add(index) {
            self.room.fetch_add(1, Relaxed);
            return Inserted::No;
        }
        match self.claim(Self::slot(index)) {
            Some(slot) => {
                slot::fill(self.key_at(slot), self.entry(slot), key, record());
                Inserted::Yes
            }
            None => Inserted::Crowded,
        }
    }

    /// Goes on after [`Inserted::Crowded`], in the other buckets. False: they are full as well, there is no record.
    #[cold]
    #[inline(never)]
    pub(crate) fn insert_elsewhere(&self, address: usize, record: Record) -> bool {
        let key = slot::key(address);
        // Counted before the address can be seen, so that whoever frees it looks further than its first bucket.
        self.displaced.fetch_add(1, Relaxed);
        match self.elsewhere(key).find_map(|first| self.claim(first)) {
            Some(slot) => {
                slot::fill(self.key_at(slot), self.entry(slot), key, record);
                true
            }
            None => {
                self.displaced.fetch_sub(1, Relaxed);
                self.settle(self.filter.index(key));
                false
            }
        }
    }

    /// Takes a slot that is empty, in the bucket of `first` and from there on.
    #[inline(always)]
    fn claim(&self, first: Slot) -> Option<Slot> {
        let keys = self.keys;
        (0..SLOTS).map(|step| first.in_bucket(step)).find(|&slot| slot::claim(Self::place(keys, slot)))
    }

    /// The slot that holds a key, in the bucket of `first` and from there on.
    #[inline(always)]
    pub(super) fn find(&self, first: Slot, key: u64) -> Option<Slot> {
        let keys = self.keys;
        (0..SLOTS).map(|step| first.in_bucket(step)).find(|&slot| slot::holds(Self::place(keys, slot), key))
    }
}

/// A hint to the processor; nothing where there is no such instruction.
#[inline(always)]
pub(super) fn prefetch<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch changes nothing that a program can see, whatever the address.
    unsafe {
        core::arch::x86_64::_mm_prefetch::<{ core::arch::x86_64::_MM_HINT_T0 }>(std::ptr::from_ref(place).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

#[cfg(test)]
mod tests;
