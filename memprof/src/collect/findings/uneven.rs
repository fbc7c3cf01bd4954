//! `uneven`: a few calls allocate far more than the others. The 99th percentile is at least 20 times the median, of at
//! least 100 calls, and the excess is at least 1 % of what the process allocated.

use super::{about, functions, is_mostly_own, is_much, named, share};
use crate::report::data::{Finding, Function, Report};
use crate::size;

/// Least factor between the 99th percentile and the median.
const FACTOR: u64 = 20;
/// Fewest calls of which one in 100 says anything.
const FEWEST: u64 = 100;
const ADVICE: &str = "Find what the largest calls have in common: their input, a rehash, a cache that is filled.";

pub(super) fn of(report: &Report) -> impl Iterator<Item = Finding> {
    let all = report.totals.allocated_bytes;
    functions(report).filter_map(move |function| finding(function, all))
}

fn finding(function: &Function, all: u64) -> Option<Finding> {
    let per_call = function.per_call.as_ref()?;
    let (median, high) = per_call.p50.zip(per_call.p99)?;
    let ended = function.calls.saturating_sub(function.active);
    // One call in 100 has at least this much more than the median one.
    let excess = high.saturating_sub(median).saturating_mul(ended / 100);
    let is_one = median > 0 && ended >= FEWEST && high >= median.saturating_mul(FACTOR) && is_mostly_own(function);
    (is_one && is_much(excess, all)).then(|| Finding {
        title: format!(
            "{}: 1 call in 100 allocates {} or more, {} times the median call ({})",
            named(function),
            size::bytes(high),
            size::count(high / median.max(1)),
            size::bytes(median),
        ),
        detail: format!(
            "{} ended; the largest allocated {}; percentiles are within 3.1 %",
            size::plural(ended, "call"),
            size::bytes(per_call.max)
        ),
        advice: ADVICE.into(),
        bytes: excess,
        share: share(excess, all),
        exact: false,
        ..about(function, "uneven")
    })
}
