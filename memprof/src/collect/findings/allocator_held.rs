//! `allocator_held`: free memory that the allocator does not return to the system. The rule: at least 64 MB, and a
//! quarter of RSS.

use super::share;
use crate::report::data::{Finding, Report};
use crate::report::resident::{LARGE, LARGE_SHARE, advice, allocator, parts};
use crate::size;

pub(super) fn of(report: &Report) -> Option<Finding> {
    let rss = report.os.rss_bytes?;
    // Free memory that is not resident takes nothing.
    let held = parts(report)?.held.filter(|&held| held >= LARGE && held as f64 >= LARGE_SHARE * rss as f64)?;
    let source = report.allocator.held_source.as_deref().unwrap_or_default();
    let mut advice = advice(report).to_owned();
    if let Some(first) = advice.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Some(Finding {
        kind: "allocator_held".into(),
        title: format!(
            "{} holds {} of free memory ({} of RSS, {}): not a leak of the program",
            allocator(report),
            size::bytes(held),
            size::share(held, rss),
            size::bytes(rss),
        ),
        detail: format!("{} by {source}, as far as it can be resident", size::exact(held)),
        advice: format!("{advice}."),
        bytes: held,
        share: share(held, rss),
        ..Finding::default()
    })
}
