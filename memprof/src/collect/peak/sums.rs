//! Sums of live blocks by node and stack, made without allocating.

use crate::collect::live::estimate::{Estimate, chance};
use crate::live::Record;
use crate::os::memory::mapped_vec::MappedVec;
use crate::stack::StackId;

/// Limit of the sums with a stack. The blocks of further stacks are summed by node alone.
const MOST_STACKS: usize = 16 * 1024;
/// Initial capacity.
const FIRST: usize = 512;
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The live blocks that were allocated at one node, on one stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlaceSum {
    /// Address of the node.
    pub(super) owner: usize,
    /// 0: unknown, or one of several.
    pub(super) stack: StackId,
    pub(super) estimate: Estimate,
    /// Size of the largest block.
    pub(super) largest: u64,
    /// Times of the oldest and the newest block, ticks.
    pub(super) oldest: u64,
    pub(super) newest: u64,
}

/// The sums of one picture: rows, and an open-addressed index of them.
#[derive(Debug)]
pub(super) struct PlaceSums {
    rows: MappedVec<PlaceSum>,
    /// Number of a row plus one; 0: none. Its length is a power of two, and at least half of it is 0.
    index: MappedVec<u32>,
}

impl PlaceSums {
    pub(super) const fn new() -> Self {
        Self { rows: MappedVec::new(), index: MappedVec::new() }
    }

    /// Reserves the initial memory. False: the system has none.
    pub(super) fn prepare(&mut self) -> bool {
        self.rows.reserve(FIRST) && self.index.reserve(2 * FIRST)
    }

    /// Removes all sums. False: the system has no memory for any.
    pub(super) fn clear(&mut self) -> bool {
        self.rows.clear();
        let length = self.index.as_slice().len().max(2 * FIRST);
        self.index.fill(length, 0)
    }

    pub(super) fn rows(&self) -> &[PlaceSum] {
        self.rows.as_slice()
    }

    /// Adds a record that has been subject to this sampling interval. False: the system has no memory for its row.
    pub(super) fn add(&mut self, record: &Record, interval: u64) -> bool {
        let stack = if self.rows.as_slice().len() < MOST_STACKS { record.stack } else { 0 };
        let Some(row) = self.row(record.owner(), stack, record) else { return false };
        row.estimate.add(record.size, chance(record, interval).max(f64::MIN_POSITIVE));
        row.largest = row.largest.max(record.size);
        row.oldest = row.oldest.min(record.ticks);
        row.newest = row.newest.max(record.ticks);
        true
    }

    fn row(&mut self, owner: usize, stack: StackId, first: &Record) -> Option<&mut PlaceSum> {
        let mut at = self.find(owner, stack)?;
        let mut number = self.index.as_slice().get(at).copied()?;
        if number == 0 {
            let row = PlaceSum {
                owner,
                stack,
                estimate: Estimate::default(),
                largest: 0,
                oldest: first.ticks,
                newest: first.ticks,
            };
            if self.rows.as_slice().len() * 2 >= self.index.as_slice().len() {
                self.grow()?;
                at = self.find(owner, stack)?;
            }
            if !self.rows.push(row) {
                return None;
            }
            number = self.rows.as_slice().len() as u32;
            *self.index.as_mut_slice().get_mut(at)? = number;
        }
        self.rows.as_mut_slice().get_mut(number as usize - 1)
    }

    /// Entry of the index that has this row, or is free for it.
    fn find(&self, owner: usize, stack: StackId) -> Option<usize> {
        let (index, rows) = (self.index.as_slice(), self.rows.as_slice());
        let mask = index.len().checked_sub(1)?;
        let hash = (owner as u64 ^ u64::from(stack).rotate_left(40)).wrapping_mul(GOLDEN);
        let first = (hash >> 32) as usize;
        (0..index.len()).map(|step| first.wrapping_add(step) & mask).find(|&at| match index.get(at) {
            Some(0) | None => true,
            Some(&number) => rows.get(number as usize - 1).is_some_and(|row| (row.owner, row.stack) == (owner, stack)),
        })
    }

    /// Doubles the index.
    fn grow(&mut self) -> Option<()> {
        let length = self.index.as_slice().len().checked_mul(2)?;
        if !self.index.fill(length, 0) {
            return None;
        }
        for number in 0..self.rows.as_slice().len() {
            let row = *self.rows.as_slice().get(number)?;
            let at = self.find(row.owner, row.stack)?;
            *self.index.as_mut_slice().get_mut(at)? = number as u32 + 1;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Drawn;

    fn record(owner: usize, stack: StackId, size: u64) -> Record {
        Record { size, owner_word: owner * 64, ticks: size, drawn: Drawn::CERTAIN, stack, grown: 0 }
    }

    #[test]
    fn blocks_are_summed_by_node_and_stack() {
        let mut sums = PlaceSums::new();
        assert!(sums.prepare() && sums.clear() && sums.rows().is_empty());
        for turn in 1..=3 {
            for owner in 1..=100 {
                for stack in 0..50 {
                    assert!(sums.add(&record(owner, stack, turn * 10), 1));
                }
            }
        }
        assert_eq!(sums.rows().len(), 5_000);
        for row in sums.rows() {
            assert_eq!((row.estimate.bytes(), row.estimate.count(), row.largest), (60, 3, 30));
            assert_eq!((row.oldest, row.newest), (10, 30));
        }
        assert!(sums.clear() && sums.rows().is_empty() && sums.add(&record(1, 1, 5), 1));
        assert_eq!(sums.rows().len(), 1);
    }

    #[test]
    fn beyond_the_limit_of_stacks_a_node_has_one_row() {
        let mut sums = PlaceSums::new();
        assert!(sums.clear());
        for stack in 1..=MOST_STACKS as u32 + 500 {
            assert!(sums.add(&record(1, stack, 8), 1) && sums.add(&record(2, stack, 8), 1));
        }
        assert!(sums.rows().len() <= MOST_STACKS + 2);
        let bytes: u64 = sums.rows().iter().map(|row| row.estimate.bytes()).sum();
        assert_eq!(bytes, 2 * 8 * (MOST_STACKS as u64 + 500));
    }
}
