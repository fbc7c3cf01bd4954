//! `limit`: the first finding of a report that was written at a threshold of `[limits]`: the function whose memory grew
//! most before, and the memory of the process beside its limit.

use super::data::{AtLimit, Finding, LiveGroup, Report, reason};
use super::findings::placed;
use super::leaks;
use super::name::OUTSIDE;
use crate::size;

const ADVICE_ON_OTHERS: &str = "Look at the other processes and at files in tmpfs mounts (/dev/shm, emptyDir of medium \
     Memory), or raise the limit.";

/// Times that other processes grow as much as this one if the growth is theirs.
const OTHERS_TIMES: i64 = 16;

/// Kind of the finding.
pub(crate) const KIND: &str = "limit";

const ADVICE: &str = "Free what it keeps or bound its collections, or raise the limit.";
const ADVICE_WITHOUT_HEAP: &str =
    "Look at what C code and other libraries allocate, at memory maps and shared memory, and at thread stacks.";

/// The finding. `None`: the report was written for another reason.
pub(crate) fn finding(report: &Report) -> Option<Finding> {
    let limit = report.limit.as_ref()?;
    let profiler = report.overhead.profiler_bytes;
    let touched = limit.heap_bytes.saturating_sub(limit.untouched_bytes);
    let rest = limit.used_bytes.saturating_sub(touched).saturating_sub(profiler);
    let finding = match grown(limit, touched, rest) {
        GrownPart::Heap => of_heap(report, limit),
        GrownPart::Rest => of_rest(limit, rest),
        GrownPart::Others => of_others(limit),
    };
    Some(Finding { kind: KIND.into(), detail: detail(limit, profiler), ..finding })
}

/// The part of the memory that grew most.
enum GrownPart {
    Heap,
    Rest,
    Others,
}

/// The part that grew most. If that is not known, the larger one of this process. Others did only if they grew so many
/// times as much: they can be many processes of the same program, of which each grows.
fn grown(limit: &AtLimit, heap_bytes: u64, rest_bytes: u64) -> GrownPart {
    let rise = |bytes: Option<i64>| bytes.unwrap_or(0);
    // The profiler's own memory grows in the beginning, too, and is not in these bytes.
    let rest = rise(limit.rest_rise_bytes).min(i64::try_from(rest_bytes).unwrap_or(i64::MAX));
    let heap = rise(limit.heap_rise_bytes);
    let others = if limit.reason == reason::NEW_HIGH { 0 } else { rise(limit.others_rise_bytes) };
    let own = heap.max(rest).max(0);
    if others > own.saturating_mul(OTHERS_TIMES) {
        GrownPart::Others
    } else if limit.reason == reason::NEW_HIGH || heap > rest || own == 0 && heap_bytes >= rest_bytes {
        GrownPart::Heap
    } else {
        GrownPart::Rest
    }
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

/// Memory outside the heap grew most, or most of the memory is there.
fn of_rest(limit: &AtLimit, rest: u64) -> Finding {
    let heap = size::bytes(limit.heap_bytes);
    let title = match grew(limit, limit.rest_rise_bytes) {
        Some(grew) => format!(
            "memory outside the heap grew most before {}: {grew}; {} are not in the heap, which has {heap}",
            event(limit),
            size::bytes(rest),
        ),
        None => {
            format!("{} of the memory are not in the heap, which has {heap}, at {}", size::bytes(rest), event(limit),)
        }
    };
    Finding {
        title: format!("{title}; {}", state(limit)),
        advice: ADVICE_WITHOUT_HEAP.into(),
        bytes: rest,
        share: (limit.used_bytes > 0).then(|| rest as f64 / limit.used_bytes as f64),
        exact: false,
        ..Finding::default()
    }
}

/// Other processes grew most.
fn of_others(limit: &AtLimit) -> Finding {
    let others = limit.other_processes_bytes.unwrap_or(0);
    Finding {
        title: format!(
            "other processes of the control group grew most before {}: {}; {}",
            event(limit),
            grew(limit, limit.others_rise_bytes).unwrap_or_default(),
            state(limit),
        ),
        advice: ADVICE_ON_OTHERS.into(),
        bytes: others,
        share: limit.limit_bytes.filter(|limit| *limit > 0).map(|limit| (others as f64 / limit as f64).min(1.0)),
        exact: false,
        ..Finding::default()
    }
}

/// A rise that is one, and its time.
fn grew(limit: &AtLimit, rise: Option<i64>) -> Option<String> {
    let bytes = rise.and_then(|rise| u64::try_from(rise).ok()).filter(|bytes| *bytes > 0)?;
    Some(format!("+{} in the last {}", size::bytes(bytes), size::age(limit.rise_seconds?)))
}

fn event(limit: &AtLimit) -> &'static str {
    if limit.reason == reason::NEW_HIGH { "the new high" } else { "the limit" }
}

fn state(limit: &AtLimit) -> String {
    let used = size::bytes(limit.used_bytes);
    let others = match limit.other_processes_bytes {
        Some(others) if others >= limit.used_bytes / 10 => format!(", others of its group {}", size::bytes(others)),
        _ => String::new(),
    };
    match (limit.limit_bytes, &limit.limit_source) {
        (Some(bytes), Some(source)) => format!("the process has {used}{others} of {} ({source})", size::bytes(bytes)),
        _ => format!("the process has {used}{others}"),
    }
}

/// The heap, and its part that is not in use.
fn heap(limit: &AtLimit) -> String {
    let heap = format!("heap {}", size::exact(limit.heap_bytes));
    match limit.untouched_bytes {
        0 => heap,
        untouched => format!("{heap}, of which untouched {}", size::exact(untouched)),
    }
}

fn detail(limit: &AtLimit, profiler: u64) -> String {
    let mut parts = vec![heap(limit)];
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

#[cfg(test)]
mod tests {
    use super::*;

    fn title(reason: &str, [heap, rest, others]: [i64; 3]) -> String {
        let limit = AtLimit {
            reason: reason.into(),
            used_bytes: 60 << 20,
            heap_bytes: 40 << 20,
            other_processes_bytes: Some(30 << 20),
            growing_function: Some("app::fill".into()),
            rise_seconds: Some(2.0),
            heap_rise_bytes: Some(heap),
            rest_rise_bytes: Some(rest),
            others_rise_bytes: Some(others),
            ..AtLimit::default()
        };
        finding(&Report { limit: Some(limit), ..Report::default() }).expect("there is a limit").title
    }

    #[test]
    fn the_part_that_grew_most_is_named() {
        const MB: i64 = 1 << 20;
        let title_at_limit = |rises| title(reason::LIMIT, rises);
        assert!(title_at_limit([5 * MB, 4 * MB, 9 * MB]).starts_with("app::fill grew most before the limit: "));
        assert_eq!(
            title_at_limit([0, 4 * MB, 9 * MB]),
            "memory outside the heap grew most before the limit: +4.0 MB in the last 2.0 s; 20.0 MB are not in the \
             heap, which has 40.0 MB; the process has 60.0 MB, others of its group 30.0 MB"
        );
        let others = "other processes of the control group grew most before the limit: +9.0 MB in the last 2.0 s; ";
        assert!(title_at_limit([-MB, 0, 9 * MB]).starts_with(others));
        // Ten workers of one program: each grows.
        assert!(title_at_limit([MB, 0, 9 * MB]).starts_with("app::fill "));
        assert!(title_at_limit([0, 0, 0]).starts_with("app::fill "), "as before: the larger part");
        assert!(title(reason::NEW_HIGH, [0, 4 * MB, 9 * MB]).starts_with("app::fill grew most before the new high: "));
        assert!(title_at_limit([MB, 60 * MB, 0]).starts_with("memory outside"));
        let mut report = Report { limit: Some(AtLimit::default()), ..Report::default() };
        if let Some(limit) = &mut report.limit {
            (limit.used_bytes, limit.heap_bytes) = (11 << 20, 8 << 20);
            (limit.heap_rise_bytes, limit.rest_rise_bytes, limit.rise_seconds) = (Some(MB), Some(2 * MB), Some(0.1));
        }
        report.overhead.profiler_bytes = 4 << 20;
        let of_profiler = finding(&report).expect("there is a limit").title;
        assert!(of_profiler.starts_with("(outside tracked functions) grew most"), "{of_profiler}");
        assert!(title_at_limit([i64::MIN, i64::MAX, 0]).starts_with("memory outside"));
    }
}
