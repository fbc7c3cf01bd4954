//! Timelines of the merged reports.

use super::notes::{MOST_TIMELINES, Notes};
use crate::report::data::{Merged, MergedTimeline, Program, Timeline};

/// Limit of the points of each timeline.
const MOST_POINTS: usize = 128;

/// The timelines with the highest net.
#[derive(Debug, Default)]
pub(super) struct Timelines {
    rows: Vec<MergedTimeline>,
}

impl Timelines {
    pub(super) fn add(
        &mut self,
        program: Program,
        timeline: Option<Timeline>,
        merged: Option<Merged>,
        notes: &mut Notes,
    ) {
        let own = timeline.map(|timeline| MergedTimeline { run: program.run, host: program.host, timeline });
        for mut row in own.into_iter().chain(merged.into_iter().flat_map(|merged| merged.timelines)) {
            thin(&mut row.timeline);
            self.rows.push(row);
        }
        if self.rows.len() >= 2 * MOST_TIMELINES {
            self.keep_highest(notes);
        }
    }

    fn keep_highest(&mut self, notes: &mut Notes) {
        let highest = |row: &MergedTimeline| row.timeline.points.iter().map(|point| point.net_bytes).max();
        self.rows.sort_by(|one, other| {
            highest(other).cmp(&highest(one)).then_with(|| (&one.host, &one.run).cmp(&(&other.host, &other.run)))
        });
        let left_out = self.rows.len().saturating_sub(MOST_TIMELINES);
        notes.left_out_timelines = notes.left_out_timelines.saturating_add(left_out as u64);
        self.rows.truncate(MOST_TIMELINES);
    }

    /// Those of the highest net first.
    pub(super) fn finish(mut self, notes: &mut Notes) -> Vec<MergedTimeline> {
        self.keep_highest(notes);
        self.rows
    }
}

/// Drops every second point until there are few enough. The last one stays, and the highest.
fn thin(timeline: &mut Timeline) {
    while timeline.points.len() > MOST_POINTS {
        let last = timeline.points.len() - 1;
        let highest = timeline.points.iter().map(|point| point.net_bytes).max();
        let mut index = 0;
        let mut has_highest = false;
        timeline.points.retain(|point| {
            let is_highest = !has_highest && Some(point.net_bytes) == highest;
            has_highest |= is_highest;
            index += 1;
            is_highest || index % 2 == 1 || index > last
        });
        timeline.interval_seconds *= 2.0;
    }
}
