//! The arithmetic of sampling: the intervals, and the probability that a block is chosen.
//!
//! Sample points lie in the stream of allocated bytes, one in about `interval` bytes, independently of each other (a
//! Poisson process). A block is chosen if it contains at least one of them.

use std::cell::Cell;

/// Probability that a block is chosen: 1 − exp(−size / interval), and 1 for an interval of at most 1.
pub(crate) fn probability(size: u64, interval: u64) -> f64 {
    if interval <= 1 { 1.0 } else { -(-(size as f64) / interval as f64).exp_m1() }
}

/// The highest level that an interval can grow to: 1 TB.
pub(crate) const MAX_LEVEL: u8 = 160;
/// Number of levels in which the interval doubles.
pub(crate) const DOUBLING: u8 = 4;

/// The interval of a level, in bytes: 2^(level / 4), so that a level fits into one byte.
pub(crate) fn interval(level: u8) -> u64 {
    // 2^16 times the powers 0, 1/4, 2/4 and 3/4 of 2.
    let step: u64 = match level % DOUBLING {
        0 => 65_536,
        1 => 77_936,
        2 => 92_682,
        _ => 110_218,
    };
    (step << (level.min(MAX_LEVEL) / DOUBLING)) >> 16
}

/// The lowest level whose interval is at least `bytes`; the highest level if there is none.
pub(crate) fn level_of(bytes: u64) -> u8 {
    (0..MAX_LEVEL).find(|&level| interval(level) >= bytes).unwrap_or(MAX_LEVEL)
}

/// Mixes the bits: each bit of the result depends on each bit of the argument (the finaliser of SplitMix64).
pub(crate) fn mix(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// Uniform number from 0 (inclusive) to 1 (exclusive).
pub(crate) fn uniform(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// Random numbers of one thread: SplitMix64 (Steele, Lea and Flood 2014), one word of state.
#[derive(Debug)]
pub(crate) struct Random(Cell<u64>);

impl Random {
    pub(crate) const fn new() -> Self {
        Self(Cell::new(0))
    }

    pub(crate) fn seed(&self, seed: u64) {
        self.0.set(mix(seed.wrapping_add(1)));
    }

    fn next(&self) -> u64 {
        self.0.set(self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15));
        mix(self.0.get())
    }

    /// Bytes to the next sample point, at least 1.
    pub(crate) fn bytes_to_next(&self, interval: u64) -> u64 {
        // 1 − u is above 0, so its logarithm is finite.
        let arrows = -(1.0 - uniform(self.next())).ln();
        // Rounded up: a block is chosen if it is at least this long. A cast from a float saturates.
        ((arrows * interval as f64).ceil() as u64).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_levels_double_the_interval() {
        assert_eq!([0, 4, 8, 40, 80].map(interval), [1, 2, 4, 1024, 1 << 20]);
        assert_eq!((interval(MAX_LEVEL), interval(u8::MAX)), (1 << 40, 1 << 40 | (interval(u8::MAX) - (1 << 40))));
        for level in 4..MAX_LEVEL {
            assert!(interval(level) <= interval(level + 1));
            assert!(interval(level_of(interval(level))) == interval(level));
        }
        assert_eq!((level_of(0), level_of(1), level_of(2), level_of(u64::MAX)), (0, 0, 4, MAX_LEVEL));
    }

    #[test]
    fn the_ways_between_arrows_choose_each_size_as_often_as_they_should() {
        let random = Random::new();
        random.seed(7);
        for (size, interval) in [(1_u64, 2_u64), (64, 512), (512, 512), (4096, 512)] {
            let chosen = (0..100_000).filter(|_| random.bytes_to_next(interval) <= size).count() as f64;
            let expected = 100_000.0 * probability(size, interval);
            let error = (expected * (1.0 - probability(size, interval))).sqrt();
            assert!((chosen - expected).abs() < 4.0 * error + 1e-9, "{size} of {interval}: {chosen}, not {expected}");
        }
        assert_eq!((probability(1, 0), probability(1, 1)), (1.0, 1.0));
    }
}
