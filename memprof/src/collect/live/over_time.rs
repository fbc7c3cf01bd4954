//! Course of the run over time, in seconds, for one report.

use super::net_rise::{self, SteadyRise};
use super::readings::{self, ReadingKey, Readings};
use super::verdict::{Activity, WorkDone};
use crate::collect::merge::Paths;
use crate::collect::site_names::SiteNames;
use crate::os::clock::Anchor;
use crate::tracker::history::{FEWEST_READINGS, History, Point};
use std::collections::HashMap;

/// Shares of the present net from which on a growth is recent, and is the latest.
pub(super) const BEFORE_GROWTH: f64 = 0.75;
pub(super) const BEFORE_LATEST_GROWTH: f64 = 0.95;

/// The readings of a run until now.
#[derive(Debug, Default)]
pub(crate) struct OverTime {
    pub(crate) readings: Readings,
    /// Times of the readings.
    pub(crate) moments: Vec<f64>,
    pub(crate) activity: Activity,
    /// The net of the process: seconds and bytes.
    net: Vec<(f64, f64)>,
    net_error: f64,
    /// Calls of each path at each moment; empty if they are not known.
    calls: HashMap<usize, Vec<f64>>,
    /// The net of each path; likewise.
    net_of_paths: HashMap<usize, Vec<f64>>,
}

impl OverTime {
    /// The run until `now`.
    pub(crate) fn of(started: &Anchor, now: &Anchor, paths: &Paths, history: &History) -> Self {
        let readings = Readings::copy();
        let points = history.thinned(FEWEST_READINGS + 1);
        let seconds = |ticks| readings::seconds(ticks, started, now);
        let by_path = |rows: Option<&HashMap<ReadingKey, Vec<i64>>>| {
            let mut by_path: HashMap<usize, Vec<f64>> = HashMap::new();
            for (key, row) in rows.into_iter().flatten() {
                let Some(&path) = paths.of_node.get(&key.owner) else { continue };
                let sums = by_path.entry(path).or_insert_with(|| vec![0.0; readings.moments.len()]);
                sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += value as f64);
            }
            by_path
        };
        let work = |point: &Point| WorkDone {
            at: seconds(point.ticks),
            bytes: point.allocated as f64,
            processor: point.processor as f64 / 1e9,
        };
        let (calls, net_of_paths) = (by_path(readings.calls.as_ref()), by_path(readings.net.as_ref()));
        Self {
            moments: readings.moments.iter().map(|&ticks| seconds(ticks)).collect(),
            activity: Activity::new(points.iter().map(work).collect()),
            net: points.iter().map(|point| (seconds(point.ticks), point.net as f64)).collect(),
            net_error: history.error_bytes as f64,
            readings,
            calls,
            net_of_paths,
        }
    }

    /// Calls of a path at each moment.
    pub(crate) fn calls_of(&self, path: usize) -> Vec<(f64, f64)> {
        self.calls
            .get(&path)
            .map(|calls| self.moments.iter().copied().zip(calls.iter().copied()).collect())
            .unwrap_or_default()
    }

    /// True if the net of a path has risen steadily until it was `now` at `seconds`.
    pub(crate) fn has_rising_net(&self, path: usize, seconds: f64, now: i64) -> bool {
        let Some(net) = self.net_of_paths.get(&path) else { return false };
        let net: Vec<(f64, f64)> = self.moments.iter().copied().zip(net.iter().copied()).collect();
        net_rise::is_steady_of_path(&[net, vec![(seconds, now as f64)]].concat(), &self.activity)
    }

    /// Number of the last moment at which the net of the process was this share of the present one or less. `None`: not
    /// known, or never.
    pub(super) fn before_growth(&self, now: i64, share: f64) -> Option<usize> {
        let net = |moment: usize| self.net_of_paths.values().filter_map(|row| row.get(moment)).sum::<f64>();
        let is_known = self.readings.net.is_some();
        (0..self.moments.len()).rev().filter(|_| is_known).find(|&moment| net(moment) <= now as f64 * share)
    }

    /// Steady rise of the net of the process, and the function responsible for it.
    pub(crate) fn net_rise(&self, paths: &Paths, names: &SiteNames) -> Option<SteadyRise> {
        let rise = net_rise::steady(&self.net, self.net_error, &self.activity)?;
        let rows = self.readings.net.as_ref().and_then(|rows| {
            let at = self.moments.iter().rposition(|&moment| moment <= rise.from)?;
            let before = |key: &ReadingKey| rows.get(key).and_then(|row| row.get(at)).copied().unwrap_or(0);
            Some(net_rise::by_function(paths, names, before))
        });
        Some(SteadyRise { by: rows.and_then(|rows| net_rise::of_one(&rows, rise.bytes)), ..rise })
    }
}
