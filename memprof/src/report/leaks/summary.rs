//! The summary: growing groups, or the reason why none is known.

use super::amount::sum;
use super::meaning::{LEAST_PAUSE, growth_ended, is_growing};
use crate::report::data::{LiveGroup, NetRise, Report, verdict};
use crate::report::name::printable;
use crate::report::rise;
use crate::size;

/// Share of the live bytes: with more in groups of too few samples, growth cannot be excluded. Blocks made at the start
/// say nothing of them.
const UNKNOWN_SHARE: f64 = 0.1;
/// The lines above the groups that are not expected.
pub(super) fn lines(report: &Report, groups: &[&LiveGroup], lines: &mut Vec<String>) {
    let growing: Vec<&LiveGroup> = groups.iter().copied().filter(|group| is_growing(group)).collect();
    let rise = rise::unexplained(report);
    if groups.is_empty() && rise.is_none() {
        return;
    }
    lines.push(String::new());
    match (growing.len(), rise) {
        (0, Some(rise)) if rise.ended_seconds.is_some() => {
            lines.extend(ended(rise, report));
            lines.extend(named(rise));
        }
        (0, Some(rise)) => {
            lines.push(format!(
                "no group is known to grow, but the net of the whole program rose steadily: {}",
                by(rise, report)
            ));
            lines.extend(named(rise));
        }
        (0, None) => lines.push(nothing_grows(report, groups)),
        (count, rise) => {
            let verb = if count == 1 { "is" } else { "are" };
            let live = size::bytes(sum(&growing));
            lines.push(format!("{} {verb} growing ({live} live)", size::plural(count as u64, "group")));
            if let Some(rise) = rise {
                lines.push(format!(
                    "the net of the whole program rose steadily by more than that: {}",
                    by(rise, report)
                ));
                lines.extend(named(rise));
            }
        }
    }
}

/// The line for no growth, as far as the data support it.
fn nothing_grows(report: &Report, groups: &[&LiveGroup]) -> String {
    if super::is_next_to_nothing(report) {
        // A sample can miss a leak of a few bytes a second.
        let nothing = if report.live.exact { "nothing grows" } else { "no growth found" };
        return format!("{nothing}: only {} live in total", size::bytes(report.totals.net_bytes));
    }
    let with = |verdict: &str| -> Vec<&LiveGroup> {
        groups.iter().copied().filter(|group| group.verdict.as_deref() == Some(verdict)).collect()
    };
    let (unknown, recent) = (with(verdict::UNKNOWN), with(verdict::RECENT));
    let is_much = |bytes: u64| bytes as f64 > UNKNOWN_SHARE * sum(groups) as f64;
    let made_later = sum(groups).saturating_sub(sum(&with(verdict::KEPT_SINCE_START)));
    let is_doubt = sum(&unknown) as f64 > UNKNOWN_SHARE * made_later as f64;
    if !is_doubt && !is_much(sum(&unknown).saturating_add(sum(&recent))) {
        let grew: Vec<&LiveGroup> = groups
            .iter()
            .copied()
            .filter(|group| growth_ended(group).is_some_and(|ended| ended >= LEAST_PAUSE))
            .collect();
        if is_much(sum(&grew)) {
            return grown_before(&grew);
        }
        return "nothing grows: no group keeps gaining blocks".into();
    }
    if super::all_live(report) <= super::NEXT_TO_NOTHING {
        return format!("no growth found: only {} live in total", size::bytes(report.totals.net_bytes));
    }
    let of = |groups: &[&LiveGroup]| {
        format!("{} ({} live)", size::plural(groups.len() as u64, "group"), size::bytes(sum(groups)))
    };
    let doubts = [("too few samples", unknown), ("made too recently", recent)];
    let doubts = doubts.iter().filter(|(_, groups)| !groups.is_empty());
    let doubts: Vec<String> = doubts.map(|(why, groups)| format!("{why} to judge {}", of(groups))).collect();
    format!("no growth found; {}", doubts.join("; "))
}

/// Growth that is over is none, but may resume when the program does the same again.
fn grown_before(groups: &[&LiveGroup]) -> String {
    let ended = groups.iter().filter_map(|group| growth_ended(group)).fold(f64::INFINITY, f64::min);
    format!(
        "nothing has grown in the last {}; {} ({} live) grew steadily until then",
        size::age(ended),
        size::plural(groups.len() as u64, "group"),
        size::bytes(sum(groups))
    )
}

fn by(rise: &NetRise, report: &Report) -> String {
    let bytes = size::bytes(rise.bytes);
    match rise.ended_seconds {
        Some(ended) => format!("by {bytes} until {} of the run", at(ended, report)),
        None => format!("by {bytes} in the last {}", size::age(rise.seconds)),
    }
}

/// The lines for a rise that is over.
fn ended(rise: &NetRise, report: &Report) -> Vec<String> {
    let Some(ended) = rise.ended_seconds else { return Vec::new() };
    let (pause, bytes) = (size::age(ended), size::bytes(rise.bytes));
    let (from, to) = (at(rise.seconds, report), at(ended, report));
    vec![
        format!("nothing is known to grow now: the net of the whole program has not risen in the last {pause}"),
        format!("before that it rose steadily, by {bytes} from {from} to {to} of the run"),
    ]
}

/// A moment of the run, this many seconds ago.
fn at(ago: f64, report: &Report) -> String {
    size::age((report.program.duration_seconds - ago).max(0.0))
}

/// A function's net also includes blocks that others retain, so it is not called growing.
fn named(rise: &NetRise) -> Option<String> {
    let (function, bytes) = (rise.function.as_ref()?, rise.function_bytes?);
    Some(format!("most of it is the net of {}: its net rose by {}", printable(function), size::bytes(bytes)))
}
