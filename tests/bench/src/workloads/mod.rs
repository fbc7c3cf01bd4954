//! Workloads other than calls. All randomness comes from the seed: each run of each peer does the same.

mod allocations;
mod hnsw;
mod json;
mod kept;
mod random;
mod threads;

pub(crate) use kept::kept_blocks;

use crate::Parameters;

/// The workload that [`kept_blocks`] prepares: it measures the peer's report.
pub const REPORT: &str = "report";

/// One workload: `prepare` does the unmeasured work, and returns the measured one, which returns events and a checksum.
pub struct Workload {
    pub name: &'static str,
    pub prepare: fn(&Parameters) -> Box<dyn FnOnce() -> (u64, u64)>,
    /// How much more of it a peer is given that is dearer in the first tenth of a second than later on.
    pub long: f64,
    /// The least part of it that a slow peer is given: less would be over before the clock tells anything.
    pub least: f64,
}

/// All of them; a scale of 1 takes the bare allocator about a third of a second.
pub const WORKLOADS: &[Workload] = &[
    Workload { name: "pairs", prepare: allocations::pairs, long: 10.0, least: 0.0 },
    Workload { name: "churn", prepare: |parameters| allocations::churn(parameters, 1), long: 10.0, least: 0.0 },
    Workload {
        name: "churn, 2 threads",
        prepare: |parameters| allocations::churn(parameters, 2),
        long: 10.0,
        least: 0.0,
    },
    Workload { name: "growth", prepare: allocations::growth, long: 1.0, least: 0.2 },
    Workload { name: "json", prepare: json::json, long: 10.0, least: 0.05 },
    Workload { name: "hnsw", prepare: hnsw::hnsw, long: 1.0, least: 1.0 },
    Workload { name: "handed over", prepare: threads::handed_over, long: 10.0, least: 0.0 },
    Workload { name: "1,000 threads", prepare: threads::short_threads, long: 1.0, least: 1.0 },
];
