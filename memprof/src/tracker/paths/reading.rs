//! The figures of one node, as a value and as the node stores them for the last snapshot.

use super::counters::Flow;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// Reallocations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reallocations {
    pub(crate) reallocated_count: u64,
    /// Sum of max(0, new − old).
    pub(crate) grown_bytes: u64,
    /// Sum of the old sizes of those that grew: the most that growing moved.
    pub(crate) copied_bytes: u64,
}

impl Reallocations {
    fn plus(self, other: Self) -> Self {
        Self {
            reallocated_count: self.reallocated_count.wrapping_add(other.reallocated_count),
            grown_bytes: self.grown_bytes.wrapping_add(other.grown_bytes),
            copied_bytes: self.copied_bytes.wrapping_add(other.copied_bytes),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            reallocated_count: self.reallocated_count.wrapping_sub(other.reallocated_count),
            grown_bytes: self.grown_bytes.wrapping_sub(other.grown_bytes),
            copied_bytes: self.copied_bytes.wrapping_sub(other.copied_bytes),
        }
    }
}

/// Figures of a node in the last snapshot. All zero in a node that is younger than the snapshot.
#[derive(Debug)]
pub(crate) struct LastReading {
    allocated_bytes: AtomicU64,
    allocated_count: AtomicU64,
    deallocated_bytes: AtomicU64,
    deallocated_count: AtomicU64,
    reallocated_count: AtomicU64,
    grown_bytes: AtomicU64,
    copied_bytes: AtomicU64,
    calls: AtomicU64,
    finished: AtomicU64,
}

impl LastReading {
    pub(crate) const fn new() -> Self {
        Self {
            allocated_bytes: AtomicU64::new(0),
            allocated_count: AtomicU64::new(0),
            deallocated_bytes: AtomicU64::new(0),
            deallocated_count: AtomicU64::new(0),
            reallocated_count: AtomicU64::new(0),
            grown_bytes: AtomicU64::new(0),
            copied_bytes: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            finished: AtomicU64::new(0),
        }
    }

    /// The first pass of a snapshot.
    pub(crate) fn store_ends(&self, deallocated: Flow, finished: u64) {
        self.deallocated_bytes.store(deallocated.bytes, Relaxed);
        self.deallocated_count.store(deallocated.count, Relaxed);
        self.finished.store(finished, Relaxed);
    }

    /// The second pass of a snapshot.
    pub(crate) fn store_beginnings(&self, allocated: Flow, reallocations: Reallocations, calls: u64) {
        self.allocated_bytes.store(allocated.bytes, Relaxed);
        self.allocated_count.store(allocated.count, Relaxed);
        self.reallocated_count.store(reallocations.reallocated_count, Relaxed);
        self.grown_bytes.store(reallocations.grown_bytes, Relaxed);
        self.copied_bytes.store(reallocations.copied_bytes, Relaxed);
        self.calls.store(calls, Relaxed);
    }

    pub(crate) fn get(&self) -> Reading {
        Reading {
            allocated: Flow { bytes: self.allocated_bytes.load(Relaxed), count: self.allocated_count.load(Relaxed) },
            deallocated: Flow {
                bytes: self.deallocated_bytes.load(Relaxed),
                count: self.deallocated_count.load(Relaxed),
            },
            reallocations: Reallocations {
                reallocated_count: self.reallocated_count.load(Relaxed),
                grown_bytes: self.grown_bytes.load(Relaxed),
                copied_bytes: self.copied_bytes.load(Relaxed),
            },
            calls: self.calls.load(Relaxed),
            finished: self.finished.load(Relaxed),
        }
    }
}

/// The figures of one node at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reading {
    pub(crate) allocated: Flow,
    pub(crate) deallocated: Flow,
    pub(crate) reallocations: Reallocations,
    pub(crate) calls: u64,
    pub(crate) finished: u64,
}

impl Reading {
    pub(crate) fn plus(&self, other: &Reading) -> Reading {
        Reading {
            allocated: self.allocated.plus(other.allocated),
            deallocated: self.deallocated.plus(other.deallocated),
            reallocations: self.reallocations.plus(other.reallocations),
            calls: self.calls.wrapping_add(other.calls),
            finished: self.finished.wrapping_add(other.finished),
        }
    }

    /// Difference between an earlier reading of the same node and this one.
    pub(crate) fn since(&self, earlier: &Reading) -> Reading {
        Reading {
            allocated: self.allocated.minus(earlier.allocated),
            deallocated: self.deallocated.minus(earlier.deallocated),
            reallocations: self.reallocations.minus(earlier.reallocations),
            calls: self.calls.wrapping_sub(earlier.calls),
            finished: self.finished.wrapping_sub(earlier.finished),
        }
    }

    /// Allocated − deallocated, bytes; negative if it freed blocks of others.
    pub(crate) fn net_bytes(&self) -> i64 {
        self.allocated.bytes.wrapping_sub(self.deallocated.bytes) as i64
    }

    /// Allocated − deallocated, blocks.
    pub(crate) fn net_count(&self) -> i64 {
        self.allocated.count.wrapping_sub(self.deallocated.count) as i64
    }

    pub(crate) fn is_used(&self) -> bool {
        self.allocated.count != 0 || self.deallocated.count != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(from: u64) -> Reading {
        let at = |offset: u64| from.wrapping_mul(offset);
        Reading {
            allocated: Flow { bytes: at(1), count: at(2) },
            deallocated: Flow { bytes: at(3), count: at(5) },
            reallocations: Reallocations { reallocated_count: at(7), grown_bytes: at(11), copied_bytes: at(19) },
            calls: at(13),
            finished: at(17),
        }
    }

    fn words(reading: &Reading) -> [u64; 9] {
        let Reading { allocated, deallocated, reallocations, calls, finished } = *reading;
        let Reallocations { reallocated_count, grown_bytes, copied_bytes } = reallocations;
        let flows = [allocated.bytes, allocated.count, deallocated.bytes, deallocated.count];
        let [a, b, c, d] = flows;
        [a, b, c, d, reallocated_count, grown_bytes, copied_bytes, calls, finished]
    }

    #[test]
    fn every_figure_is_added_and_taken_away_again() {
        let (one, other) = (reading(1_000), reading(u64::MAX / 2));
        let sum = one.plus(&other);
        assert_eq!(words(&sum.since(&other)), words(&one));
        assert_eq!(words(&sum.since(&one)), words(&other));
        assert!(words(&sum).iter().zip(words(&one)).all(|(sum, one)| *sum != one));
    }

    #[test]
    fn a_node_stores_the_figures_of_both_passes() {
        let last = LastReading::new();
        assert_eq!(words(&last.get()), [0; 9]);
        let now = reading(3);
        last.store_ends(now.deallocated, now.finished);
        last.store_beginnings(now.allocated, now.reallocations, now.calls);
        assert_eq!(words(&last.get()), words(&now));
    }

    #[test]
    fn who_frees_the_blocks_of_others_has_a_negative_net() {
        let frees = Reading { deallocated: Flow { bytes: 100, count: 2 }, ..Reading::default() };
        assert_eq!((frees.net_bytes(), frees.net_count(), frees.is_used()), (-100, -2, true));
        let calls = Reading { calls: 5, ..Reading::default() };
        assert_eq!((calls.net_bytes(), calls.is_used()), (0, false));
    }
}
