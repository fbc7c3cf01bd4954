//! The peak as text: one line of the table, and a section of `memory_leaks.txt`.

use super::data::{PeakPicture, Report};
use super::name::{OUTSIDE, path, printable};
use super::sum;
use crate::size;

/// A picture of at least this part of the peak shows the peak.
const NEAR: f64 = 0.9;
/// Peaks below are not worth a line, bytes.
const LEAST: u64 = 64 * 1024;
/// Limits of the functions in the line and in the section, and of the threads.
const MOST_IN_LINE: usize = 3;
const MOST: usize = 5;
const MOST_THREADS: usize = 8;

/// True if the picture is so near to the peak that it shows who held it.
pub(crate) fn is_near(peak: &PeakPicture) -> bool {
    peak.net_bytes as f64 >= NEAR * peak.process_peak_bytes as f64
}

/// The line of the table. `None`: there is no picture of the peak, or the heap is still as high, so that `retained` has
/// the same figures.
pub(super) fn line(report: &Report) -> Option<String> {
    let peak = report.peak.as_ref().filter(|peak| is_near(peak) && peak.process_peak_bytes >= LEAST)?;
    // The net of a sum says nothing about the process with the picture.
    if sum::of_several(report).is_none() && report.totals.net_bytes as f64 >= 0.95 * peak.net_bytes as f64 {
        return None;
    }
    let holders: Vec<String> = holders(peak)
        .into_iter()
        .take(MOST_IN_LINE)
        .map(|(name, bytes, _)| format!("{} {}", printable(name), size::bytes(bytes)))
        .collect();
    let calls = calls_in_flight(peak).map_or(String::new(), |calls| format!("; in flight: {calls}"));
    Some(format!("At the peak, after {}: {}{calls}", size::age(peak.seconds), holders.join(", ")))
}

/// The section of the leak report.
pub(super) fn lines(report: &Report) -> Vec<String> {
    let Some(peak) = report.peak.as_ref().filter(|peak| peak.process_peak_bytes >= LEAST) else { return Vec::new() };
    let net = peak.net_bytes.max(0) as u64;
    let accuracy = if peak.exact { "exact" } else { "estimated" };
    let near = size::share(net.min(peak.process_peak_bytes), peak.process_peak_bytes);
    let mut lines = vec![format!(
        "At the peak of {}, {} after the start ({accuracy}; the picture shows {}, {near} of it):",
        size::bytes(peak.process_peak_bytes),
        size::age(peak.seconds),
        size::bytes(net),
    )];
    let holders = holders(peak);
    let width = holders.iter().take(MOST).map(|(name, ..)| printable(name).len()).max().unwrap_or(0);
    for (name, bytes, error) in holders.iter().take(MOST) {
        let error = if *error > 0 { format!(" ± {}", size::bytes(*error)) } else { String::new() };
        let share = size::share(*bytes, net.max(*bytes));
        lines.push(format!("  {:<width$}  {}{error}, {share}", printable(name), size::exact(*bytes)));
    }
    if holders.len() > MOST {
        lines.push(format!(
            "  and {} (`peak` in the JSON report)",
            size::plural(holders.len() as u64 - MOST as u64, "more function")
        ));
    }
    for thread in peak.in_flight.iter().take(MOST_THREADS) {
        lines.push(format!("  in flight on {}: {}", printable(&thread.thread), path(&thread.path)));
    }
    let more = peak.in_flight.len().saturating_sub(MOST_THREADS) as u64;
    if more > 0 {
        lines.push(format!("  and on {}", size::plural(more, "more thread")));
    }
    let open =
        open_calls(peak).map(|(name, calls)| format!("  {} open calls of {}", size::count(calls), printable(name)));
    lines.extend(open.take(MOST));
    lines
}

/// Functions by bytes held, with their errors, and memory outside of them.
fn holders(peak: &PeakPicture) -> Vec<(&str, u64, u64)> {
    let functions = peak.functions.iter().filter_map(|row| {
        let bytes = row.retained_bytes.filter(|&bytes| bytes > 0)?;
        Some((row.name.as_str(), bytes, row.retained_error_bytes.unwrap_or(0)))
    });
    let mut holders: Vec<(&str, u64, u64)> = functions.collect();
    if peak.unattributed_bytes > 0 {
        let at = holders.iter().position(|(_, bytes, _)| *bytes < peak.unattributed_bytes).unwrap_or(holders.len());
        holders.insert(at, (OUTSIDE, peak.unattributed_bytes, 0));
    }
    holders
}

/// Functions with more open calls than threads were in: suspended futures, or recursion.
fn open_calls(peak: &PeakPicture) -> impl Iterator<Item = (&str, u64)> {
    peak.functions.iter().filter_map(|row| {
        let on_threads = peak.in_flight.iter().filter(|thread| thread.path.contains(&row.name)).count() as u64;
        (row.active > on_threads.max(1)).then_some((row.name.as_str(), row.active))
    })
}

/// The calls in flight, as part of a sentence: each path with its threads. `None`: there were none.
pub(crate) fn calls_in_flight(peak: &PeakPicture) -> Option<String> {
    let mut paths: Vec<(String, u64)> = Vec::new();
    for thread in &peak.in_flight {
        let path = path(&thread.path);
        match paths.iter_mut().find(|(other, _)| *other == path) {
            Some((_, threads)) => *threads += 1,
            None => paths.push((path, 1)),
        }
    }
    let on_threads = |(path, threads): &(String, u64)| match threads {
        1 => path.clone(),
        threads => format!("{path} on {}", size::plural(*threads, "thread")),
    };
    let mut calls: Vec<String> = paths.iter().take(MOST_IN_LINE).map(on_threads).collect();
    let more = paths.len().saturating_sub(MOST_IN_LINE) as u64;
    if more > 0 {
        calls.push(format!("{} more", size::count(more)));
    }
    if let Some((name, count)) = open_calls(peak).max_by_key(|(_, count)| *count) {
        calls.push(format!("{} open calls of {}", size::count(count), printable(name)));
    }
    (!calls.is_empty()).then(|| calls.join(", "))
}
