//! What is still live, by call path.

use super::Running;
use super::estimate::Estimate;
use super::merge::Paths;
use super::rows::{Names, name};
use crate::live::Records;
use crate::os::clock::Anchor;
use crate::report::data::{Live, LiveGroup, Totals};

/// The tracked allocations of one moment, summed by path.
pub(super) struct Tracked {
    by_path: Vec<Estimate>,
    groups: Vec<Group>,
    sum: Estimate,
    /// One block in about so many bytes has a record; 1: each.
    interval: u64,
    /// Allocations so far that should have a record and found no room.
    given_up: u64,
}

/// The live blocks of one path.
struct Group {
    path: usize,
    estimate: Estimate,
    largest: u64,
    oldest: u64,
    newest: u64,
}

impl Tracked {
    pub(super) fn new(records: &Records, given_up: u64, paths: &Paths) -> Self {
        let interval = records.interval;
        let mut groups: Vec<Option<Group>> = paths.all.iter().map(|_| None).collect();
        for record in records.as_slice() {
            // A node that came after the snapshot is not merged: what it allocated is no part of this report.
            let Some(&path) = paths.of_node.get(&record.owner) else { continue };
            let Some(place) = groups.get_mut(path) else { continue };
            let group = place.get_or_insert(Group {
                path,
                estimate: Estimate::default(),
                largest: 0,
                oldest: record.ticks,
                newest: record.ticks,
            });
            group.estimate.add(record.size, interval);
            group.largest = group.largest.max(record.size);
            group.oldest = group.oldest.min(record.ticks);
            group.newest = group.newest.max(record.ticks);
        }
        let mut by_path = vec![Estimate::default(); paths.all.len()];
        let mut groups: Vec<Group> = groups.into_iter().flatten().collect();
        for group in &mut groups {
            group.estimate = group.estimate.rounded();
            if let Some(place) = by_path.get_mut(group.path) {
                *place = group.estimate;
            }
        }
        groups.sort_by_key(|group| (std::cmp::Reverse(group.estimate.bytes()), group.path));
        let sum = groups.iter().fold(Estimate::default(), |sum, group| sum.plus(group.estimate));
        Self { by_path, groups, sum, interval, given_up }
    }

    /// What the paths retain; unknown where blocks that should have a record have none.
    pub(super) fn retained(&self) -> Option<Retained<'_>> {
        (self.given_up == 0).then_some(Retained { by_path: &self.by_path, interval: self.interval })
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
    let at_start = &profile.live_at_start;
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
        error_bytes: is_complete.then_some(tracked.sum.error(tracked.interval)),
        before_start_bytes: if exact { without_bytes } else { without_bytes.min(start_bytes) },
        before_start_count: if exact { without_count } else { without_count.min(start_count) },
        groups: tracked.groups.iter().map(|group| row(group, tracked.interval, profile, now, names, paths)).collect(),
    }
}

fn row(group: &Group, interval: u64, profile: &Running, now: &Anchor, names: &Names, paths: &Paths) -> LiveGroup {
    let mut path: Vec<String> =
        paths.upwards(group.path).filter_map(|path| path.site).map(|site| name(names, site)).collect();
    path.reverse();
    LiveGroup {
        path,
        bytes: group.estimate.bytes(),
        count: group.estimate.count(),
        error_bytes: group.estimate.error(interval),
        largest_bytes: group.largest,
        oldest_seconds: profile.started.age_seconds(group.oldest, now),
        newest_seconds: profile.started.age_seconds(group.newest, now),
        bytes_per_second: 0.0,
        bytes_per_call: None,
        verdict: None,
        expected: None,
        stack: Vec::new(),
    }
}
