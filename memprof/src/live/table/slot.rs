//! One slot of the table, and what threads may do with it at the same time.
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
//! A block is freed once, so a key has one remover; but a sweep may look at the record meanwhile, to discard it. Whoever
//! frees the block never waits for it: it leaves the slot to the sweep. While a sweep looks, the slot cannot become
//! another record's, so what was decided about a record cannot hit its successor at the same address.
//!
//! `tests/tests/loom` compiles this very file against loom's atomics.

use crate::live::record::Record;
use crate::live::sync::{AcqRel, Acquire, AtomicU64, AtomicUsize, Relaxed, Release};

const EMPTY: u64 = 0;
/// No block has the addresses 1 and 2: nothing is mapped there.
const WRITING: u64 = 1;
const GONE: u64 = 2;
/// Set while a sweep looks at the slot.
const LOOKED_AT: u64 = 1 << 63;
/// Set in the key of a record that is in the short filter too (see `listing`).
const LISTED: u64 = 1 << 62;

/// How the table knows a block.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn key(address: usize) -> u64 {
    // On x86_64 no address of a program has the two highest bits. Elsewhere they may be part of a tag, and two blocks never
    // differ in their tags alone.
    if cfg!(target_arch = "x86_64") { address as u64 } else { plain(address as u64 & !LOOKED_AT) }
}

/// The key of a record, listed or not, as [`key`] makes it.
pub(crate) fn plain(key: u64) -> u64 {
    key & !LISTED
}

/// The same as that of a record that is listed.
pub(crate) fn listed(key: u64) -> u64 {
    key | LISTED
}

pub(crate) fn is_listed(key: u64) -> bool {
    key & LISTED != 0
}

/// What a slot says of its block.
#[repr(C)]
pub(crate) struct SlotRecord {
    pub(crate) size: AtomicU64,
    pub(crate) owner: AtomicUsize,
    pub(crate) ticks: AtomicU64,
    /// An entry is four words, found by a shift.
    pub(crate) stack: AtomicU64,
}

impl SlotRecord {
    /// The record, for whoever keeps others from changing it.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn load(&self) -> Record {
        // Acquire: see `read`.
        let (size, owner) = (self.size.load(Acquire), self.owner.load(Acquire));
        Record::from_words(size, owner, self.ticks.load(Acquire), self.stack.load(Acquire))
    }
}

/// Takes a slot that is empty. False: it is not, or was lost to another thread just now, which is not worth a second look.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn claim(word: &AtomicU64) -> bool {
    // Acquire: the stores of the slot's former record come before ours.
    word.load(Relaxed) == EMPTY && word.compare_exchange(EMPTY, WRITING, Acquire, Relaxed).is_ok()
}

/// Fills a slot that was claimed.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn fill(word: &AtomicU64, entry: &SlotRecord, key: u64, record: Record) {
    // Release: a copier that sees one of these new values also sees that the slot was claimed, and drops it.
    entry.size.store(record.size_word(), Release);
    entry.owner.store(record.owner, Release);
    entry.ticks.store(record.ticks, Release);
    entry.stack.store(record.stack_word(), Release);
    word.store(key, Release);
}

/// Whether the slot holds this very key and no sweep looks at it.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn contains(word: &AtomicU64, key: u64) -> bool {
    word.load(Relaxed) == key
}

/// Whether the slot holds this plain key, listed or not, looked at or not.
pub(crate) fn may_contain(word: &AtomicU64, key: u64) -> bool {
    plain(word.load(Relaxed) & !LOOKED_AT) == key
}

/// Empties a slot that [`contains`] the key. False: a sweep has come between, go on with [`take_from_sweep`].
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn take(word: &AtomicU64, key: u64) -> bool {
    // Release: our reads of the record come before the next writer's stores.
    word.compare_exchange(key, EMPTY, Release, Relaxed).is_ok()
}

/// What became of a record that its block's owner takes while a sweep may be looking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// The slot is empty; the caller settles the accounts of this key.
    Done(u64),
    /// The sweep that is looking will empty the slot and settle the accounts.
    LeftToSweep,
    /// A sweep has discarded it before.
    Lost,
}

/// As [`take`], where a sweep may be looking, of a plain key that may be listed.
pub(crate) fn take_from_sweep(word: &AtomicU64, key: u64) -> Removal {
    // A sweep looks at a slot once on its way, so that this ends after as many turns as there are sweeps just now.
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

/// Keeps others from changing the record, if the slot holds one: its key. For a sweep.
pub(crate) fn look(word: &AtomicU64) -> Option<u64> {
    let now = word.load(Relaxed);
    let is_record = now > GONE && now & LOOKED_AT == 0;
    // Acquire: the record's own stores come before our reads.
    (is_record && word.compare_exchange(now, now | LOOKED_AT, Acquire, Relaxed).is_ok()).then_some(now)
}

/// Lets go of a record that [`look`] found. False: its block was freed meanwhile, and the caller settles the accounts.
pub(crate) fn keep(word: &AtomicU64, key: u64) -> bool {
    keep_as(word, key, key)
}

/// As [`keep`], under another key: the same, but listed.
pub(crate) fn keep_as(word: &AtomicU64, key: u64, other: u64) -> bool {
    let is_kept = word.compare_exchange(key | LOOKED_AT, other, Release, Relaxed).is_ok();
    if !is_kept {
        discard(word);
    }
    is_kept
}

/// Changes what the record says of how it was drawn, of a slot that [`look`] found. Whoever reads it meanwhile gets the one or
/// the other, and both are right.
pub(crate) fn mark(entry: &SlotRecord, record: Record) {
    entry.size.store(record.size_word(), Release);
}

/// Empties a slot that [`look`] found; the caller settles the accounts. Its block may have been freed meanwhile: then it
/// is [`GONE`], and nobody else will empty it.
pub(crate) fn discard(word: &AtomicU64) {
    // A swap where a store would do: loom does not know that a store cannot come before a compare-exchange that has read
    // an earlier value.
    word.swap(EMPTY, Release);
}

/// In a forked child, where nobody else is: lets go of a record that a sweep of the parent looked at, and empties a slot
/// that has none. The record's key, if there is one.
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

/// Reads a slot that others may be changing: two equal readings of the record, and the same key before each. A reading that
/// holds a value of a newer record sees that record's key next, if any, and then all of its values.
pub(crate) fn read(word: &AtomicU64, entry: &SlotRecord) -> Option<(u64, Record)> {
    // A slot that changes at each of these tries holds blocks that live shorter than a copy takes.
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
