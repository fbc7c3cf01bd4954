//! Figures for Prometheus, text format 0.0.4.
//!
//! The series are bounded: the first [`FUNCTIONS`] functions that have figures and the first [`VALUES`] values of each
//! label key keep their series for the life of the process. All others are in the series `other`, so that sums stay
//! true. A function that is in `other` stays there: no counter falls.

use super::series::{Series, SeriesFigures};
use crate::os::process::fork_lock::ForkLock;
use crate::printable::Printable;
use crate::report::Report;
use std::fmt::{Display, Write};

static SERIES: ForkLock<Series> = ForkLock::new();

/// The figures of a report.
pub(super) fn text(report: &Report) -> String {
    let mut held = SERIES.lock();
    let mut series = held.get().cloned().unwrap_or_default();
    let text = render(report, &mut series);
    held.put(series);
    text
}

/// The figures of a report, with the series that were there before and the new ones.
pub(super) fn render(report: &Report, series: &mut Series) -> String {
    let mut text = MetricText::default();
    let totals = &report.totals;
    text.counter("memprof_allocated_bytes_total", "Bytes allocated since the process began.", totals.allocated_bytes);
    text.counter("memprof_deallocated_bytes_total", "Bytes deallocated.", totals.deallocated_bytes);
    text.counter("memprof_allocations_total", "Allocations.", totals.allocated_count);
    text.gauge("memprof_live_bytes", "Bytes allocated and not yet deallocated.", Some(totals.net_bytes));
    text.gauge("memprof_peak_bytes", "Highest live bytes of the process.", Some(totals.peak_bytes));
    functions(report, series, &mut text);
    labels(report, series, &mut text);
    let overhead = &report.overhead;
    text.gauge("memprof_profiler_bytes", "System memory of the profiler itself.", Some(overhead.profiler_bytes));
    text.gauge("process_resident_memory_bytes", "Resident memory size in bytes.", report.os.rss_bytes);
    let held = report.allocator.held_bytes;
    text.gauge("memprof_allocator_held_bytes", "Free memory that the allocator holds.", held);
    let limit = report.os.limit_bytes;
    text.gauge("memprof_limit_bytes", "Lowest limit of the memory of the process.", limit);
    text.head("memprof_build_info", "gauge", "Versions of memprof and of the program.");
    let program = &report.program;
    let names = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("program", &program.name),
        ("program_version", program.version.as_deref().unwrap_or_default()),
        ("build", program.build.as_deref().unwrap_or_default()),
    ];
    text.sample("memprof_build_info", &names, 1);
    text.0
}

fn functions(report: &Report, series: &mut Series, text: &mut MetricText) {
    let rows = series.functions(report);
    let mut metric = |name: &str, kind: &str, help: &str, figure: &dyn Fn(&SeriesFigures) -> Option<u64>| {
        text.head(name, kind, help);
        for (function, sums) in &rows {
            if let Some(value) = figure(sums) {
                text.sample(name, &[("function", function)], value);
            }
        }
    };
    metric("memprof_function_calls_total", "counter", "Calls of the function.", &|sums| sums.calls);
    let help = "Bytes allocated while the function was the innermost tracked one.";
    metric("memprof_function_self_allocated_bytes_total", "counter", help, &|sums| Some(sums.self_allocated_bytes));
    let help = "Live bytes that the function's own code allocated.";
    metric("memprof_function_retained_bytes", "gauge", help, &|sums| sums.retained_bytes);
    let name = "memprof_growing_bytes_per_second";
    text.head(name, "gauge", "Growth of live memory that keeps growing, by the function that allocates it.");
    for (function, rate) in series.growing(report) {
        text.sample(name, &[("function", &function)], rate);
    }
}

fn labels(report: &Report, series: &mut Series, text: &mut MetricText) {
    let name = "memprof_label_retained_bytes";
    text.head(name, "gauge", "Live bytes that labelled work allocated.");
    for ((key, value), bytes) in series.labels(report) {
        text.sample(name, &[("key", &key), ("value", &value)], bytes);
    }
}

/// The text under construction.
#[derive(Default)]
struct MetricText(String);

impl MetricText {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.head(name, "counter", help);
        self.sample(name, &[], value);
    }

    /// An unknown figure has no series.
    fn gauge(&mut self, name: &str, help: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.head(name, "gauge", help);
            self.sample(name, &[], value);
        }
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (place, (label, text)) in labels.iter().enumerate() {
            let mark = if place == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{mark}{label}=\"");
            self.escaped(text);
            self.0.push('"');
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }

    fn escaped(&mut self, text: &str) {
        for letter in Printable(text).to_string().chars() {
            if matches!(letter, '"' | '\\') {
                self.0.push('\\');
            }
            self.0.push(letter);
        }
    }
}

#[cfg(test)]
mod tests;
