//! The net of the process over time, read from all counters.

use super::totals;
use crate::os::clock;
use crate::tracker::threads::ledger::PUBLISH_STEP;
use crate::tracker::threads::ledgers::each_ledger;
#[cfg(unix)]
pub(crate) use crate::tracker::threads::net_readings::hurry;
use crate::tracker::threads::net_readings::{self, READINGS};
pub(crate) use crate::tracker::threads::net_readings::{
    FEWEST_READINGS, Point, SystemFigures, has_reader, have_visited, is_reader_there, read_published, recover,
};

/// Readings, and the possible error of each.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) points: Vec<Point>,
    pub(crate) error_bytes: u64,
}

/// Starts a new history of at most `capacity` readings: a profile has started.
pub(crate) fn begin(capacity: usize, system: SystemFigures) {
    net_readings::begin(capacity, now(system));
}

/// The present net, from all counters.
fn now(system: SystemFigures) -> Point {
    let (allocated, deallocated) = totals::flows();
    Point::now(allocated.bytes.wrapping_sub(deallocated.bytes) as i64, allocated.bytes, system)
}

/// Takes a reading of all counters if one is due, with the figures that `system` reads.
pub(crate) fn read_if_due(system: impl FnOnce() -> SystemFigures) {
    let begun = clock::ticks();
    if READINGS.is_due(begun) {
        let point = now(system());
        READINGS.add(point, clock::ticks().saturating_sub(begun));
    }
}

/// Ticks until the next reading is due.
pub(crate) fn ticks_until_due() -> u64 {
    READINGS.next().saturating_sub(clock::ticks())
}

/// Raises the distance between two readings, in ticks.
pub(crate) fn set_least_step(ticks: u64) {
    READINGS.set_least_step(ticks);
}

/// All readings so far, and one of the present. Allocates: for reports.
pub(crate) fn history(system: SystemFigures) -> History {
    let error_bytes = if net_readings::are_rough() { PUBLISH_STEP * each_ledger().count() as u64 } else { 0 };
    let now = now(system);
    let mut points = READINGS.copy();
    points.push(now);
    History { points, error_bytes }
}

impl History {
    /// At most `most` readings, at twice the distance as often as necessary; always the last one.
    pub(crate) fn thinned(&self, most: usize) -> Vec<Point> {
        let Some((last, earlier)) = self.points.split_last() else { return Vec::new() };
        let mut step = 1;
        while earlier.len().div_ceil(step) >= most.max(2) {
            step *= 2;
        }
        earlier.iter().step_by(step).chain(std::iter::once(last)).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thinned_history_keeps_its_end_and_its_distances() {
        let point = |ticks| Point { ticks, ..Point::default() };
        let history = History { points: (0..=1000).map(point).collect(), error_bytes: 0 };
        for (most, count) in [(2000, 1001), (1001, 1001), (1000, 501), (256, 251), (16, 9), (0, 2), (2, 2)] {
            let points = history.thinned(most);
            let ends = points.first().zip(points.last()).map(|(first, last)| (first.ticks, last.ticks));
            if count > 2 {
                assert_eq!((points.len(), ends), (count, Some((0, 1000))), "{most}");
            }
            assert!(points.len() <= most.max(2), "{most}: {}", points.len());
        }
        assert!(History::default().thinned(4).is_empty());
    }
}
