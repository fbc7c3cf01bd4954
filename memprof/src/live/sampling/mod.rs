//! Sampling: from an exact table to a sample, the choice of blocks, and an interval that follows the cost of recording.

pub(crate) mod allowance;
pub(crate) mod cause;
pub(crate) mod exact_guard;
pub(crate) mod next_sample;
pub(crate) mod overhead;
pub(crate) mod sweep;
