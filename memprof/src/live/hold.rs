//! Keeping the table exact while someone relies on it.

use super::table::Table;

/// While it lives, every allocation gets a record: the interval does not grow. A full table then has no record for some,
/// and they are counted.
#[must_use = "the table may become a sample as soon as this is dropped"]
pub(crate) struct Exact(&'static Table);

impl std::fmt::Debug for Exact {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Exact")
    }
}

/// Keeps the table exact. `None`: it is a sample already, or nothing is tracked.
pub(crate) fn hold_exact() -> Option<Exact> {
    super::table().and_then(hold)
}

pub(super) fn hold(table: &'static Table) -> Option<Exact> {
    table.hold().then_some(Exact(table))
}

impl Drop for Exact {
    fn drop(&mut self) {
        self.0.let_go();
    }
}
