//! `transient`: short-lived memory. The median call allocates at least four times its own peak, most of it in the
//! function's own code, and what a reused buffer would save is at least 1 % of what the process allocated.

use super::{about, functions, is_mostly_own, is_much, named, regrowth, share};
use crate::report::data::{Finding, Function, Report};
use crate::size;

/// Least factor between the bytes that a call allocates and its peak.
const FACTOR: u64 = 4;
const ADVICE: &str = "Reuse a buffer: keep it outside the loop or in a struct, and `clear` it.";

pub(super) fn of(report: &Report) -> impl Iterator<Item = Finding> {
    let all = report.totals.allocated_bytes;
    functions(report).filter_map(move |function| finding(function, all))
}

fn finding(function: &Function, all: u64) -> Option<Finding> {
    let allocated = function.per_call.as_ref()?.p50?;
    let peak = function.peak_per_call.as_ref()?.p50?;
    let ended = function.calls.saturating_sub(function.active);
    // With the largest peak for each call this is the least; a call with an outstanding peak would hide the others.
    let highest = function.peak_per_call.as_ref()?.max;
    let least = function.self_allocated_bytes.saturating_sub(highest.saturating_mul(function.calls));
    let median = allocated.saturating_sub(peak).saturating_mul(ended);
    let saved = median.max(least).min(function.self_allocated_bytes);
    let is_one = peak > 0 && allocated >= peak.saturating_mul(FACTOR) && is_mostly_own(function) && is_much(saved, all);
    if !is_one || regrowth::is_one(function, all) {
        return None;
    }
    Some(Finding {
        title: format!(
            "{} allocates {} in {} but holds at most {} at a time: {} short-lived in {}, {} of all allocated bytes",
            named(function),
            size::bytes(allocated),
            if ended == 1 { "its call" } else { "a median call" },
            size::bytes(peak),
            size::bytes(saved),
            size::plural(ended, "call"),
            size::share(saved, all),
        ),
        detail: format!(
            "{} in {}; percentiles are within 3.1 %",
            size::bytes(function.self_allocated_bytes),
            size::plural(function.self_allocated_count, "allocation")
        ),
        advice: ADVICE.into(),
        bytes: saved,
        share: share(saved, all),
        exact: false,
        ..about(function, "transient")
    })
}
