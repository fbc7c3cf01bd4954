//! The sentence beneath a group: its verdict, with the group's own figures.

pub(super) use crate::report::rise::is_growing;

use crate::report::data::{LiveGroup, growth, verdict};
use crate::report::name::printable;
use crate::size;

/// Share of the time since the oldest block was made, and seconds: a longer pause is mentioned.
const PAUSE: f64 = 0.15;
pub(super) const LEAST_PAUSE: f64 = 0.1;
/// Share of the run: with a block newer than this, the group still gains blocks.
const LATELY: f64 = 0.1;
/// Effective samples: a group with more is unknown because it lacks recent ones.
const ENOUGH: f64 = 8.0;
/// Blocks: an exact group with more is unknown because none was freed so far.
const FEWEST: u64 = 5;
/// Tolerance of "one block survives each call".
const ABOUT_ONE: f64 = 0.02;

/// The sentence, for a run of this many seconds.
pub(super) fn of(group: &LiveGroup, run: f64) -> Option<String> {
    match group.verdict.as_deref()? {
        verdict::GROWING => Some(grows(group)),
        verdict::KEPT_SINCE_START => {
            Some("made in the first part of the run and kept, as caches, statics and pools are".into())
        }
        verdict::KEPT => Some(kept(group, run)),
        verdict::RECENT => Some("made recently: may still be freed".into()),
        verdict::UNKNOWN => Some(unknown(group)),
        _ => None,
    }
}

fn grows(group: &LiveGroup) -> String {
    let rate = size::bytes(rounded(group.bytes_per_second));
    let pause = group.last_growth_seconds.filter(|&pause| pause >= LEAST_PAUSE.max(PAUSE * group.oldest_seconds));
    if group.growth.as_deref() == Some(growth::LARGER_BLOCKS) {
        let pause = pause.map(|pause| format!("; not in the last {}", size::age(pause))).unwrap_or_default();
        return format!("keeps getting larger: +{rate}/s, by reallocation or by a larger block in its place{pause}");
    }
    let call = group.bytes_per_call.zip(group.path.last()).map(|(bytes, function)| {
        format!(", {}{} per call of {}", size::bytes(rounded(bytes)), error_per_call(group), printable(function))
    });
    let survivors = survivors(group).map(|survivors| format!("; {survivors}")).unwrap_or_default();
    // The newest block is the one in the line above.
    let pause =
        pause.map(|_| format!("; none made in the last {}", size::age(group.newest_seconds))).unwrap_or_default();
    format!("not being freed: +{rate}/s{}{survivors}{pause}", call.unwrap_or_default())
}

/// The error of the bytes per call, in proportion to the error of the sum.
fn error_per_call(group: &LiveGroup) -> String {
    match group.calls {
        Some(calls) if group.error_bytes > 0 && calls > 0 => {
            format!(" ± {}", size::bytes(rounded(group.error_bytes as f64 / calls as f64)))
        }
        _ => String::new(),
    }
}

/// Survivors of each call, if that is one block.
fn survivors(group: &LiveGroup) -> Option<String> {
    let (calls, function) = (group.calls.filter(|&calls| calls > 1)?, group.path.last()?);
    let is_one = (group.count as f64 / calls as f64 - 1.0).abs() <= ABOUT_ONE && group.error_bytes == 0;
    is_one.then(|| {
        let (count, calls) = (size::count(group.count), size::count(calls));
        format!("one block survives each call of {} ({count} of {calls})", printable(function))
    })
}

/// Time since the growth of a group ended, at most the age of its newest block.
pub(super) fn growth_ended(group: &LiveGroup) -> Option<f64> {
    group.growth_ended_seconds.map(|ended| ended.min(group.newest_seconds))
}

fn kept(group: &LiveGroup, run: f64) -> String {
    let at = |age: f64| size::age((run - age).max(0.0));
    if let Some(ended) = growth_ended(group) {
        return format!(
            "grew steadily from {} to {} of the run, and has not grown in the last {}",
            at(group.oldest_seconds),
            at(ended),
            size::age(ended)
        );
    }
    if let Some(enlarged) = group.last_growth_seconds.filter(|&enlarged| enlarged < group.newest_seconds) {
        return format!("made at {}, last made larger at {}, kept since", at(group.oldest_seconds), at(enlarged));
    }
    if group.count == 1 {
        return format!("made at {}, kept since", at(group.oldest_seconds));
    }
    if group.newest_seconds < LATELY * run {
        return "in balance: blocks come and go, without steady growth".into();
    }
    let survivors = survivors(group).map(|survivors| format!("; {survivors}")).unwrap_or_default();
    format!("made between {} and {}, kept since{survivors}", at(group.oldest_seconds), at(group.newest_seconds))
}

fn unknown(group: &LiveGroup) -> String {
    if group.error_bytes == 0 && group.count >= FEWEST {
        return format!("too few blocks in {} to say whether they are freed later", size::age(group.oldest_seconds));
    }
    if group.effective_samples >= ENOUGH {
        let newest = size::age(group.newest_seconds);
        return format!("too few samples in the last {newest} to say whether more are made");
    }
    let noun = if group.error_bytes > 0 { "samples" } else { "blocks" };
    format!("too few {noun} to say ({})", size::count(rounded(group.effective_samples.floor())))
}

/// A cast from a float saturates, so that no value is out of range.
fn rounded(number: f64) -> u64 {
    number.round() as u64
}
