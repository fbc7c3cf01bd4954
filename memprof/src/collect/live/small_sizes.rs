//! Sizes of the small live blocks, for the question how much the allocator adds to them.

use super::estimate::chance;
use crate::live::Records;

/// Largest size of a small block, bytes.
pub(crate) const SMALL: usize = 64;

/// Number of live blocks of each small size, estimated in a sample.
pub(crate) struct SmallSizes {
    blocks: [f64; SMALL + 1],
    /// Live blocks of all sizes.
    all: f64,
    pub(crate) is_exact: bool,
}

impl SmallSizes {
    pub(crate) fn of(records: &Records) -> Self {
        let mut sizes = Self { blocks: [0.0; SMALL + 1], all: 0.0, is_exact: records.interval <= 1 };
        for record in records.as_slice() {
            let weight = 1.0 / chance(record, records.interval_of(record));
            sizes.all += weight;
            if let Some(blocks) = usize::try_from(record.size).ok().and_then(|size| sizes.blocks.get_mut(size)) {
                *blocks += weight;
            }
        }
        sizes
    }

    /// Small live blocks.
    pub(crate) fn count(&self) -> f64 {
        self.blocks.iter().sum()
    }

    /// Share of the live blocks that are small, from 0 to 1.
    pub(crate) fn share(&self) -> f64 {
        if self.all > 0.0 { self.count() / self.all } else { 0.0 }
    }

    /// Bytes of the small live blocks, as they were asked for.
    pub(crate) fn bytes(&self) -> f64 {
        self.each().map(|(size, blocks)| size as f64 * blocks).sum()
    }

    /// Bytes that an allocator adds to the small live blocks. `None` if a size is not known.
    pub(crate) fn added(&self, usable: impl Fn(usize) -> Option<usize>) -> Option<f64> {
        self.each().map(|(size, blocks)| Some(usable(size)?.saturating_sub(size) as f64 * blocks)).sum()
    }

    fn each(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.blocks.iter().copied().enumerate().filter(|&(_, blocks)| blocks > 0.0)
    }
}
