//! Sums of functions and of memory outside them.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::distribution;
use super::estimate::{EstimateSum, Unsampled};
use super::numbers::{add_fields, net};
use crate::report::data::{Budget, Function, Items, LargeFuture, Unattributed, Violations, Window, WorstCall};
use crate::size;

/// One row for each name, file and line.
#[derive(Debug, Default)]
pub(super) struct FunctionSums {
    rows: HashMap<(String, String, u32), MergedFunction>,
}

#[derive(Debug, Default)]
struct MergedFunction {
    row: Function,
    retained: EstimateSum,
    items: Option<ItemSum>,
    has_row_without_items: bool,
}

impl FunctionSums {
    pub(super) fn add(&mut self, functions: Vec<Function>, unsampled: Unsampled) {
        for function in functions {
            let key = (function.name.clone(), function.file.clone(), function.line);
            self.rows.entry(key).or_default().add(function, unsampled);
        }
    }

    /// The rows, sorted by allocated bytes as in every report.
    pub(super) fn finish(self) -> Vec<Function> {
        let mut rows: Vec<Function> = self.rows.into_iter().map(|(key, sum)| sum.finish(key)).collect();
        rows.sort_by(|one, other| {
            let key = |row: &Function| (Reverse(row.allocated_bytes), Reverse(row.net_bytes));
            let name = |row: &Function| (row.name.clone(), row.file.clone(), row.line);
            key(one).cmp(&key(other)).then_with(|| name(one).cmp(&name(other)))
        });
        rows
    }
}

impl MergedFunction {
    fn add(&mut self, row: Function, unsampled: Unsampled) {
        let sum = &mut self.row;
        add_fields!(sum, row, calls active panicked allocated_bytes allocated_count deallocated_bytes deallocated_count
            self_allocated_bytes self_allocated_count self_deallocated_bytes self_deallocated_count
            reallocated_count grown_bytes copied_bytes);
        sum.peak_bytes = sum.peak_bytes.max(row.peak_bytes);
        self.retained.add(row.retained_bytes, row.retained_error_bytes, unsampled, row.self_allocated_bytes);
        distribution::merge(&mut sum.per_call, row.per_call);
        distribution::merge(&mut sum.peak_per_call, row.peak_per_call);
        add_violations(&mut sum.violations, row.violations);
        add_window(&mut sum.window, row.window);
        add_future(&mut sum.large_future, row.large_future);
        match row.items {
            Some(items) => self.items.get_or_insert_default().add(&items),
            None => self.has_row_without_items = true,
        }
    }

    fn finish(self, (name, file, line): (String, String, u32)) -> Function {
        let row = self.row;
        let (retained_bytes, retained_error_bytes) = self.retained.figures();
        let net_bytes = net(row.allocated_bytes, row.deallocated_bytes);
        let all_have_items = !self.has_row_without_items;
        let figures = (row.allocated_bytes, retained_bytes);
        Function {
            name,
            file,
            line,
            net_bytes,
            self_net_bytes: net(row.self_allocated_bytes, row.self_deallocated_bytes),
            retained_bytes,
            retained_error_bytes,
            allocated_mb: size::mb(row.allocated_bytes),
            net_mb: size::mb(net_bytes),
            peak_mb: row.peak_bytes.map(size::mb),
            items: self.items.map(|items| items.finish(all_have_items.then_some(figures))),
            ..row
        }
    }
}

/// Items of reports, and the bytes of those that have items.
#[derive(Debug, Default)]
struct ItemSum {
    count: u64,
    allocated: f64,
    retained: Option<f64>,
    has_unknown_retained: bool,
    peak: Option<f64>,
}

impl ItemSum {
    fn add(&mut self, items: &Items) {
        let bytes = |per_item: f64| per_item * items.count as f64;
        self.count = self.count.saturating_add(items.count);
        self.allocated += items.allocated_bytes_per_item.map_or(0.0, bytes);
        match items.retained_bytes_per_item {
            Some(per_item) => *self.retained.get_or_insert_default() += bytes(per_item),
            None => self.has_unknown_retained |= items.count > 0,
        }
        self.peak = [self.peak, items.peak_bytes_per_item].into_iter().flatten().reduce(f64::max);
    }

    /// `whole`: allocated and retained bytes of the function, if all its calls are in reports with items.
    fn finish(self, whole: Option<(u64, Option<u64>)>) -> Items {
        let (allocated, retained) = match whole {
            Some((allocated, retained)) => (allocated as f64, retained.map(|bytes| bytes as f64)),
            None => (self.allocated, self.retained.filter(|_| !self.has_unknown_retained)),
        };
        let per_item = |bytes: f64| (self.count > 0).then(|| bytes / self.count as f64);
        Items {
            count: self.count,
            allocated_bytes_per_item: per_item(allocated),
            peak_bytes_per_item: self.peak,
            retained_bytes_per_item: retained.and_then(per_item),
        }
    }
}

/// Adds the violations. The worst call is the one that exceeded a limit by the largest factor, and stands beside the
/// limits that it had.
fn add_violations(sum: &mut Option<Violations>, other: Option<Violations>) {
    let Some(other) = other else { return };
    let Some(sum) = sum else {
        *sum = Some(other);
        return;
    };
    sum.count = sum.count.saturating_add(other.count);
    if rank(&other) > rank(sum) {
        (sum.budget, sum.worst) = (other.budget, other.worst);
    }
}

/// Order of violations by their worst call; by all figures where these are the same.
fn rank(violations: &Violations) -> impl PartialOrd + use<> {
    let Budget { max_allocated_bytes, max_peak_bytes, max_net_bytes, max_allocated_count, max_net_bytes_per_item } =
        violations.budget;
    let budget = [max_allocated_bytes, max_peak_bytes, max_net_bytes, max_allocated_count, max_net_bytes_per_item];
    let worst = violations.worst.as_ref();
    let factor = worst.map(|worst| factor(&violations.budget, worst));
    let call = worst.map(|worst| {
        let bytes = (worst.allocated_bytes, worst.allocated_count, worst.peak_bytes, worst.net_bytes, worst.items);
        (bytes, worst.thread.clone())
    });
    (factor, call, budget)
}

/// The largest factor by which a call exceeded a limit.
fn factor(budget: &Budget, worst: &WorstCall) -> f64 {
    let net = worst.net_bytes.max(0) as u64;
    let of_items = budget.max_net_bytes_per_item.map(|limit| limit.saturating_mul(worst.items));
    let factor = |figure: u64, limit: Option<u64>| limit.map_or(0.0, |limit| figure as f64 / limit.max(1) as f64);
    factor(worst.allocated_bytes, budget.max_allocated_bytes)
        .max(factor(worst.peak_bytes, budget.max_peak_bytes))
        .max(factor(net, budget.max_net_bytes))
        .max(factor(worst.allocated_count, budget.max_allocated_count))
        .max(factor(net, of_items))
}

fn add_window(sum: &mut Option<Window>, other: Option<Window>) {
    let Some(other) = other else { return };
    let sum = sum.get_or_insert_default();
    add_fields!(sum, other, calls allocated_bytes deallocated_bytes);
    sum.net_bytes = net(sum.allocated_bytes, sum.deallocated_bytes);
}

/// The most that were alive at once were so in one process, as every peak.
fn add_future(sum: &mut Option<LargeFuture>, other: Option<LargeFuture>) {
    let Some(other) = other else { return };
    let sum = sum.get_or_insert_default();
    sum.bytes = sum.bytes.max(other.bytes);
    sum.alive = sum.alive.saturating_add(other.alive);
    sum.most_alive = sum.most_alive.max(other.most_alive);
}

/// Memory outside every function.
#[derive(Debug, Default)]
pub(super) struct UnattributedSum {
    row: Unattributed,
    retained: EstimateSum,
}

impl UnattributedSum {
    pub(super) fn add(&mut self, row: &Unattributed, unsampled: Unsampled) {
        add_fields!(self.row, row, self_allocated_bytes self_allocated_count self_deallocated_bytes
            self_deallocated_count reallocated_count grown_bytes copied_bytes);
        self.retained.add(row.retained_bytes, row.retained_error_bytes, unsampled, row.self_allocated_bytes);
    }

    pub(super) fn finish(self) -> Unattributed {
        let (retained_bytes, retained_error_bytes) = self.retained.figures();
        let self_net_bytes = net(self.row.self_allocated_bytes, self.row.self_deallocated_bytes);
        Unattributed { self_net_bytes, retained_bytes, retained_error_bytes, ..self.row }
    }
}
