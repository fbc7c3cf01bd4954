//! `growing`: live blocks that become more and more, or larger and larger. The verdict of the live group is the rule.
//! If no group shows it: the exact net of the process has risen steadily for at least 5 s, by at least 64 KB, most of
//! it in one function, while no other function's net fell.

use super::{placed, share};
use crate::report::data::{Finding, LiveGroup, NetRise, Report, growth};
use crate::report::leaks::{self, Growing};
use crate::report::name::{OUTSIDE, PANIC};
use crate::report::rise;
use crate::size;

/// Least duration and size of a rise of the net that is a finding.
const LEAST_SECONDS: f64 = 5.0;
const LEAST_RISE: u64 = 64 << 10;

const MORE_BLOCKS: &str = "Free what each call adds, or bound the collection that holds it.";
const LARGER_BLOCKS: &str = "Bound this buffer, or shrink it once its contents are used.";

pub(super) fn of(report: &Report) -> impl Iterator<Item = Finding> {
    let live = leaks::live_bytes(report);
    let groups = leaks::growing(report).into_iter().map(move |growing| finding(&growing, live));
    groups.chain(rise::present(report).and_then(|rise| of_net(rise, report)))
}

/// Steady growth of the net that the sample does not show.
fn of_net(rise: &NetRise, report: &Report) -> Option<Finding> {
    let bytes = rise.function_bytes.and_then(|bytes| u64::try_from(bytes).ok())?;
    let name = rise.function.as_deref().filter(|&name| name != PANIC)?;
    if rise.seconds < LEAST_SECONDS || rise.bytes < LEAST_RISE || bytes < rise.bytes / 2 {
        return None;
    }
    let row = report.functions.iter().find(|row| row.name == name);
    let (file, line) = row.map(|row| (row.file.clone(), row.line)).unzip();
    let per_second = size::bytes((bytes as f64 / rise.seconds).round() as u64);
    let live = leaks::live_bytes(report);
    Some(Finding {
        kind: "growing".into(),
        title: format!(
            "{} keeps growing: its net rose by {} in the last {} (exact), +{per_second}/s",
            placed(name, file.as_deref(), line),
            size::bytes(bytes),
            size::age(rise.seconds),
        ),
        detail: format!(
            "the net of the process rose by {}; the sample has too few of the blocks",
            size::bytes(rise.bytes)
        ),
        advice: MORE_BLOCKS.into(),
        function: Some(name.to_owned()),
        file,
        line,
        bytes,
        share: share(bytes, live.max(bytes)),
        exact: true,
    })
}

fn finding(growing: &Growing<'_>, live: u64) -> Finding {
    let group = &*growing.group;
    let (file, line) = growing.place();
    let function = group.path.last().map_or(OUTSIDE, String::as_str);
    let bytes = growing.bytes();
    let is_exact = group.error_bytes == 0 && group.at_most_bytes.is_none();
    let accuracy = match group.at_most_bytes {
        Some(_) => "at most".to_owned(),
        None if is_exact => "exact".to_owned(),
        None => format!("± {}", size::bytes(group.error_bytes)),
    };
    let of_groups = if growing.groups > 1 { format!(" of {} groups", growing.groups) } else { String::new() };
    Finding {
        kind: "growing".into(),
        title: format!(
            "{} keeps growing: {} live ({accuracy}, {} of the live bytes), {}",
            placed(function, file.as_deref(), line),
            size::bytes(bytes),
            size::share(bytes, live.max(bytes)),
            rates(group),
        ),
        detail: format!(
            "{} in {}{of_groups}, largest {}; the oldest was made {} ago, the newest {} ago",
            size::exact(bytes),
            size::plural(group.count, "block"),
            size::bytes(group.largest_bytes),
            size::age(group.oldest_seconds),
            size::age(group.newest_seconds),
        ),
        advice: if is_larger(group) { LARGER_BLOCKS } else { MORE_BLOCKS }.into(),
        function: group.path.last().cloned(),
        file,
        line,
        bytes,
        share: share(bytes, live.max(bytes)),
        exact: is_exact,
    }
}

fn is_larger(group: &LiveGroup) -> bool {
    group.growth.as_deref() == Some(growth::LARGER_BLOCKS)
}

/// Bytes per second, and per call where blocks are added by calls.
fn rates(group: &LiveGroup) -> String {
    let rounded = |number: f64| size::bytes(number.round() as u64);
    let per_second = format!("+{}/s", rounded(group.bytes_per_second));
    match group.bytes_per_call {
        Some(per_call) if !is_larger(group) && group.calls.is_some_and(|calls| calls > 1) => {
            format!("{per_second}, {} per call", rounded(per_call))
        }
        _ => per_second,
    }
}
