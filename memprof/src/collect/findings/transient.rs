//! `transient`: short-lived memory. The median call allocates at least four times its own peak, most of it in the
//! function's own code, and what a reused buffer would save is at least 1 % of what the process allocated.

use super::{functions, is_much, placed, regrowth, share};
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
    let saved = allocated.saturating_sub(peak).saturating_mul(ended).min(function.self_allocated_bytes);
    let is_own = function.self_allocated_bytes > function.allocated_bytes / 2;
    let is_one = peak > 0 && allocated >= peak.saturating_mul(FACTOR) && is_own && is_much(saved, all);
    if !is_one || regrowth::is_one(function, all) {
        return None;
    }
    Some(Finding {
        kind: "transient".into(),
        title: format!(
            "{} allocates {} in {} but holds at most {} at a time: {} short-lived in {}, {} of all allocated bytes",
            placed(&function.name, Some(&function.file), Some(function.line)),
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
        function: Some(function.name.clone()),
        file: Some(function.file.clone()),
        line: Some(function.line),
        bytes: saved,
        share: share(saved, all),
        exact: false,
    })
}
