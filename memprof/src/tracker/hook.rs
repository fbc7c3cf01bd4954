//! The hook: the steps of an allocation and a free.
//!
//! An allocation: ask if the thread has a ledger, before the inner allocator is called; load the ledger; compare the
//! bytes with the one threshold that publishing, recording and the mailbox share; add to the ledger's counters; load
//! the node and add to its two counters; compare the net with the highest so far. A free: its own threshold, and the
//! same additions for deallocation. Who asks is the allocator (`allocator.rs`): where profiling is off it goes on
//! without the hook.

use super::records;
use crate::live::{self, Answer, Inserted, Record};
use crate::tracker::sync::reaches;
use crate::tracker::threads::installed::{self, InnerName};
use crate::tracker::threads::ledger::Ledger;
use crate::tracker::threads::ledgers::SHARED;
use crate::tracker::threads::published;
use crate::tracker::threads::thread::{self, Fallback, LastingLedger};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicPtr, AtomicUsize};

/// Counts a block that has just been allocated. Null: the inner allocator has no memory.
#[inline(always)]
pub(crate) fn on_alloc(ledger: LastingLedger, block: *mut u8, bytes: usize) {
    if block.is_null() {
        return on_out_of_memory(bytes);
    }
    allocated(ledger.get(), block, bytes);
}

#[inline(always)]
fn allocated(ledger: &'static Ledger, block: *mut u8, bytes: usize) {
    let total = ledger.allocated.get().wrapping_add(bytes as u64);
    // Before anything is charged: the current node may belong to a scope that has ended on another thread.
    if reaches!(total, ledger, Ledger, allocation_threshold) {
        return allocation_event(ledger, block, bytes, total);
    }
    count_allocated(ledger, total, bytes);
}

#[inline(always)]
fn count_allocated(ledger: &'static Ledger, total: u64, bytes: usize) {
    ledger.count_allocated(bytes as u64);
    ledger.node().counters.allocated(bytes as u64);
    // The highest net is kept here, not in the slow path: otherwise the peak of a call would be off by a threshold.
    // `total` is used because it is in a register.
    let net = total.wrapping_sub(ledger.deallocated.get()) as i64;
    if net > ledger.high.get() {
        ledger.high.set(net);
    }
}

/// Beyond the threshold: gives the block a record. PERF: its only calls are tail calls, so that no registers have to be
/// saved.
#[inline(never)]
fn allocation_event(ledger: &'static Ledger, block: *mut u8, bytes: usize, total: u64) {
    if ledger.is_publishing_due_by_allocations(total) {
        return allocation_that_publishes(ledger, block, bytes, total);
    }
    count_allocated(ledger, total, bytes);
    if let Some(table) = live::table() {
        if records::needs_slow_path(ledger) {
            return records::insert_on_slow_path(ledger, table, block, bytes);
        }
        match table.insert(block.addr(), Some(&ledger.share), || records::record_without_stack(ledger, bytes)) {
            Inserted::Yes => {}
            // Also if the table is full or a sample.
            Inserted::ShareEmpty => records::insert_without_share(ledger, table, block, bytes),
            Inserted::No => records::insert_slow(ledger, table, block, bytes),
            Inserted::BucketFull => records::insert_bucket_full(ledger, table, block, bytes),
        }
    }
}

/// Slow path: the net is due to be published, or a scope has ended on another thread.
#[cold]
#[inline(never)]
fn allocation_that_publishes(ledger: &'static Ledger, block: *mut u8, bytes: usize, total: u64) {
    ledger.catch_up();
    count_allocated(ledger, total, bytes);
    if let Some(table) = live::table() {
        records::insert_slow(ledger, table, block, bytes);
    }
    ledger.publish(false);
}

#[cold]
#[inline(never)]
fn publish(ledger: &'static Ledger) {
    ledger.publish(false);
}

/// Counts a block that was allocated on a thread without a ledger.
#[cold]
#[inline(never)]
pub(crate) fn on_alloc_without_ledger(block: *mut u8, bytes: usize, inner: InnerName) {
    if block.is_null() {
        return on_out_of_memory(bytes);
    }
    match thread::without_ledger() {
        Fallback::Ledger(ledger) => allocated(ledger, block, bytes),
        Fallback::Probe(ledger) => {
            installed::note_inner(inner);
            allocated(ledger, block, bytes);
        }
        Fallback::Shared => {
            let root = SHARED.root();
            root.counters.allocated_shared(bytes as u64);
            published::move_net(bytes as i64);
            records::allocated_shared(block, bytes, None);
        }
        Fallback::Nowhere => {}
    }
}

/// Counts a block that is about to be deallocated. The total, if it is beyond the threshold: then nothing was counted,
/// and [`on_dealloc_beyond`] does it.
#[inline(always)]
pub(crate) fn on_dealloc(ledger: &'static Ledger, bytes: usize) -> Option<u64> {
    let total = ledger.deallocated.get().wrapping_add(bytes as u64);
    if reaches!(total, ledger, Ledger, deallocation_threshold) {
        return Some(total);
    }
    count_deallocated(ledger, bytes);
    None
}

/// Charges the innermost open scope of the thread that frees, whoever allocated the block; without a scope the thread's
/// root, which is outside every tracked function.
#[inline(always)]
fn count_deallocated(ledger: &'static Ledger, bytes: usize) {
    ledger.count_deallocated(bytes as u64);
    ledger.node().counters.deallocated(bytes as u64);
}

/// The rest of a deallocation beyond the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeallocEnd {
    Nothing,
    /// [`remove_record`].
    Remove,
    /// [`remove_listed_record`].
    RemoveListed,
    /// [`on_dealloc_that_publishes`]: nothing was counted.
    Publish,
}

/// Counts a block that is about to be deallocated, beyond the threshold. PERF: what is left is done by other functions,
/// so that the allocator's only calls are tail calls, and no registers have to be saved.
#[inline(always)]
pub(crate) fn on_dealloc_beyond(ledger: &'static Ledger, block: *mut u8, bytes: usize, total: u64) -> DeallocEnd {
    if ledger.is_publishing_due_by_deallocations(total) {
        return DeallocEnd::Publish;
    }
    count_deallocated(ledger, bytes);
    match live::ask(block.addr()) {
        Answer::No => DeallocEnd::Nothing,
        Answer::Search => DeallocEnd::Remove,
        Answer::PerhapsListed => DeallocEnd::RemoveListed,
    }
}

/// Removes the record of a block from an exact table, before the block is deallocated.
#[inline(always)]
pub(crate) fn remove_record(ledger: &'static Ledger, block: *mut u8) {
    live::remove(block.addr(), &ledger.share);
}

/// Removes the record of a block from a sample, before the block is deallocated.
#[inline(always)]
pub(crate) fn remove_listed_record(block: *mut u8) {
    live::remove_slow(block.addr());
}

/// Slow path: the net is due to be published, or a scope has ended on another thread.
#[cold]
#[inline(never)]
pub(crate) fn on_dealloc_that_publishes(ledger: &'static Ledger, block: *mut u8, bytes: usize) {
    ledger.catch_up();
    // First: a picture of the heap at its highest has this block.
    ledger.notice_fall(bytes as u64);
    count_deallocated(ledger, bytes);
    if live::ask(block.addr()) != Answer::No {
        remove_record(ledger, block);
    }
    ledger.publish(false);
}

/// Counts a block that is about to be deallocated on a thread without a ledger.
#[cold]
#[inline(never)]
pub(crate) fn on_dealloc_without_ledger(block: *mut u8, bytes: usize) {
    match thread::without_ledger() {
        Fallback::Ledger(ledger) | Fallback::Probe(ledger) => {
            if on_dealloc(ledger, bytes).is_some() {
                on_dealloc_that_publishes(ledger, block, bytes);
            }
            return;
        }
        Fallback::Shared => {
            SHARED.root().counters.deallocated_shared(bytes as u64);
            published::move_net(-(bytes as i64));
        }
        Fallback::Nowhere => {}
    }
    live::remove_slow(block.addr());
}

/// Takes the block's record before a reallocation, which may free the block.
#[inline(always)]
pub(crate) fn before_realloc(block: *mut u8) -> Option<Record> {
    live::table()?.take_record(block.addr())
}

/// Restores the record after a failed reallocation: the old block still exists.
#[cold]
#[inline(never)]
pub(crate) fn on_realloc_failure(block: *mut u8, record: Option<Record>) {
    if let Some(record) = record {
        records::restore(block, record);
    }
}

/// Counts a successful reallocation: an allocation and a free. The new block belongs to the node that reallocated; in
/// an exact table it keeps the age of the old one.
#[inline]
pub(crate) fn on_realloc(block: *mut u8, old: usize, new: usize, record: Option<Record>) {
    let ledger = match thread::present().ledger() {
        Some(ledger) => ledger,
        None => match thread::without_ledger() {
            Fallback::Ledger(ledger) | Fallback::Probe(ledger) => ledger,
            Fallback::Shared => {
                let root = SHARED.root();
                root.counters.allocated_shared(new as u64);
                root.counters.deallocated_shared(old as u64);
                root.count_reallocated_shared(old, new);
                published::move_net(new as i64 - old as i64);
                return records::allocated_shared(block, new, record);
            }
            Fallback::Nowhere => return,
        },
    };
    let is_due = reallocated(ledger, old, new);
    if let Some(table) = live::table() {
        records::reallocated(ledger, table, block, new, record);
    }
    // Last, as in an allocation: a picture of the heap has the block.
    if is_due {
        publish(ledger);
    }
}

/// Counts a reallocation. True: the net is due to be published.
#[inline(always)]
fn reallocated(ledger: &'static Ledger, old: usize, new: usize) -> bool {
    ledger.catch_up();
    let node = ledger.node();
    // The allocation is counted before the free, for the reader's two passes.
    ledger.count_allocated(new as u64);
    ledger.count_deallocated(old as u64);
    node.counters.allocated(new as u64);
    node.count_reallocated(old, new);
    node.counters.deallocated(old as u64);
    let net = ledger.net();
    if net > ledger.high.get() {
        ledger.high.set(net);
    }
    ledger.is_publishing_due_by_allocations(ledger.allocated.get())
        || ledger.is_publishing_due_by_deallocations(ledger.deallocated.get())
}

/// Handler for `abort_on_oom`, called when the inner allocator has no memory; null: none.
static OUT_OF_MEMORY: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());

/// Sets the handler that is called with the requested bytes when the inner allocator returns null.
pub(crate) fn set_out_of_memory_handler(handler: Option<fn(usize)>) {
    OUT_OF_MEMORY.store(handler.map_or(std::ptr::null_mut(), |handler| handler as *mut ()), Relaxed);
}

/// The fewest bytes that the inner allocator has refused.
static LEAST_REFUSED: AtomicUsize = AtomicUsize::new(usize::MAX);

/// True if the inner allocator has ever returned null for this many bytes or fewer.
pub(crate) fn has_refused(bytes: usize) -> bool {
    LEAST_REFUSED.load(Relaxed) <= bytes
}

/// Notes that the inner allocator has returned null: nothing is counted.
#[cold]
#[inline(never)]
pub(crate) fn on_out_of_memory(bytes: usize) {
    LEAST_REFUSED.fetch_min(bytes, Relaxed);
    let handler = OUT_OF_MEMORY.load(Relaxed);
    if !handler.is_null() {
        // SAFETY: only `set_out_of_memory_handler` stores here, and it stores such a function.
        let handler = unsafe { std::mem::transmute::<*mut (), fn(usize)>(handler) };
        handler(bytes);
    }
}
