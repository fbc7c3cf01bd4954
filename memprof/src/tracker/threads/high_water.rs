//! High water: the moments at which a picture of the heap is due (see `collect::peak`), or a report at a limit (see
//! `profile::limits`), noticed by publishing threads.
//!
//! A rise is noticed after an allocation has been published. A fall is noticed before the free is counted, while the
//! block still has its record: until then the heap is as it was at its highest.

use super::ledger::Ledger;
use super::published;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicI64, AtomicPtr};

/// No net is as high.
pub(crate) const NEVER: i64 = i64::MAX;

/// Limit of the turns of a thread that follows changes of other threads.
const MOST_TURNS: usize = 16;

/// Published net from which on a rise is noticed: the lower one of the two below.
static RISE_AT: AtomicI64 = AtomicI64::new(NEVER);
static PICTURE_AT: AtomicI64 = AtomicI64::new(NEVER);
static LIMIT_AT: AtomicI64 = AtomicI64::new(NEVER);
/// Published net from which on a fall is noticed.
static FALL_AT: AtomicI64 = AtomicI64::new(NEVER);
/// Function that a publishing thread then calls, a `fn(NetMove)`; null: none.
static VISIT: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());

/// Direction in which the net of the process moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NetMove {
    Rise,
    /// The net has reached the mark of a limit.
    Limit,
    /// The free that is about to be counted ends a rise.
    Fall,
}

/// Sets the function that publishing threads call inside an allocation or a free. It never waits and never allocates.
pub(crate) fn have_visited(visit: Option<fn(NetMove)>) {
    VISIT.store(visit.map_or(std::ptr::null_mut(), |visit| visit as *mut ()), Release);
}

/// Sets the published nets from which on a rise and a fall are noticed.
pub(crate) fn set(rise_at: i64, fall_at: i64) {
    FALL_AT.store(fall_at, Relaxed);
    set_rise(rise_at);
}

/// Leaves further rises unnoticed. False: they are already, so another thread has noticed this one.
pub(crate) fn ignore_rises() -> bool {
    let is_first = PICTURE_AT.swap(NEVER, SeqCst) != NEVER;
    follow();
    is_first
}

/// Sets the published net from which on a rise is noticed.
pub(crate) fn set_rise(rise_at: i64) {
    PICTURE_AT.store(rise_at, SeqCst);
    follow();
}

/// Sets the published net at which a limit is noticed, once.
pub(crate) fn set_limit(limit_at: i64) {
    LIMIT_AT.store(limit_at, SeqCst);
    follow();
}

/// Sets the mark of rises again after one of the two has changed. Each thread that stores a mark looks again whether
/// both are still those that it has read: the last one stores the present ones.
fn follow() {
    let marks = || (PICTURE_AT.load(SeqCst), LIMIT_AT.load(SeqCst));
    let mut read = marks();
    for _ in 0..MOST_TURNS {
        RISE_AT.store(read.0.min(read.1), SeqCst);
        let now = marks();
        if now == read {
            return;
        }
        read = now;
    }
}

/// Calls the visitor for a rise to this published net.
#[cold]
#[inline(never)]
fn visit_rise(net: i64) {
    let limit_at = LIMIT_AT.load(Relaxed);
    if net >= limit_at && LIMIT_AT.compare_exchange(limit_at, NEVER, SeqCst, Relaxed).is_ok() {
        follow();
        visit(NetMove::Limit);
    }
    if net >= PICTURE_AT.load(Relaxed) {
        visit(NetMove::Rise);
    }
}

/// The published net of the process.
pub(crate) fn net() -> i64 {
    published::net_and_allocated().0
}

#[cold]
#[inline(never)]
fn visit(moved: NetMove) {
    let visit = VISIT.load(Acquire);
    if !visit.is_null() {
        // SAFETY: only `have_visited` stores here, and it stores such a function.
        let visit = unsafe { std::mem::transmute::<*mut (), fn(NetMove)>(visit) };
        visit(moved);
    }
}

impl Ledger {
    /// Notices a rise of the process's net. For the owner alone, after it has published.
    pub(super) fn notice_rise(&self) {
        let net = net();
        if net >= RISE_AT.load(Relaxed) && !self.is_reporting() {
            visit_rise(net);
        }
    }

    /// Notices that the net is about to fall, by a free of so many bytes. For the owner alone, before it publishes.
    pub(crate) fn notice_fall(&self, bytes: u64) {
        if net() >= FALL_AT.load(Relaxed) && !self.is_reporting() {
            let moved = self.net().wrapping_sub(self.published.load(Relaxed));
            // Since it has last published, the thread has freed 64 KiB, and allocated no more than that.
            if moved.saturating_sub_unsigned(bytes) <= 0 {
                visit(NetMove::Fall);
            }
        }
    }
}
