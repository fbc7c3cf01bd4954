//! `uneven`: a few calls allocate far more than the others. The 99th percentile is at least 20 times the median, of at
//! least 100 calls, and the excess is at least 1 % of what the process allocated.

use super::{functions, is_much, placed, share};
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
    // Callees that are tracked have the finding themselves.
    let is_own = function.self_allocated_bytes > function.allocated_bytes / 2;
    let is_one = median > 0 && ended >= FEWEST && high >= median.saturating_mul(FACTOR) && is_own;
    (is_one && is_much(excess, all)).then(|| Finding {
        kind: "uneven".into(),
        title: format!(
            "{}: 1 call in 100 allocates {} or more, {} times the median call ({})",
            placed(&function.name, Some(&function.file), Some(function.line)),
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
        function: Some(function.name.clone()),
        file: Some(function.file.clone()),
        line: Some(function.line),
        bytes: excess,
        share: share(excess, all),
        exact: false,
    })
}
