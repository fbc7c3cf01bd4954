//! The guard of a sync function with `items` or `max_per_item`: that of a function with limits, which also counts the
//! items of the call.

use super::guard::close;
use super::limited_guard::check;
use crate::tracker::{self, Moment, Open, ScopeKind, Site, add_items};

/// Keeps the scope of a function with items open until it is dropped.
#[must_use = "a scope ends when its guard is dropped: bind it with `let _scope = …`"]
#[derive(Debug)]
pub struct CountedGuard {
    site: &'static Site,
    open: Option<Open>,
    started: Option<Moment>,
    /// Items of the call of the same function around this one.
    around: u64,
}

/// Opens the scope of a function with items.
#[inline(never)]
pub fn enter_counted(site: &'static Site) -> CountedGuard {
    if tracker::present().is_off() {
        return CountedGuard { site, open: None, started: None, around: 0 };
    }
    let started = site.limits.filter(|limits| limits.window).map(|_| Moment::now());
    let open = Open::here(site, ScopeKind::Call);
    let around = open.and_then(|open| Some(open.ledger.begin_items(open.node()?)));
    CountedGuard { site, open, started, around: around.unwrap_or(0) }
}

impl Drop for CountedGuard {
    #[inline(never)]
    fn drop(&mut self) {
        let Self { site, open, started, around } = *self;
        let Some((open, closed)) = open.and_then(|open| Some((open, close(open)?))) else { return };
        let items = open.ledger.end_items(closed.node, around);
        if closed.outermost {
            open.ledger.record_items(closed.node, closed.peak.max(0) as u64, items);
        }
        check(site, open, &closed, items, started);
    }
}

/// Adds `count` items to the innermost tracked call of this thread: the vectors that it indexes, the rows that it
/// reads. Its row in the report then has bytes per item: [`Items`](crate::report::data::Items).
///
/// ```
/// use memprof::track_memory;
///
/// #[track_memory]
/// fn load(lines: impl Iterator<Item = String>) -> Vec<String> {
///     let lines: Vec<String> = lines.collect();
///     memprof::items(lines.len());
///     lines
/// }
/// assert_eq!(load(["a", "b"].map(String::from).into_iter()).len(), 2);
/// ```
///
/// If the number is known at entry, `#[track_memory(items = points.len())]` says the same. The peak per item is known
/// for functions with `items` or `max_per_item` alone, because only their calls remember how many items they had. Does
/// nothing outside tracked functions. Cost: some tens of nanoseconds.
pub fn items(count: usize) {
    add_items(count as u64, false);
}

/// Items that a call has at its entry. In a recursion only the outermost call counts.
pub fn items_at_entry(count: usize) {
    add_items(count as u64, true);
}
