//! High water: the moments at which a picture of the heap is due (see `collect::peak`), noticed by publishing threads.
//!
//! A rise is noticed after an allocation has been published. A fall is noticed before the free is counted, while the
//! block still has its record: until then the heap is as it was at its highest.

use super::ledger::Ledger;
use super::published;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicI64, AtomicPtr};

/// No net is as high.
pub(crate) const NEVER: i64 = i64::MAX;

/// Published net from which on a rise is noticed.
static RISE_AT: AtomicI64 = AtomicI64::new(NEVER);
/// Published net from which on a fall is noticed.
static FALL_AT: AtomicI64 = AtomicI64::new(NEVER);
/// Function that a publishing thread then calls, a `fn(NetMove)`; null: none.
static VISIT: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());

/// Direction in which the net of the process moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NetMove {
    Rise,
    /// The free that is about to be counted ends a rise.
    Fall,
}

/// Sets the function that publishing threads call inside an allocation or a free. It never waits and never allocates.
pub(crate) fn have_visited(visit: Option<fn(NetMove)>) {
    VISIT.store(visit.map_or(std::ptr::null_mut(), |visit| visit as *mut ()), Release);
}

/// Sets the published nets from which on a rise and a fall are noticed.
pub(crate) fn set(rise_at: i64, fall_at: i64) {
    RISE_AT.store(rise_at, Relaxed);
    FALL_AT.store(fall_at, Relaxed);
}

/// Leaves further rises unnoticed. False: they are already, so another thread has noticed this one.
pub(crate) fn ignore_rises() -> bool {
    RISE_AT.swap(NEVER, Relaxed) != NEVER
}

/// Sets the published net from which on a rise is noticed.
pub(crate) fn set_rise(rise_at: i64) {
    RISE_AT.store(rise_at, Relaxed);
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
        if net() >= RISE_AT.load(Relaxed) && !self.is_reporting() {
            visit(NetMove::Rise);
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
