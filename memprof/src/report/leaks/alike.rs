//! Groups that a reader could not distinguish, merged into one entry.

use super::amount;
use super::frames::{self, Shown};
use super::owner::Crates;
use crate::report::data::LiveGroup;
use std::borrow::Cow;

/// One or several groups of one path and verdict, with the same shown frames.
pub(super) struct LeakEntry<'r> {
    /// Figures of the one group, or their sums.
    pub(super) group: Cow<'r, LiveGroup>,
    pub(super) groups: usize,
    pub(super) shown: Shown<'r>,
    /// Lines of the shown frames.
    pub(super) lines: Vec<String>,
    /// Function that distinguishes it from an entry of the same path and the same frames.
    pub(super) differs: Option<String>,
}

/// The entries of these groups, in the order of their first ones.
pub(super) fn merged<'r>(groups: &[&'r LiveGroup], crates: &Crates) -> Vec<LeakEntry<'r>> {
    let mut entries: Vec<LeakEntry<'r>> = Vec::new();
    for group in groups.iter().copied() {
        let shown = frames::shown(group, crates);
        let lines = shown.lines();
        let verdict = |other: &LiveGroup| (other.verdict == group.verdict) && (other.growth == group.growth);
        let same = |entry: &&mut LeakEntry<'_>| {
            entry.group.path == group.path && entry.lines == lines && verdict(&entry.group)
        };
        match entries.iter_mut().find(same) {
            Some(entry) => entry.add(&amount::in_proportion(group)),
            None => {
                let group = amount::in_proportion(group);
                entries.push(LeakEntry { group, groups: 1, shown, lines, differs: None });
            }
        }
    }
    tell_apart(&mut entries);
    entries
}

/// Names the difference of entries that show the same frames but have different verdicts.
fn tell_apart(entries: &mut [LeakEntry<'_>]) {
    let alike =
        |one: &LeakEntry<'_>, other: &LeakEntry<'_>| one.group.path == other.group.path && one.lines == other.lines;
    let differences: Vec<Option<String>> = entries
        .iter()
        .enumerate()
        .map(|(index, entry)| {
            let mut others = entries.iter().enumerate().filter(|&(other, _)| other != index).map(|(_, other)| other);
            let other = others.find(|other| alike(entry, other))?;
            entry.shown.difference(&other.shown).map(frames::function)
        })
        .collect();
    entries.iter_mut().zip(differences).for_each(|(entry, differs)| entry.differs = differs);
}

/// The shorter of two times, either of which can be unknown.
fn shorter(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

impl LeakEntry<'_> {
    /// Adds another entry to the sums.
    pub(super) fn add_entry(&mut self, other: &LeakEntry<'_>) {
        self.add(&other.group);
        self.groups += other.groups.saturating_sub(1);
    }

    /// Adds a group to the sums.
    pub(super) fn add(&mut self, other: &LiveGroup) {
        let sum = self.group.to_mut();
        let most = amount::bytes(sum).saturating_add(amount::bytes(other));
        if sum.at_most_bytes.is_some() || other.at_most_bytes.is_some() {
            sum.at_most_bytes = Some(most);
        }
        sum.bytes = sum.bytes.saturating_add(other.bytes);
        sum.count = sum.count.saturating_add(other.count);
        sum.error_bytes = amount::error_of_sum([sum.error_bytes, other.error_bytes]);
        sum.samples = sum.samples.saturating_add(other.samples);
        sum.effective_samples += other.effective_samples;
        sum.largest_bytes = sum.largest_bytes.max(other.largest_bytes);
        sum.oldest_seconds = sum.oldest_seconds.max(other.oldest_seconds);
        sum.newest_seconds = sum.newest_seconds.min(other.newest_seconds);
        sum.bytes_per_second += other.bytes_per_second;
        sum.bytes_per_call = sum.bytes_per_call.zip(other.bytes_per_call).map(|(one, other)| one + other);
        sum.last_growth_seconds = shorter(sum.last_growth_seconds, other.last_growth_seconds);
        sum.growth_ended_seconds = shorter(sum.growth_ended_seconds, other.growth_ended_seconds);
        self.groups += 1;
    }
}
