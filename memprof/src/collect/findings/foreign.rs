//! `foreign`: memory outside Rust's allocator that grows. The rule: RSS without files, shared memory, the heap with its
//! overhead and the allocator's free memory grew in each quarter of the last three quarters of the run, by at least
//! 8 MB and a tenth of RSS. Heap that is not resident makes the figure smaller, never larger.

use super::share;
use crate::report::data::{Finding, Report};
use crate::report::{resident, trend};
use crate::size;

const LEAST: f64 = 8.0 * 1024.0 * 1024.0;
const LEAST_SHARE: f64 = 0.1;
const ADVICE: &str = "Look at C libraries, memory maps and thread stacks: Rust's allocator did not make these bytes.";

pub(super) fn of(report: &Report) -> Option<Finding> {
    let rss = report.os.rss_bytes?;
    let trend = trend::of(report)?;
    let grown = trend.foreign.filter(|_| trend.is_foreign_steady && trend.grows)?;
    if grown < LEAST.max(LEAST_SHARE * rss as f64) {
        return None;
    }
    // A cast from a float saturates.
    let bytes = grown as u64;
    let by_malloc = resident::parts(report).map_or(0, |parts| parts.of_c_code(report));
    let by_malloc = if by_malloc >= bytes / 2 {
        format!("; C code has allocated {} at least with malloc", size::bytes(by_malloc))
    } else {
        String::new()
    };
    Some(Finding {
        kind: "foreign".into(),
        title: format!(
            "Memory outside Rust's allocator grew by about {} in {} ({} of RSS, {})",
            size::bytes(bytes),
            size::age(trend.seconds),
            size::share(bytes, rss),
            size::bytes(rss),
        ),
        detail: format!(
            "{} of growth of RSS, {} of the heap{by_malloc}",
            size::bytes(trend.resident as i64),
            size::bytes(trend.heap as i64)
        ),
        advice: ADVICE.into(),
        bytes,
        share: share(bytes, rss),
        ..Finding::default()
    })
}
