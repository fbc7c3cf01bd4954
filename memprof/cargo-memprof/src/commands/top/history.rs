//! Readings of the last seconds, and the heap of the last minutes.

use std::collections::VecDeque;

use memprof::Report;

use super::reading::Reading;

/// Time over which rates are taken, seconds.
const RATES: f64 = 5.0;
/// Time that the plot can show, seconds.
const PLOT: f64 = 300.0;
/// Most points of the plot.
const POINTS: usize = 2048;

/// The heap at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct HeapPoint {
    pub(super) seconds: f64,
    pub(super) net_bytes: i64,
    pub(super) rss_bytes: Option<u64>,
}

/// Memory of earlier reports. Its size is bounded.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    run: String,
    pid: u32,
    readings: VecDeque<Reading>,
    points: VecDeque<HeapPoint>,
}

/// A report, as the continuation of those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The first report.
    First,
    /// Later figures.
    Further,
    /// The same figures again.
    Same,
    /// The figures of another process: everything begins anew.
    Anew,
}

impl History {
    pub(super) fn add(&mut self, report: &Report) -> Step {
        let reading = Reading::of(report);
        let last = self.readings.back().map(|last| last.seconds);
        let is_same_run = report.program.run == self.run && report.program.pid == self.pid;
        let step = match last {
            None => Step::First,
            Some(last) if is_same_run && reading.seconds == last => return Step::Same,
            Some(last) if is_same_run && reading.seconds > last => Step::Further,
            Some(_) => Step::Anew,
        };
        if step != Step::Further {
            *self = Self { run: report.program.run.clone(), pid: report.program.pid, ..Self::default() };
            self.points = timeline(report);
        }
        self.points.push_back(HeapPoint {
            seconds: reading.seconds,
            net_bytes: report.totals.net_bytes,
            rss_bytes: report.os.rss_bytes,
        });
        let from = reading.seconds - PLOT;
        while self.points.len() > POINTS || self.points.front().is_some_and(|point| point.seconds < from) {
            self.points.pop_front();
        }
        // The reading from which rates are taken is the last one that is so old.
        let from = reading.seconds - RATES;
        self.readings.push_back(reading);
        while self.readings.len() > 2 && self.readings.get(1).is_some_and(|second| second.seconds <= from) {
            self.readings.pop_front();
        }
        step
    }

    /// Rates are taken from now on.
    pub(super) fn reset_rates(&mut self) {
        self.readings.drain(..self.readings.len().saturating_sub(1));
    }

    /// The readings between which rates are taken: the later one, and the earlier one if there are two.
    pub(super) fn pair(&self) -> Option<(&Reading, Option<&Reading>)> {
        let now = self.readings.back()?;
        Some((now, self.readings.front().filter(|_| self.readings.len() > 1)))
    }

    /// Time between the two readings.
    pub(super) fn rate_seconds(&self) -> Option<f64> {
        let (now, earlier) = self.pair()?;
        now.seconds_since(earlier?)
    }

    pub(super) fn points(&self) -> impl DoubleEndedIterator<Item = &HeapPoint> {
        self.points.iter()
    }
}

/// The course of the run before its first report here.
fn timeline(report: &Report) -> VecDeque<HeapPoint> {
    let Some(timeline) = &report.timeline else { return VecDeque::new() };
    let now = report.program.duration_seconds;
    let points = timeline.points.iter().filter(|point| point.seconds < now);
    let points = points.map(|point| HeapPoint {
        seconds: point.seconds,
        net_bytes: point.net_bytes,
        rss_bytes: point.rss_bytes,
    });
    points.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use memprof::report::data::{Timeline, TimelinePoint};

    fn report(run: &str, seconds: f64) -> Report {
        let mut report = Report::default();
        report.program.run = run.to_owned();
        report.program.duration_seconds = seconds;
        report.totals.net_bytes = seconds as i64;
        report
    }

    #[test]
    fn another_run_begins_anew() {
        let mut history = History::default();
        let steps = [("a", 1.0), ("a", 2.0), ("a", 2.0), ("b", 3.0), ("b", 4.0), ("b", 0.5)];
        let steps = steps.map(|(run, seconds)| history.add(&report(run, seconds)));
        assert_eq!(steps, [Step::First, Step::Further, Step::Same, Step::Anew, Step::Further, Step::Anew]);
        assert_eq!(history.points().count(), 1);
        assert!(history.pair().unwrap().1.is_none());
    }

    #[test]
    fn rates_are_taken_over_five_seconds_or_one_step() {
        let mut history = History::default();
        let mut lengths = Vec::new();
        for second in 0..9 {
            history.add(&report("a", f64::from(second)));
            lengths.push(history.rate_seconds().unwrap_or(0.0));
        }
        assert_eq!(lengths, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 5.0, 5.0, 5.0]);
        history.add(&report("a", 60.0));
        assert_eq!(history.rate_seconds(), Some(52.0));
        history.reset_rates();
        assert_eq!(history.rate_seconds(), None);
        history.add(&report("a", 61.0));
        assert_eq!(history.rate_seconds(), Some(1.0));
    }

    #[test]
    fn the_memory_of_a_long_run_is_bounded() {
        let mut history = History::default();
        for step in 0..100_000 {
            history.add(&report("a", f64::from(step) / 10.0));
        }
        assert!(history.points.len() <= POINTS && history.readings.len() <= 52, "{}", history.readings.len());
    }

    #[test]
    fn the_plot_begins_with_the_timeline() {
        let mut first = report("a", 400.0);
        let points = (0..=400).step_by(10).map(|second| {
            let mut point = TimelinePoint::default();
            point.seconds = f64::from(second);
            point.net_bytes = i64::from(second);
            point
        });
        let mut timeline = Timeline::default();
        timeline.points = points.collect();
        first.timeline = Some(timeline);
        let mut history = History::default();
        history.add(&first);
        let seconds: Vec<f64> = history.points().map(|point| point.seconds).collect();
        assert_eq!((seconds[0], seconds[seconds.len() - 1], seconds.len()), (100.0, 400.0, 31));
    }
}
