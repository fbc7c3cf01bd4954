//! Live blocks: the groups of a report and their verdicts.

pub(crate) mod estimate;
mod groups;
pub(crate) mod growth;
pub(crate) mod net_rise;
pub(crate) mod over_time;
pub(crate) mod place;
pub(crate) mod readings;
pub(crate) mod record_keys;
pub(crate) mod rows;
pub(crate) mod small_sizes;
pub(crate) mod stacks;
pub(crate) mod verdict;
