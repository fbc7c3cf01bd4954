//! The bytes of a group, never more than can be true.

use crate::report::data::LiveGroup;
use crate::size;

/// The bytes that a text shows: the estimate, or the exact total that it belongs to where that is less.
pub(super) fn bytes(group: &LiveGroup) -> u64 {
    group.at_most_bytes.map_or(group.bytes, |most| most.min(group.bytes))
}

/// The bytes in words, with their standard error.
pub(super) fn words(group: &LiveGroup) -> String {
    if let Some(most) = group.at_most_bytes {
        return format!("at most {}", size::exact(most));
    }
    let error = if group.error_bytes > 0 { format!(" ± {}", size::bytes(group.error_bytes)) } else { String::new() };
    format!("{}{error}", size::exact(group.bytes))
}
