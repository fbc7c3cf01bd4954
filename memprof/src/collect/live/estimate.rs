//! Sums of live blocks, exact or from a sample, and their errors.

use crate::live::{Record, probability};

/// Probability that such a block has a record, at a sampling interval.
pub(crate) fn chance(record: &Record, interval: u64) -> f64 {
    chance_of(record.size, interval)
}

/// As [`chance`], for a block of this size.
pub(crate) fn chance_of(size: u64, interval: u64) -> f64 {
    probability(size, interval)
}

/// The live blocks of a path, of a function, or of all. Each record stands for 1/P blocks.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Estimate {
    bytes: f64,
    count: f64,
    /// Of `bytes`.
    variance: f64,
    samples: u64,
    /// Sum of the weights (`count` before rounding), and of their squares.
    weights: f64,
    squares: f64,
}

impl Estimate {
    /// Adds a block that has a record, with the probability of that.
    pub(crate) fn add(&mut self, size: u64, chance: f64) {
        let weight = 1.0 / chance;
        let stands_for = size as f64 * weight;
        self.bytes += stands_for;
        self.count += weight;
        self.variance += (1.0 - chance) * stands_for * stands_for;
        self.samples += 1;
        self.weights += weight;
        self.squares += weight * weight;
    }

    /// Adds bytes that may be live although no sample shows them, as one standard error.
    pub(crate) fn may_miss(&mut self, bytes: u64) {
        self.variance += (bytes as f64).powi(2);
    }

    /// The sum in whole bytes and blocks, of which the rows of a report are made, so that they add up.
    pub(crate) fn rounded(self) -> Self {
        Self { bytes: self.bytes.round(), count: self.count.round(), ..self }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            count: self.count + other.count,
            variance: self.variance + other.variance,
            samples: self.samples + other.samples,
            weights: self.weights + other.weights,
            squares: self.squares + other.squares,
        }
    }

    /// Bytes.
    pub(crate) fn bytes(self) -> u64 {
        self.bytes as u64
    }

    /// Blocks.
    pub(crate) fn count(self) -> u64 {
        self.count as u64
    }

    /// Blocks that have a record.
    pub(crate) fn samples(self) -> u64 {
        self.samples
    }

    /// Number of samples of equal weight with the same information, (Σw)²/Σw². If each block has a record, the number
    /// of blocks.
    pub(crate) fn effective(self) -> f64 {
        if self.squares > 0.0 { self.weights * self.weights / self.squares } else { 0.0 }
    }

    /// True if most of the blocks have no record of their own.
    pub(crate) fn is_thin(self) -> bool {
        self.weights > 1.1 * self.samples as f64
    }

    /// Standard error of the bytes; 0 if each block has a record. Without samples, three intervals: if more were live,
    /// one block would have been chosen with a probability of 95 %.
    pub(crate) fn error(self, interval: u64) -> u64 {
        match self.samples {
            _ if interval <= 1 => 0,
            0 => interval.saturating_mul(3),
            _ => self.variance.sqrt().ceil() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_stands_for_more_than_itself() {
        let mut estimate = Estimate::default();
        estimate.add(1000, probability(1000, 1000));
        let chance = 1.0 - (-1.0_f64).exp();
        assert_eq!((estimate.rounded().bytes(), estimate.rounded().count()), ((1000.0 / chance).round() as u64, 2));
        assert_eq!(estimate.error(1000), ((1.0 - chance).sqrt() * 1000.0 / chance).ceil() as u64);
        // A block far beyond the interval is certain.
        let mut certain = Estimate::default();
        certain.add(1 << 30, probability(1 << 30, 1000));
        assert_eq!((certain.bytes(), certain.count(), certain.error(1000)), (1 << 30, 1, 0));
    }

    #[test]
    fn samples_of_unequal_weight_say_less() {
        let mut equal = Estimate::default();
        (0..8).for_each(|_| equal.add(100, 0.1));
        assert!((equal.effective() - 8.0).abs() < 1e-9 && equal.is_thin());
        equal.add(100, 0.001);
        assert!(equal.effective() < 2.0, "{}", equal.effective());
        let mut certain = Estimate::default();
        certain.add(1 << 20, 0.99);
        assert!(!certain.is_thin());
    }

    #[test]
    fn nothing_found_is_not_nothing_there() {
        assert_eq!(Estimate::default().error(4096), 3 * 4096);
        assert_eq!(Estimate::default().error(1), 0);
    }

    #[test]
    fn where_all_are_recorded_the_sum_is_exact() {
        let mut estimate = Estimate::default();
        (1..=1000).for_each(|size| estimate.add(size, 1.0));
        assert_eq!((estimate.bytes(), estimate.count(), estimate.samples()), (500_500, 1000, 1000));
        assert_eq!(estimate.plus(estimate).error(1), 0);
    }
}
