//! The guard of a sync function or a named block.

use crate::tracker::{Closed, Open, ScopeKind, Site};

/// Keeps a scope open until it is dropped.
///
/// A guard may be dropped out of order, on another thread, or never: no byte is lost or counted twice. Dropped on
/// another thread, its scope ends as soon as its own thread allocates, frees or opens a scope. Forgotten, its scope
/// ends with the enclosing scope.
#[must_use = "a scope ends when its guard is dropped: bind it with `let _scope = …`"]
#[derive(Debug)]
pub struct Guard(Option<Open>);

/// Opens the scope of a function's body.
#[inline(never)]
pub fn enter(site: &'static Site) -> Guard {
    Guard(Open::here(site, ScopeKind::Call))
}

/// Opens the scope of a named block.
#[inline(never)]
pub fn enter_block(site: &'static Site) -> Guard {
    Guard(Open::here(site, ScopeKind::Block))
}

impl Drop for Guard {
    #[inline]
    fn drop(&mut self) {
        if let Some(open) = self.0 {
            leave(open);
        }
    }
}

#[inline(never)]
fn leave(open: Open) {
    close(open);
}

/// Closes a scope and adds the figures of the call to its function.
#[inline(always)]
pub(super) fn close(open: Open) -> Option<Closed> {
    let closed = open.close()?;
    open.record(closed.node, closed.outermost, closed.allocated, closed.peak.max(0) as u64);
    if closed.panicked {
        closed.node.count_panic();
    }
    Some(closed)
}
