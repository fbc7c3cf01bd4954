//! `peak`: one function held a quarter or more of the heap at its highest, and the heap is now at least a fifth lower.
//! The picture has to be near the peak, and the peak at least 1 MB.

use super::{placed, share};
use crate::report::data::{Finding, LiveGroup, PeakPicture, Report};
use crate::report::leaks;
use crate::report::name::{OUTSIDE, PANIC};
use crate::report::peak::{calls_in_flight, is_near};
use crate::size;

const KIND: &str = "peak";
/// Least peak, bytes.
const LEAST: u64 = 1 << 20;
/// One part of so many, at least, of the heap at its highest.
const PARTS: u64 = 4;
const ADVICE: &str = "To lower the peak, free this earlier, or process the input in smaller parts.";

pub(super) fn of(report: &Report) -> Option<Finding> {
    let peak = report.peak.as_ref().filter(|peak| is_near(peak))?;
    let (net, now) = (peak.net_bytes.max(0) as u64, report.totals.net_bytes.max(0) as u64);
    if net < LEAST || now > net / 5 * 4 {
        return None;
    }
    let (function, bytes, error) = largest(peak)?;
    // Symbols that the standard library reads for a backtrace: nobody can free them earlier.
    if function == Some(PANIC) {
        return None;
    }
    // An estimate has to be beyond its error.
    if bytes.saturating_sub(error.saturating_mul(2)) < net.div_ceil(PARTS) {
        return None;
    }
    let (file, line) = place(report, peak, function);
    let accuracy = if peak.exact { "exact".to_owned() } else { format!("± {}", size::bytes(error)) };
    let in_flight = calls_in_flight(peak).map_or(String::new(), |calls| format!("in flight: {calls}; "));
    Some(Finding {
        kind: KIND.into(),
        title: format!(
            "{} held {} of the peak of {} ({accuracy}, {}), {} after the start",
            placed(function.unwrap_or(OUTSIDE), file.as_deref(), line),
            size::bytes(bytes),
            size::bytes(peak.process_peak_bytes),
            size::share(bytes, net.max(bytes)),
            size::age(peak.seconds),
        ),
        detail: format!(
            "{in_flight}the picture shows {} live, {} of the peak; {} are live now",
            size::bytes(net),
            size::share(net.min(peak.process_peak_bytes), peak.process_peak_bytes),
            size::bytes(now),
        ),
        advice: ADVICE.into(),
        function: function.map(str::to_owned),
        file,
        line,
        bytes,
        share: share(bytes, net.max(bytes)),
        exact: peak.exact,
    })
}

/// The function that held most, or `None` for memory outside every function; its bytes, and their error.
fn largest(peak: &PeakPicture) -> Option<(Option<&str>, u64, u64)> {
    let retained = peak
        .functions
        .iter()
        .filter_map(|row| Some((Some(row.name.as_str()), row.retained_bytes?, row.retained_error_bytes.unwrap_or(0))));
    let outside = peak.groups.iter().filter(|group| group.path.is_empty());
    // Errors of independent samples.
    let (bytes, variance) = outside.fold((0, 0.0), |(bytes, variance), group| {
        (bytes + group.bytes, variance + (group.error_bytes as f64).powi(2))
    });
    let outside = (None, bytes, variance.sqrt().ceil() as u64);
    retained.chain([outside]).max_by_key(|(_, bytes, _)| *bytes)
}

/// File and line of the largest group of a function, or of the function.
fn place(report: &Report, peak: &PeakPicture, function: Option<&str>) -> (Option<String>, Option<u32>) {
    let is_of = |group: &&LiveGroup| group.path.last().map(String::as_str) == function;
    match peak.groups.iter().find(is_of) {
        Some(group) => leaks::place(report, group),
        None => (None, None),
    }
}
