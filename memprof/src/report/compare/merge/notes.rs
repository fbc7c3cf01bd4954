//! Sentences about the merge itself, in the warnings of the sum.

use std::collections::BTreeSet;

use super::counted::number;
use crate::size;

/// Limit of the timelines.
pub(super) const MOST_TIMELINES: usize = 64;

/// Fields that the reports do not agree on.
pub(super) const VERSION: &str = "version";
pub(super) const BUILD: &str = "build";
pub(super) const SETTINGS: &str = "settings";
const FIELDS: [&str; 3] = [VERSION, BUILD, SETTINGS];

/// Rows beyond a limit.
pub(super) const OVERFULL_THREADS: &str =
    "threads have more names than there are rows; the others are in the row `(other threads)`";
pub(super) const OVERFULL_LABELS: &str =
    "labels have more values than there are rows; the others are in the row `other` of their key";
pub(super) const OVERFULL_GROUPS: &str =
    "live groups have more stacks than there are rows; the others have a row without a stack for each call path";
pub(super) const OVERFULL_FINDINGS: &str = "there are more findings than rows; the others are left out";
pub(super) const OVERFULL_WARNINGS: &str = "there are more warnings than rows; the others are left out";
const OVERFULL: [&str; 5] = [OVERFULL_THREADS, OVERFULL_LABELS, OVERFULL_GROUPS, OVERFULL_FINDINGS, OVERFULL_WARNINGS];

const START: &str = "Merged reports: ";
const DIFFER: &str = "they differ in ";
const NULL: &str = ", and the sum has none of these";
const RUNNING: &str = " written while the program ran; their figures are those so far";
const NOT_INSTALLED: &str = " without memprof's allocator; they counted nothing";

/// Facts of the sum that no row has. A merged report has them in its sentences.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) different: BTreeSet<&'static str>,
    pub(super) overfull: BTreeSet<&'static str>,
    /// Reports of programs that ran.
    pub(super) running: u64,
    /// Reports in which nothing was counted.
    pub(super) not_installed: u64,
    pub(super) left_out_timelines: u64,
}

impl Notes {
    /// Takes the facts from a sentence of a merged report. False: it is none of these.
    pub(super) fn read(&mut self, sentence: &str) -> bool {
        let Some(fact) = sentence.strip_prefix(START) else { return false };
        if let Some(fields) = fact.strip_prefix(DIFFER).and_then(|rest| rest.strip_suffix(NULL)) {
            self.different.extend(FIELDS.iter().filter(|known| fields.split(", ").any(|field| field == **known)));
        } else if let Some(count) = fact.strip_suffix(RUNNING).and_then(number) {
            self.running = self.running.saturating_add(count);
        } else if let Some(count) = fact.strip_suffix(NOT_INSTALLED).and_then(number) {
            self.not_installed = self.not_installed.saturating_add(count);
        } else if let Some(count) = fact.strip_suffix(&*left_out()).and_then(number) {
            self.left_out_timelines = self.left_out_timelines.saturating_add(count);
        } else if let Some(known) = OVERFULL.iter().find(|known| **known == fact) {
            self.overfull.insert(known);
        } else {
            return false;
        }
        true
    }

    pub(super) fn sentences(&self) -> Vec<String> {
        let mut facts = Vec::new();
        let mut number_of = |count: u64, fact: &str| {
            if count > 0 {
                facts.push(format!("{}{fact}", size::count(count)));
            }
        };
        number_of(self.not_installed, NOT_INSTALLED);
        number_of(self.running, RUNNING);
        number_of(self.left_out_timelines, &left_out());
        if !self.different.is_empty() {
            let fields: Vec<&str> = FIELDS.into_iter().filter(|field| self.different.contains(field)).collect();
            facts.push(format!("{DIFFER}{}{NULL}", fields.join(", ")));
        }
        facts.extend(self.overfull.iter().map(|&fact| fact.to_owned()));
        facts.iter().map(|fact| format!("{START}{fact}")).collect()
    }
}

fn left_out() -> String {
    format!(" timelines left out; the {MOST_TIMELINES} with the highest net are in `merged.timelines`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merged_report_gives_its_facts_back() {
        let notes = Notes {
            different: [VERSION, SETTINGS].into(),
            overfull: OVERFULL.into(),
            running: 1234,
            not_installed: 1,
            left_out_timelines: 936,
        };
        let mut read = Notes::default();
        for sentence in notes.sentences() {
            assert!(read.read(&sentence), "{sentence}");
        }
        assert_eq!(read.sentences(), notes.sentences());
        assert_eq!(notes.sentences().len(), 9);
        for other in ["", "Merged reports: ", "Merged reports: x written while the program ran", "They differ"] {
            assert!(!read.read(other), "{other}");
        }
        assert!(Notes::default().sentences().is_empty());
    }
}
