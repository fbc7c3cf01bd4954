//! Distribution of a function's calls, summed over all ledgers.

use crate::report::data::Distribution;
use crate::tracker::{self, ALL_BUCKETS};

/// Sum of the distributions of several ledgers.
#[derive(Clone, Debug)]
pub(crate) struct Spread {
    counts: Vec<u64>,
    /// Values that are in no bucket.
    beyond: u64,
    min: u64,
    max: u64,
}

impl Spread {
    /// The sum, with values of 0 for the rest of `calls`: zeros are not recorded one by one.
    pub(crate) fn of<'a>(distributions: impl Iterator<Item = &'a tracker::NodeDistribution>, calls: u64) -> Self {
        let mut spread = Self { counts: vec![0; ALL_BUCKETS], beyond: 0, min: u64::MAX, max: 0 };
        for distribution in distributions {
            for (number, count) in distribution.buckets() {
                if let Some(sum) = spread.counts.get_mut(number) {
                    *sum += count;
                }
            }
            spread.beyond += distribution.beyond();
            let (min, max) = distribution.extremes();
            spread.min = spread.min.min(min);
            spread.max = spread.max.max(max);
        }
        let zeros = calls.saturating_sub(spread.bucketed() + spread.beyond);
        if let (Some(count), 1..) = (spread.counts.first_mut(), zeros) {
            *count += zeros;
            spread.min = 0;
        }
        spread
    }

    fn bucketed(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The smallest value that at least `percent` of the values do not exceed (nearest rank), to 3.1 %. `None` if some
    /// values are in no bucket.
    fn percentile(&self, percent: u64) -> Option<u64> {
        let all = self.bucketed();
        if self.beyond > 0 || all == 0 {
            return None;
        }
        let rank = (u128::from(all) * u128::from(percent)).div_ceil(100).max(1);
        let mut seen = 0u128;
        let number = self.counts.iter().position(|&count| {
            seen += u128::from(count);
            seen >= rank
        })?;
        Some(tracker::middle_of_bucket(number).clamp(self.min.min(self.max), self.max))
    }

    /// The distribution as in the report; `None` while no call has ended.
    pub(crate) fn to_report(&self) -> Option<Distribution> {
        (self.bucketed() + self.beyond > 0).then(|| Distribution {
            min: self.min,
            p50: self.percentile(50),
            p95: self.percentile(95),
            p99: self.percentile(99),
            max: self.max,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    #[test]
    fn percentiles_are_unknown_where_a_value_has_no_bucket() {
        let mut spread = Spread::of(std::iter::empty(), 10);
        assert_eq!((spread.percentile(50), spread.to_report().unwrap().max), (Some(0), 0));
        spread.beyond = 1;
        spread.max = 700;
        let reported = spread.to_report().unwrap();
        assert_eq!((reported.min, reported.p50, reported.p99, reported.max), (0, None, None, 700));
    }

    #[test]
    fn without_calls_there_is_nothing_to_report() {
        assert_eq!(Spread::of(std::iter::empty(), 0).to_report(), None);
    }
}
