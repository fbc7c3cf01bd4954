//! Blocks that a measurement leaves behind.

use super::failure::{Failure, lines};
use super::figures::place;
use super::run::{MeasuredRun, key, name, run};
use crate::printable::Printable;
use crate::profile::ReportingGuard;
use crate::size;
use crate::sorted;
use std::collections::HashMap;

/// Runs `work`, drops its value, and looks for live blocks that were allocated meanwhile.
#[track_caller]
pub fn leaks<R>(work: impl FnOnce() -> R) -> Option<Failure> {
    let ((), mut run) = run(true, || drop(work()));
    let _scope = ReportingGuard::begin();
    run.defect().or_else(|| left(&mut run)).map(Failure)
}

/// Failure message for the live blocks; `None` if there are none.
pub(super) fn left(run: &mut MeasuredRun) -> Option<String> {
    let not_recorded = run.ended.not_recorded();
    if not_recorded > 0 {
        return Some(too_small(not_recorded));
    }
    let mut live = HashMap::new();
    let found = run.ended.each_live(|site, bytes, count| {
        let sum = live.entry(key(site)).or_insert((site, 0u64, 0u64));
        *sum = (site, sum.1 + bytes, sum.2 + count);
    });
    if found.is_none() {
        return Some("memprof: the system has no memory left to look for live blocks".to_owned());
    }
    if live.is_empty() {
        return None;
    }
    let mut live: Vec<_> = live.into_values().collect();
    sorted::by_key(&mut live, |&(site, bytes, _)| (std::cmp::Reverse(bytes), key(site)));
    let (bytes, count) = live.iter().fold((0, 0), |sum, row| (sum.0 + row.1, sum.1 + row.2));
    let rows = live.iter().map(|&(site, bytes, count)| {
        let (name, file, line) = name(site);
        let name = Printable(&name);
        format!("{} in {}  {name}{}", size::exact(bytes), size::plural(count, "block"), place(&file, line))
    });
    let verb = if count == 1 { "is" } else { "are" };
    Some(format!(
        "memprof: {} of {} allocated in this measurement {verb} still live{}",
        size::plural(count, "block"),
        size::exact(bytes),
        lines(rows)
    ))
}

/// Failure message if the live table lacks allocations of the measurement.
pub(super) fn too_small(not_recorded: u64) -> String {
    format!(
        "memprof: table too small: {} of this measurement did not fit into the live table, so they cannot be checked; \
         run fewer tests at once, or start a profile with a higher max_tracked_allocations",
        size::plural(not_recorded, "allocation"),
    )
}
