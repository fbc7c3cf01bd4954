//! Sampling: how an exact table becomes a sample, which blocks are chosen, and how the interval follows what recording costs.

pub(crate) mod allowance;
pub(crate) mod cause;
pub(crate) mod exact_guard;
pub(crate) mod next_sample;
pub(crate) mod overhead;
pub(crate) mod sweep;
