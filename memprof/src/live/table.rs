//! The table itself: fixed buckets of 8 slots, no locks.
//!
//! A slot is empty, being written, or holds an address. An insert claims an empty slot by compare-exchange and makes
//! the address visible last; a removal sets the slot to empty. A block is freed once, so its slot has one remover. An
//! insert may be given up, a removal never.

use super::filter::Filter;
use crate::os::pages;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, fence};

const SLOTS: usize = 8;
const EMPTY: usize = 0;
/// No block has this address: they are aligned to 8 at least, or are of size 0 and never reach an allocator.
const WRITING: usize = 1;
/// Buckets that an address may stand in. With at most half of the slots in use, all four are full for fewer than one
/// insert in 10^8.
const CHOICES: u32 = 4;
/// Twice the golden ratio's fraction, odd: the usual constant of multiplicative hashing (Knuth, TAOCP 3, 6.4).
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// One bucket's addresses: one cache line, so a look-up touches one line more than the filter.
#[repr(align(64))]
struct Bucket([AtomicUsize; SLOTS]);

/// What a slot says of its block.
#[repr(C)]
struct Entry {
    size: AtomicU64,
    owner: AtomicUsize,
    ticks: AtomicU64,
}

/// A copy of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Bytes that were asked for.
    pub(crate) size: u64,
    /// Who allocated the block, as the tracker numbers it.
    pub(crate) owner: usize,
    /// When, in ticks of the coarse clock.
    pub(crate) ticks: u64,
}

/// The records of the live allocations.
pub(crate) struct Table {
    buckets: *const Bucket,
    entries: *const Entry,
    filter: Filter,
    bucket_bits: u32,
    /// The most records; at most half of the slots.
    max: AtomicU64,
    /// Records now, those being written among them.
    tracked: AtomicU64,
    /// Inserts that were given up because the table was full.
    given_up: AtomicU64,
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
        let slots = max.max(SLOTS).checked_mul(2)?.checked_next_power_of_two()?;
        let buckets = slots / SLOTS;
        let filter_bits = Filter::bits(max.max(SLOTS))?;
        let header_bytes = lines(size_of::<Table>())?;
        let bucket_bytes = buckets.checked_mul(size_of::<Bucket>())?;
        let entry_bytes = lines(slots.checked_mul(size_of::<Entry>())?)?;
        let filter_bytes = 1usize.checked_shl(filter_bits)?;
        let bytes = header_bytes.checked_add(bucket_bytes)?.checked_add(entry_bytes)?.checked_add(filter_bytes)?;
        let start = pages::reserve(bytes);
        if start.is_null() {
            return None;
        }
        // SAFETY: the mapping is `bytes` long, the sum of the four parts; it is aligned to a page and each part's
        // length is a multiple of 64, so each part is aligned. Zeroed memory is valid for every part: empty buckets,
        // entries that nothing refers to, a filter without addresses. The header is written before it is shared.
        unsafe {
            let buckets_at = start.add(header_bytes);
            let entries_at = buckets_at.add(bucket_bytes);
            let filter_at = entries_at.add(entry_bytes);
            let table = start.cast::<Table>();
            table.write(Table {
                buckets: buckets_at.cast(),
                entries: entries_at.cast(),
                filter: Filter::over(filter_at.cast::<AtomicU8>(), filter_bits),
                bucket_bits: buckets.trailing_zeros(),
                max: AtomicU64::new(max as u64),
                tracked: AtomicU64::new(0),
                given_up: AtomicU64::new(0),
            });
            Some(&*table)
        }
    }

    fn slots(&self) -> usize {
        SLOTS << self.bucket_bits
    }

    /// Whether the table has room for `max` records.
    pub(super) fn holds(&self, max: usize) -> bool {
        max <= self.slots() / 2
    }

    /// Changes the most records; the caller has asked [`holds`](Self::holds).
    pub(super) fn limit_to(&self, max: usize) {
        self.max.store(max as u64, Relaxed);
    }

    /// Inserts that were given up so far.
    pub(crate) fn given_up(&self) -> u64 {
        self.given_up.load(Relaxed)
    }

    #[inline(always)]
    fn hash(address: usize) -> u64 {
        (address as u64).wrapping_mul(GOLDEN)
    }

    /// The `choice`-th bucket for a hash. The first takes the best bits of the product.
    #[inline(always)]
    fn bucket_index(&self, hash: u64, choice: u32) -> usize {
        let mixed =
            if choice == 0 { hash } else { (hash ^ (hash >> 29)).wrapping_mul(GOLDEN).rotate_left(choice * 16) };
        // A table has at least two buckets, so the shift is at most 63.
        (mixed >> (64 - self.bucket_bits)) as usize
    }

    /// Where in its bucket an address looks first: spreads the slots so that the first look mostly hits.
    #[inline(always)]
    fn first_slot(&self, hash: u64) -> usize {
        (hash >> (61 - self.bucket_bits)) as usize % SLOTS
    }

    #[inline(always)]
    fn bucket(&self, index: usize) -> &Bucket {
        // SAFETY: every index comes from `bucket_index`, below the number of buckets.
        unsafe { &*self.buckets.add(index) }
    }

    #[inline(always)]
    fn entry(&self, bucket: usize, slot: usize) -> &Entry {
        // SAFETY: there is one entry for each of the 8 slots of each bucket; `slot` is taken modulo 8.
        unsafe { &*self.entries.add(bucket * SLOTS + slot % SLOTS) }
    }

    /// The slot in `bucket` that holds `wanted`, looked for from `first` on.
    #[inline(always)]
    fn find(bucket: &Bucket, wanted: usize, first: usize) -> Option<usize> {
        (0..SLOTS).map(|step| (first + step) % SLOTS).find(|&slot| bucket.0[slot % SLOTS].load(Relaxed) == wanted)
    }

    /// Gives a block a record. False: there is none, because the table is full.
    ///
    /// Steps: count, filter (two read-modify-writes), one bucket (one compare-exchange), four stores.
    #[inline]
    pub(crate) fn insert(&self, address: usize, record: Record) -> bool {
        // The count is taken before the slot, so that there are never more records than `max`.
        if self.tracked.fetch_add(1, Relaxed) >= self.max.load(Relaxed) {
            return self.give_up();
        }
        let hash = Self::hash(address);
        if !self.filter.add(hash) {
            return self.give_up();
        }
        let index = self.bucket_index(hash, 0);
        if self.claim(index, self.first_slot(hash), address, record) {
            return true;
        }
        self.insert_elsewhere(hash, address, record)
    }

    /// Writes the record into a free slot of one bucket.
    #[inline(always)]
    fn claim(&self, index: usize, first: usize, address: usize, record: Record) -> bool {
        let bucket = self.bucket(index);
        // Each failed exchange means that another thread made progress, and a bucket has 8 slots: 8 tries are enough.
        for _ in 0..SLOTS {
            let Some(slot) = Self::find(bucket, EMPTY, first) else { return false };
            let place = &bucket.0[slot % SLOTS];
            // Acquire: the stores of the slot's former record come before ours.
            if place.compare_exchange(EMPTY, WRITING, Acquire, Relaxed).is_ok() {
                let entry = self.entry(index, slot);
                // Release: a copier that sees one of these new values also sees WRITING in the slot, and drops it.
                entry.size.store(record.size, Release);
                entry.owner.store(record.owner, Release);
                entry.ticks.store(record.ticks, Release);
                place.store(address, Release);
                return true;
            }
        }
        false
    }

    #[cold]
    #[inline(never)]
    fn insert_elsewhere(&self, hash: u64, address: usize, record: Record) -> bool {
        for choice in 1..CHOICES {
            if self.claim(self.bucket_index(hash, choice), 0, address, record) {
                return true;
            }
        }
        self.filter.subtract(hash);
        self.give_up()
    }

    #[cold]
    #[inline(never)]
    fn give_up(&self) -> bool {
        self.tracked.fetch_sub(1, Relaxed);
        self.given_up.fetch_add(1, Relaxed);
        false
    }

    /// Takes a block's record away and returns it. Called before the block is freed: afterwards another thread may
    /// get, and insert, the same address.
    ///
    /// Steps: one byte of the filter, which ends it for most blocks without a record; one bucket; one store; two
    /// read-modify-writes.
    #[inline]
    pub(crate) fn remove(&self, address: usize) -> Option<Record> {
        let hash = Self::hash(address);
        if !self.filter.may_hold(hash) {
            return None;
        }
        let index = self.bucket_index(hash, 0);
        let first = self.first_slot(hash);
        let (index, slot) = match Self::find(self.bucket(index), address, first) {
            Some(slot) => (index, slot),
            None => self.find_elsewhere(hash, address)?,
        };
        let entry = self.entry(index, slot);
        let record = Record {
            size: entry.size.load(Relaxed),
            owner: entry.owner.load(Relaxed),
            ticks: entry.ticks.load(Relaxed),
        };
        // Release: our reads of the record come before the next writer's stores.
        self.bucket(index).0[slot % SLOTS].store(EMPTY, Release);
        self.filter.subtract(hash);
        self.tracked.fetch_sub(1, Relaxed);
        Some(record)
    }

    #[cold]
    #[inline(never)]
    fn find_elsewhere(&self, hash: u64, address: usize) -> Option<(usize, usize)> {
        (1..CHOICES)
            .map(|choice| self.bucket_index(hash, choice))
            .find_map(|index| Some((index, Self::find(self.bucket(index), address, 0)?)))
    }

    /// A copy of all records, in system memory, made without allocating. `None` where the system has no memory for it.
    /// A block that is allocated or freed meanwhile may be in it or not; a record is never a mixture of two.
    pub(crate) fn copy(&self) -> Option<Records> {
        // Records can come while we copy; whatever goes beyond the room was made after we began.
        let room = self.tracked.load(Relaxed) as usize + 1024;
        let mut records = Records::with_room(room)?;
        for index in 0..1usize << self.bucket_bits {
            for slot in 0..SLOTS {
                if let Some(record) = self.read(index, slot) {
                    records.push(record);
                }
            }
        }
        Some(records)
    }

    /// Reads a slot that others may be changing: two equal readings of the record under the same address.
    fn read(&self, index: usize, slot: usize) -> Option<Record> {
        let place = &self.bucket(index).0[slot % SLOTS];
        let entry = self.entry(index, slot);
        let once = || Record {
            size: entry.size.load(Acquire),
            owner: entry.owner.load(Acquire),
            ticks: entry.ticks.load(Acquire),
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

/// Copied records, in system memory that is given back when this is dropped.
pub(crate) struct Records {
    start: *mut Record,
    room: usize,
    len: usize,
}

impl Records {
    fn with_room(room: usize) -> Option<Self> {
        let start = pages::reserve(room.checked_mul(size_of::<Record>())?).cast::<Record>();
        if start.is_null() { None } else { Some(Self { start, room, len: 0 }) }
    }

    fn push(&mut self, record: Record) {
        if self.len < self.room {
            // SAFETY: `len` is below the room that was reserved.
            unsafe { self.start.add(self.len).write(record) };
            self.len += 1;
        }
    }

    pub(crate) fn as_slice(&self) -> &[Record] {
        // SAFETY: the first `len` records were written by `push`.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        // SAFETY: the memory came from `reserve` with the same size, and slices of it borrow `self`.
        unsafe { pages::release(self.start.cast(), self.room * size_of::<Record>()) };
    }
}
