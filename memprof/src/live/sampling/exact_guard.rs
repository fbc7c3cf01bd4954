//! A guard that keeps the table exact while a check relies on it.

use crate::live::table::Table;

/// While it lives, every allocation gets a record: the interval does not grow. A full table then has no record for some
/// blocks, and they are counted.
#[must_use = "the table may become a sample as soon as this is dropped"]
pub(crate) struct ExactGuard(&'static Table);

impl std::fmt::Debug for ExactGuard {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ExactGuard")
    }
}

impl ExactGuard {
    /// Keeps the table in use exact. `None`: it is a sample already, or nothing is recorded.
    pub(crate) fn acquire() -> Option<Self> {
        crate::live::table().and_then(Self::of)
    }

    /// Keeps a table exact. `None`: it is a sample already.
    pub(crate) fn of(table: &'static Table) -> Option<Self> {
        table.keep_exact().then_some(Self(table))
    }
}

impl Drop for ExactGuard {
    fn drop(&mut self) {
        self.0.release_exact();
    }
}
