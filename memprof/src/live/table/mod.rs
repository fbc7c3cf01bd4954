//! The table itself: fixed buckets of 8 slots, no locks.
//!
//! A slot is empty, being written, or holds an address (see `slot`). An insert claims an empty slot by compare-exchange
//! and publishes the address last. A removal empties the slot. An insert may fail, a removal never does.
//!
//! The place of an address is the number of a slot, and without its lowest 3 bits that of the slot's bucket. Blocks of
//! one page of 4 KiB have slots of one group, one for 16 bytes. In an exact table every free searches; in a sample it
//! asks a filter first (see `listing`).
//!
//! In a debug build nothing on the path of a record is inlined: all locals would be on the stack at once, 1.6 KiB more,
//! and some threads have a stack of only a few KiB.

pub(crate) mod capacity;
mod listing;
pub(crate) mod records;
mod remove;
pub(crate) mod share;
pub(crate) mod slot;
pub(crate) mod state;

use crate::live::filter::choice::FilterChoice;
use crate::live::filter::constant::{CHOICE, every_key};
use crate::live::filter::counting::{ALIGNED_TO, Filter};
use crate::live::hash::{self, LEAST_PLACES};
use crate::live::prefetch::prefetch;
use crate::live::record::Record;
use crate::os::memory::pages;
use capacity::Capacity;
use listing::SHORTER_BY_BITS;
use share::{Share, Shares};
use slot::SlotRecord;
use state::TableState;
use std::ptr::null_mut;
use std::sync::atomic::Ordering::{Acquire, Relaxed};
use std::sync::atomic::{AtomicBool, AtomicI8, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize};

pub(crate) const SLOTS: usize = 8;
/// At most every fourth slot is in use, so the first probe mostly succeeds (random churn among 10,000 records: 115
/// instructions for an allocation and its free beyond the forwarding; 128 with two slots for each record).
const SLOTS_PER_RECORD: usize = 4;
/// Buckets that may hold an address. At most a quarter of the buckets can be full, so in the worst case all of an
/// address's are for one insert in 10^9.
const CHOICES: u32 = 16;

/// The shares of all threads in the capacity of the table in use.
static SHARES: Shares = Shares::new();

// Here, because loom's atomics are not made in constants.
impl Share {
    pub(crate) const fn new() -> Self {
        Self { word: AtomicI8::new(share::CLOSED), is_listed: AtomicBool::new(false), next: AtomicPtr::new(null_mut()) }
    }
}

impl Shares {
    pub(crate) const fn new() -> Self {
        Self { head: AtomicPtr::new(null_mut()), open: AtomicUsize::new(0) }
    }
}

/// The outcome of an insert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// The block has a record.
    Yes,
    /// The table is full: the block has no record.
    No,
    /// The thread's share of the capacity is empty or closed; [`Share::not_taken`] and
    /// [`insert_chosen`](Table::insert_chosen) have to finish the insert.
    ShareEmpty,
    /// The first bucket is full; [`Table::insert_slow`] has to finish the insert.
    BucketFull,
}

/// A slot, by its number from 0.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct SlotNumber(usize);

impl SlotNumber {
    /// The `step`-th slot from here in the same bucket; all 8 of them for the steps 0 to 7.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn in_bucket(self, step: usize) -> SlotNumber {
        SlotNumber(self.0 ^ step)
    }

    /// True if both are in the same bucket.
    pub(crate) fn is_beside(self, other: SlotNumber) -> bool {
        self.0 / SLOTS == other.0 / SLOTS
    }
}

/// The records of the live allocations.
pub(crate) struct Table {
    keys: *const AtomicU64,
    entries: *const SlotRecord,
    /// 64 − log2 of the number of slots.
    shift: u32,
    /// Both count the listed records, see `listing`.
    pub(crate) filter: Filter,
    pub(crate) short: Filter,
    /// Has counted every key.
    pub(crate) every: Filter,
    /// The one of the three that a free asks.
    pub(crate) choice: &'static FilterChoice,
    /// Maximum number of records; at most a quarter of the slots.
    pub(crate) max: AtomicU64,
    /// Capacity left in the table.
    pub(crate) capacity: Capacity,
    /// Records in another bucket than their first. While there are none, a search ends after one bucket.
    pub(crate) displaced: AtomicU64,
    /// Highest choice of a bucket that any record has needed: a search ends there.
    farthest: AtomicU32,
    /// A [`TableState`]: exact or sampled, and the progress of the sweep.
    pub(crate) state: AtomicU64,
    /// The level at which new samples are drawn, if it is above the state's: the budget raises it, and no record is
    /// discarded.
    pub(crate) drawing: AtomicU8,
    /// The highest level at which samples of this period were drawn.
    pub(crate) highest: AtomicU8,
    /// The interval that the user has fixed. 0: it grows when it must; 1: it stays exact.
    pub(crate) fixed_interval: AtomicU64,
    /// Bytes represented by the records that the current sweep has kept.
    pub(crate) bytes_left: AtomicU64,
}

// SAFETY: the pointers refer to memory that lives as long as the table and is accessed only through atomics.
unsafe impl Sync for Table {}

/// Rounds up to whole cache lines, for the part that follows in the same mapping.
fn lines(bytes: usize) -> Option<usize> {
    bytes.checked_next_multiple_of(64)
}

/// Rounds up to the alignment of a filter, for the filter that follows in the same mapping.
fn aligned(bytes: usize) -> Option<usize> {
    bytes.checked_next_multiple_of(ALIGNED_TO)
}

impl Table {
    /// An empty table of this process in system memory, never freed. `None`: the system has no memory for it.
    pub(crate) fn of_process(max: usize) -> Option<&'static Table> {
        Self::create_with(max, &SHARES, &CHOICE)
    }

    /// A table of its own for a test: no hook asks its filters.
    #[cfg(test)]
    pub(crate) fn create(max: usize) -> Option<&'static Table> {
        Self::create_alone(max, &SHARES)
    }

    /// As [`create`](Self::create), with these shares in its capacity: all that lies in them is this table's.
    #[cfg(test)]
    fn create_alone(max: usize, shares: &'static Shares) -> Option<&'static Table> {
        Self::create_with(max, shares, Box::leak(Box::new(FilterChoice::new(&every_key()))))
    }

    /// A table with these shares in its capacity, for frees that ask this choice.
    fn create_with(max: usize, shares: &'static Shares, choice: &'static FilterChoice) -> Option<&'static Table> {
        let slots = max.checked_mul(SLOTS_PER_RECORD)?.max(LEAST_PLACES).checked_next_power_of_two()?;
        // One entry for each slot.
        let filter_bytes = slots;
        // A slot's number is one of 32 bits.
        u32::try_from(slots - 1).ok()?;
        let short_bytes = filter_bytes >> SHORTER_BY_BITS;
        // The filters come first: they have to be aligned to a page.
        let filters_bytes = aligned(filter_bytes)?.checked_add(aligned(short_bytes)?)?;
        let header_bytes = lines(size_of::<Table>())?;
        let key_bytes = slots.checked_mul(size_of::<AtomicU64>())?;
        let entry_bytes = lines(slots.checked_mul(size_of::<SlotRecord>())?)?;
        let bytes = filters_bytes.checked_add(header_bytes)?.checked_add(key_bytes)?.checked_add(entry_bytes)?;
        let start = pages::reserve(bytes);
        if start.is_null() {
            return None;
        }
        // SAFETY: the mapping is `bytes` long, the sum of the five parts; it is aligned to a page, the filters' lengths
        // are multiples of a page and those of the others of 64, so each part is aligned. Zeroed memory is valid for
        // every part: filters without addresses, empty slots, entries that nothing refers to. The header is written
        // before it is shared.
        unsafe {
            let short_at = start.add(aligned(filter_bytes)?);
            let header_at = start.add(filters_bytes);
            let keys_at = header_at.add(header_bytes);
            let entries_at = keys_at.add(key_bytes);
            let table = header_at.cast::<Table>();
            table.write(Table {
                keys: keys_at.cast(),
                entries: entries_at.cast(),
                shift: 64 - slots.trailing_zeros(),
                filter: Filter::over(start.cast(), filter_bytes),
                short: Filter::over(short_at.cast(), short_bytes),
                every: every_key(),
                choice,
                max: AtomicU64::new(max as u64),
                capacity: Capacity::new(max as u64, shares),
                displaced: AtomicU64::new(0),
                farthest: AtomicU32::new(0),
                state: AtomicU64::new(0),
                drawing: AtomicU8::new(0),
                highest: AtomicU8::new(0),
                fixed_interval: AtomicU64::new(0),
                bytes_left: AtomicU64::new(0),
            });
            Some(&*table)
        }
    }

    pub(crate) fn slots(&self) -> usize {
        1 << (64 - self.shift)
    }

    /// True if the table can hold `max` records.
    pub(crate) fn fits(&self, max: usize) -> bool {
        max <= self.slots() / SLOTS_PER_RECORD
    }

    /// Number of records, including those being written. While threads record and free, up to 127 for each of them are
    /// counted twice or not at all.
    pub(crate) fn len(&self) -> u64 {
        let in_shares = self.capacity.in_shares();
        self.most().saturating_add_signed(-in_shares)
    }

    /// As [`len`](Self::len), but never too few: what lies in the shares of threads counts as records.
    pub(crate) fn most(&self) -> u64 {
        self.capacity.look().records(self.max.load(Relaxed))
    }

    /// Changes the maximum number of records; the caller has checked [`fits`](Self::fits).
    pub(crate) fn limit_to(&self, max: usize) {
        // Two words change, so the counts are not reliable in between.
        self.choice.close(&self.every);
        let before = self.max.swap(max as u64, Relaxed);
        self.capacity.add(max as i64 - before as i64);
        self.choice.open(&self.every);
        self.choose_filter();
    }

    /// Ends the use of a table that another one replaces: threads that are still at it never choose its filters again.
    pub(crate) fn retire(&self) {
        // They find it without capacity, and their shares closed. One record that does not exist is never listed.
        self.capacity.mark_sampled(true);
        self.capacity.add(-1);
    }

    /// The first slot to probe for a key.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn slot(&self, key: u64) -> SlotNumber {
        SlotNumber(hash::place(key, self.shift))
    }

    /// One slot of the `choice`-th bucket that may hold a key.
    fn other_bucket(&self, key: u64, choice: u32) -> SlotNumber {
        SlotNumber(hash::other_place(key, choice, self.shift))
    }

    /// The other buckets that may hold a key, one slot of each.
    pub(crate) fn other_buckets(&self, key: u64) -> impl Iterator<Item = SlotNumber> {
        (1..=self.farthest.load(Relaxed)).map(move |choice| self.other_bucket(key, choice))
    }

    /// The slot with this number, from 0.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn slot_number(number: usize) -> SlotNumber {
        SlotNumber(number)
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn key_at(&self, slot: SlotNumber) -> &AtomicU64 {
        Self::key_word(self.keys, slot)
    }

    /// Number of the first slot that may have a record, from one number to below another. PERF: most slots are empty,
    /// and a build without optimization calls every iterator and every closure: 0.3 µs for each of them.
    pub(crate) fn next_used(&self, from: usize, end: usize) -> Option<usize> {
        let (mut number, end) = (from, end.min(self.slots()));
        // SAFETY: as in `key_word`: the number is below `slots`.
        let word = |number: usize| unsafe { &*self.keys.wrapping_add(number) }.load(Relaxed);
        while number < end {
            // A whole bucket, most of which are empty.
            if number.is_multiple_of(SLOTS) && end - number >= SLOTS {
                let low = word(number) | word(number + 1) | word(number + 2) | word(number + 3);
                let high = word(number + 4) | word(number + 5) | word(number + 6) | word(number + 7);
                if low | high == slot::EMPTY {
                    number += SLOTS;
                    continue;
                }
            }
            if word(number) != slot::EMPTY {
                return Some(number);
            }
            number += 1;
        }
        None
    }

    /// As [`key_at`](Self::key_at), with the pointer in a register: otherwise a loop that writes would load it each
    /// time.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn key_word<'a>(keys: *const AtomicU64, slot: SlotNumber) -> &'a AtomicU64 {
        // SAFETY: every number is a place among the slots, or below `slots`, a multiple of 8; those of a bucket differ
        // in the lowest 3 bits alone. The memory is never freed.
        unsafe { &*keys.add(slot.0) }
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn entry(&self, slot: SlotNumber) -> &SlotRecord {
        // SAFETY: as in `key_word`; there is one entry for each slot.
        unsafe { &*self.entries.add(slot.0) }
    }

    /// The present state: exact or sampled.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn state(&self) -> TableState {
        // Acquire: a thread that sees a new period sees the interval that was fixed for it.
        TableState(self.state.load(Acquire))
    }

    /// Prefetches the two cache lines that an [`insert`](Self::insert) of this address will touch; the table is larger
    /// than the processor's caches. Called before a stack is captured, which takes as long as the loads.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn prefetch(&self, address: usize) {
        let slot = self.slot(slot::key(address));
        prefetch(self.key_at(slot));
        prefetch(self.entry(slot));
    }

    /// Gives a block a record in an exact table. `share` is the thread's. `record` is called last, so that no registers
    /// have to hold it meanwhile.
    ///
    /// Steps: the thread's count (a read-modify-write), one slot (one compare-exchange), five stores.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn insert(
        &self,
        address: usize,
        share: Option<&'static Share>,
        record: impl FnOnce() -> Record,
    ) -> Inserted {
        // The capacity is taken before the slot, so that there are never more records than `max`.
        match share {
            Some(share) if !share.take() => return Inserted::ShareEmpty,
            None if !self.capacity.take_exact() => return Inserted::No,
            _ => {}
        }
        let key = slot::key(address);
        // PERF: read once, or the compiler would read it again after the claim.
        let keys = self.keys;
        match Self::claim(keys, self.slot(key)) {
            Some(slot) => {
                slot::fill(Self::key_word(keys, slot), self.entry(slot), key, record());
                Inserted::Yes
            }
            None => Inserted::BucketFull,
        }
    }

    /// As [`insert`](Self::insert), for a table that may be a sample: then the record is listed. `None`: the table is
    /// full. False: the record has no place.
    pub(crate) fn insert_either(&self, address: usize, share: Option<&'static Share>, record: Record) -> Option<bool> {
        let is_sampled = self.capacity.take(share)?;
        let plain = slot::key(address);
        if is_sampled && !self.count(plain) {
            // A record that no filter counts would be missed when its block is freed.
            self.capacity.give_back(None);
            return Some(false);
        }
        let key = if is_sampled { slot::listed(plain) } else { plain };
        if is_sampled {
            self.capacity.list();
        }
        let inserted = match Self::claim(self.keys, self.slot(plain)) {
            Some(slot) => {
                slot::fill(self.key_at(slot), self.entry(slot), key, record);
                true
            }
            None => self.insert_in_other_bucket(key, record),
        };
        if is_sampled {
            self.choose_filter();
        }
        Some(inserted)
    }

    /// Slow path after [`Inserted::BucketFull`]: tries the other buckets. False: they are full as well, and the block
    /// has no record.
    #[cold]
    #[inline(never)]
    pub(crate) fn insert_slow(&self, address: usize, record: Record) -> bool {
        self.insert_in_other_bucket(slot::key(address), record)
    }

    /// Inserts a record, listed or not, whose first bucket is full.
    fn insert_in_other_bucket(&self, key: u64, record: Record) -> bool {
        // Counted before the address is visible, so that the thread that frees it searches beyond its first bucket.
        self.displaced.fetch_add(1, Relaxed);
        let first = self.slot(slot::plain(key));
        let claimed = |choice| {
            let other = self.other_bucket(slot::plain(key), choice);
            // The first bucket may have an empty slot by now, but a record there would not be a displaced one.
            let slot = if other.is_beside(first) { None } else { Self::claim(self.keys, other) };
            slot.map(|slot| (choice, slot))
        };
        match (1..CHOICES).find_map(claimed) {
            Some((choice, slot)) => {
                self.farthest.fetch_max(choice, Relaxed);
                slot::fill(self.key_at(slot), self.entry(slot), key, record);
                true
            }
            None => {
                self.displaced.fetch_sub(1, Relaxed);
                self.settle(key);
                false
            }
        }
    }

    /// Claims an empty slot in the bucket of `first`, starting there.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn claim(keys: *const AtomicU64, first: SlotNumber) -> Option<SlotNumber> {
        (0..SLOTS).map(|step| first.in_bucket(step)).find(|&slot| slot::claim(Self::key_word(keys, slot)))
    }

    /// The slot that holds a key in the bucket of `first`, starting there.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn find(&self, first: SlotNumber, key: u64) -> Option<SlotNumber> {
        let keys = self.keys;
        (0..SLOTS).map(|step| first.in_bucket(step)).find(|&slot| slot::contains(Self::key_word(keys, slot), key))
    }
}

#[cfg(test)]
mod tests;
