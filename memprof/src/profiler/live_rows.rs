//! What is still live, by call path and stack.

use super::Running;
use super::estimate::Estimate;
use super::live_groups::{Group, grouped};
use super::merge::Paths;
use super::rows::{Names, name};
use super::verdict::Verdict;
use crate::live::Records;
use crate::os::clock::Anchor;
use crate::report::data::{Live, LiveGroup, Totals};
use crate::sorted;
use wildmatch::WildMatch;

/// The tracked allocations of one moment, summed by path.
pub(super) struct Tracked {
    by_path: Vec<Estimate>,
    groups: Vec<Group>,
    sum: Estimate,
    /// One block in about so many bytes gets a record now; 1: each.
    interval: u64,
    /// The largest interval that any block was subject to.
    largest_interval: u64,
    /// Allocations so far that should have a record and found no room.
    given_up: u64,
}

impl Tracked {
    pub(super) fn new(records: &Records, given_up: u64, paths: &Paths, now: &Anchor, with_stacks: bool) -> Self {
        let groups = grouped(records, paths, now.ticks(), with_stacks);
        let mut by_path = vec![Estimate::default(); paths.all.len()];
        for group in &groups {
            if let Some(place) = by_path.get_mut(group.path) {
                *place = place.plus(group.estimate);
            }
        }
        let sum = groups.iter().fold(Estimate::default(), |sum, group| sum.plus(group.estimate));
        Self { by_path, groups, sum, interval: records.interval, largest_interval: records.largest_interval, given_up }
    }

    /// What the paths retain; unknown where blocks that should have a record have none.
    pub(super) fn retained(&self) -> Option<Retained<'_>> {
        (self.given_up == 0).then_some(Retained { by_path: &self.by_path, interval: self.largest_interval })
    }
}

/// What each path retains.
#[derive(Clone, Copy)]
pub(super) struct Retained<'a> {
    by_path: &'a [Estimate],
    interval: u64,
}

impl Retained<'_> {
    pub(super) fn of(self, path: usize) -> Estimate {
        self.by_path.get(path).copied().unwrap_or_default()
    }

    pub(super) fn error(self, estimate: Estimate) -> u64 {
        estimate.error(self.interval)
    }
}

/// The section `live` of a report.
pub(super) fn section(
    profile: &Running,
    now: &Anchor,
    names: &Names,
    paths: &Paths,
    totals: &Totals,
    tracked: Option<&Tracked>,
) -> Live {
    let at_start = &profile.at_start().live;
    let Some(tracked) = tracked else {
        return Live {
            exact: false,
            sample_interval_bytes: 1,
            before_start_bytes: at_start.net_allocated as u64,
            before_start_count: at_start.net_count as u64,
            ..Live::default()
        };
    };
    // Every live block either has a record (or one that stands for it), or is from before the start, or found no room. As
    // long as each has a record of its own the second figure is the rest, to the byte. Else nobody knows which of the
    // others a block without a record is: what was there at the start is taken to be there still.
    let (bytes, count) = (tracked.sum.bytes(), tracked.sum.count());
    let without_count = (totals.net_count.max(0) as u64).saturating_sub(count);
    let without_bytes = (totals.net_bytes.max(0) as u64).saturating_sub(bytes);
    let (start_bytes, start_count) = (at_start.net_allocated as u64, at_start.net_count as u64);
    let is_complete = tracked.given_up == 0;
    let exact = is_complete && tracked.interval <= 1;
    let not_tracked = without_count.saturating_sub(start_count).min(tracked.given_up);
    Live {
        exact,
        sample_interval_bytes: tracked.interval,
        tracked: Some(tracked.sum.samples()),
        not_tracked: Some(not_tracked),
        estimated_bytes: Some(bytes),
        estimated_count: Some(count),
        error_bytes: is_complete.then_some(tracked.sum.error(tracked.largest_interval)),
        before_start_bytes: if exact { without_bytes } else { without_bytes.min(start_bytes) },
        before_start_count: if exact { without_count } else { without_count.min(start_count) },
        groups: rows(tracked, profile, now, names, paths),
    }
}

/// One row for each group: what grows first, then by size.
fn rows(tracked: &Tracked, profile: &Running, now: &Anchor, names: &Names, paths: &Paths) -> Vec<LiveGroup> {
    let ignored: Vec<(&String, WildMatch)> =
        profile.config.leaks.ignore.iter().map(|pattern| (pattern, WildMatch::new(pattern))).collect();
    let run = profile.started.elapsed_until(now).as_secs_f64();
    let mut rows: Vec<(Verdict, LiveGroup)> = tracked
        .groups
        .iter()
        .map(|group| {
            let oldest = profile.started.age_seconds(group.oldest, now);
            let verdict = group.verdict(oldest, run, tracked.sum.bytes());
            let mut row = LiveGroup { verdict: Some(verdict.name().to_owned()), ..row(group, tracked, paths) };
            row.path = paths.upwards(group.path).filter_map(|path| path.site).map(|site| name(names, site)).collect();
            row.path.reverse();
            row.oldest_seconds = oldest;
            row.newest_seconds = profile.started.age_seconds(group.newest, now);
            // A group that is younger than this has no rate yet.
            row.bytes_per_second = row.bytes as f64 / oldest.max(1e-3);
            row.expected = expected(&row, &ignored);
            (verdict, row)
        })
        .collect();
    sorted::by_key(&mut rows, |(verdict, row)| (*verdict != Verdict::Growing, std::cmp::Reverse(row.bytes)));
    rows.into_iter().map(|(_, row)| row).collect()
}

fn row(group: &Group, tracked: &Tracked, paths: &Paths) -> LiveGroup {
    let bytes = group.estimate.bytes();
    let calls = paths.all.get(group.path).filter(|path| path.site.is_some()).map_or(0, |path| path.reading.calls);
    LiveGroup {
        bytes,
        count: group.estimate.count(),
        error_bytes: group.estimate.error(tracked.largest_interval),
        largest_bytes: group.largest,
        bytes_per_call: (calls > 0).then(|| bytes as f64 / calls as f64),
        stack: group.frames.clone(),
        ..LiveGroup::default()
    }
}

/// The first pattern that one of the group's functions or frames matches.
fn expected(row: &LiveGroup, ignored: &[(&String, WildMatch)]) -> Option<String> {
    let names =
        || row.path.iter().map(String::as_str).chain(row.stack.iter().filter_map(|frame| frame.function.as_deref()));
    ignored.iter().find(|(_, pattern)| names().any(|name| pattern.matches(name))).map(|(text, _)| (*text).clone())
}
