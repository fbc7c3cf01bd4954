//! What is still live, by call path and stack.

use super::Running;
use super::live_stacks::Stacks;
use super::merge::Paths;
use super::rows::{Names, name};
use crate::live::Record;
use crate::live::stack::StackId;
use crate::os::clock::Anchor;
use crate::report::data::{Frame, Live, LiveGroup, Totals};
use std::collections::HashMap;

/// The tracked allocations of one moment, summed by path.
pub(super) struct Tracked {
    pub(super) bytes_by_path: Vec<u64>,
    groups: Vec<Group>,
    bytes: u64,
    count: u64,
    /// Allocations so far that found no room for a record.
    given_up: u64,
}

/// The live blocks of one path and stack.
struct Group {
    path: usize,
    stack: StackId,
    frames: Vec<Frame>,
    bytes: u64,
    count: u64,
    largest: u64,
    oldest: u64,
    newest: u64,
}

impl Tracked {
    pub(super) fn new(records: &[Record], given_up: u64, paths: &Paths) -> Self {
        let mut groups: HashMap<(usize, StackId), Group> = HashMap::new();
        let mut stacks = Stacks::of(records);
        let mut bytes_by_path = vec![0; paths.all.len()];
        for record in records {
            // A node that came after the snapshot is not merged: what it allocated is no part of this report.
            let Some(&path) = paths.of_node.get(&record.owner) else { continue };
            let Some(bytes) = bytes_by_path.get_mut(path) else { continue };
            *bytes += record.size;
            let stack = stacks.first_alike(record.stack);
            let group = groups.entry((path, stack)).or_insert(Group {
                path,
                stack,
                frames: Vec::new(),
                bytes: 0,
                count: 0,
                largest: 0,
                oldest: record.ticks,
                newest: record.ticks,
            });
            group.bytes += record.size;
            group.count += 1;
            group.largest = group.largest.max(record.size);
            group.oldest = group.oldest.min(record.ticks);
            group.newest = group.newest.max(record.ticks);
        }
        let mut groups: Vec<Group> = groups.into_values().collect();
        groups.sort_by_key(|group| (std::cmp::Reverse(group.bytes), group.path, group.stack));
        for group in &mut groups {
            group.frames = stacks.frames(group.stack);
        }
        let bytes = groups.iter().map(|group| group.bytes).sum();
        let count = groups.iter().map(|group| group.count).sum();
        Self { bytes_by_path, groups, bytes, count, given_up }
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
    // Every live block either has a record, or is from before the start, or found no room. As long as all found room
    // the second figure is the rest, to the byte. Afterwards nobody knows which of the two a block without a record is:
    // what was there at the start is taken to be there still.
    let without_count = (totals.net_count.max(0) as u64).saturating_sub(tracked.count);
    let without_bytes = (totals.net_bytes.max(0) as u64).saturating_sub(tracked.bytes);
    let exact = tracked.given_up == 0;
    let not_tracked =
        if exact { 0 } else { without_count.saturating_sub(at_start.net_count as u64).min(tracked.given_up) };
    Live {
        exact,
        sample_interval_bytes: 1,
        tracked: Some(tracked.count),
        not_tracked: Some(not_tracked),
        estimated_bytes: Some(tracked.bytes),
        estimated_count: Some(tracked.count),
        error_bytes: exact.then_some(0),
        before_start_bytes: if exact { without_bytes } else { without_bytes.min(at_start.net_allocated as u64) },
        before_start_count: without_count - not_tracked,
        groups: tracked.groups.iter().map(|group| row(group, profile, now, names, paths)).collect(),
    }
}

fn row(group: &Group, profile: &Running, now: &Anchor, names: &Names, paths: &Paths) -> LiveGroup {
    let mut path: Vec<String> =
        paths.upwards(group.path).filter_map(|path| path.site).map(|site| name(names, site)).collect();
    path.reverse();
    LiveGroup {
        path,
        bytes: group.bytes,
        count: group.count,
        error_bytes: 0,
        largest_bytes: group.largest,
        oldest_seconds: profile.started.age_seconds(group.oldest, now),
        newest_seconds: profile.started.age_seconds(group.newest, now),
        bytes_per_second: 0.0,
        bytes_per_call: None,
        verdict: None,
        expected: None,
        stack: group.frames.clone(),
    }
}
