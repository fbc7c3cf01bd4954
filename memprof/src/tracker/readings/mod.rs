//! Readings of all ledgers: a snapshot of every node, the totals of the process, its net over time, and
//! the moments that it names.

pub(crate) mod history;
pub(crate) mod marks;
pub(crate) mod snapshot;
mod test_figures;
pub(crate) mod totals;
