//! The rise of the net of the process, and the groups that explain it.

use super::data::{LiveGroup, NetRise, Report, expected::SYMBOLS, verdict};

/// Share of the rise of the net: known growing groups explain the rise if they grew by this much.
const EXPLAINED: f64 = 0.5;

/// The rise of the net, unless growing groups or expected ones explain it.
pub(super) fn unexplained(report: &Report) -> Option<&NetRise> {
    report.live.net_rise.as_ref().filter(|rise| !is_explained(rise, &report.live.groups))
}

/// The unexplained rise, if it goes on.
pub(crate) fn present(report: &Report) -> Option<&NetRise> {
    unexplained(report).filter(|rise| rise.ended_seconds.is_none())
}

/// True if the net rose in growing or expected groups. Without a rise that readings show, as in a short run: if most of
/// what is live is expected.
pub(super) fn is_in_groups(report: &Report) -> bool {
    match &report.live.net_rise {
        Some(rise) => is_explained(rise, &report.live.groups),
        None => {
            let are_symbols = |group: &&LiveGroup| group.expected.as_deref() == Some(SYMBOLS);
            let bytes: u64 = report.live.groups.iter().filter(are_symbols).map(|group| group.bytes).sum();
            bytes as f64 >= EXPLAINED * report.totals.net_bytes.max(1) as f64
        }
    }
}

/// True if the group grows.
pub(super) fn is_growing(group: &LiveGroup) -> bool {
    group.verdict.as_deref() == Some(verdict::GROWING)
}

fn is_explained(rise: &NetRise, groups: &[LiveGroup]) -> bool {
    groups.iter().map(|group| risen(rise, group)).sum::<f64>() >= EXPLAINED * rise.bytes as f64
}

/// Known rise of a group meanwhile: it grows, or the standard library has read its symbols.
fn risen(rise: &NetRise, group: &LiveGroup) -> f64 {
    if is_growing(group) {
        group.bytes_per_second * rise.seconds.min(group.oldest_seconds)
    } else if group.expected.as_deref() == Some(SYMBOLS) {
        group.bytes as f64 * (rise.seconds / group.oldest_seconds).min(1.0)
    } else {
        0.0
    }
}
