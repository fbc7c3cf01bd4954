//! The groups of live blocks, as entries of `memory_leaks.txt`.

use super::{amount, expected, frames, meaning, summary};
use crate::report::data::{LiveGroup, Report, verdict};
use crate::report::name::{path, printable};
use crate::size;
use crate::sorted;
use std::cmp::Reverse;

/// Groups with an entry of their own. A reader who needs more has the JSON.
const ENTRIES: usize = 40;

/// The groups in the order in which they should be read: what grows, then by size.
pub(super) fn lines(report: &Report, lines: &mut Vec<String>) {
    let live = &report.live;
    let whole = live.groups.iter().fold(0_u64, |sum, group| sum.saturating_add(group.bytes));
    let (expected, mut groups): (Vec<&LiveGroup>, Vec<&LiveGroup>) =
        live.groups.iter().partition(|group| group.expected.is_some());
    sorted::by_key(&mut groups, |group| (Reverse(is_growing(group)), Reverse(group.bytes)));
    summary::lines(report, &groups, lines);
    let (shown, more) = groups.split_at(groups.len().min(ENTRIES));
    for (index, group) in shown.iter().enumerate() {
        lines.push(String::new());
        entry(index + 1, group, whole, report.program.duration_seconds, lines);
    }
    if !more.is_empty() {
        lines.push(String::new());
        lines.push(format!(
            "and {} more, {} in all: see `live.groups` in the JSON report",
            size::plural(more.len() as u64, "group"),
            size::bytes(sum(more))
        ));
    }
    expected::lines(&expected, lines);
}

pub(super) fn is_growing(group: &LiveGroup) -> bool {
    group.verdict.as_deref() == Some(verdict::GROWING)
}

pub(super) fn sum(groups: &[&LiveGroup]) -> u64 {
    groups.iter().fold(0, |sum, group| sum.saturating_add(amount::bytes(group)))
}

fn entry(number: usize, group: &LiveGroup, whole: u64, run: f64, lines: &mut Vec<String>) {
    let verdict = group.verdict.as_ref().map_or(String::new(), |verdict| format!("{}: ", printable(verdict)));
    lines.push(format!(
        "{number}. {verdict}{} in {}, {} of the tracked bytes",
        amount::words(group),
        size::plural(group.count, "block"),
        size::share(group.bytes, whole),
    ));
    lines.extend(frames::lines(&group.stack));
    lines.push(format!("   = in {}", path(&group.path)));
    lines.push(format!("   = {}", ages(group)));
    lines.extend(meaning::of(group, run).map(|meaning| format!("   = {meaning}")));
}

fn ages(group: &LiveGroup) -> String {
    let oldest = size::age(group.oldest_seconds);
    if group.count == 1 {
        return format!("made {oldest} ago");
    }
    let newest = size::age(group.newest_seconds);
    format!("largest block {}, oldest made {oldest} ago, newest {newest} ago", size::bytes(group.largest_bytes))
}
