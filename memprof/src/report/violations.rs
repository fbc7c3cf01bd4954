//! Calls that exceeded their budget, in words.

use super::data::{Budget, Function, Violations, WorstCall};
use super::name::printable;
use crate::size;

/// The calls of a function that exceeded its budget: `12 of 1,797 calls; the worst on thread main: …`.
pub(crate) fn words(function: &Function, Violations { count, budget, worst }: &Violations) -> String {
    let ended = function.calls.saturating_sub(function.active);
    let worst = worst.as_ref().map(|worst| {
        let thread =
            if worst.thread.is_empty() { String::new() } else { format!(" on thread {}", printable(&worst.thread)) };
        format!("; the worst{thread}: {}", beyond(budget, worst).join(", "))
    });
    format!("{} of {}{}", size::count(*count), size::plural(ended, "call"), worst.unwrap_or_default())
}

/// The net of a call with items, beside its limit.
fn per_item(budget: &Budget, worst: &WorstCall) -> Option<String> {
    let limit = budget.max_net_bytes_per_item.filter(|_| worst.items > 0)?;
    let net = worst.net_bytes.max(0) as u64;
    let (bytes, items) = (size::bytes(net), size::plural(worst.items, "item"));
    (net > limit.saturating_mul(worst.items))
        .then(|| format!("net {bytes} for {items} (at most {} each)", size::bytes(limit)))
}

/// The exceeded figures of a call, beside their limits.
fn beyond(budget: &Budget, worst: &WorstCall) -> Vec<String> {
    let bytes = |what: &str, figure: u64, limit: Option<u64>| {
        let limit = limit.filter(|&limit| figure > limit)?;
        Some(format!("{what} {} (at most {})", size::bytes(figure), size::bytes(limit)))
    };
    let count = |figure: u64, limit: Option<u64>| {
        let limit = limit.filter(|&limit| figure > limit)?;
        Some(format!("{} (at most {})", size::plural(figure, "allocation"), size::count(limit)))
    };
    let each = [
        bytes("allocated", worst.allocated_bytes, budget.max_allocated_bytes),
        bytes("peak", worst.peak_bytes, budget.max_peak_bytes),
        bytes("net", worst.net_bytes.max(0) as u64, budget.max_net_bytes),
        count(worst.allocated_count, budget.max_allocated_count),
        per_item(budget, worst),
    ];
    each.into_iter().flatten().collect()
}
