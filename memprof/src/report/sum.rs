//! Merged reports as text: a sentence about the reports of which one is the sum.

use super::data::{Merged, Report};
use crate::size;

/// The facts of a report that is the sum of several.
pub(super) fn of_several(report: &Report) -> Option<&Merged> {
    report.merged.as_ref().filter(|merged| merged.reports > 1)
}

/// `1,000 reports of 50 hosts`.
pub(super) fn reports(merged: &Merged) -> String {
    let hosts = if merged.hosts > 0 { format!(" of {}", size::plural(merged.hosts, "host")) } else { String::new() };
    format!("{}{hosts}", size::plural(merged.reports, "report"))
}

/// The sentence. `None`: the report is that of one process.
pub(super) fn sentence(report: &Report) -> Option<String> {
    let merged = of_several(report)?;
    Some(format!(
        "Sum of {}. The peak is the highest of one process; the peaks of all add up to {}.",
        reports(merged),
        size::bytes(merged.peak_sum_bytes)
    ))
}
