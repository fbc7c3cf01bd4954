//! Changes of figures.

use super::data::{Difference, SplitChange};

/// The nearest `i64`: a report may hold any number.
pub(super) fn clamped(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(if number < 0 { i64::MIN } else { i64::MAX })
}

/// `over / under` to the nearest whole number, halves away from 0.
fn rounded(over: i128, under: i128) -> i128 {
    (over.abs() + under / 2) / under * over.signum()
}

impl SplitChange {
    /// The change of a figure, by the calls that it comes from.
    pub(super) fn of(old: (u64, u64), new: (u64, u64)) -> Self {
        let ((old_calls, old), (new_calls, new)) = (old, new);
        let change = i128::from(new) - i128::from(old);
        let more_calls = i128::from(new_calls) - i128::from(old_calls);
        let from_calls = match old_calls {
            0 if new_calls == 0 => 0,
            0 => change,
            _ => rounded(more_calls.saturating_mul(i128::from(old)), i128::from(old_calls)),
        };
        // In this order the parts add up to the change, also at the limits of `i64`.
        let (change, from_calls) = (clamped(change), clamped(from_calls));
        Self { old, new, change, from_calls, from_each_call: change.saturating_sub(from_calls) }
    }
}

impl Difference {
    /// The change of exact figures.
    pub(super) fn exact(old: impl Into<i128>, new: impl Into<i128>) -> Self {
        let (old, new) = (old.into(), new.into());
        let change = clamped(new - old);
        Self {
            old: Some(clamped(old)),
            new: Some(clamped(new)),
            change: Some(change),
            error: Some(0),
            is_significant: change != 0,
        }
    }

    /// The change of exact figures that may not be known.
    pub(super) fn known(old: Option<u64>, new: Option<u64>) -> Self {
        Self::within(old, new, Some(0), 1)
    }

    /// The change of figures with an error bound each.
    pub(super) fn bounded(old: (u64, u64), new: (u64, u64)) -> Self {
        Self::within(Some(old.0), Some(new.0), Some(old.1.saturating_add(new.1)), 1)
    }

    /// The change of estimates with a standard error each.
    pub(super) fn estimated(old: (Option<u64>, Option<u64>), new: (Option<u64>, Option<u64>)) -> Self {
        let error = old.1.zip(new.1).map(|(old, new)| (old as f64).hypot(new as f64).round() as u64);
        Self::within(old.0, new.0, error, 2)
    }

    fn within(old: Option<u64>, new: Option<u64>, error: Option<u64>, times: u64) -> Self {
        let change = old.zip(new).map(|(old, new)| i128::from(new) - i128::from(old));
        let is_outside = |(change, error): (i128, u64)| change.unsigned_abs() > u128::from(error) * u128::from(times);
        Self {
            old: old.map(|old| clamped(old.into())),
            new: new.map(|new| clamped(new.into())),
            change: change.map(clamped),
            error: change.and(error),
            is_significant: change.zip(error).is_some_and(is_outside),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_calls_and_more_bytes_a_call_are_told_apart() {
        let split = |old, new| {
            let change = SplitChange::of(old, new);
            assert_eq!(change.change, change.from_calls + change.from_each_call);
            (change.from_calls, change.from_each_call)
        };
        assert_eq!(split((10, 1000), (20, 2000)), (1000, 0));
        assert_eq!(split((10, 1000), (10, 1500)), (0, 500));
        assert_eq!(split((10, 1000), (20, 3000)), (1000, 1000));
        assert_eq!(split((10, 1000), (5, 1000)), (-500, 500));
        assert_eq!(split((0, 0), (7, 700)), (700, 0));
        assert_eq!(split((7, 700), (0, 0)), (-700, 0));
        // Allocated in calls that began before: no call explains them.
        assert_eq!(split((0, 5), (0, 8)), (0, 3));
        assert_eq!(split((3, 10), (4, 13)), (3, 0));
        assert_eq!(split((2, 1), (1, 1)), (-1, 1));
    }

    #[test]
    fn numbers_at_their_limits_do_not_overflow() {
        let most = SplitChange::of((1, u64::MAX), (u64::MAX, 0));
        assert_eq!((most.change, most.from_calls), (i64::MIN, i64::MAX));
        assert_eq!(Difference::exact(u64::MAX, i64::MIN).change, Some(i64::MIN));
        let bounded = Difference::bounded((0, u64::MAX), (u64::MAX, u64::MAX));
        assert!(!bounded.is_significant);
    }

    #[test]
    fn a_change_within_its_error_is_not_significant() {
        let change = |old, new| Difference::estimated(old, new).is_significant;
        assert!(!change((Some(100), Some(30)), (Some(190), Some(40))));
        assert!(change((Some(100), Some(30)), (Some(201), Some(40))));
        assert!(!change((Some(100), None), (Some(900), Some(0))));
        assert!(!change((None, None), (Some(900), Some(0))));
        assert!(Difference::bounded((100, 5), (111, 5)).is_significant);
        assert!(!Difference::bounded((100, 5), (110, 5)).is_significant);
        assert!(Difference::known(Some(1), Some(2)).is_significant);
        assert!(!Difference::known(Some(1), Some(1)).is_significant);
    }
}
