//! The series of functions and labels: bounded, and stable for the life of the process.

use crate::report::Report;
use crate::report::data::verdict;
use crate::report::data::{Function, LiveGroup};
use crate::report::name::{OUTSIDE, printable, without_trait};
use crate::report::rise;
use crate::sorted;
use std::collections::{BTreeMap, HashMap};

/// Most functions with a series.
pub(super) const FUNCTIONS: usize = 100;
/// Most values of a label key with a series.
pub(super) const VALUES: usize = 64;
/// Series of all others.
pub(super) const OTHER: &str = "other";

/// The names that have a series.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    functions: HashMap<FunctionKey, String>,
    values: HashMap<String, Vec<String>>,
}

/// Identity of a function. Its name in reports gets the name of a trait once another function has the same name; its
/// series keeps the first one. A macro makes several functions in one place: these differ by their names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct FunctionKey {
    file: String,
    line: u32,
    name: String,
}

impl FunctionKey {
    fn new(name: &str, file: &str, line: u32) -> Self {
        Self { file: file.to_owned(), line, name: without_trait(name).into_owned() }
    }

    fn of(row: &Function) -> Self {
        Self::new(&row.name, &row.file, row.line)
    }
}

/// Figures of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SeriesFigures {
    /// `None` outside of all functions.
    pub(super) calls: Option<u64>,
    pub(super) self_allocated_bytes: u64,
    /// `None` if it is unknown of one of its functions.
    pub(super) retained_bytes: Option<u64>,
}

impl SeriesFigures {
    fn add(&mut self, other: Self) {
        self.calls = sum(self.calls, other.calls);
        self.self_allocated_bytes = self.self_allocated_bytes.saturating_add(other.self_allocated_bytes);
        self.retained_bytes = sum(self.retained_bytes, other.retained_bytes);
    }
}

fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    Some(one?.saturating_add(other?))
}

/// The function whose net rises although no group shows it, and bytes per second.
fn net_rise(report: &Report) -> Option<(&Function, f64)> {
    let rise = rise::present(report)?;
    let row = report.functions.iter().find(|row| Some(&row.name) == rise.function.as_ref())?;
    let rate = rise.function_bytes? as f64 / rise.seconds;
    (rate.is_finite() && rate > 0.0).then_some((row, rate))
}

impl Series {
    /// The figures of each series. Their sum is the sum of the report's rows.
    pub(super) fn functions(&mut self, report: &Report) -> BTreeMap<String, SeriesFigures> {
        self.name_functions(report);
        let mut rows: BTreeMap<String, SeriesFigures> = BTreeMap::new();
        let mut add = |name: &str, sums: SeriesFigures| match rows.get_mut(name) {
            Some(row) => row.add(sums),
            None => drop(rows.insert(name.to_owned(), sums)),
        };
        let outside = &report.unattributed;
        add(
            OUTSIDE,
            SeriesFigures {
                calls: None,
                self_allocated_bytes: outside.self_allocated_bytes,
                retained_bytes: outside.retained_bytes,
            },
        );
        for row in &report.functions {
            let sums = SeriesFigures {
                calls: Some(row.calls),
                self_allocated_bytes: row.self_allocated_bytes,
                retained_bytes: row.retained_bytes,
            };
            add(self.functions.get(&FunctionKey::of(row)).map_or(OTHER, String::as_str), sums);
        }
        rows
    }

    /// Gives the functions that are new a series, as long as there are some left: the largest first.
    fn name_functions(&mut self, report: &Report) {
        let has_figures = |row: &&Function| row.calls > 0 || row.self_allocated_bytes > 0;
        let mut rows: Vec<&Function> = report.functions.iter().filter(has_figures).collect();
        sorted::by(&mut rows, |one, other| other.self_allocated_bytes.cmp(&one.self_allocated_bytes));
        for row in rows {
            if self.functions.len() >= FUNCTIONS {
                return;
            }
            self.functions.entry(FunctionKey::of(row)).or_insert_with(|| printable(&row.name));
        }
    }

    /// Bytes per second of the groups that grow, by series; without the expected ones, as in findings. If the records
    /// show too little of a rise of the net, it is the function's net that grows.
    pub(super) fn growing(&self, report: &Report) -> BTreeMap<String, f64> {
        let mut rates: BTreeMap<String, f64> = BTreeMap::new();
        let grows = |group: &&LiveGroup| group.verdict.as_deref() == Some(verdict::GROWING);
        let groups = report.live.groups.iter().filter(grows).filter(|group| group.expected.is_none());
        for group in groups.filter(|group| group.bytes_per_second.is_finite()) {
            let name = match (group.path.last(), group.file.as_deref(), group.line) {
                (Some(name), Some(file), Some(line)) => {
                    self.functions.get(&FunctionKey::new(name, file, line)).map_or(OTHER, String::as_str)
                }
                (Some(_), ..) => OTHER,
                _ => OUTSIDE,
            };
            *rates.entry(name.to_owned()).or_default() += group.bytes_per_second;
        }
        if let Some((row, rate)) = net_rise(report) {
            let name = self.functions.get(&FunctionKey::of(row)).map_or(OTHER, String::as_str);
            let known = rates.entry(name.to_owned()).or_default();
            *known = known.max(rate);
        }
        rates
    }

    /// Retained bytes of each label. An unknown figure has no series.
    pub(super) fn labels(&mut self, report: &Report) -> BTreeMap<(String, String), u64> {
        let mut sums: BTreeMap<(String, String), Option<u64>> = BTreeMap::new();
        for row in &report.labels {
            // Two texts may look alike: they have one series.
            let (key, value) = (printable(&row.key), printable(&row.value));
            let known = self.values.entry(key.clone()).or_default();
            if !known.contains(&value) && known.len() < VALUES && value != OTHER {
                known.push(value.clone());
            }
            let value = if known.contains(&value) { value } else { OTHER.to_owned() };
            let place = sums.entry((key, value)).or_insert(Some(0));
            *place = sum(*place, row.retained_bytes);
        }
        sums.into_iter().filter_map(|(label, bytes)| Some((label, bytes?))).collect()
    }
}
