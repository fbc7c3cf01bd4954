//! Sums of live groups.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::estimate::ErrorSum;
use super::notes::{Notes, OVERFULL_GROUPS};
use super::numbers::{add_fields, known_sum, least};
use crate::report::data::{Frame, LiveGroup, verdict};

/// Limit of the groups that keep their stack.
const MOST: usize = 8192;

/// One row for each call path, stack and verdict.
///
/// The verdict is part of the key: blocks that grow on some hosts are not added to those that are kept on others. A
/// frame has its address in the module, so two builds have different stacks.
#[derive(Debug, Default)]
pub(super) struct GroupSums {
    rows: HashMap<GroupKey, GroupSum>,
    texts: Texts,
}

/// Texts, each stored once.
#[derive(Debug, Default)]
struct Texts(HashSet<Arc<str>>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct GroupKey {
    path: Vec<Arc<str>>,
    file: Option<Arc<str>>,
    line: Option<u32>,
    verdict: Option<Arc<str>>,
    growth: Option<Arc<str>>,
    expected: Option<Arc<str>>,
    stack: Vec<FrameKey>,
}

/// Function, file, line, address and module.
type FrameKey = (Option<Arc<str>>, Option<Arc<str>>, Option<u32>, u64, Option<Arc<str>>);

/// The figures of a group, in a row without texts.
#[derive(Debug)]
struct GroupSum {
    row: LiveGroup,
    error: ErrorSum,
    /// Σ bytes² ÷ effective samples.
    spread: f64,
}

impl GroupSums {
    pub(super) fn add(&mut self, groups: Vec<LiveGroup>, notes: &mut Notes) {
        for group in groups {
            let mut key = self.texts.key(&group);
            if self.rows.len() >= MOST && !key.stack.is_empty() && !self.rows.contains_key(&key) {
                notes.overfull.insert(OVERFULL_GROUPS);
                key.stack = Vec::new();
            }
            match self.rows.get_mut(&key) {
                Some(sum) => sum.add(&group),
                None => drop(self.rows.insert(key, GroupSum::new(group))),
            }
        }
    }

    /// Growing groups first, then by size, as in every report.
    pub(super) fn finish(self) -> Vec<LiveGroup> {
        let mut rows: Vec<(GroupKey, LiveGroup)> =
            self.rows.into_iter().map(|(key, sum)| (key, sum.finish())).collect();
        rows.sort_by(|(one_key, one), (other_key, other)| {
            let is_growing = |key: &GroupKey| key.verdict.as_deref() == Some(verdict::GROWING);
            let rank = |key: &GroupKey, row: &LiveGroup| (!is_growing(key), Reverse(row.bytes));
            rank(one_key, one).cmp(&rank(other_key, other)).then_with(|| one_key.cmp(other_key))
        });
        rows.into_iter().map(|(key, row)| key.into_row(row)).collect()
    }
}

impl Texts {
    fn shared(&mut self, text: &str) -> Arc<str> {
        match self.0.get(text) {
            Some(known) => Arc::clone(known),
            None => {
                let text: Arc<str> = text.into();
                self.0.insert(Arc::clone(&text));
                text
            }
        }
    }

    fn key(&mut self, group: &LiveGroup) -> GroupKey {
        let mut shared = |text: Option<&str>| text.map(|text| self.shared(text));
        let (file, verdict) = (shared(group.file.as_deref()), shared(group.verdict.as_deref()));
        let (growth, expected) = (shared(group.growth.as_deref()), shared(group.expected.as_deref()));
        let mut frame = |frame: &Frame| {
            let (function, file) = (shared(frame.function.as_deref()), shared(frame.file.as_deref()));
            (function, file, frame.line, frame.address, shared(frame.module.as_deref()))
        };
        let stack = group.stack.iter().map(&mut frame).collect();
        let path = group.path.iter().map(|function| self.shared(function)).collect();
        GroupKey { path, file, line: group.line, verdict, growth, expected, stack }
    }
}

impl GroupKey {
    fn into_row(self, row: LiveGroup) -> LiveGroup {
        let owned = |text: Option<Arc<str>>| text.map(|text| text.to_string());
        let frame = |(function, file, line, address, module)| Frame { function, file, line, address, module };
        LiveGroup {
            path: self.path.iter().map(ToString::to_string).collect(),
            file: owned(self.file),
            line: self.line,
            verdict: owned(self.verdict),
            growth: owned(self.growth),
            expected: owned(self.expected),
            stack: self.stack.into_iter().map(frame).collect(),
            ..row
        }
    }
}

/// (Σ weight)² ÷ Σ weight² of the samples is their effective number. This is the second sum, as far as it is known.
fn spread(group: &LiveGroup) -> f64 {
    let bytes = group.bytes as f64;
    if group.effective_samples > 0.0 { bytes * bytes / group.effective_samples } else { 0.0 }
}

impl GroupSum {
    fn new(group: LiveGroup) -> Self {
        let mut error = ErrorSum::default();
        error.add(Some(group.error_bytes));
        let spread = spread(&group);
        let row = LiveGroup {
            path: Vec::new(),
            file: None,
            verdict: None,
            growth: None,
            expected: None,
            stack: Vec::new(),
            ..group
        };
        Self { row, error, spread }
    }

    fn add(&mut self, group: &LiveGroup) {
        self.error.add(Some(group.error_bytes));
        self.spread += spread(group);
        let sum = &mut self.row;
        add_fields!(sum, group, bytes count samples);
        // A bound of the sum takes one of each part.
        sum.at_most_bytes = known_sum(sum.at_most_bytes, group.at_most_bytes);
        sum.effective_samples += group.effective_samples;
        sum.largest_bytes = sum.largest_bytes.max(group.largest_bytes);
        sum.oldest_seconds = sum.oldest_seconds.max(group.oldest_seconds);
        sum.newest_seconds = sum.newest_seconds.min(group.newest_seconds);
        sum.bytes_per_second += group.bytes_per_second;
        sum.calls = known_sum(sum.calls, group.calls);
        sum.last_growth_seconds = least(sum.last_growth_seconds, group.last_growth_seconds);
        sum.growth_ended_seconds = least(sum.growth_ended_seconds, group.growth_ended_seconds);
        sum.bytes_per_call = sum.calls.filter(|calls| *calls > 0).map(|calls| sum.bytes as f64 / calls as f64);
    }

    fn finish(self) -> LiveGroup {
        let error_bytes = self.error.bytes().unwrap_or(u64::MAX);
        let bytes = self.row.bytes as f64;
        let effective = if self.spread > 0.0 { bytes * bytes / self.spread } else { 0.0 };
        let effective_samples = if error_bytes == 0 { self.row.effective_samples } else { effective };
        LiveGroup { error_bytes, effective_samples, ..self.row }
    }
}
