//! `over_budget`: calls beyond the limits in their function's attribute.

use super::{about, named};
use crate::report::data::{Finding, Report, Violations};
use crate::report::violations;

const ADVICE: &str = "Reduce what these calls allocate, or raise the budget in #[track_memory].";

pub(super) fn of(report: &Report) -> impl Iterator<Item = Finding> {
    report.violations().map(|(function, violations)| Finding {
        title: format!("{} exceeded its budget in {}", named(function), violations::words(function, violations)),
        advice: ADVICE.into(),
        bytes: beyond(violations),
        exact: true,
        ..about(function, "over_budget")
    })
}

/// Bytes by which the worst call exceeded a limit. 0 if it exceeded only a number of allocations.
fn beyond(violations: &Violations) -> u64 {
    let Some(worst) = &violations.worst else { return 0 };
    let budget = &violations.budget;
    let per_item = budget.max_net_bytes_per_item.filter(|_| worst.items > 0);
    let of_items = per_item.map(|limit| limit.saturating_mul(worst.items));
    let over = |figure: u64, limit: Option<u64>| limit.map_or(0, |limit| figure.saturating_sub(limit));
    over(worst.allocated_bytes, budget.max_allocated_bytes)
        .max(over(worst.peak_bytes, budget.max_peak_bytes))
        .max(over(worst.net_bytes.max(0) as u64, budget.max_net_bytes))
        .max(over(worst.net_bytes.max(0) as u64, of_items))
}
