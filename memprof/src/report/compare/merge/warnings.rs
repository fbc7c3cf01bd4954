//! Warnings of all reports: one for each sentence, with the number of reports that have it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::counted;
use super::notes::{Notes, OVERFULL_WARNINGS};
use crate::report::data::Report;

/// Limit of different warnings.
const MOST: usize = 256;
const SAME: &str = ": ";
const ALIKE: &str = ", such as: ";

#[derive(Debug, Default)]
pub(super) struct WarningSums {
    /// Those of the first report, for a sum of one.
    first: Option<Vec<String>>,
    /// By the sentence without its numbers.
    kinds: BTreeMap<String, WarningSum>,
}

#[derive(Debug)]
struct WarningSum {
    reports: u64,
    /// The first one in the order of texts.
    example: String,
    /// True if the numbers differ.
    is_example: bool,
}

impl WarningSum {
    fn add(&mut self, other: Self) {
        self.reports = self.reports.saturating_add(other.reports);
        self.is_example |= other.is_example || self.example != other.example;
        self.example = std::mem::take(&mut self.example).min(other.example);
    }
}

impl WarningSums {
    pub(super) fn add(&mut self, report: &Report, notes: &mut Notes) {
        let is_merged = report.merged.is_some();
        let own: Vec<&String> = report.warnings.iter().filter(|warning| !(is_merged && notes.read(warning))).collect();
        self.first.get_or_insert_with(|| own.iter().map(|&warning| warning.clone()).collect());
        let mut kinds: BTreeMap<String, WarningSum> = BTreeMap::new();
        for warning in own {
            let warning = read(warning, is_merged);
            let Some(sum) = kinds.get_mut(&kind(&warning.example)) else {
                kinds.insert(kind(&warning.example), warning);
                continue;
            };
            // Several of one kind in one report count once.
            let reports = sum.reports.max(warning.reports);
            sum.add(warning);
            sum.reports = reports;
        }
        for (kind, warning) in kinds {
            if let Some(sum) = self.kinds.get_mut(&kind) {
                sum.add(warning);
            } else if self.kinds.len() < MOST {
                self.kinds.insert(kind, warning);
            } else {
                notes.overfull.insert(OVERFULL_WARNINGS);
            }
        }
    }

    /// Those of most reports first.
    pub(super) fn finish(self, reports: u64) -> Vec<String> {
        if reports == 1 {
            return self.first.unwrap_or_default();
        }
        let mut sums: Vec<WarningSum> = self.kinds.into_values().collect();
        sums.sort_by(|one, other| (Reverse(one.reports), &one.example).cmp(&(Reverse(other.reports), &other.example)));
        let words = |sum: &WarningSum| {
            let colon = if sum.is_example { ALIKE } else { SAME };
            format!("{}{colon}{}", counted::beginning(sum.reports, reports), sum.example)
        };
        sums.iter().map(words).collect()
    }
}

/// A warning of one report, or of several if the report is merged.
fn read(text: &str, is_merged: bool) -> WarningSum {
    let counted = counted::split(text).filter(|_| is_merged).and_then(|(reports, rest)| {
        let example = |colon: &str| rest.strip_prefix(colon).map(str::to_owned);
        let same = example(SAME).map(|example| WarningSum { reports, example, is_example: false });
        same.or_else(|| Some(WarningSum { reports, example: example(ALIKE)?, is_example: true }))
    });
    counted.unwrap_or_else(|| WarningSum { reports: 1, example: text.to_owned(), is_example: false })
}

/// The sentence without its numbers.
fn kind(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_ascii_digit()).collect()
}
