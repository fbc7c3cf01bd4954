//! Sums of rows by name: threads, labels, tests; and the figures that repeat.

use std::collections::{BTreeMap, BTreeSet};

use super::estimate::{EstimateSum, Unsampled};
use super::notes::{Notes, OVERFULL_LABELS, OVERFULL_THREADS};
use super::numbers::{add_fields, net};
use crate::report::data::{LabelRow, TestRow, Thread};

/// Limits of the rows with a name of their own: of threads, and of the values of a label's key.
const MOST_THREADS: usize = 4096;
const MOST_VALUES: usize = 4096;
/// Rows beyond the limits.
const OTHER_THREADS: &str = "(other threads)";
const OTHER_VALUES: &str = "other";

/// One row for each name of a thread.
#[derive(Debug, Default)]
pub(super) struct ThreadSums {
    rows: BTreeMap<String, Thread>,
}

impl ThreadSums {
    pub(super) fn add(&mut self, threads: Vec<Thread>, notes: &mut Notes) {
        for mut thread in threads {
            if self.rows.len() >= MOST_THREADS && !self.rows.contains_key(&thread.name) {
                notes.overfull.insert(OVERFULL_THREADS);
                OTHER_THREADS.clone_into(&mut thread.name);
            }
            let row = self.rows.entry(thread.name.clone()).or_default();
            add_fields!(row, thread, threads_served self_allocated_bytes self_allocated_count self_deallocated_bytes
                self_deallocated_count);
        }
    }

    /// The rows, those that allocated most first.
    pub(super) fn finish(self) -> Vec<Thread> {
        let finished = |(name, row): (String, Thread)| {
            let self_net_bytes = net(row.self_allocated_bytes, row.self_deallocated_bytes);
            Thread { name, self_net_bytes, ..row }
        };
        let mut rows: Vec<Thread> = self.rows.into_iter().map(finished).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.self_allocated_bytes));
        rows
    }
}

/// One row for each key and value.
#[derive(Debug, Default)]
pub(super) struct LabelSums {
    keys: BTreeMap<String, BTreeMap<String, LabelSum>>,
}

#[derive(Debug, Default)]
struct LabelSum {
    row: LabelRow,
    retained: EstimateSum,
}

impl LabelSums {
    pub(super) fn add(&mut self, labels: Vec<LabelRow>, unsampled: Unsampled, notes: &mut Notes) {
        for mut label in labels {
            let values = self.keys.entry(label.key).or_default();
            if values.len() >= MOST_VALUES && !values.contains_key(&label.value) {
                notes.overfull.insert(OVERFULL_LABELS);
                OTHER_VALUES.clone_into(&mut label.value);
            }
            let sum = values.entry(label.value).or_default();
            add_fields!(sum.row, label, calls allocated_bytes deallocated_bytes);
            sum.retained.add(label.retained_bytes, label.retained_error_bytes, unsampled, label.allocated_bytes);
        }
    }

    pub(super) fn finish(self) -> Vec<LabelRow> {
        let mut rows = Vec::new();
        for (key, values) in self.keys {
            for (value, LabelSum { row, retained }) in values {
                let (retained_bytes, retained_error_bytes) = retained.figures();
                let net_bytes = net(row.allocated_bytes, row.deallocated_bytes);
                rows.push(LabelRow { key: key.clone(), value, net_bytes, retained_bytes, retained_error_bytes, ..row });
            }
        }
        rows
    }
}

/// One row for each test: parts of one run of the tests on several machines. Of a test that several reports have, the
/// largest of each figure is kept, and the worst outcome.
#[derive(Debug, Default)]
pub(super) struct TestRows {
    rows: BTreeMap<String, TestRow>,
}

impl TestRows {
    pub(super) fn add(&mut self, tests: Vec<TestRow>) {
        let rank = |outcome: &str| ["ignored", "passed", "failed"].iter().position(|known| *known == outcome);
        for test in tests {
            let Some(row) = self.rows.get_mut(&test.name) else {
                self.rows.insert(test.name.clone(), test);
                continue;
            };
            row.allocated_bytes = row.allocated_bytes.max(test.allocated_bytes);
            row.allocated_count = row.allocated_count.max(test.allocated_count);
            row.peak_bytes = row.peak_bytes.max(test.peak_bytes);
            let errors = row.peak_error_bytes.zip(test.peak_error_bytes);
            row.peak_error_bytes = errors.map(|(one, other)| one.max(other));
            row.kept_bytes = row.kept_bytes.max(test.kept_bytes);
            if rank(&test.outcome) > rank(&row.outcome) {
                row.outcome = test.outcome;
            }
        }
    }

    pub(super) fn finish(self) -> Vec<TestRow> {
        self.rows.into_values().collect()
    }
}

/// Names of figures that repeated in the runs of every report.
#[derive(Debug, Default)]
pub(super) struct RepeatedFigures {
    /// `None`: no report was added.
    names: Option<BTreeSet<String>>,
}

impl RepeatedFigures {
    pub(super) fn add(&mut self, names: Vec<String>) {
        let mut names: BTreeSet<String> = names.into_iter().collect();
        if let Some(known) = &self.names {
            names.retain(|name| known.contains(name));
        }
        self.names = Some(names);
    }

    pub(super) fn finish(self) -> Vec<String> {
        self.names.unwrap_or_default().into_iter().collect()
    }
}
