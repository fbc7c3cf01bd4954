//! Limits of a rule.

/// A decimal number, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    /// The digits, without the point.
    pub(super) digits: u64,
    /// 10 to the power of the digits behind the point.
    pub(super) scale: u64,
}

/// A part of a rule's limit. A rule is broken if all its parts are exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// Growth beyond a share of the baseline, percent.
    Percent(Decimal),
    /// Growth beyond a number.
    Growth(u64),
    /// The new value, whatever the baseline has.
    Value(u64),
}

impl Limit {
    /// True if the limit needs a baseline.
    pub(super) fn is_relative(self) -> bool {
        !matches!(self, Self::Value(_))
    }

    /// True if `new` exceeds the limit.
    pub(super) fn is_exceeded(self, old: i128, new: i128) -> bool {
        match self {
            Self::Percent(Decimal { digits, scale }) => {
                // Below 2^65 × 10^2 × 10^6 and 2^64 × 2^60: neither product overflows.
                let growth = (new - old).saturating_mul(100).saturating_mul(scale.into());
                growth > old.abs().saturating_mul(digits.into())
            }
            Self::Growth(most) => new - old > most.into(),
            Self::Value(most) => new > most.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_exceeded_by_more_than_they_are() {
        let percent = |digits, scale| Limit::Percent(Decimal { digits, scale });
        let cases = [
            (percent(5, 1), 100, 105, false),
            (percent(5, 1), 100, 106, true),
            (percent(5, 10), 1_000, 1_005, false),
            (percent(5, 10), 1_000, 1_006, true),
            (percent(0, 1), 100, 100, false),
            (percent(0, 1), 100, 101, true),
            // Nothing before: any growth is more than any share.
            (percent(500, 1), 0, 1, true),
            (percent(5, 1), 0, 0, false),
            (percent(5, 1), 100, 0, false),
            // A net may be negative, and fall or rise.
            (percent(5, 1), -100, -95, false),
            (percent(5, 1), -100, -94, true),
            (percent(5, 1), -100, -200, false),
            (Limit::Growth(128), 0, 128, false),
            (Limit::Growth(128), 0, 129, true),
            (Limit::Growth(0), 5, 4, false),
            (Limit::Value(64), 1_000, 64, false),
            (Limit::Value(64), 0, 65, true),
            (percent(u64::MAX, 1_000_000), i128::from(u64::MAX), i128::from(u64::MAX), false),
        ];
        for (limit, old, new, expected) in cases {
            assert_eq!(limit.is_exceeded(old, new), expected, "{limit:?} of {old} and {new}");
        }
    }
}
