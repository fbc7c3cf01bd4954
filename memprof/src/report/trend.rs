//! Growth of the process's memory over the run, by the slopes of the timeline.

use super::data::{Report, TimelinePoint};
use crate::sorted;

/// Share of the run before the trend begins: programs load what they keep.
const START: f64 = 0.25;
/// Fewest readings of a trend.
const FEWEST: usize = 4;
/// Share of the readings at either end whose median is the level there.
const END: usize = 5;
/// Parts of the time in each of which steady growth goes on, and its least share of the growth.
const PARTS: usize = 4;
const LEAST_SHARE: f64 = 0.1;
/// Growth of RSS that counts: bytes, and share of RSS.
const GROWS: f64 = 1_048_576.0;
const GROWS_SHARE: f64 = 0.05;
/// The most that an allocator adds to a block, bytes.
const OVERHEAD: f64 = 32.0;

/// Growth in the last three quarters of the run, bytes. A figure below 0 has fallen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trend {
    pub(crate) seconds: f64,
    pub(crate) resident: f64,
    /// True if RSS grew by more than chance, and in each part of the time.
    pub(crate) grows: bool,
    /// The live heap, with the allocator's overhead.
    pub(crate) heap: f64,
    /// Files and shared memory.
    pub(crate) mapped: f64,
    /// Free memory that the allocator holds. `None`: not read twice.
    pub(crate) held: Option<f64>,
    /// Resident stacks of threads. `None`: not read twice.
    pub(crate) stacks: Option<f64>,
    /// Everything else: at least this much. `None`: the allocator does not tell what it holds.
    pub(crate) foreign: Option<f64>,
    /// True if `foreign` grew in each part of the time.
    pub(crate) is_foreign_steady: bool,
}

/// The trend of a report. `None`: too few readings.
pub(crate) fn of(report: &Report) -> Option<Trend> {
    let points = &report.timeline.as_ref()?.points;
    let from = points.last()?.seconds * START;
    let known: Vec<&TimelinePoint> =
        points.iter().filter(|point| point.rss_bytes.is_some() && point.seconds >= from).collect();
    if known.len() < FEWEST {
        return None;
    }
    let series =
        |figure: &dyn Fn(&TimelinePoint) -> f64| -> Vec<f64> { known.iter().map(|point| figure(point)).collect() };
    let rss = |point: &TimelinePoint| point.rss_bytes.unwrap_or(0) as f64;
    let mapped = |point: &TimelinePoint| point.mapped_bytes.unwrap_or(0) as f64;
    let resident = series(&rss);
    let seldom = |figure: fn(&TimelinePoint) -> Option<u64>| -> Vec<(f64, f64)> {
        points.iter().filter_map(|point| Some((point.seconds, figure(point)? as f64))).collect()
    };
    let helds = seldom(|point| point.allocator_held_bytes);
    let stacks = seldom(|point| point.stack_bytes);
    let grown = |readings: &[(f64, f64)]| {
        (readings.len() > 1).then(|| growth(&series(&|point| between(readings, point.seconds))))
    };
    let (held, stacks_grown) = (grown(&helds), grown(&stacks));
    let factor = heap_factor(report);
    let foreign = series(&|point| {
        // Heap that is not resident hides as much of the rest.
        let heap = point.net_bytes as f64 * factor;
        let known = between(&helds, point.seconds) + between(&stacks, point.seconds);
        (rss(point) - mapped(point) - heap - known).max(0.0)
    });
    let grown = growth(&resident);
    // Memory that is gone at the end does not grow.
    let is_still_there = resident.last().is_some_and(|last| *last >= level(&resident, false) + grown / 2.0);
    Some(Trend {
        seconds: known.last()?.seconds - known.first()?.seconds,
        resident: grown,
        grows: grown > GROWS.max(level(&resident, false) * GROWS_SHARE) && is_steady(&resident) && is_still_there,
        heap: growth(&series(&|point| point.net_bytes as f64)) * factor,
        mapped: growth(&series(&mapped)),
        held,
        stacks: stacks_grown,
        foreign: report.allocator.held_bytes.map(|_| growth(&foreign)),
        is_foreign_steady: is_steady(&foreign),
    })
}

/// Memory of the heap for each live byte, at most: the allocator's overhead is no growth of anything else.
fn heap_factor(report: &Report) -> f64 {
    let (bytes, blocks) = (report.totals.net_bytes as f64, report.totals.net_count.max(0) as f64);
    if bytes > 0.0 { (bytes + blocks * OVERHEAD) / bytes } else { 1.0 }
}

/// A figure that is read seldom, at a moment: between two readings on the line from one to the other. 0 before the
/// first: then what grows by less than that is in doubt.
fn between(readings: &[(f64, f64)], seconds: f64) -> f64 {
    let after = readings.iter().position(|reading| reading.0 >= seconds);
    match after {
        Some(0) => readings.first().filter(|reading| reading.0 <= seconds).map_or(0.0, |reading| reading.1),
        Some(index) => {
            let (Some(one), Some(next)) = (readings.get(index - 1), readings.get(index)) else { return 0.0 };
            one.1 + (next.1 - one.1) * (seconds - one.0) / (next.0 - one.0).max(f64::MIN_POSITIVE)
        }
        None => readings.last().map_or(0.0, |reading| reading.1),
    }
}

/// Level at the beginning or the end: one reading alone may be a moment's.
fn level(values: &[f64], at_end: bool) -> f64 {
    let count = (values.len() / END).max(1);
    let part = if at_end { values.get(values.len() - count.min(values.len())..) } else { values.get(..count) };
    median(part.unwrap_or_default())
}

fn growth(values: &[f64]) -> f64 {
    level(values, true) - level(values, false)
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted::by(&mut sorted, f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

fn is_steady(values: &[f64]) -> bool {
    let parts = values.chunks(values.len().div_ceil(PARTS).max(1));
    let levels: Vec<f64> = parts.map(median).collect();
    let Some((first, last)) = levels.first().zip(levels.last()) else { return false };
    let least = (last - first) * LEAST_SHARE;
    levels.len() == PARTS
        && last > first
        && levels.windows(2).all(|pair| matches!(pair, [one, next] if next - one >= least))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::data::Timeline;

    const MB: f64 = 1_048_576.0;

    /// A run of 100 seconds; the figures in MB: net, RSS, mapped, held.
    fn report(figures: impl Fn(f64) -> (f64, f64, f64, Option<f64>)) -> Report {
        let mut report = Report::default();
        let points = (0..=100).map(|second| {
            let (net, rss, mapped, held) = figures(f64::from(second));
            TimelinePoint {
                seconds: f64::from(second),
                net_bytes: (net * MB) as i64,
                rss_bytes: Some((rss * MB) as u64),
                mapped_bytes: Some((mapped * MB) as u64),
                allocator_held_bytes: held.map(|held| (held * MB) as u64),
                ..TimelinePoint::default()
            }
        });
        let timeline = Timeline { points: points.collect(), ..Timeline::default() };
        let last = timeline.points.last().unwrap();
        report.totals.net_bytes = last.net_bytes;
        report.allocator.held_bytes = last.allocator_held_bytes;
        report.timeline = Some(timeline);
        report
    }

    #[test]
    fn each_part_has_its_growth() {
        let trend = of(&report(|at| (10.0 + at, 40.0 + 2.0 * at, 5.0 + at / 2.0, Some(1.0 + at / 4.0)))).unwrap();
        let near = |bytes: f64, megabytes: f64| (bytes - megabytes * MB).abs() < 0.1 * MB * megabytes;
        assert!(trend.grows && trend.seconds == 75.0, "{trend:?}");
        // The levels are those of the middle of the first and the last fifth.
        assert!(near(trend.resident, 2.0 * 61.0) && near(trend.heap, 61.0) && near(trend.mapped, 30.5), "{trend:?}");
        assert!(near(trend.held.unwrap(), 15.25) && near(trend.foreign.unwrap(), 15.25), "{trend:?}");
        assert!(trend.is_foreign_steady);
    }

    #[test]
    fn a_heap_that_becomes_resident_is_no_growth_of_anything_else() {
        let trend = of(&report(|at| (1000.0, 10.0 + 9.9 * at, 5.0, Some(1.0)))).unwrap();
        assert!(trend.grows && trend.heap == 0.0, "{trend:?}");
        assert_eq!((trend.foreign, trend.is_foreign_steady), (Some(0.0), false));
    }

    #[test]
    fn loading_at_the_start_is_no_growth() {
        for loaded in [20.0, 50.0, 70.0] {
            let figures = |at: f64| (at.min(loaded) * 10.0, 20.0 + at.min(loaded) * 12.0, 5.0, Some(1.0));
            let trend = of(&report(figures)).unwrap();
            assert!(!trend.grows && !trend.is_foreign_steady, "{loaded}: {trend:?}");
        }
    }

    #[test]
    fn small_blocks_take_more_than_their_bytes() {
        let mut small = report(|at| (at, 10.0 + 4.0 * at, 5.0, Some(0.0)));
        small.totals.net_count = (100.0 * MB / 8.0) as i64;
        assert_eq!(of(&small).unwrap().foreign, Some(0.0));
    }

    #[test]
    fn too_few_readings_are_no_trend() {
        let mut report = report(|at| (at, at, 0.0, None));
        report.timeline.as_mut().unwrap().points.iter_mut().take(98).for_each(|point| point.rss_bytes = None);
        assert_eq!(of(&report), None);
        assert_eq!(of(&Report::default()), None);
    }

    #[test]
    fn a_figure_is_known_between_its_readings() {
        let helds = [(10.0, 100.0), (20.0, 200.0)];
        assert_eq!([5.0, 10.0, 15.0, 20.0, 30.0].map(|at| between(&helds, at)), [0.0, 100.0, 150.0, 200.0, 200.0]);
        assert_eq!(between(&[], 1.0), 0.0);
    }
}
