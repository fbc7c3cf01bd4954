//! The live table: one record for each recorded allocation, from its birth until it is deallocated.
//!
//! Everything in here runs inside allocations, except [`Table::copy`]. It knows addresses and sizes; the owner of a
//! block is an opaque number to it.

mod filter;
mod fork;
mod hash;
mod prefetch;
mod probability;
mod record;
mod sampling;
mod sync;
mod table;

pub(crate) use filter::choice::Answer;
pub(crate) use fork::recover;
pub(crate) use probability::probability;
pub(crate) use record::{COARSE_BITS, Drawn, Record, coarse, label_bits, label_set};
pub(crate) use sampling::cause::{Causes, causes};
pub(crate) use sampling::exact_guard::ExactGuard;
pub(crate) use sampling::next_sample::NextSample;
pub(crate) use sampling::overhead::{TIMED_EACH, is_limited, look_if_due, spend};
pub(crate) use table::records::Records;
pub(crate) use table::share::Share;
pub(crate) use table::{Inserted, Table};

use crate::stack;
use filter::constant::CHOICE;
use sampling::{cause, overhead};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::atomic::{AtomicPtr, AtomicU8};

/// The table in use; null until a profile that records allocations starts. A table is never removed again.
static TABLE: AtomicPtr<Table> = AtomicPtr::new(std::ptr::null_mut());

/// Closes the share of a thread that is over.
pub(crate) fn close(share: &Share) {
    if let Some(table) = table() {
        table.capacity.close_share(share);
    }
}

/// The table in use.
#[inline(always)]
pub(crate) fn table() -> Option<&'static Table> {
    // SAFETY: only `start_recording` stores here, and it stores a complete table that is never freed.
    unsafe { TABLE.load(Acquire).as_ref() }
}

/// Asks if a block has a record, before the block is deallocated: afterwards another thread may get, and insert, the
/// same address.
#[inline(always)]
pub(crate) fn ask(address: usize) -> Answer {
    CHOICE.ask(table::slot::key(address))
}

/// Removes the record of a block after [`Answer::Search`]. `share` is the thread's.
#[inline(never)]
pub(crate) fn remove(address: usize, share: &'static Share) {
    if let Some(table) = table()
        && !table.remove(address, share)
    {
        table.remove_slow(address);
    }
}

/// Removes the record of a block after any answer.
#[cold]
#[inline(never)]
pub(crate) fn remove_slow(address: usize) {
    if let Some(table) = table() {
        table.remove_slow(address);
    }
}

/// Mask of the allocations that take the slow path while every one gets a record: those whose count has none of these
/// bits. All of them if stacks are captured, otherwise those that are timed.
#[inline]
pub(crate) fn slow_path_mask() -> u64 {
    if stack::are_captured() { 0 } else { TIMED_EACH - 1 }
}

/// Starts to record up to `max` live allocations, with an empty table: all of them, or, with a `fixed_interval` above
/// 1, one in about that many bytes. With 0 it starts with all of them, and the interval grows when the table is full or
/// recording takes more than `budget_percent` of the processor time. Returns false if the system has no memory for the
/// table.
///
/// Threads may call this at the same time: one of them makes the table.
pub(crate) fn start_recording(max: usize, fixed_interval: u64, budget_percent: u64) -> bool {
    static PERIODS: AtomicU8 = AtomicU8::new(0);
    let period = PERIODS.fetch_add(1, Relaxed).wrapping_add(1);
    cause::begin();
    // A fixed interval never grows, so nothing is timed.
    overhead::begin(if fixed_interval == 0 { budget_percent } else { 0 });
    loop {
        let present = table();
        if let Some(present) = present.filter(|table| table.fits(max)) {
            present.begin(period, fixed_interval);
            present.limit_to(max);
            return true;
        }
        let Some(made) = Table::of_process(max) else { return false };
        // Before the other one begins: a thread that is still at this one does not choose a filter after that.
        if let Some(present) = present {
            present.retire();
        }
        made.begin(period, fixed_interval);
        let before = present.map_or(std::ptr::null_mut(), |table| std::ptr::from_ref(table).cast_mut());
        // A table that another thread has put here meanwhile has records, and threads have shares in it.
        if TABLE.compare_exchange(before, std::ptr::from_ref(made).cast_mut(), AcqRel, Relaxed).is_ok() {
            return true;
        }
    }
}
