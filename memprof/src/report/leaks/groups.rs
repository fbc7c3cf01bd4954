//! The groups of live blocks, as entries of `memory_leaks.txt`.

use super::{expected, frames};
use crate::report::data::{Live, LiveGroup, verdict};
use crate::report::name::{path, printable};
use crate::size;
use crate::sorted;
use std::cmp::Reverse;

/// Groups with an entry of their own. A reader who needs more has the JSON.
const ENTRIES: usize = 40;

/// The groups in the order in which they should be read: what grows, then by size.
pub(super) fn lines(live: &Live, lines: &mut Vec<String>) {
    let whole = live.groups.iter().fold(0_u64, |sum, group| sum.saturating_add(group.bytes));
    let (expected, mut groups): (Vec<&LiveGroup>, Vec<&LiveGroup>) =
        live.groups.iter().partition(|group| group.expected.is_some());
    sorted::by_key(&mut groups, |group| (Reverse(is_growing(group)), Reverse(group.bytes)));
    if !groups.is_empty() {
        lines.push(String::new());
        lines.push(summary(&groups));
    }
    let (shown, more) = groups.split_at(groups.len().min(ENTRIES));
    for (index, group) in shown.iter().enumerate() {
        lines.push(String::new());
        entry(index + 1, group, whole, lines);
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

fn is_growing(group: &LiveGroup) -> bool {
    group.verdict.as_deref() == Some(verdict::GROWING)
}

fn sum(groups: &[&LiveGroup]) -> u64 {
    groups.iter().fold(0, |sum, group| sum.saturating_add(group.bytes))
}

/// Whether anything grows: the answer that the reader came for.
fn summary(groups: &[&LiveGroup]) -> String {
    let growing: Vec<&LiveGroup> = groups.iter().copied().filter(|group| is_growing(group)).collect();
    match growing.len() {
        0 => "nothing grows: no group has survivors that keep arriving".into(),
        count => {
            let verb = if count == 1 { "grows" } else { "grow" };
            let bytes = size::bytes(sum(&growing));
            format!("{} {verb}, with {bytes} live: survivors keep arriving", size::plural(count as u64, "group"))
        }
    }
}

fn entry(number: usize, group: &LiveGroup, whole: u64, lines: &mut Vec<String>) {
    let verdict = group.verdict.as_ref().map_or(String::new(), |verdict| format!("{}: ", printable(verdict)));
    let error = if group.error_bytes > 0 { format!(" ± {}", size::bytes(group.error_bytes)) } else { String::new() };
    lines.push(format!(
        "{number}. {verdict}{}{error} in {}, {} of the tracked bytes",
        size::exact(group.bytes),
        size::plural(group.count, "block"),
        size::share(group.bytes, whole),
    ));
    lines.extend(frames::lines(&group.stack));
    lines.push(format!("   = in {}", path(&group.path)));
    lines.push(format!("   = {}", ages(group)));
    lines.extend(meaning(group).map(|meaning| format!("   = {meaning}")));
}

fn ages(group: &LiveGroup) -> String {
    let oldest = size::age(group.oldest_seconds);
    if group.count == 1 {
        return format!("made {oldest} ago");
    }
    let newest = size::age(group.newest_seconds);
    format!("largest block {}, oldest made {oldest} ago, newest {newest} ago", size::bytes(group.largest_bytes))
}

/// What the verdict means, in a sentence with the group's own figures.
fn meaning(group: &LiveGroup) -> Option<String> {
    match group.verdict.as_deref()? {
        verdict::GROWING => {
            let call = group.bytes_per_call.zip(group.path.last()).map(|(bytes, function)| {
                format!(", {} with each call of {}", size::bytes(rounded(bytes)), printable(function))
            });
            Some(format!(
                "what is made here keeps surviving: {} more each second{}",
                size::bytes(rounded(group.bytes_per_second)),
                call.unwrap_or_default()
            ))
        }
        verdict::KEPT_SINCE_START => {
            Some("no steady growth since the first was made, as with caches, statics and pools".into())
        }
        verdict::RECENT => Some("made a short while ago: it may still be freed".into()),
        _ => None,
    }
}

/// A cast from a float saturates, so that no value is out of range.
fn rounded(bytes: f64) -> u64 {
    bytes.round() as u64
}
