//! State of a reporting ledger beyond the counters that every ledger has.

use std::cell::Cell;

/// State of a reporting ledger. For the owner alone.
#[derive(Debug)]
pub(crate) struct OwnWork {
    /// Value of the thread-local to which the thread returns.
    pub(crate) before: Cell<usize>,
    /// Number of nested open scopes; the life of the profiler's own thread is the outermost.
    pub(crate) depth: Cell<u32>,
    pub(crate) is_threads_life: Cell<bool>,
    /// Net of the ledger that was already added to the blocks left: bytes and blocks.
    pub(crate) left_bytes: Cell<i64>,
    pub(crate) left_count: Cell<i64>,
}

impl OwnWork {
    pub(crate) const fn new() -> Self {
        Self {
            before: Cell::new(0),
            depth: Cell::new(0),
            is_threads_life: Cell::new(false),
            left_bytes: Cell::new(0),
            left_count: Cell::new(0),
        }
    }
}
