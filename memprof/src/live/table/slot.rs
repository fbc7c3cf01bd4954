//! One slot of the table, and the operations that threads may do on it at the same time.
//!
//! ```text
//!              claim            fill               take (before the block is freed)
//!     EMPTY ─────────► WRITING ──────► key ───────────────────────────────────────► EMPTY
//!                                     ▲   │ look                                      ▲
//!                                keep │   ▼                 discard                   │
//!                                  key, looked at ──────────────────────────────────► ┤
//!                                         │ take                keep, discard         │
//!                                         └───────────────► GONE ─────────────────────┘
//! ```
//!
//! A block is freed once, so a key has one remover; but a sweep may check the record meanwhile, to discard it. The
//! thread that frees the block never waits for the sweep: it leaves the slot to it. While a sweep is checking, the slot
//! cannot get another record, so a decision about a record cannot hit its successor at the same address.
//!
//! `tests/models/loom` compiles this very file against loom's atomics.

use crate::live::record::Record;
use crate::live::sync::{AcqRel, Acquire, AtomicU64, AtomicUsize, Relaxed, Release};

pub(super) const EMPTY: u64 = 0;
/// No block has the address 1 or 2: nothing is mapped there.
pub(super) const WRITING: u64 = 1;
pub(super) const GONE: u64 = 2;
/// Set while a sweep is checking the slot.
pub(super) const LOOKED_AT: u64 = 1 << 63;
/// Set in the key of a record that the filters have counted (see `listing`).
const LISTED: u64 = 1 << 62;

/// The key of a block.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn key(address: usize) -> u64 {
    // On x86_64 no address of a program has the two highest bits set. On other processors they may be part of a tag,
    // and two blocks never differ in their tags alone.
    if cfg!(target_arch = "x86_64") { address as u64 } else { plain(address as u64 & !LOOKED_AT) }
}

/// The plain key of a record that may be listed, as [`key`] makes it.
pub(crate) fn plain(key: u64) -> u64 {
    key & !LISTED
}

/// The key of a listed record.
pub(crate) fn listed(key: u64) -> u64 {
    key | LISTED
}

pub(crate) fn is_listed(key: u64) -> bool {
    key & LISTED != 0
}

/// The words of a record in the table.
#[repr(C)]
pub(crate) struct SlotRecord {
    pub(crate) size: AtomicU64,
    pub(crate) owner: AtomicUsize,
    pub(crate) ticks: AtomicU64,
    /// The fourth word: with four, the offset of a record is a shift.
    pub(crate) stack: AtomicU64,
}

impl SlotRecord {
    /// Loads the record; the caller keeps others from changing it.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn load(&self) -> Record {
        // Acquire: see `read`.
        let (size, owner) = (self.size.load(Acquire), self.owner.load(Acquire));
        Record::from_words(size, owner, self.ticks.load(Acquire), self.stack.load(Acquire))
    }
}

/// Claims an empty slot. False: it is not empty, or another thread has claimed it just now.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn claim(word: &AtomicU64) -> bool {
    // Acquire: the stores of the slot's previous record come before ours.
    word.load(Relaxed) == EMPTY && word.compare_exchange(EMPTY, WRITING, Acquire, Relaxed).is_ok()
}

/// Fills a slot that was claimed.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn fill(word: &AtomicU64, entry: &SlotRecord, key: u64, record: Record) {
    // Release: a copying thread that sees one of these new values also sees that the slot was claimed, and drops it.
    entry.size.store(record.size_word(), Release);
    entry.owner.store(record.owner_word, Release);
    entry.ticks.store(record.ticks, Release);
    entry.stack.store(record.stack_word(), Release);
    word.store(key, Release);
}

/// True if the slot has exactly this key and no sweep is checking it.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn contains(word: &AtomicU64, key: u64) -> bool {
    word.load(Relaxed) == key
}

/// True if the slot has this plain key, listed or not, being checked or not.
pub(crate) fn may_contain(word: &AtomicU64, key: u64) -> bool {
    plain(word.load(Relaxed) & !LOOKED_AT) == key
}

/// Empties a slot that [`contains`] the key. False: a sweep is checking it; continue with [`take_from_sweep`].
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn take(word: &AtomicU64, key: u64) -> bool {
    // Release: our reads of the record come before the next writer's stores.
    word.compare_exchange(key, EMPTY, Release, Relaxed).is_ok()
}

/// The outcome of a removal while a sweep may be checking the slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// The slot is empty. The caller settles the accounts of this key.
    Done(u64),
    /// The sweep that is checking the slot will empty it and settle the accounts.
    LeftToSweep,
    /// A sweep has already discarded the record.
    Lost,
}

/// As [`take`], for a plain key that may be listed, while a sweep may be checking the slot.
pub(crate) fn take_from_sweep(word: &AtomicU64, key: u64) -> Removal {
    // A sweep checks a slot once, so this ends after as many turns as sweeps are running.
    loop {
        let now = word.load(Relaxed);
        if plain(now & !LOOKED_AT) != key {
            return Removal::Lost;
        }
        if now & LOOKED_AT == 0 {
            if take(word, now) {
                return Removal::Done(now);
            }
        } else if word.compare_exchange(now, GONE, AcqRel, Relaxed).is_ok() {
            return Removal::LeftToSweep;
        }
    }
}

/// Begins to check the record of a slot, and keeps others from changing it. Returns its key, if there is one. For a
/// sweep.
pub(crate) fn look(word: &AtomicU64) -> Option<u64> {
    let now = word.load(Relaxed);
    let is_record = now > GONE && now & LOOKED_AT == 0;
    // Acquire: the record's own stores come before our reads.
    (is_record && word.compare_exchange(now, now | LOOKED_AT, Acquire, Relaxed).is_ok()).then_some(now)
}

/// Ends the check that [`look`] began and keeps the record. False: its block was freed meanwhile, and the caller
/// settles the accounts.
pub(crate) fn keep(word: &AtomicU64, key: u64) -> bool {
    keep_as(word, key, key)
}

/// As [`keep`], with another key: the same one, but listed.
pub(crate) fn keep_as(word: &AtomicU64, key: u64, other: u64) -> bool {
    let is_kept = word.compare_exchange(key | LOOKED_AT, other, Release, Relaxed).is_ok();
    if !is_kept {
        discard(word);
    }
    is_kept
}

/// Changes the sampling level of a record while [`look`] holds it. A reader gets the old or the new level, and both are
/// correct.
pub(crate) fn mark(entry: &SlotRecord, record: Record) {
    entry.size.store(record.size_word(), Release);
}

/// Ends the check that [`look`] began and empties the slot; the caller settles the accounts. If its block was freed
/// meanwhile it is [`GONE`], and nobody else will empty it.
pub(crate) fn discard(word: &AtomicU64) {
    // A store would do. The swap is for loom, which does not know that a store cannot come before a compare-exchange
    // that has read an earlier value.
    word.swap(EMPTY, Release);
}

/// In a forked child, which has one thread: keeps a record that a sweep of the parent was checking, and empties a slot
/// that has none. Returns the record's key, if there is one.
pub(crate) fn recover(word: &AtomicU64) -> Option<u64> {
    let now = word.load(Relaxed);
    let key = now & !LOOKED_AT;
    let is_record = key > GONE;
    if is_record && now != key {
        word.store(key, Relaxed);
    } else if !is_record && now != EMPTY {
        word.store(EMPTY, Relaxed);
    }
    is_record.then_some(key)
}

/// Reads a slot that others may be changing: two equal readings of the record, with the same key before each. A reading
/// that has a value of a newer record next sees that record's key, if any, and then all of its values.
pub(crate) fn read(word: &AtomicU64, entry: &SlotRecord) -> Option<(u64, Record)> {
    // A slot that changes at each of these tries has blocks that live for less time than a copy takes.
    for _ in 0..16 {
        let key = word.load(Acquire) & !LOOKED_AT;
        if key <= GONE {
            return None;
        }
        let record = entry.load();
        if word.load(Acquire) & !LOOKED_AT == key && entry.load() == record {
            return Some((key, record));
        }
    }
    None
}
