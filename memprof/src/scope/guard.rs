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
    if present.is_off() { Guard(None) } else { Guard(Some(enter_on(present, site))) }
}

/// PERF: std's question if the thread is panicking can be a call, for which registers are saved. So the rest is in
/// functions of their own, with the same arguments.
#[inline(never)]
fn enter_on(present: CurrentThread, site: &'static Site) -> Open {
    if std::thread::panicking() { enter_panicking(present, site) } else { enter_calm(present, site) }
}

#[inline(never)]
fn enter_calm(present: CurrentThread, site: &'static Site) -> Open {
    Open::calm_on(present, site, ScopeKind::Call)
}

#[cold]
#[inline(never)]
fn enter_panicking(_: CurrentThread, site: &'static Site) -> Open {
    Open::open_slow(site, ScopeKind::Call, true)
}

/// Opens the scope of a named block.
#[inline(always)]
pub fn enter_block(site: &'static Site) -> Guard {
    let present = tracker::present();
    if present.is_off() { Guard(None) } else { Guard(Some(enter_block_on(present, site))) }
}

#[inline(never)]
fn enter_block_on(present: CurrentThread, site: &'static Site) -> Open {
    if std::thread::panicking() {
        Open::open_slow(site, ScopeKind::Block, true)
    } else {
        Open::calm_on(present, site, ScopeKind::Block)
    }
}

impl Drop for Guard {
    #[inline]
    fn drop(&mut self) {
        if let Some(open) = self.0 {
            leave(open, tracker::present());
        }
    }
}

/// PERF: as in [`enter_on`].
#[inline(never)]
fn leave(open: Open, present: CurrentThread) {
    if std::thread::panicking() { leave_slow(open) } else { leave_calm(open, present) }
}

/// PERF: its only calls are tail calls.
#[inline(never)]
fn leave_calm(open: Open, present: CurrentThread) {
    match open.close_on_fast_path(present, true) {
        Some(closed) => record(open, &closed),
        None => leave_slow(open),
    }
}

#[cold]
#[inline(never)]
fn leave_slow(open: Open) {
    if let Some(closed) = open.close_slow(std::thread::panicking()) {
        record(open, &closed);
    }
}

/// Closes a scope and adds the figures of the call to its function.
#[inline(always)]
pub(super) fn close(open: Open) -> Option<Closed> {
    let closed = open.close(true, std::thread::panicking())?;
    record(open, &closed);
    Some(closed)
}

#[inline(always)]
fn record(open: Open, closed: &Closed) {
    if closed.panicked {
        closed.node.count_panic();
    }
    open.record(closed.node, closed.outermost, closed.allocated, closed.peak);
}
