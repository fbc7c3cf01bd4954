//! Rows of labels.

use super::live::estimate::{Estimate, chance};
use crate::live::Records;
use crate::report::data::LabelRow;
use crate::sorted;
use crate::tracker::labels;
use std::collections::HashMap;
use std::sync::atomic::Ordering::{Acquire, Relaxed};

/// The rows of all labels that were in use, by key and value. `records`: the recorded live blocks, if each that should
/// have a record has one.
pub(crate) fn rows(records: Option<&Records>) -> Vec<LabelRow> {
    // Where a word has no free bits, records carry no labels.
    let retained = records.filter(|_| usize::BITS > 48 && labels::left_out_sets() == 0).map(RetainedByLabel::new);
    let mut rows: Vec<LabelRow> = labels::all()
        .map(|(label, key, value, counters)| {
            // Deallocated first: then an allocation that comes in between is seen, and its free is not.
            let deallocated_bytes = counters.deallocated.load(Acquire);
            let allocated_bytes = counters.allocated.load(Relaxed);
            let of_label = retained.as_ref().and_then(|retained| retained.of(label, allocated_bytes));
            LabelRow {
                key,
                value,
                calls: counters.calls.load(Relaxed),
                allocated_bytes,
                deallocated_bytes,
                net_bytes: allocated_bytes.wrapping_sub(deallocated_bytes) as i64,
                retained_bytes: of_label.map(|(bytes, _)| bytes),
                retained_error_bytes: of_label.map(|(_, error)| error),
            }
        })
        .filter(|row| row.calls > 0 || row.allocated_bytes > 0 || row.deallocated_bytes > 0)
        .collect();
    sorted::by(&mut rows, |one, other| (&one.key, &one.value).cmp(&(&other.key, &other.value)));
    rows
}

/// Live bytes that labelled work allocated.
struct RetainedByLabel {
    /// By the numbers of key and value.
    by_label: HashMap<(u8, u8), Estimate>,
    /// The largest interval that any block was subject to.
    interval: u64,
}

impl RetainedByLabel {
    fn new(records: &Records) -> Self {
        let mut by_label: HashMap<(u8, u8), Estimate> = HashMap::new();
        for record in records.as_slice().iter().filter(|record| record.label_set() != 0) {
            let chance = chance(record, records.interval_of(record));
            for label in labels::of_set(record.label_set()) {
                by_label.entry(label.numbers()).or_default().add(record.size, chance);
            }
        }
        Self { by_label, interval: records.largest_interval }
    }

    /// Bytes and their standard error. `None`: the sample says nothing of the label.
    fn of(&self, label: labels::LabelId, allocated: u64) -> Option<(u64, u64)> {
        let estimate = self.by_label.get(&label.numbers()).copied().unwrap_or_default().rounded();
        let is_known = self.interval <= 1 || estimate.samples() > 0 || allocated == 0;
        let error = if estimate.samples() == 0 { 0 } else { estimate.error(self.interval) };
        is_known.then_some((estimate.bytes(), error))
    }
}
