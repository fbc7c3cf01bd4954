//! `small_blocks`: memory that the allocator's size classes add to small blocks. At least half of the live blocks have
//! at most 64 bytes, and what the allocator adds to them is at least 10 % of the live bytes and 1 MB.

use super::{placed, share};
use crate::collect::live::small_sizes::{SMALL, SmallSizes};
use crate::os::memory::usable_size;
use crate::report::data::{Finding, LiveGroup, Report};
use crate::report::leaks;
use crate::size;

const LEAST: u64 = 1 << 20;
/// Divisor of the live bytes: the least part that the allocator adds.
const LEAST_PART: u64 = 10;
const ADVICE: &str = "Keep small values in one Vec, an arena or inline, instead of a block for each.";

pub(super) fn of(report: &Report, sizes: &SmallSizes) -> Option<Finding> {
    finding(report, sizes, |bytes| usable_size::of(&report.allocator.inner, bytes))
}

pub(super) fn finding(report: &Report, sizes: &SmallSizes, usable: impl Fn(usize) -> Option<usize>) -> Option<Finding> {
    let live = report.totals.net_bytes.max(0) as u64;
    let added = sizes.added(usable)?.round() as u64;
    if sizes.share() < 0.5 || added < LEAST.max(live / LEAST_PART) {
        return None;
    }
    let (file, line, function) = place(report);
    let most = function.as_ref().map_or_else(String::new, |function| {
        format!("; most of them are in {}", placed(function, file.as_deref(), line))
    });
    Some(Finding {
        kind: "small_blocks".into(),
        title: format!(
            "{} live blocks have at most {}: the allocator adds {} to their {}{most}",
            size::count(sizes.count().round() as u64),
            size::bytes(SMALL as u64),
            size::bytes(added),
            size::bytes(sizes.bytes().round() as u64),
        ),
        detail: format!(
            "{:.0} % of the live blocks; size classes and headers of {}, asked with a block of each size{}",
            sizes.share() * 100.0,
            report.allocator.inner,
            if sizes.is_exact { "" } else { "; estimated from a sample" },
        ),
        advice: ADVICE.into(),
        function,
        file,
        line,
        bytes: added,
        share: share(added, live.max(added)),
        exact: sizes.is_exact,
    })
}

/// File, line and function of most small blocks, by the mean size of their group.
fn place(report: &Report) -> (Option<String>, Option<u32>, Option<String>) {
    let is_small = |group: &&LiveGroup| group.count > 0 && group.bytes / group.count <= SMALL as u64;
    let Some(group) = report.live.groups.iter().filter(is_small).max_by_key(|group| group.count) else {
        return (None, None, None);
    };
    let (file, line) = leaks::place(report, group);
    (file, line, group.path.last().cloned())
}
