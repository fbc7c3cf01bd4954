//! What tracking adds to an allocation and a free, beyond the usual: samples, a table that is full, events that are timed.

use super::hook;
use super::ledger::{Ledger, SHARED};
use super::node::Node;
use crate::live::{self, Drawn, Record, Table};
use crate::os::clock;
use std::sync::atomic::Ordering::Relaxed;

/// The record of a block that was made just now.
#[inline(always)]
pub(super) fn record(node: &'static Node, bytes: usize, ticks: u64, drawn: Drawn) -> Record {
    Record { size: bytes as u64, owner: owner(node), ticks, drawn }
}

/// How the live table knows a node.
#[inline(always)]
fn owner(node: &'static Node) -> usize {
    std::ptr::from_ref(node).addr()
}

/// An allocation that is beyond the threshold of a ledger, while the table is a sample: it is one if the countdown is over.
#[cold]
#[inline(never)]
pub(super) fn allocated(ledger: &'static Ledger, table: &'static Table, block: *mut u8, bytes: usize) {
    let total = ledger.allocated.get();
    if let Some(drawn) = ledger.countdown.choose(total, table) {
        if ledger.countdown.is_timed() {
            ledger.countdown.was_timed();
            let before = clock::ticks();
            choose(ledger, table, block, bytes, drawn);
            spend_since(before, table, 1);
        } else {
            choose(ledger, table, block, bytes, drawn);
        }
        ledger.countdown.draw(total, table);
    }
    ledger.publish_if_due();
}

/// Gives a block that was chosen its record, if it is chosen at the present interval too.
fn choose(ledger: &'static Ledger, table: &Table, block: *mut u8, bytes: usize, drawn: Drawn) {
    let record = record(ledger.node(), bytes, clock::ticks(), drawn);
    if !table.insert_chosen(block.addr(), record) {
        ledger.count_not_tracked();
    }
}

/// An allocation that found the exact table full.
#[cold]
#[inline(never)]
pub(super) fn full(ledger: &'static Ledger, table: &'static Table, block: *mut u8, bytes: usize) {
    choose(ledger, table, block, bytes, Drawn::CERTAIN);
    ledger.countdown.draw(ledger.allocated.get(), table);
    ledger.publish_if_due();
}

/// An allocation that found its bucket full.
#[cold]
#[inline(never)]
pub(super) fn crowded(ledger: &'static Ledger, table: &'static Table, block: *mut u8, bytes: usize) {
    let record = record(ledger.node(), bytes, clock::ticks(), Drawn::CERTAIN);
    if !table.insert_elsewhere(block.addr(), record) {
        ledger.count_not_tracked();
    }
    ledger.publish_if_due();
}

/// A block that was reallocated: a free, which is done, and an allocation. It keeps its time only where nothing depends on
/// chance: a sample that kept it would be the old one.
pub(super) fn reallocated(
    ledger: &'static Ledger,
    table: &'static Table,
    block: *mut u8,
    bytes: usize,
    old: Option<Record>,
) {
    if !table.state().is_exact() {
        if ledger.allocated.get() >= ledger.allocation_threshold.load(Relaxed) {
            allocated(ledger, table, block, bytes);
        }
        return;
    }
    // The removal of the old record is not timed, so that this stands for both.
    let timed_since = ledger.countdown.is_timed().then(clock::ticks);
    let new = record(ledger.node(), bytes, birth(old), Drawn::CERTAIN);
    if !table.insert_chosen(block.addr(), new) {
        ledger.count_not_tracked();
    }
    if let Some(before) = timed_since {
        ledger.countdown.was_timed();
        spend_since(before, table, 2);
    }
}

/// When a reallocated block was made: an exact record knows.
fn birth(old: Option<Record>) -> u64 {
    old.filter(|old| old.drawn.is_certain()).map_or_else(clock::ticks, |old| old.ticks)
}

/// An allocation whose cost is measured.
#[cold]
#[inline(never)]
pub(super) fn timed_allocation(ledger: &'static Ledger, table: &'static Table, block: *mut u8, bytes: usize) {
    ledger.countdown.was_timed();
    let before = clock::ticks();
    hook::allocation_event(ledger, block, bytes);
    spend_since(before, table, 1);
}

/// A free whose cost is measured.
#[cold]
#[inline(never)]
pub(super) fn timed_free(ledger: &'static Ledger, table: &'static Table, block: *mut u8) {
    ledger.countdown.was_timed();
    let before = clock::ticks();
    hook::free_event(ledger, block);
    spend_since(before, table, 1);
}

fn spend_since(before: u64, table: &Table, times: u64) {
    live::spend(table, clock::ticks().saturating_sub(before).saturating_mul(times));
}

/// Gives a block of the shared ledger its record, if the table keeps it.
pub(super) fn allocated_shared(block: *mut u8, bytes: usize, old: Option<Record>) {
    let Some(table) = live::table() else { return };
    let ticks = if table.state().is_exact() { birth(old) } else { clock::ticks() };
    insert_shared(table, block, record(SHARED.root(), bytes, ticks, Drawn::CERTAIN));
}

/// Gives a block its record back, whose reallocation has failed.
pub(super) fn restore(block: *mut u8, record: Record) {
    if let Some(table) = live::table() {
        insert_shared(table, block, record);
    }
}

fn insert_shared(table: &Table, block: *mut u8, record: Record) {
    if !table.insert_chosen(block.addr(), record) {
        SHARED.not_tracked.fetch_add(1, Relaxed);
    }
}
