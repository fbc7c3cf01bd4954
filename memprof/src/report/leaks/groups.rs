//! Groups of live blocks, as entries of `memory_leaks.txt`, function by function.

use super::alike::{LeakEntry, merged};
use super::amount::{self, sum};
use super::meaning::is_growing;
use super::owner::Crates;
use super::{expected, meaning, summary, wrap};
use crate::report::data::{LiveGroup, Report};
use crate::report::name::{OUTSIDE, path, printable, slashes};
use crate::size;
use crate::sorted;
use std::cmp::Reverse;

/// Limit of entries of groups that do not grow. All are in the JSON.
const ENTRIES: usize = 40;
/// Least size of a group that does not grow and has an entry. A group with 1 % of the live bytes has one, too.
const SMALL: u64 = 4 * 1024;
const SMALL_SHARE: f64 = 0.01;

/// The groups of one function.
struct FunctionGroups<'r> {
    groups: Vec<&'r LiveGroup>,
}

/// The groups in reading order: growing ones first, then by size, those of a function together.
pub(super) fn lines(report: &Report, lines: &mut Vec<String>) {
    let (expected, groups): (Vec<&LiveGroup>, Vec<&LiveGroup>) =
        report.live.groups.iter().partition(|group| group.expected.is_some());
    let crates = Crates::of(report);
    let functions: Vec<(FunctionGroups<'_>, Vec<LeakEntry<'_>>)> = by_function(&groups)
        .into_iter()
        .map(|function| {
            let entries = merged(&function.groups, &crates);
            (function, entries)
        })
        .collect();
    let all: Vec<&LiveGroup> = functions.iter().flat_map(|(_, entries)| entries).map(|entry| &*entry.group).collect();
    summary::lines(report, &all, lines);
    let whole = super::live_bytes(report);
    let (mut number, mut small, mut more) = (0, Vec::new(), Vec::new());
    for (function, entries) in functions {
        let mut shown = Vec::new();
        for entry in entries {
            if is_growing(&entry.group) {
                shown.push(entry);
            } else if is_small(&entry.group, whole) {
                small.push(entry);
            } else if number + shown.len() < ENTRIES {
                shown.push(entry);
            } else {
                more.push(entry);
            }
        }
        if shown.len() > 1 {
            lines.push(String::new());
            lines.extend(wrap::at_blanks(&heading(&function, shown.len(), whole)));
        }
        for entry in shown {
            number += 1;
            lines.push(String::new());
            self::entry(number, &entry, (report, whole), lines);
        }
    }
    rest(&small, "group", " below 1 % and 4 KB", lines);
    rest(&more, "more group", "", lines);
    expected::lines(&expected, lines);
}

fn is_small(group: &LiveGroup, whole: u64) -> bool {
    let bytes = amount::bytes(group);
    bytes < SMALL && (bytes as f64) < whole as f64 * SMALL_SHARE
}

/// The functions, the one that grows most first, then by size; each with its groups in this order.
fn by_function<'r>(groups: &[&'r LiveGroup]) -> Vec<FunctionGroups<'r>> {
    let mut sorted = groups.to_vec();
    sorted::by_key(&mut sorted, |group| (Reverse(is_growing(group)), Reverse(group.bytes)));
    let mut functions: Vec<FunctionGroups<'r>> = Vec::new();
    let key = |group: &'r LiveGroup| (group.path.last(), &group.file, group.line);
    for group in sorted {
        let same =
            |function: &&mut FunctionGroups<'r>| function.groups.first().is_some_and(|other| key(other) == key(group));
        match functions.iter_mut().find(same) {
            Some(function) => function.groups.push(group),
            None => functions.push(FunctionGroups { groups: vec![group] }),
        }
    }
    let grown = |function: &FunctionGroups<'_>| {
        let growing: Vec<&LiveGroup> = function.groups.iter().copied().filter(|group| is_growing(group)).collect();
        (!growing.is_empty()).then(|| sum(&growing))
    };
    sorted::by_key(&mut functions, |function| (Reverse(grown(function)), Reverse(sum(&function.groups))));
    functions
}

/// The sum of a function with several entries.
fn heading(function: &FunctionGroups<'_>, entries: usize, whole: u64) -> String {
    let groups = &function.groups;
    let name =
        groups.first().and_then(|group| group.path.last()).map_or_else(|| OUTSIDE.to_owned(), |name| printable(name));
    let blocks = groups.iter().fold(0_u64, |sum, group| sum.saturating_add(group.count));
    let (bytes, blocks) = (amount::sum_in_words(groups), size::plural(blocks, "block"));
    format!("{name}: {bytes} in {blocks}, {}, in {entries} groups:", share(sum(groups), whole))
}

fn share(bytes: u64, whole: u64) -> String {
    format!("{} of the live bytes", size::share(bytes, whole))
}

fn entry(number: usize, entry: &LeakEntry<'_>, (report, whole): (&Report, u64), lines: &mut Vec<String>) {
    let group = &*entry.group;
    let verdict = group.verdict.as_ref().map_or(String::new(), |verdict| format!("{}: ", printable(verdict)));
    let (bytes, blocks) = (amount::words(group), size::plural(group.count, "block"));
    let share = share(amount::bytes(group), whole);
    lines.extend(wrap::at_blanks(&format!("{number}. {verdict}{bytes} in {blocks}, {share}")));
    lines.extend(entry.lines.iter().cloned());
    lines.extend(entry.differs.iter().map(|function| format!("   via {function}")));
    lines.extend(entry.shown.others(entry.groups));
    let mut note = |text: String| lines.extend(wrap::at_blanks(&format!("   = {text}")));
    note(format!("in {}{}", path(&group.path), site(group)));
    note(ages(group));
    if let Some(meaning) = meaning::of(group, report.program.duration_seconds) {
        note(meaning);
    }
}

/// File and line of the group's function.
fn site(group: &LiveGroup) -> String {
    match (&group.file, group.line) {
        (Some(file), Some(line)) if !file.is_empty() => format!(" ({}:{line})", printable(&slashes(file))),
        _ => String::new(),
    }
}

fn ages(group: &LiveGroup) -> String {
    let oldest = size::age(group.oldest_seconds);
    if group.count == 1 {
        return format!("made {oldest} ago");
    }
    let newest = size::age(group.newest_seconds);
    format!("largest block {}, oldest made {oldest} ago, newest {newest} ago", size::bytes(group.largest_bytes))
}

/// One line for entries that are not shown.
fn rest(entries: &[LeakEntry<'_>], noun: &str, which: &str, lines: &mut Vec<String>) {
    if entries.is_empty() {
        return;
    }
    let groups: Vec<&LiveGroup> = entries.iter().map(|entry| &*entry.group).collect();
    let blocks = groups.iter().fold(0_u64, |sum, group| sum.saturating_add(group.count));
    let number = entries.iter().map(|entry| entry.groups).sum::<usize>();
    lines.push(String::new());
    lines.extend(wrap::at_blanks(&format!(
        "and {}{which}: {} in {} (`live.groups` in the JSON report)",
        size::plural(number as u64, noun),
        size::bytes(sum(&groups)),
        size::plural(blocks, "block"),
    )));
}
