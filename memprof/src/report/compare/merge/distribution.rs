//! Merged distributions of calls.

use crate::report::data::Distribution;

/// Merges two distributions. The extremes are exact.
///
/// A percentile that both have is that of all their calls, too: as many calls as it asks for are at most so large in
/// each, so in both. Of percentiles that differ only the range is known: `None`.
pub(super) fn merge(sum: &mut Option<Distribution>, other: Option<Distribution>) {
    let Some(other) = other else { return };
    let Some(sum) = sum else {
        *sum = Some(other);
        return;
    };
    let same = |one: Option<u64>, other: Option<u64>| one.filter(|_| one == other);
    sum.min = sum.min.min(other.min);
    sum.p50 = same(sum.p50, other.p50);
    sum.p95 = same(sum.p95, other.p95);
    sum.p99 = same(sum.p99, other.p99);
    sum.max = sum.max.max(other.max);
}
