//! The sum of live memory.

use super::estimate::ErrorSum;
use super::groups::GroupSums;
use super::notes::Notes;
use super::numbers::{add_fields, add_known_fields};
use crate::report::data::{Live, NetRise, cause};

#[derive(Debug, Default)]
pub(super) struct LiveSum {
    /// `None`: no report was added.
    sum: Option<Live>,
    error: ErrorSum,
    groups: GroupSums,
}

impl LiveSum {
    pub(super) fn add(&mut self, live: Live, notes: &mut Notes) {
        self.error.add(live.error_bytes);
        let Live { groups, .. } = live;
        let row = Live { groups: Vec::new(), ..live };
        self.groups.add(groups, notes);
        match &mut self.sum {
            None => self.sum = Some(row),
            Some(sum) => add(sum, row),
        }
    }

    pub(super) fn finish(self) -> Live {
        Live { error_bytes: self.error.bytes(), groups: self.groups.finish(), ..self.sum.unwrap_or_default() }
    }
}

fn add(sum: &mut Live, row: Live) {
    sum.exact &= row.exact;
    sum.sample_interval_bytes = sum.sample_interval_bytes.max(row.sample_interval_bytes);
    sum.interval_range = match (sum.interval_range, row.interval_range) {
        (Some([least, most]), Some([least_of_row, most_of_row])) => {
            Some([least.min(least_of_row), most.max(most_of_row)])
        }
        (one, other) => one.or(other),
    };
    if rank(row.sampled_because.as_deref()) > rank(sum.sampled_because.as_deref()) {
        sum.sampled_because = row.sampled_because;
    }
    add_known_fields!(sum, row, tracked not_tracked estimated_bytes estimated_count);
    add_fields!(sum, row, before_start_bytes before_start_count);
    sum.net_rise = net_rise(sum.net_rise.take(), row.net_rise);
}

/// Order of the reasons for a sample: the most pressing one stands for all.
fn rank(because: Option<&str>) -> Option<usize> {
    let because = because?;
    [cause::FIXED, cause::BUDGET, cause::FULL].iter().position(|known| *known == because).or(Some(0))
}

/// The rises of several processes: their sum, within the longest time, and of the function that is the same in all.
fn net_rise(one: Option<NetRise>, other: Option<NetRise>) -> Option<NetRise> {
    let (Some(one), Some(other)) = (&one, &other) else { return one.or(other) };
    let function = one.function.clone().filter(|_| one.function == other.function);
    let bytes = one.function_bytes.zip(other.function_bytes).map(|(one, other)| one.saturating_add(other));
    Some(NetRise {
        bytes: one.bytes.saturating_add(other.bytes),
        seconds: one.seconds.max(other.seconds),
        // One that goes on is the more important one.
        ended_seconds: one.ended_seconds.zip(other.ended_seconds).map(|(one, other)| one.min(other)),
        function_bytes: bytes.filter(|_| function.is_some()),
        function,
    })
}
