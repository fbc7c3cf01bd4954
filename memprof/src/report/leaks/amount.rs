//! Bytes of groups, limited to possible values.

use crate::report::data::LiveGroup;
use crate::size;

/// Bytes as shown: the estimate, or its exact upper bound if that is less.
pub(crate) fn bytes(group: &LiveGroup) -> u64 {
    group.at_most_bytes.map_or(group.bytes, |most| most.min(group.bytes))
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
