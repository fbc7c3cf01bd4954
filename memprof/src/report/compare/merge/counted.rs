//! Sentences of several reports: `In 12 of 1,000 reports: …`, `In all 1,000 reports: …`.

use crate::size;

const START: &str = "In ";
const ALL: &str = "In all ";
const OF: &str = " of ";
const REPORTS: &str = " reports";

/// The beginning: `In 12 of 1,000 reports`.
pub(super) fn beginning(count: u64, reports: u64) -> String {
    if count == reports {
        return format!("{ALL}{}{REPORTS}", size::count(reports));
    }
    format!("{START}{}{OF}{}{REPORTS}", size::count(count), size::count(reports))
}

/// The number of reports in the beginning of a sentence, and the rest of it.
pub(super) fn split(text: &str) -> Option<(u64, &str)> {
    if let Some(rest) = text.strip_prefix(ALL) {
        let (reports, rest) = rest.split_once(REPORTS)?;
        return Some((number(reports)?, rest));
    }
    let (count, rest) = text.strip_prefix(START)?.split_once(OF)?;
    let (reports, rest) = rest.split_once(REPORTS)?;
    number(reports)?;
    Some((number(count)?, rest))
}

/// A number as [`size::count`] writes it.
pub(super) fn number(text: &str) -> Option<u64> {
    let is_count = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
    is_count.then(|| text.replace(',', "").parse().ok()).flatten()
}
