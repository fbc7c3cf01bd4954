//! Sums of estimates with their standard errors.

use crate::report::data::Report;

/// Sampling intervals without a sample of a figure: its standard error is at most so many, as in `live.error_bytes`.
const INTERVALS: f64 = 3.0;

/// Standard error of a figure of which a report's sample has nothing: what it allocated limits it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unsampled(Option<f64>);

impl Unsampled {
    /// That of a report, which is the sum of so many. `None` within: the report knows nothing of such a figure.
    pub(super) fn of(report: &Report, reports: u64) -> Self {
        let live = &report.live;
        let is_sample = live.tracked.is_some() && live.error_bytes.is_some() && live.sample_interval_bytes > 1;
        Self(is_sample.then(|| INTERVALS * live.sample_interval_bytes as f64 * (reports as f64).sqrt()))
    }

    fn error(self, allocated: u64) -> Option<u64> {
        self.0.map(|error| (error as u64).min(allocated))
    }
}

/// Sum of independent estimates.
#[derive(Clone, Debug, Default)]
pub(super) struct EstimateSum {
    bytes: u64,
    error: ErrorSum,
    is_known: bool,
    is_incomplete: bool,
}

impl EstimateSum {
    /// Adds an estimate with its error. An estimate that a sample has nothing of is 0, with the error of such a figure.
    pub(super) fn add(&mut self, bytes: Option<u64>, error: Option<u64>, unsampled: Unsampled, allocated: u64) {
        match (bytes, unsampled.error(allocated)) {
            (Some(bytes), _) => {
                self.is_known = true;
                self.bytes = self.bytes.saturating_add(bytes);
                self.error.add(error);
            }
            (None, Some(error)) => self.error.add(Some(error)),
            (None, None) => self.is_incomplete = true,
        }
    }

    /// The sum and its error. `None`: not known.
    pub(super) fn figures(&self) -> (Option<u64>, Option<u64>) {
        if self.is_incomplete || !self.is_known {
            return (None, None);
        }
        (Some(self.bytes), self.error.bytes())
    }
}

/// Standard error of a sum of independent estimates.
#[derive(Clone, Debug, Default)]
pub(super) struct ErrorSum {
    squares: u128,
    is_unknown: bool,
}

impl ErrorSum {
    pub(super) fn add(&mut self, error: Option<u64>) {
        match error.map(u128::from) {
            Some(error) => self.squares = self.squares.saturating_add(error.saturating_mul(error)),
            None => self.is_unknown = true,
        }
    }

    /// The root, rounded up. `None` if an error is not known.
    pub(super) fn bytes(&self) -> Option<u64> {
        let root = self.squares.isqrt();
        let root = if root.saturating_mul(root) < self.squares { root + 1 } else { root };
        (!self.is_unknown).then(|| u64::try_from(root).unwrap_or(u64::MAX))
    }
}
