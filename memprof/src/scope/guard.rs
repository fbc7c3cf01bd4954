//! The guard of a sync function or a named block.

use crate::tracker::{self, Closed, CurrentThread, Open, ScopeKind, Site};

/// Keeps a scope open until it is dropped.
///
/// A guard may be dropped out of order, on another thread, or never: no byte is lost or counted twice. Dropped on
/// another thread, its scope ends as soon as its own thread allocates, frees or opens a scope. Forgotten, its scope
/// ends with the enclosing scope.
#[must_use = "a scope ends when its guard is dropped: bind it with `let _scope = …`"]
#[derive(Debug)]
pub struct Guard(Option<Open>);

/// Opens the scope of a function's body.
#[inline(always)]
pub fn enter(site: &'static Site) -> Guard {
    // PERF: where profiling is off, this is all.
    let present = tracker::present();
    if present.is_off() { Guard(None) } else { enter_on(present, site) }
}

#[inline(never)]
fn enter_on(present: CurrentThread, site: &'static Site) -> Guard {
    Guard(Open::on(present, site, ScopeKind::Call))
}

/// Opens the scope of a named block.
#[inline(always)]
pub fn enter_block(site: &'static Site) -> Guard {
    let present = tracker::present();
    if present.is_off() { Guard(None) } else { enter_block_on(present, site) }
}

#[inline(never)]
fn enter_block_on(present: CurrentThread, site: &'static Site) -> Guard {
    Guard(Open::on(present, site, ScopeKind::Block))
}

impl Drop for Guard {
    #[inline]
    fn drop(&mut self) {
        if let Some(open) = self.0 {
            leave(open);
        }
    }
}

/// PERF: its only calls are tail calls, so that few registers have to be saved.
#[inline(never)]
fn leave(open: Open) {
    match open.close_on_fast_path() {
        Some(closed) => record(open, &closed),
        None => leave_slow(open),
    }
}

#[cold]
#[inline(never)]
fn leave_slow(open: Open) {
    if let Some(closed) = open.close_slow() {
        record(open, &closed);
    }
}

/// Closes a scope and adds the figures of the call to its function.
#[inline(always)]
pub(super) fn close(open: Open) -> Option<Closed> {
    let closed = open.close()?;
    record(open, &closed);
    Some(closed)
}

#[inline(always)]
fn record(open: Open, closed: &Closed) {
    if closed.panicked {
        closed.node.count_panic();
    }
    open.record(closed.node, closed.outermost, closed.allocated, closed.peak.max(0) as u64);
}
