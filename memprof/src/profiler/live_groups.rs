//! Live blocks by call path and stack, and when they were made.

use super::estimate::Estimate;
use super::live_stacks::Stacks;
use super::merge::Paths;
use super::names::Files;
use super::verdict::{Births, Verdict};
use crate::live::stack::StackId;
use crate::live::{COARSE_BITS, Records, coarse};
use crate::report::data::Frame;
use crate::sorted;
use std::cmp::Reverse;
use std::collections::HashMap;

/// A block that keeps being made larger is a group that grows, if it is as large as this and this share of all.
const LARGE: u64 = 64 * 1024;
const LARGE_SHARE: f64 = 0.1;

/// The live blocks of one path and stack.
pub(super) struct Group {
    pub(super) path: usize,
    pub(super) estimate: Estimate,
    pub(super) largest: u64,
    /// Ticks.
    pub(super) oldest: u64,
    pub(super) newest: u64,
    pub(super) frames: Vec<Frame>,
    stack: StackId,
    births: Births,
    /// Whether the largest block was made larger in the later half of its life.
    is_being_enlarged: bool,
}

impl Group {
    /// What the birth times say; `oldest` and `run` in seconds, `whole`: all tracked bytes.
    pub(super) fn verdict(&self, oldest: f64, run: f64, whole: u64) -> Verdict {
        let verdict = Verdict::of(&self.births, oldest, run);
        // A vector that grows by doubling is one block, made once. The last time is in the later half of its life if it
        // grows evenly; what was filled at the start was enlarged there for the last time.
        let is_large = self.largest >= LARGE && self.largest as f64 >= whole as f64 * LARGE_SHARE;
        match verdict {
            Verdict::KeptSinceStart if is_large && self.is_being_enlarged => Verdict::Growing,
            other => other,
        }
    }
}

/// Sorts the records into groups, the largest first: by call path, and by stack if they are wanted.
pub(super) fn grouped(records: &Records, paths: &Paths, now: u64, with_stacks: bool) -> Vec<Group> {
    let mut groups: HashMap<(usize, StackId), Group> = HashMap::new();
    let files = Files::default();
    let mut stacks = Stacks::of(if with_stacks { records.as_slice() } else { &[] }, &files);
    for record in records.as_slice() {
        // A node that came after the snapshot is not merged: what it allocated is no part of this report.
        let Some(&path) = paths.of_node.get(&record.owner) else { continue };
        let stack = stacks.first_alike(record.stack);
        let group = groups.entry((path, stack)).or_insert_with(|| Group {
            path,
            estimate: Estimate::default(),
            largest: 0,
            oldest: record.ticks,
            newest: record.ticks,
            frames: Vec::new(),
            stack,
            births: Births::default(),
            is_being_enlarged: false,
        });
        group.estimate.add(record.size, records.interval_of(record));
        if record.size > group.largest {
            group.largest = record.size;
            group.is_being_enlarged = was_enlarged_late(record.ticks, record.grown, now);
        }
        group.oldest = group.oldest.min(record.ticks);
        group.newest = group.newest.max(record.ticks);
    }
    // Once more: only now the time that is to be divided is known.
    for record in records.as_slice() {
        let Some(&path) = paths.of_node.get(&record.owner) else { continue };
        if let Some(group) = groups.get_mut(&(path, stacks.first_alike(record.stack))) {
            let weight = 1.0 / crate::live::probability(record.size, records.interval_of(record)).max(f64::MIN_POSITIVE);
            group.births.add(record.ticks, group.oldest, now, weight);
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    for group in &mut groups {
        group.estimate = group.estimate.rounded();
        group.frames = stacks.frames(group.stack);
    }
    sorted::by_key(&mut groups, |group| (Reverse(group.estimate.bytes()), group.path, group.stack));
    groups
}

/// Whether a block's last growth is in the later half of its life.
fn was_enlarged_late(born: u64, grown: u32, now: u64) -> bool {
    let (born, now) = (born >> COARSE_BITS, u64::from(coarse(now)));
    // 0: never. The moments are compared as far as they are kept.
    grown != 0 && u64::from(grown) * 2 >= (born & u64::from(u32::MAX)) + now && now > (born & u64::from(u32::MAX))
}
