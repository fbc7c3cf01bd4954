//! The table itself: fixed buckets of 8 slots, no locks.
//!
//! A slot is empty, being written, or holds an address. An insert claims an empty slot by compare-exchange and makes
//! the address visible last; a removal sets the slot to empty. A block is freed once, so its slot has one remover. An
//! insert may be given up, a removal never.
//!
//! One hash serves everything. There are 8 entries of the filter for each slot, so an index into the filter without its
//! lowest 3 bits is the byte offset of a slot (8 bytes each), and without its lowest 6 that of the slot's bucket.

use super::filter::{Filter, Index};
use super::records::{Record, Records};
use super::stack::StackId;
use crate::os::pages;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, fence};

const SLOTS: usize = 8;
const EMPTY: usize = 0;
/// No block has this address: they are aligned to 8 at least, or are of size 0 and never reach an allocator.
const WRITING: usize = 1;
/// At most every fourth slot is in use: the first look then mostly finds what it wants (random churn among 10,000 records:
/// 115 instructions for an allocation and its free beyond the forwarding; 128 with two slots for each record).
const SLOTS_PER_RECORD: usize = 4;
/// Buckets that an address may stand in. With so many slots, all four are full for fewer than one insert in 10^12.
const CHOICES: u32 = 4;

/// What a slot says of its block.
#[repr(C)]
struct Entry {
    size: AtomicU64,
    owner: AtomicUsize,
    ticks: AtomicU64,
    /// A word of its own: an entry is four of them, and found by a shift.
    stack: AtomicU64,
}

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
struct Slot(usize);

impl Slot {
    /// The `step`-th slot from here in the same bucket; all 8 of them for the steps 0 to 7.
    #[inline(always)]
    fn in_bucket(self, step: usize) -> Slot {
        Slot(self.0 ^ (step * 8))
    }
}

/// The records of the live allocations.
pub(crate) struct Table {
    addresses: *const AtomicUsize,
    entries: *const Entry,
    filter: Filter,
    /// The most records; at most a fourth of the slots.
    max: AtomicU64,
    /// How many more records there may be. Counted down, because its sign then tells all there is to know.
    room: AtomicI64,
    /// Records that stand in another bucket than their first: while there are none, a search ends after one bucket.
    displaced: AtomicU64,
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
        let address_bytes = slots.checked_mul(size_of::<AtomicUsize>())?;
        let entry_bytes = lines(slots.checked_mul(size_of::<Entry>())?)?;
        let bytes = header_bytes.checked_add(address_bytes)?.checked_add(entry_bytes)?.checked_add(filter_bytes)?;
        let start = pages::reserve(bytes);
        if start.is_null() {
            return None;
        }
        // SAFETY: the mapping is `bytes` long, the sum of the four parts; it is aligned to a page and each part's
        // length is a multiple of 64, so each part is aligned. Zeroed memory is valid for every part: empty slots,
        // entries that nothing refers to, a filter without addresses. The header is written before it is shared.
        unsafe {
            let addresses_at = start.add(header_bytes);
            let entries_at = addresses_at.add(address_bytes);
            let filter_at = entries_at.add(entry_bytes);
            let table = start.cast::<Table>();
            table.write(Table {
                addresses: addresses_at.cast(),
                entries: entries_at.cast(),
                filter: Filter::over(filter_at.cast(), filter_bytes),
                max: AtomicU64::new(max as u64),
                room: AtomicI64::new(max as i64),
                displaced: AtomicU64::new(0),
            });
            Some(&*table)
        }
    }

    fn slots(&self) -> usize {
        self.filter.len() / Filter::ENTRIES_PER_SLOT
    }

    /// Whether the table has room for `max` records.
    pub(super) fn holds(&self, max: usize) -> bool {
        max <= self.slots() / SLOTS_PER_RECORD
    }

    /// Records now, those being written among them.
    fn tracked(&self) -> u64 {
        let room = self.room.load(Relaxed);
        self.max.load(Relaxed).saturating_add_signed(-room)
    }

    /// Changes the most records; the caller has asked [`holds`](Self::holds).
    pub(super) fn limit_to(&self, max: usize) {
        let before = self.max.swap(max as u64, Relaxed);
        self.room.fetch_add(max as i64 - before as i64, Relaxed);
    }

    /// The first slot to look at for an entry of the filter.
    #[inline(always)]
    fn slot(index: Index) -> Slot {
        Slot(index.number() & !(Filter::ENTRIES_PER_SLOT - 1))
    }

    /// The other buckets that an address may stand in, a slot of each.
    fn elsewhere(&self, address: usize) -> impl Iterator<Item = Slot> {
        (1..CHOICES).map(move |choice| Self::slot(self.filter.other_index(address, choice)))
    }

    #[inline(always)]
    fn address(&self, slot: Slot) -> &AtomicUsize {
        Self::place(self.addresses, slot)
    }

    /// As [`address`](Self::address), with the pointer in a register: a loop that writes would else load it each time.
    #[inline(always)]
    fn place<'a>(addresses: *const AtomicUsize, slot: Slot) -> &'a AtomicUsize {
        // SAFETY: every slot comes from an index into the filter, which has 8 entries for each slot, with the lowest 3
        // bits cleared: a multiple of 8 below 8 × slots, and a bucket's slots differ in the next 3 bits alone. The
        // memory is never freed.
        unsafe { &*addresses.byte_add(slot.0) }
    }

    #[inline(always)]
    fn entry(&self, slot: Slot) -> &Entry {
        // SAFETY: as in `address`; there is one entry for each slot, four words where the slot is one.
        unsafe { &*self.entries.byte_add(slot.0 * 4) }
    }

    /// Gives a block a record; `record` is asked last, so that nothing of it has to be kept meanwhile.
    ///
    /// Steps: count, filter (two read-modify-writes), one slot (one compare-exchange), five stores.
    #[inline(always)]
    pub(crate) fn insert(&self, address: usize, record: impl FnOnce() -> Record) -> Inserted {
        // Looked at first, so that a table that stays full is only read.
        if self.room.load(Relaxed) <= 0 {
            return Inserted::No;
        }
        // The room is taken before the slot, so that there are never more records than `max`.
        if self.room.fetch_sub(1, Relaxed) <= 0 {
            self.room.fetch_add(1, Relaxed);
            return Inserted::No;
        }
        let index = self.filter.index(address);
        if !self.filter.add(index) {
            self.room.fetch_add(1, Relaxed);
            return Inserted::No;
        }
        match self.claim(Self::slot(index)) {
            Some(slot) => {
                self.write(slot, address, record());
                Inserted::Yes
            }
            None => Inserted::Crowded,
        }
    }

    /// Goes on after [`Inserted::Crowded`], in the other buckets. False: they are full as well, there is no record.
    #[cold]
    #[inline(never)]
    pub(crate) fn insert_elsewhere(&self, address: usize, record: Record) -> bool {
        // Counted before the address can be seen, so that whoever frees it looks further than its first bucket.
        self.displaced.fetch_add(1, Relaxed);
        match self.elsewhere(address).find_map(|first| self.claim(first)) {
            Some(slot) => {
                self.write(slot, address, record);
                true
            }
            None => {
                self.displaced.fetch_sub(1, Relaxed);
                self.filter.subtract(self.filter.index(address));
                self.room.fetch_add(1, Relaxed);
                false
            }
        }
    }

    /// Takes a slot that is empty, in the bucket of `first` and from there on.
    #[inline(always)]
    fn claim(&self, first: Slot) -> Option<Slot> {
        let addresses = self.addresses;
        for step in 0..SLOTS {
            let slot = first.in_bucket(step);
            let place = Self::place(addresses, slot);
            // Acquire: the stores of the slot's former record come before ours. A slot that is lost to another thread
            // here is passed over: it is not worth a second look.
            if place.load(Relaxed) == EMPTY && place.compare_exchange(EMPTY, WRITING, Acquire, Relaxed).is_ok() {
                return Some(slot);
            }
        }
        None
    }

    /// The slot that holds an address, in the bucket of `first` and from there on.
    #[inline(always)]
    fn find(&self, first: Slot, address: usize) -> Option<Slot> {
        let addresses = self.addresses;
        (0..SLOTS).map(|step| first.in_bucket(step)).find(|&slot| Self::place(addresses, slot).load(Relaxed) == address)
    }

    /// Fills a slot that was claimed.
    #[inline(always)]
    fn write(&self, slot: Slot, address: usize, record: Record) {
        let entry = self.entry(slot);
        // Release: a copier that sees one of these new values also sees that the slot was claimed, and drops it.
        entry.size.store(record.size, Release);
        entry.owner.store(record.owner, Release);
        entry.ticks.store(record.ticks, Release);
        entry.stack.store(u64::from(record.stack), Release);
        self.address(slot).store(address, Release);
    }

    /// Takes a block's record away. Called before the block is freed: afterwards another thread may get, and insert,
    /// the same address. False: the first bucket has no such record, but another may; go on with
    /// [`forget_elsewhere`](Self::forget_elsewhere).
    ///
    /// Steps: one byte of the filter, which ends it for most blocks without a record; one slot; one store; two
    /// read-modify-writes.
    #[inline(always)]
    pub(crate) fn forget(&self, address: usize) -> bool {
        let index = self.filter.index(address);
        if !self.filter.may_hold(index) {
            return true;
        }
        match self.find(Self::slot(index), address) {
            Some(slot) => {
                self.empty(slot, index);
                true
            }
            None => false,
        }
    }

    /// Goes on after a [`forget`](Self::forget) that was not sure, in the other buckets.
    #[cold]
    #[inline(never)]
    pub(crate) fn forget_elsewhere(&self, address: usize) {
        if let Some(slot) = self.find_elsewhere(address) {
            self.empty(slot, self.filter.index(address));
            self.displaced.fetch_sub(1, Relaxed);
        }
    }

    /// As [`forget`](Self::forget), and returns the record.
    #[inline]
    pub(crate) fn remove(&self, address: usize) -> Option<Record> {
        let index = self.filter.index(address);
        if !self.filter.may_hold(index) {
            return None;
        }
        let first = self.find(Self::slot(index), address);
        let slot = first.or_else(|| self.find_elsewhere(address))?;
        let entry = self.entry(slot);
        let record = Record {
            size: entry.size.load(Relaxed),
            owner: entry.owner.load(Relaxed),
            ticks: entry.ticks.load(Relaxed),
            stack: entry.stack.load(Relaxed) as StackId,
        };
        self.empty(slot, index);
        if first.is_none() {
            self.displaced.fetch_sub(1, Relaxed);
        }
        Some(record)
    }

    fn find_elsewhere(&self, address: usize) -> Option<Slot> {
        if self.displaced.load(Relaxed) == 0 {
            return None;
        }
        self.elsewhere(address).find_map(|first| self.find(first, address))
    }

    #[inline(always)]
    fn empty(&self, slot: Slot, index: Index) {
        // Release: our reads of the record come before the next writer's stores.
        self.address(slot).store(EMPTY, Release);
        self.filter.subtract(index);
        self.room.fetch_add(1, Relaxed);
    }

    /// A copy of all records, in system memory, made without allocating. `None` where the system has no memory for it.
    /// A block that is allocated or freed meanwhile may be in it or not; a record is never a mixture of two.
    pub(crate) fn copy(&self) -> Option<Records> {
        // Records can come while we copy; whatever goes beyond the room was made after we began. Of a full
        // table a copy could find more than there ever were at once: a record that goes, and later the one that comes
        // instead of it, in another slot.
        let room = (self.tracked() + 1024).min(self.max.load(Relaxed)) as usize;
        let mut records = Records::with_room(room)?;
        for slot in (0..self.slots()).map(|number| Slot(number * 8)) {
            if let Some(record) = self.read(slot) {
                records.push(record);
            }
        }
        Some(records)
    }

    /// Reads a slot that others may be changing: two equal readings of the record under the same address.
    fn read(&self, slot: Slot) -> Option<Record> {
        let place = self.address(slot);
        let entry = self.entry(slot);
        let once = || Record {
            size: entry.size.load(Acquire),
            owner: entry.owner.load(Acquire),
            ticks: entry.ticks.load(Acquire),
            stack: entry.stack.load(Acquire) as StackId,
        };
        // A slot that changes at each of these tries holds blocks that live shorter than a copy takes.
        for _ in 0..16 {
            let address = place.load(Acquire);
            if address == EMPTY || address == WRITING {
                return None;
            }
            let (first, second) = (once(), once());
            fence(Acquire);
            if first == second && place.load(Relaxed) == address {
                return Some(first);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
