//! `regrowth`: buffers that grow by reallocation. At least 20 % of what the function's own code allocated was moved by
//! growing, and that is at least 1 % of what the process allocated.

use super::{about, functions, is_much, named, share};
use crate::report::data::{Finding, Function, Report};
use crate::size;

/// Divisor of the function's own allocated bytes: the least part that growing moved.
const LEAST_PART: u64 = 5;
const ADVICE: &str = "Reserve the capacity (`with_capacity`, `reserve`), or keep the buffer and `clear` it.";

pub(super) fn of(report: &Report) -> impl Iterator<Item = Finding> {
    let all = report.totals.allocated_bytes;
    functions(report).filter(move |function| is_one(function, all)).map(move |function| finding(function, all))
}

/// True if growing moved much of what the function's own code allocated.
pub(super) fn is_one(function: &Function, all: u64) -> bool {
    function.copied_bytes >= function.self_allocated_bytes.div_ceil(LEAST_PART) && is_much(function.copied_bytes, all)
}

fn finding(function: &Function, all: u64) -> Finding {
    let moved = function.copied_bytes;
    let per_call = match function.calls {
        // Less than a byte a call says nothing.
        calls if calls <= 1 || calls > moved => String::new(),
        calls => format!(" ({} a call)", size::bytes(moved / calls)),
    };
    Finding {
        title: format!(
            "{} grew buffers {} in {}, moving at most {}{per_call}, {} of all allocated bytes",
            named(function),
            size::plural(function.reallocated_count, "time"),
            size::plural(function.calls, "call"),
            size::bytes(moved),
            size::share(moved, all),
        ),
        detail: format!(
            "growing added {} to buffers; {} of the {} that its own code allocated were moved at most (exact)",
            size::bytes(function.grown_bytes),
            size::share(moved, function.self_allocated_bytes),
            size::bytes(function.self_allocated_bytes),
        ),
        advice: ADVICE.into(),
        bytes: moved,
        share: share(moved, all),
        exact: true,
        ..about(function, "regrowth")
    }
}
