//! Sentences that every format must carry in some way: gaps of the report, and figures that are estimates.

use crate::report::NOT_INSTALLED;
use crate::report::data::Report;
use crate::report::sum;
use crate::size;

/// The sentences about a report, the most important first.
pub(super) fn notes(report: &Report) -> Vec<String> {
    let live = &report.live;
    let mut notes = Vec::new();
    if !report.allocator.installed {
        notes.push(NOT_INSTALLED.to_owned());
        return notes;
    }
    notes.extend(sum::sentence(report));
    if report.functions.is_empty() {
        notes.push("No tracked function was called: put #[track_memory] on the functions you want to see.".to_owned());
    }
    if live.tracked.is_none() {
        notes.push("Live blocks are not recorded (track_allocations = false): they have no call path.".to_owned());
        return notes;
    }
    if !live.exact {
        let error =
            live.error_bytes.map_or_else(String::new, |error| format!(", standard error {}", size::bytes(error)));
        notes.push(format!(
            "Live bytes are an estimate from a sample, about one record in {}{error}. Allocated bytes and counts are exact.",
            size::bytes(live.sample_interval_bytes)
        ));
    }
    if live.groups.iter().any(|group| group.bytes > 0) && live.groups.iter().all(|group| group.stack.is_empty()) {
        notes.push("Live blocks have no stacks (backtraces = false, or none could be captured).".to_owned());
    }
    notes
}
