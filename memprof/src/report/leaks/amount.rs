//! Bytes of groups, limited to possible values.

use crate::report::data::LiveGroup;
use crate::size;
use std::borrow::Cow;

/// Bytes as shown: the estimate, or its exact upper bound if that is less.
pub(crate) fn bytes(group: &LiveGroup) -> u64 {
    group.at_most_bytes.map_or(group.bytes, |most| most.min(group.bytes))
}

/// The group with its blocks and rates in proportion to the bytes as shown: a limit of the bytes limits them too.
pub(super) fn in_proportion(group: &LiveGroup) -> Cow<'_, LiveGroup> {
    if group.at_most_bytes.is_none_or(|most| most >= group.bytes) {
        return Cow::Borrowed(group);
    }
    let share = bytes(group) as f64 / group.bytes.max(1) as f64;
    Cow::Owned(LiveGroup {
        count: ((group.count as f64 * share).round() as u64).max(1),
        bytes_per_second: group.bytes_per_second * share,
        bytes_per_call: group.bytes_per_call.map(|bytes| bytes * share),
        ..group.clone()
    })
}

/// The bytes in words, with their standard error.
pub(super) fn words(group: &LiveGroup) -> String {
    if let Some(most) = group.at_most_bytes {
        return format!("at most {}", size::exact(most));
    }
    format!("{}{}", size::exact(group.bytes), error(group.error_bytes))
}

/// The sum of groups in words, with its standard error.
pub(super) fn sum_in_words(groups: &[&LiveGroup]) -> String {
    let sum = size::exact(sum(groups));
    if groups.iter().any(|group| group.at_most_bytes.is_some()) {
        return format!("at most {sum}");
    }
    format!("{sum}{}", error(error_of_sum(groups.iter().map(|group| group.error_bytes))))
}

/// Bytes of groups, as shown.
pub(super) fn sum(groups: &[&LiveGroup]) -> u64 {
    groups.iter().fold(0, |sum, group| sum.saturating_add(bytes(group)))
}

/// Standard error of a sum of independent estimates.
pub(super) fn error_of_sum(errors: impl IntoIterator<Item = u64>) -> u64 {
    let squares: f64 = errors.into_iter().map(|error| error as f64 * error as f64).sum();
    squares.sqrt().ceil() as u64
}

fn error(bytes: u64) -> String {
    if bytes > 0 { format!(" ± {}", size::bytes(bytes)) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_the_bytes_limits_blocks_and_rates() {
        let group = LiveGroup {
            bytes: 1000,
            at_most_bytes: Some(500),
            count: 10,
            bytes_per_second: 100.0,
            bytes_per_call: Some(8.0),
            ..LiveGroup::default()
        };
        let shown = in_proportion(&group);
        assert_eq!((shown.count, shown.bytes_per_second, shown.bytes_per_call), (5, 50.0, Some(4.0)));
        let exact = LiveGroup { at_most_bytes: None, ..group };
        assert_eq!(in_proportion(&exact).count, 10);
    }
}
