//! Live blocks by call path and place, with their readings over time.

use super::estimate::{Estimate, chance};
use super::readings::{ReadingKey, Readings};
use super::record_keys::RecordKeys;
use super::stacks::Stacks;
use super::verdict::{Birth, Births};
use crate::collect::merge::Paths;
use crate::live::{COARSE_BITS, Record, Records, coarse, probability};
use crate::report::data::Frame;
use crate::sorted;
use crate::stack::StackId;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

/// A block that is enlarged again and again is a growing group if it has this size and this share of all live bytes.
const LARGE: u64 = 64 * 1024;
const LARGE_SHARE: f64 = 0.1;

/// The live blocks of one path and place.
pub(crate) struct Group {
    pub(crate) path: usize,
    pub(crate) estimate: Estimate,
    pub(crate) largest: u64,
    /// Ticks.
    pub(crate) oldest: u64,
    pub(crate) newest: u64,
    pub(crate) frames: Vec<Frame>,
    blocks: Vec<RecordedBlock>,
    /// The keys of its blocks in the readings.
    keys: HashSet<ReadingKey>,
    stack: StackId,
    /// True if the largest block was enlarged in the later half of its life.
    is_being_enlarged: bool,
    /// Time of the last enlargement, ticks; 0: none.
    pub(crate) enlarged: u64,
}

/// A block that has a record.
struct RecordedBlock {
    /// Ticks.
    made: u64,
    /// Time of the last enlargement, or of the allocation.
    enlarged: u64,
    /// The blocks that it stands for, and their bytes.
    weight: f64,
    bytes: f64,
}

impl Group {
    fn new(path: usize, stack: StackId, first: &Record) -> Self {
        Self {
            path,
            estimate: Estimate::default(),
            largest: 0,
            oldest: first.ticks,
            newest: first.ticks,
            frames: Vec::new(),
            blocks: Vec::new(),
            keys: HashSet::new(),
            stack,
            is_being_enlarged: false,
            enlarged: 0,
        }
    }

    fn add(&mut self, record: &Record, interval: u64, now: u64) {
        let chance = chance(record, interval).max(f64::MIN_POSITIVE);
        self.estimate.add(record.size, chance);
        if record.size > self.largest {
            self.largest = record.size;
            self.is_being_enlarged = was_enlarged_late(record.ticks, record.grown, now);
        }
        self.oldest = self.oldest.min(record.ticks);
        self.newest = self.newest.max(record.ticks);
        let enlarged = enlarged(record.ticks, record.grown);
        self.enlarged = self.enlarged.max(enlarged.unwrap_or(0));
        let (weight, bytes) = (1.0 / chance, record.size as f64 / chance);
        self.blocks.push(RecordedBlock {
            made: record.ticks,
            enlarged: enlarged.unwrap_or(record.ticks),
            weight,
            bytes,
        });
    }

    /// The allocations of its blocks; `seconds` converts ticks to seconds of the run.
    pub(crate) fn births(&self, seconds: impl Fn(u64) -> f64) -> Births {
        let birth = |block: &RecordedBlock| Birth {
            at: seconds(block.made),
            since: seconds(block.enlarged),
            weight: block.weight,
            bytes: block.bytes,
        };
        Births::new(self.blocks.iter().map(birth).collect())
    }

    /// Its live bytes at each moment of the readings; `None` if one of its keys has none.
    pub(crate) fn levels(&self, readings: &Readings) -> Option<Vec<f64>> {
        let mut levels = vec![0.0; readings.moments.len()];
        for key in &self.keys {
            let row = readings.live.get(key)?;
            levels.iter_mut().zip(row).for_each(|(sum, &bytes)| *sum += bytes as f64);
        }
        Some(levels)
    }

    /// Probability that a block of the usual size gets a record at a sampling interval.
    pub(crate) fn chance_now(&self, interval: u64) -> f64 {
        probability(self.estimate.bytes() / self.estimate.count().max(1), interval)
    }

    /// True if a block that is large among `whole` bytes was enlarged in the later half of its life.
    pub(crate) fn was_enlarged_late(&self, whole: u64) -> bool {
        // A vector that grows by doubling is one block, allocated once. If it grows evenly, the last enlargement is in
        // the later half of its life; if it was filled at the start, it is there.
        let is_large = self.largest >= LARGE && self.largest as f64 >= whole as f64 * LARGE_SHARE;
        is_large && self.is_being_enlarged
    }
}

/// Sorts the records into groups, the largest first: by call path, and by place if stacks are wanted.
pub(crate) fn grouped(
    (records, keys): (&Records, &RecordKeys<'_>),
    paths: &Paths,
    readings: &Readings,
    now: u64,
    stacks: &mut Stacks<'_>,
) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut of_place: HashMap<(usize, StackId), usize> = HashMap::new();
    let mut group_of = |(key, first): &(ReadingKey, &Record)| {
        // A node that is newer than the snapshot is not merged: its allocations are not part of this report.
        let path = *paths.of_node.get(&key.owner)?;
        let stack = stacks.first_alike(key.stack);
        let index = *of_place.entry((path, stack)).or_insert_with(|| {
            groups.push(Group::new(path, stack, first));
            groups.len() - 1
        });
        groups.get_mut(index)?.keys.insert(*key);
        Some(index)
    };
    let of_key: Vec<Option<usize>> = keys.first.iter().map(&mut group_of).collect();
    for (record, &key) in records.as_slice().iter().zip(&keys.of_record) {
        if let Some(&Some(index)) = of_key.get(key as usize)
            && let Some(group) = groups.get_mut(index)
        {
            group.add(record, records.interval_of(record), now);
        }
    }
    // Keys without live blocks also belong to a group: a thread may have passed its work on, and the profiler has
    // several ways to make a record.
    let with_groups: HashSet<usize> = of_place.keys().map(|&(path, _)| path).collect();
    for &key in readings.live.keys() {
        let Some(path) = paths.of_node.get(&key.owner).filter(|path| with_groups.contains(path)) else { continue };
        let index = of_place.get(&(*path, stacks.first_alike_of_reading(key.stack)));
        if let Some(group) = index.and_then(|&index| groups.get_mut(index)) {
            group.keys.insert(key);
        }
    }
    for group in &mut groups {
        group.estimate = group.estimate.rounded();
        group.frames = stacks.frames(group.stack);
    }
    sorted::by_key(&mut groups, |group| (Reverse(group.estimate.bytes()), group.path, group.stack));
    groups
}

/// Time of a block's last enlargement, ticks, as far as it is stored, and never before its allocation. `None`: never.
fn enlarged(born: u64, grown: u32) -> Option<u64> {
    const WRAP: u64 = 1 << 32;
    let base = born >> COARSE_BITS;
    let coarse = base - base % WRAP + u64::from(grown);
    let coarse = if coarse < base { coarse + WRAP } else { coarse };
    (grown != 0).then_some((coarse << COARSE_BITS).max(born))
}

/// True if a block's last growth is in the later half of its life.
fn was_enlarged_late(born: u64, grown: u32, now: u64) -> bool {
    let (born, now) = (born >> COARSE_BITS, u64::from(coarse(now)));
    // 0: never. Times are compared at the stored precision.
    grown != 0 && u64::from(grown) * 2 >= (born & u64::from(u32::MAX)) + now && now > (born & u64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ticks of a moment, as far as a record keeps it.
    fn ticks(moment: u64) -> u64 {
        moment << COARSE_BITS
    }

    #[test]
    fn the_time_of_the_last_growth_is_found_again() {
        assert_eq!(enlarged(ticks(7), 0), None);
        assert_eq!(enlarged(ticks(7), 9), Some(ticks(9)));
        // In the same step as its birth: no sooner than that.
        assert_eq!(enlarged(ticks(7) + 5, 7), Some(ticks(7) + 5));
        // The kept moments begin again after 2^32: the growth is the first such moment after the birth.
        let wrap = 1 << 32;
        assert_eq!(enlarged(ticks(wrap - 3), 4), Some(ticks(wrap + 4)));
        assert_eq!(enlarged(ticks(wrap + 5), 9), Some(ticks(wrap + 9)));
        assert_eq!(enlarged(ticks(3 * wrap + 5), 4), Some(ticks(4 * wrap + 4)));
    }

    #[test]
    fn growth_is_late_from_the_middle_of_a_life_on() {
        let late = |grown| was_enlarged_late(ticks(100), grown, ticks(200));
        assert_eq!([0, 100, 149, 150, 200].map(late), [false, false, false, true, true]);
        // Within one step there is no half.
        assert!(!was_enlarged_late(ticks(100), 100, ticks(100)));
        // Its life is beyond the moments that are kept: not known, so not said.
        assert!(!was_enlarged_late(ticks((1 << 32) - 10), 5, ticks((1 << 32) + 10)));
    }
}
