//! `limit`: the first finding of a report that was written at a threshold of `[limits]`: the function whose memory grew
//! most before, and the memory of the process beside its limit.

use super::data::{AtLimit, Finding, LiveGroup, Report, reason};
use super::findings::placed;
use super::leaks;
use super::name::OUTSIDE;
use crate::size;

/// Kind of the finding.
pub(crate) const KIND: &str = "limit";

const ADVICE: &str = "Free what it keeps or bound its collections, or raise the limit.";
const ADVICE_WITHOUT_HEAP: &str =
    "Look at what C code and other libraries allocate, at memory maps and shared memory, and at thread stacks.";

/// The finding. `None`: the report was written for another reason.
pub(crate) fn finding(report: &Report) -> Option<Finding> {
    let limit = report.limit.as_ref()?;
    let profiler = report.overhead.profiler_bytes;
    let rest = limit.used_bytes.saturating_sub(limit.heap_bytes).saturating_sub(profiler);
    let finding = if limit.heap_bytes >= rest { of_heap(report, limit) } else { of_rest(limit, rest) };
    Some(Finding { kind: KIND.into(), detail: detail(limit, profiler), ..finding })
}

/// Puts the finding first, in place of an earlier one.
pub(crate) fn put_first(report: &mut Report) {
    report.findings.retain(|finding| finding.kind != KIND);
    if let Some(finding) = finding(report) {
        report.findings.insert(0, finding);
    }
}

fn of_heap(report: &Report, limit: &AtLimit) -> Finding {
    let name = limit.growing_function.as_deref();
    let row = report.functions.iter().find(|row| Some(row.name.as_str()) == name);
    let groups = || report.live.groups.iter().filter(|group| group.path.last().map(String::as_str) == name);
    let largest = groups().max_by_key(|group| group.bytes);
    let (file, line) = match largest {
        Some(group) => leaks::place(report, group),
        None => row.map(|row| (row.file.clone(), row.line)).unzip(),
    };
    let live = leaks::live_bytes(report);
    let own_net = row.map_or(report.unattributed.self_net_bytes, |row| row.self_net_bytes);
    let bytes = match largest {
        Some(_) => groups().fold(0_u64, |sum, group| sum.saturating_add(group.bytes)),
        None => u64::try_from(own_net).unwrap_or(0),
    };
    let is_exact = largest.is_none() || groups().all(|group: &LiveGroup| group.error_bytes == 0);
    let grew = match (limit.growth_bytes, limit.growth_seconds) {
        (Some(grown), Some(seconds)) => format!("+{} in the last {}, ", size::bytes(grown), size::age(seconds)),
        _ => String::new(),
    };
    Finding {
        title: format!(
            "{} grew most before {}: {grew}{} live ({}{} of the live bytes); {}",
            placed(name.unwrap_or(OUTSIDE), file.as_deref(), line),
            event(limit),
            size::bytes(bytes),
            if is_exact { "" } else { "estimate, " },
            size::share(bytes, live.max(bytes)),
            state(limit),
        ),
        advice: ADVICE.into(),
        function: name.map(str::to_owned),
        file,
        line,
        bytes,
        share: (live > 0).then(|| (bytes as f64 / live.max(bytes) as f64).min(1.0)),
        exact: is_exact,
        ..Finding::default()
    }
}

/// Most of the memory is not in the heap.
fn of_rest(limit: &AtLimit, rest: u64) -> Finding {
    Finding {
        title: format!(
            "{} of the memory are not in the heap, which has {}, at {}; {}",
            size::bytes(rest),
            size::bytes(limit.heap_bytes),
            event(limit),
            state(limit),
        ),
        advice: ADVICE_WITHOUT_HEAP.into(),
        bytes: rest,
        share: (limit.used_bytes > 0).then(|| rest as f64 / limit.used_bytes as f64),
        exact: false,
        ..Finding::default()
    }
}

fn event(limit: &AtLimit) -> &'static str {
    if limit.reason == reason::NEW_HIGH { "the new high" } else { "the limit" }
}

fn state(limit: &AtLimit) -> String {
    let used = size::bytes(limit.used_bytes);
    match (limit.limit_bytes, &limit.limit_source) {
        (Some(bytes), Some(source)) => format!("the process has {used} of {} ({source})", size::bytes(bytes)),
        _ => format!("the process has {used}"),
    }
}

fn detail(limit: &AtLimit, profiler: u64) -> String {
    let mut parts = vec![format!("heap {}", size::exact(limit.heap_bytes))];
    if let Some(resident) = limit.resident_bytes {
        parts.push(format!("anonymous and shared resident memory {}", size::exact(resident)));
    }
    parts.push(format!("the profiler {}", size::exact(profiler)));
    parts.push(format!("threshold {}", size::exact(limit.threshold_bytes)));
    if limit.used_bytes < limit.threshold_bytes {
        let rate = size::bytes(limit.bytes_per_second);
        parts.push(format!("begun below it because the memory grew by {rate} per second"));
    }
    if let Some(others) = limit.other_processes_bytes {
        parts.push(format!("other processes of the control group {}", size::exact(others)));
    }
    if let Some(group) = limit.group_bytes {
        parts.push(format!("the whole group, with cached files, {}", size::exact(group)));
    }
    parts.join(", ")
}
