//! Sums of the figures of whole processes: totals, allocator, operating system, the profiler.

use std::collections::BTreeSet;

use super::numbers::{Shared, add_fields, add_known_fields, net};
use crate::report::data::{Allocator, JemallocStatistics, Os, Overhead, Report, Totals};
use crate::size;

/// Separator of the names of allocators, if there are several.
const AND: &str = ", ";

#[derive(Debug, Default)]
pub(super) struct SystemSums {
    totals: Totals,
    reports: u64,
    is_installed: bool,
    inner: BTreeSet<String>,
    held_source: Shared<Option<String>>,
    allocator: Allocator,
    jemalloc: Option<JemallocStatistics>,
    os: Os,
    overhead: Overhead,
}

impl SystemSums {
    pub(super) fn add(&mut self, report: &Report) {
        let is_first = self.reports == 0;
        self.reports += 1;
        self.add_totals(&report.totals);
        self.add_allocator(&report.allocator, is_first);
        self.add_jemalloc(report.jemalloc.as_ref(), is_first);
        self.add_os(&report.os, is_first);
        self.add_overhead(&report.overhead);
    }

    fn add_totals(&mut self, row: &Totals) {
        let sum = &mut self.totals;
        add_fields!(sum, row, allocated_bytes allocated_count deallocated_bytes deallocated_count reallocated_count
            grown_bytes copied_bytes);
        sum.net_bytes = net(sum.allocated_bytes, sum.deallocated_bytes);
        sum.net_count = net(sum.allocated_count, sum.deallocated_count);
        sum.peak_bytes = sum.peak_bytes.max(row.peak_bytes);
        // The largest true peak is within the largest error of the largest figure.
        sum.peak_error_bytes = sum.peak_error_bytes.max(row.peak_error_bytes);
    }

    fn add_allocator(&mut self, row: &Allocator, is_first: bool) {
        let sum = &mut self.allocator;
        self.is_installed |= row.installed;
        self.inner.extend(row.inner.split(AND).map(str::to_owned));
        self.held_source.add(row.held_source.clone());
        if is_first {
            (sum.in_use_bytes, sum.held_bytes) = (row.in_use_bytes, row.held_bytes);
        } else {
            add_known_fields!(sum, row, in_use_bytes held_bytes);
        }
    }

    fn add_jemalloc(&mut self, row: Option<&JemallocStatistics>, is_first: bool) {
        self.jemalloc = match (self.jemalloc.take(), row) {
            (None, Some(row)) if is_first => Some(row.clone()),
            (Some(mut sum), Some(row)) => {
                add_fields!(sum, row, allocated active resident mapped retained metadata);
                Some(sum)
            }
            _ => None,
        };
    }

    fn add_os(&mut self, row: &Os, is_first: bool) {
        let sum = &mut self.os;
        if is_first {
            *sum = row.clone();
            return;
        }
        // A limit holds for one process, so it is not beside a sum.
        (sum.limit_bytes, sum.limit_source) = (None, None);
        sum.peak_rss_bytes = sum.peak_rss_bytes.zip(row.peak_rss_bytes).map(|(one, other)| one.max(other));
        add_known_fields!(sum, row, rss_bytes anonymous_bytes file_bytes shared_bytes stack_bytes);
    }

    fn add_overhead(&mut self, row: &Overhead) {
        let sum = &mut self.overhead;
        add_fields!(sum, row, profiler_bytes misplaced_guards scopes_not_opened stacks_not_captured stacks_without_room
            stacks_corrected);
        let (sum, row) = (&mut sum.reporting, &row.reporting);
        add_fields!(sum, row, allocated_bytes allocated_count);
        sum.peak_bytes = sum.peak_bytes.max(row.peak_bytes);
    }

    pub(super) fn totals(&self) -> Totals {
        let sum = &self.totals;
        Totals {
            allocated_mb: size::mb(sum.allocated_bytes),
            deallocated_mb: size::mb(sum.deallocated_bytes),
            net_mb: size::mb(sum.net_bytes),
            peak_mb: size::mb(sum.peak_bytes),
            ..sum.clone()
        }
    }

    /// Installed if it was in one process: the others have no figures.
    pub(super) fn allocator(&self) -> Allocator {
        Allocator {
            installed: self.is_installed,
            inner: self.inner.iter().cloned().collect::<Vec<_>>().join(AND),
            held_source: self.held_source.clone().into_value().flatten(),
            ..self.allocator.clone()
        }
    }

    pub(super) fn jemalloc(&self) -> Option<JemallocStatistics> {
        self.jemalloc.clone()
    }

    pub(super) fn os(&self) -> Os {
        self.os.clone()
    }

    pub(super) fn overhead(&self) -> Overhead {
        self.overhead.clone()
    }
}
