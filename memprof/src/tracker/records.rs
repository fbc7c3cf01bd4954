//! Recording beyond the fast path of an allocation: samples, a full table, timed allocations.

use crate::live::{self, Drawn, Inserted, Record, TIMED_EACH, Table};
use crate::os::clock;
use crate::stack;
use crate::tracker::paths::node::Node;
use crate::tracker::threads::ledger::Ledger;
use crate::tracker::threads::ledgers::SHARED;
use crate::tracker::threads::publishing::hurry_all;
use std::sync::atomic::Ordering::Relaxed;

/// The record of a block that this thread has just allocated.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn record(ledger: &'static Ledger, bytes: usize, ticks: u64, drawn: Drawn) -> Record {
    // PERF: first, so that the owner need not be kept meanwhile.
    let stack = ledger.stacks.capture();
    let owner_word = owner(ledger.node()) | ledger.work().label_bits() as usize;
    Record { size: bytes as u64, owner_word, ticks, drawn, stack, grown: 0 }
}

/// As [`record`], for an exact table without stacks.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn record_without_stack(ledger: &'static Ledger, bytes: usize) -> Record {
    let (owner, ticks) = (owner(ledger.node()), clock::ticks());
    Record { size: bytes as u64, owner_word: owner, ticks, drawn: Drawn::CERTAIN, stack: 0, grown: 0 }
}

/// The owner number by which the live table knows a node.
#[cfg_attr(not(debug_assertions), inline(always))]
fn owner(node: &'static Node) -> usize {
    std::ptr::from_ref(node).addr()
}

/// An allocation beyond the threshold of a ledger while the table is a sample: it is recorded if a sample is due.
fn allocated(ledger: &'static Ledger, table: &'static Table, block: *mut u8, bytes: usize) {
    let total = ledger.allocated.get();
    let Some(drawn) = ledger.countdown.choose(total, table) else { return ledger.rearm() };
    let since = clock::ticks();
    // Everything is timed: drawing the next sample and setting the thresholds take as long as making a record.
    insert(ledger, table, block, record(ledger, bytes, since, drawn));
    ledger.countdown.draw(total, table);
    ledger.rearm();
    if live::is_limited() {
        charge(table, since, 1);
    }
    table.list_some();
    ledger.publish_if_due(since);
}

/// Charges the timed work to the budget.
fn charge(table: &'static Table, since: u64, times: u64) {
    if live::spend(table, since, times) {
        hurry_all();
    }
}

fn insert(ledger: &'static Ledger, table: &Table, block: *mut u8, record: Record) {
    if !table.insert_chosen(block.addr(), Some(&ledger.share), record) {
        ledger.count_not_recorded();
    }
}

/// Does the recording `work` of the allocation counted last, in an exact table, and charges it to the budget if this
/// allocation is timed.
fn timed(ledger: &'static Ledger, table: &'static Table, work: impl FnOnce()) {
    let since = is_timed(ledger).then(clock::ticks);
    work();
    if let Some(since) = since {
        charge_timed(ledger, table, since);
    }
}

/// True if the allocation counted last is timed.
fn is_timed(ledger: &Ledger) -> bool {
    ledger.allocated_count.get().is_multiple_of(TIMED_EACH)
}

/// True if the allocation counted last takes the slow path: all of them if stacks are captured or the work has labels,
/// otherwise those that are timed. PERF: two instructions for both questions, because the count is needed anyway.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn needs_slow_path(ledger: &Ledger) -> bool {
    ledger.allocated_count.get() & ledger.slow_path_mask.load(Relaxed) == 0
}

/// Records an allocation that takes the slow path: it is timed, has its stack captured, or has labels.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn insert_on_slow_path(ledger: &'static Ledger, table: &'static Table, block: *mut u8, bytes: usize) {
    // Checked before the stack is captured, not left to the insert: otherwise a sample would be captured twice.
    if !ledger.is_recorded() || !table.state().is_exact() {
        return insert_slow(ledger, table, block, bytes);
    }
    if stack::are_captured() {
        return insert_with_stack(ledger, table, block, bytes);
    }
    insert_without_stack(ledger, table, block, bytes);
}

/// Records an allocation in an exact table without stacks: it is timed, or has labels. PERF: its only calls are tail
/// calls, so that no registers have to be saved.
#[inline(never)]
fn insert_without_stack(ledger: &'static Ledger, table: &'static Table, block: *mut u8, bytes: usize) {
    let mut record = record_without_stack(ledger, bytes);
    record.owner_word |= ledger.work().label_bits() as usize;
    match table.insert(block.addr(), Some(&ledger.share), || record) {
        Inserted::Yes if is_timed(ledger) => charge_timed(ledger, table, record.ticks),
        Inserted::Yes => {}
        Inserted::ShareEmpty => insert_without_share(ledger, table, block, bytes),
        Inserted::No => insert_slow(ledger, table, block, bytes),
        Inserted::BucketFull => insert_bucket_full(ledger, table, block, bytes),
    }
}

/// Records an allocation in an exact table, with its stack and its labels. PERF: a function of its own, because the
/// call saves registers: 11 instructions for all other allocations.
#[inline(never)]
fn insert_with_stack(ledger: &'static Ledger, table: &'static Table, block: *mut u8, bytes: usize) {
    table.prefetch(block.addr());
    let record = record(ledger, bytes, clock::ticks(), Drawn::CERTAIN);
    match table.insert(block.addr(), Some(&ledger.share), || record) {
        Inserted::Yes => {}
        Inserted::ShareEmpty => return insert_captured(ledger, table, block, record),
        Inserted::No => return insert_slow(ledger, table, block, bytes),
        Inserted::BucketFull => return insert_bucket_full(ledger, table, block, bytes),
    }
    if is_timed(ledger) {
        return charge_timed(ledger, table, record.ticks);
    }
    ledger.publish_if_due(record.ticks);
}

/// Charges the budget for the record of a timed allocation, begun at these ticks.
#[cold]
#[inline(never)]
fn charge_timed(ledger: &'static Ledger, table: &'static Table, since: u64) {
    charge(table, since, TIMED_EACH);
    ledger.publish_if_due(since);
}

/// Records an allocation that found the thread's share of the capacity empty.
#[cold]
#[inline(never)]
pub(crate) fn insert_without_share(ledger: &'static Ledger, table: &'static Table, block: *mut u8, bytes: usize) {
    ledger.share.not_taken();
    insert_slow(ledger, table, block, bytes);
}

/// As [`insert_without_share`], for an allocation whose stack is captured.
#[cold]
#[inline(never)]
fn insert_captured(ledger: &'static Ledger, table: &'static Table, block: *mut u8, record: Record) {
    ledger.share.not_taken();
    if !table.state().is_exact() {
        return allocated(ledger, table, block, record.size as usize);
    }
    insert(ledger, table, block, record);
    draw_if_sampled(ledger, table);
}

/// Draws the next sample, if the table was exact and has become a sample.
fn draw_if_sampled(ledger: &'static Ledger, table: &'static Table) {
    if !table.state().is_exact() {
        ledger.countdown.draw(ledger.allocated.get(), table);
        ledger.rearm();
    }
}

/// Records an allocation that found an exact table full, or that is timed, or that may be a sample.
#[cold]
#[inline(never)]
pub(crate) fn insert_slow(ledger: &'static Ledger, table: &'static Table, block: *mut u8, bytes: usize) {
    if !ledger.is_recorded() {
        return;
    }
    if !table.state().is_exact() {
        return allocated(ledger, table, block, bytes);
    }
    timed(ledger, table, || insert(ledger, table, block, record(ledger, bytes, clock::ticks(), Drawn::CERTAIN)));
    draw_if_sampled(ledger, table);
}

/// Records an allocation whose first bucket is full.
#[cold]
#[inline(never)]
pub(crate) fn insert_bucket_full(ledger: &'static Ledger, table: &'static Table, block: *mut u8, bytes: usize) {
    let record = record(ledger, bytes, clock::ticks(), Drawn::CERTAIN);
    if !table.insert_slow(block.addr(), record) {
        ledger.count_not_recorded();
    }
}

/// Records a reallocated block; its old record has been removed. It keeps its time only in an exact table: in a sample
/// it is chosen independently of the old block.
pub(crate) fn reallocated(
    ledger: &'static Ledger,
    table: &'static Table,
    block: *mut u8,
    bytes: usize,
    old: Option<Record>,
) {
    if !ledger.is_recorded() {
        return;
    }
    if !table.state().is_exact() {
        if ledger.allocated.get() >= ledger.allocation_threshold.load(Relaxed) {
            allocated(ledger, table, block, bytes);
        }
        return;
    }
    let grown = old.map_or(0, |old| if bytes as u64 > old.size { live::coarse(clock::ticks()) } else { old.grown });
    timed(ledger, table, || {
        insert(ledger, table, block, Record { grown, ..record(ledger, bytes, birth(old), Drawn::CERTAIN) });
    });
}

/// Time at which a reallocated block was first allocated, if its record is exact; otherwise the present time.
fn birth(old: Option<Record>) -> u64 {
    old.filter(|old| old.drawn.is_certain()).map_or_else(clock::ticks, |old| old.ticks)
}

/// Records a block of the shared ledger, if the table keeps it.
pub(crate) fn allocated_shared(block: *mut u8, bytes: usize, old: Option<Record>) {
    let Some(table) = live::table() else { return };
    let ticks = if table.state().is_exact() { birth(old) } else { clock::ticks() };
    let owner = owner(SHARED.root());
    insert_shared(
        table,
        block,
        Record { size: bytes as u64, owner_word: owner, ticks, drawn: Drawn::CERTAIN, stack: 0, grown: 0 },
    );
}

/// Restores the record of a block whose reallocation has failed.
pub(crate) fn restore(block: *mut u8, record: Record) {
    if let Some(table) = live::table() {
        insert_shared(table, block, record);
    }
}

fn insert_shared(table: &Table, block: *mut u8, record: Record) {
    if !table.insert_chosen(block.addr(), None, record) {
        SHARED.not_recorded.add_shared(1);
    }
}
