//! The net of the process over time, read from all counters.

use super::totals;
use crate::os::clock;
use crate::tracker::threads::ledger::PUBLISH_STEP;
use crate::tracker::threads::ledgers::each_ledger;
#[cfg(unix)]
pub(crate) use crate::tracker::threads::net_readings::hurry;
use crate::tracker::threads::net_readings::{self, READINGS};
pub(crate) use crate::tracker::threads::net_readings::{Point, has_reader, have_visited, read_published, recover};

/// Readings, and the possible error of each.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) points: Vec<Point>,
    pub(crate) error_bytes: u64,
}

/// Starts a new history: a profile has started.
pub(crate) fn begin() {
    net_readings::begin(now());
}

/// The present net, from all counters.
fn now() -> Point {
    let (allocated, deallocated) = totals::flows();
    Point::now(allocated.bytes.wrapping_sub(deallocated.bytes) as i64, allocated.bytes)
}

/// Takes a reading of all counters if one is due.
pub(crate) fn read_if_due() {
    if READINGS.is_due(clock::ticks()) {
        READINGS.add(now());
    }
}

/// All readings so far, and one of the present. Allocates: for reports.
pub(crate) fn history() -> History {
    let error_bytes = if net_readings::are_rough() { PUBLISH_STEP * each_ledger().count() as u64 } else { 0 };
    let now = now();
    let mut points = READINGS.copy();
    points.push(now);
    History { points, error_bytes }
}
