//! `foreign`: memory outside Rust's allocator that grows. The rule: RSS without files, shared memory, the heap with its
//! overhead and the allocator's free memory grew in each quarter of the last three quarters of the run, by at least
//! 8 MB and a tenth of RSS. Heap that is not resident makes the figure smaller, never larger. Thread stacks are
//! told apart from the rest.

use super::share;
use crate::report::data::{Finding, Report};
use crate::report::resident;
use crate::report::trend::{self, Trend};
use crate::size;

const LEAST: f64 = 8.0 * 1024.0 * 1024.0;
const LEAST_SHARE: f64 = 0.1;
const ADVICE: &str = "Look at C libraries and memory maps: Rust's allocator did not make these bytes.";
const ADVICE_ON_STACKS: &str = "Look for threads that never end: join them, or let a pool of threads do their work.";

pub(super) fn of(report: &Report) -> impl Iterator<Item = Finding> {
    let trend = trend::of(report).filter(|trend| trend.grows);
    let findings = trend.map(|trend| [rest(report, &trend), stacks(report, &trend)]);
    findings.into_iter().flatten().flatten()
}

/// Bytes that are enough for a finding. A cast from a float saturates.
fn enough(grown: f64, rss: u64) -> Option<u64> {
    (grown >= LEAST.max(LEAST_SHARE * rss as f64)).then_some(grown as u64)
}

fn rest(report: &Report, trend: &Trend) -> Option<Finding> {
    let rss = report.os.rss_bytes?;
    let bytes = enough(trend.foreign.filter(|_| trend.is_foreign_steady)?, rss)?;
    let by_malloc = resident::parts(report).map_or(0, |parts| parts.of_c_code(report));
    let by_malloc = if by_malloc >= bytes / 2 {
        format!("; C code has allocated {} at least with malloc", size::bytes(by_malloc))
    } else {
        String::new()
    };
    Some(finding("Memory outside Rust's allocator grew", bytes, rss, trend, &by_malloc, ADVICE))
}

fn stacks(report: &Report, trend: &Trend) -> Option<Finding> {
    let rss = report.os.rss_bytes?;
    let bytes = enough(trend.stacks?, rss)?;
    let all = format!("; the stacks take {}", size::bytes(report.os.stack_bytes?));
    Some(finding("The stacks of threads grew", bytes, rss, trend, &all, ADVICE_ON_STACKS))
}

fn finding(beginning: &str, bytes: u64, rss: u64, trend: &Trend, further: &str, advice: &str) -> Finding {
    Finding {
        kind: "foreign".into(),
        title: format!(
            "{beginning} by about {} in {} ({} of RSS, {})",
            size::bytes(bytes),
            size::age(trend.seconds),
            size::share(bytes, rss),
            size::bytes(rss),
        ),
        detail: format!(
            "{} of growth of RSS, {} of the heap{further}",
            size::bytes(trend.resident as i64),
            size::bytes(trend.heap as i64)
        ),
        advice: advice.into(),
        bytes,
        share: share(bytes, rss),
        ..Finding::default()
    }
}
