//! Items of a function's calls: the vectors, rows or requests that its figures are divided by.

use super::owner_counter::OwnerCounter;
use std::cell::Cell;

/// Items of one site's calls on one ledger; created when a call first says how many it has.
#[derive(Debug)]
pub(crate) struct ItemCounters {
    /// Sum over the calls.
    pub(crate) count: OwnerCounter,
    /// The largest peak of a call divided by its items, as the bits of a float: those of positive floats have their
    /// order. 0: no call with items has ended.
    peak_bits: OwnerCounter,
    /// Items said so far in the innermost open call of the site. The guard of the call keeps those of the calls around
    /// it.
    open: Cell<u64>,
}

impl ItemCounters {
    pub(crate) const fn new() -> Self {
        Self { count: OwnerCounter::new(0), peak_bits: OwnerCounter::new(0), open: Cell::new(0) }
    }

    /// Adds items to the open call; the owner alone calls this.
    pub(crate) fn add(&self, items: u64) {
        self.count.set(self.count.get().saturating_add(items));
        self.open.set(self.open.get().saturating_add(items));
    }

    /// Replaces the items of the open call; the owner alone calls this.
    pub(crate) fn replace(&self, items: u64) -> u64 {
        self.open.replace(items)
    }

    /// Notes the peak of a call that has ended; the owner alone calls this.
    pub(crate) fn record_peak(&self, peak: u64, items: u64) {
        if items > 0 {
            self.peak_bits.raise_to((peak as f64 / items as f64).to_bits() + 1);
        }
    }

    /// The largest peak of a call divided by its items. `None`: no call with items has ended.
    pub(crate) fn peak_per_item(&self) -> Option<f64> {
        self.peak_bits.get().checked_sub(1).map(f64::from_bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_peak_per_item_is_kept() {
        let counters = ItemCounters::new();
        assert_eq!(counters.peak_per_item(), None);
        for (peak, items, largest) in
            [(0, 4, 0.0), (10, 4, 2.5), (100, 50, 2.5), (7, 0, 2.5), (u64::MAX, 1, 2f64.powi(64))]
        {
            counters.record_peak(peak, items);
            assert_eq!(counters.peak_per_item(), Some(largest));
        }
    }
}
