//! What a reporting ledger knows beyond the counts that every ledger has.

use std::cell::Cell;

/// State of a reporting ledger. For the owner alone.
#[derive(Debug)]
pub(crate) struct OwnWork {
    /// Value of the thread-local that the thread goes back to.
    pub(crate) before: Cell<usize>,
    /// Scopes that are open, one within the other; the life of the profiler's own thread is the outermost.
    pub(crate) depth: Cell<u32>,
    pub(crate) is_threads_life: Cell<bool>,
    /// Net of the ledger that has left it so far: bytes and blocks.
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
