//! Changes that a person should see, in words: the basis of the text and of the Markdown.

use std::cmp::Reverse;

use super::data::{Diff, Difference, FunctionChange, PathChange, SplitChange, presence};
use super::remarks::RETAINED;
use crate::report::name::OUTSIDE;
use crate::size;

/// Bytes. A smaller change is shown if it is at least 1 % of the whole.
const SMALL: u64 = 1024;
/// Share of a change from which on one cause is named alone.
const MOSTLY: f64 = 0.8;
/// Call paths that are shown.
const PATHS: usize = 10;

/// Extent of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// Changes that matter: outside their error, and at least 1 KB or 1 %: of the old figure in the totals, of all
    /// bytes that the old run allocated elsewhere.
    #[default]
    Changes,
    /// All figures.
    All,
}

/// The changes to show.
pub(in crate::report) struct Summary {
    /// The first sentence: the change of what was allocated. The function that explains most of it follows.
    pub(in crate::report) headline: String,
    /// Name of that function, and its share in the change.
    pub(in crate::report) cause: Option<(String, String)>,
    /// Remarks about the figures that are shown: retained bytes are not.
    pub(in crate::report) remarks: Vec<String>,
    pub(in crate::report) totals: Vec<ChangeRow>,
    /// By bytes that their own code allocated, those that changed most first.
    pub(in crate::report) functions: Vec<ChangeRow>,
    pub(in crate::report) paths: Vec<PathRow>,
    /// Functions that are not shown because their change is small.
    pub(in crate::report) small: usize,
}

/// One figure of both reports.
pub(in crate::report) struct ChangeRow {
    pub(in crate::report) name: String,
    pub(in crate::report) old: String,
    pub(in crate::report) new: String,
    pub(in crate::report) change: String,
    pub(in crate::report) percent: String,
    /// Cause of the change, or what limits its meaning.
    pub(in crate::report) why: String,
}

/// A call path, outermost function first.
pub(in crate::report) struct PathRow {
    pub(in crate::report) names: Vec<String>,
    pub(in crate::report) change: String,
    pub(in crate::report) why: String,
}

impl Summary {
    pub(in crate::report) fn of(diff: &Diff, extent: Extent) -> Self {
        let whole = i128::from(diff.totals.allocated_bytes.old.unwrap_or(0));
        let is_shown = |change: &SplitChange| extent == Extent::All || matters(change.change, whole);
        let mut functions: Vec<&FunctionChange> = diff.functions.iter().collect();
        functions.sort_by_key(|row| Reverse(row.self_allocated_bytes.change.unsigned_abs()));
        let changed = functions.iter().filter(|row| row.self_allocated_bytes.change != 0).count();
        let shown: Vec<_> = functions.iter().filter(|row| is_shown(&row.self_allocated_bytes)).collect();
        let mut rows: Vec<_> = shown.iter().map(|row| function(row)).collect();
        if is_shown(&diff.unattributed.self_allocated_bytes) {
            rows.push(outside(&diff.unattributed));
        }
        let small = if extent == Extent::All { 0 } else { changed.saturating_sub(shown.len()) };
        Self {
            headline: headline(&diff.totals.allocated_bytes),
            cause: functions.first().and_then(|row| cause(row, &diff.totals.allocated_bytes)),
            remarks: diff.remarks.iter().filter(|remark| !remark.starts_with(RETAINED)).cloned().collect(),
            totals: totals(diff, extent),
            functions: rows,
            paths: paths(diff, whole, extent),
            small,
        }
    }

    /// True if there is nothing to show.
    pub(in crate::report) fn is_empty(&self) -> bool {
        self.totals.is_empty() && self.functions.is_empty() && self.paths.is_empty()
    }
}

/// True for a change in bytes that is not small.
fn matters(change: i64, whole: i128) -> bool {
    let change = change.unsigned_abs();
    change >= SMALL || (change > 0 && i128::from(change).saturating_mul(100) >= whole.abs())
}

fn signed(change: i64) -> String {
    let sign = if change > 0 { "+" } else { "" };
    format!("{sign}{}", size::bytes(change))
}

fn signed_count(change: i64) -> String {
    let sign = if change > 0 { "+" } else { "" };
    format!("{sign}{}", size::count(change))
}

/// The change in percent of the old figure. Empty if there is none.
fn percent(change: i64, old: i128) -> String {
    if old <= 0 || change == 0 {
        return String::new();
    }
    let percent = change as f64 / old as f64 * 100.0;
    // Beyond that a factor says more.
    if percent >= 1_000.0 {
        return format!("x{:.0}", percent / 100.0 + 1.0);
    }
    // A small change must not read as none.
    let digits = if percent.abs() < 0.1 { 3 } else { 1 };
    format!("{percent:+.digits$} %")
}

fn headline(allocated: &Difference) -> String {
    match (allocated.change, allocated.old) {
        (Some(0), _) => "allocated the same number of bytes".into(),
        (Some(change), old) => {
            let (old, more) = (i128::from(old.unwrap_or(0)), if change > 0 { "more" } else { "less" });
            let percent = percent(change, old);
            let share = if percent.is_empty() { percent } else { format!(" ({percent})") };
            format!("allocated {} {more}{share}", size::bytes(change.unsigned_abs()))
        }
        (None, _) => "allocated: not known".into(),
    }
}

/// The function, if it explains a part of the whole change that is worth a sentence.
fn cause(row: &FunctionChange, allocated: &Difference) -> Option<(String, String)> {
    let change = row.self_allocated_bytes.change;
    let whole = allocated.change.unwrap_or(0);
    let is_part = whole != 0 && change.signum() == whole.signum() && matters(change, 0);
    is_part.then(|| (row.name.clone(), format!("{}: {}", signed(change), why(row))))
}

fn totals(diff: &Diff, extent: Extent) -> Vec<ChangeRow> {
    let totals = &diff.totals;
    let bytes = |name, difference: &Difference| total(name, difference, extent, true);
    let count = |name, difference: &Difference| total(name, difference, extent, false);
    let rows = [
        bytes("allocated", &totals.allocated_bytes),
        count("allocations", &totals.allocated_count),
        bytes("peak", &totals.peak_bytes),
        bytes("net", &totals.net_bytes),
        count("net blocks", &totals.net_count),
        count("reallocations", &totals.reallocated_count),
        bytes("copied", &totals.copied_bytes),
        // The system's figure differs from run to run.
        (extent == Extent::All).then(|| bytes("RSS", &totals.rss_bytes)).flatten(),
    ];
    rows.into_iter().flatten().collect()
}

fn total(name: &str, difference: &Difference, extent: Extent, is_bytes: bool) -> Option<ChangeRow> {
    let (old, new, change) = (difference.old?, difference.new?, difference.change?);
    let is_shown = extent == Extent::All || difference.is_significant && (!is_bytes || matters(change, old.into()));
    let show = |figure: i64| if is_bytes { size::bytes(figure) } else { size::count(figure) };
    let why = match difference.error {
        Some(error) if error > 0 => format!("within {}", size::bytes(error)),
        _ => String::new(),
    };
    is_shown.then(|| ChangeRow {
        name: name.to_owned(),
        old: show(old),
        new: show(new),
        change: if is_bytes { signed(change) } else { signed_count(change) },
        percent: percent(change, old.into()),
        why,
    })
}

fn function(row: &FunctionChange) -> ChangeRow {
    let own = &row.self_allocated_bytes;
    ChangeRow { why: why(row), ..change_row(&row.name, own) }
}

fn outside(row: &PathChange) -> ChangeRow {
    change_row(OUTSIDE, &row.self_allocated_bytes)
}

fn change_row(name: &str, change: &SplitChange) -> ChangeRow {
    ChangeRow {
        name: name.to_owned(),
        old: size::bytes(change.old),
        new: size::bytes(change.new),
        change: signed(change.change),
        percent: percent(change.change, change.old.into()),
        why: String::new(),
    }
}

fn why(row: &FunctionChange) -> String {
    split(&row.presence, &row.calls, &row.self_allocated_bytes)
}

/// Cause of a change: more calls, more bytes a call, or both.
fn split(in_reports: &str, calls: &Difference, change: &SplitChange) -> String {
    let (old_calls, new_calls) = (calls.old.unwrap_or(0), calls.new.unwrap_or(0));
    match in_reports {
        presence::NEW => return format!("new, {}", size::plural(new_calls, "call")),
        presence::GONE => return format!("gone, had {}", size::plural(old_calls, "call")),
        _ if change.change == 0 => return String::new(),
        _ => {}
    }
    let by_calls = format!("{} → {}", size::count(old_calls), size::plural(new_calls, "call"));
    let each = |bytes: u64, calls: i64| {
        size::bytes(u64::try_from(calls).ok().filter(|calls| *calls > 0).map_or(0, |calls| bytes / calls))
    };
    let by_size = format!("{} → {} a call", each(change.old, old_calls), each(change.new, new_calls));
    let share = |part: i64| part as f64 / change.change as f64;
    if share(change.from_each_call) >= MOSTLY {
        by_size
    } else if share(change.from_calls) >= MOSTLY {
        by_calls
    } else {
        format!("{}: {by_calls}; {}: {by_size}", signed(change.from_calls), signed(change.from_each_call))
    }
}

/// The call paths that changed most.
fn paths(diff: &Diff, whole: i128, extent: Extent) -> Vec<PathRow> {
    let mut rows: Vec<&PathChange> =
        diff.paths.iter().filter(|row| matters(row.self_allocated_bytes.change, whole)).collect();
    rows.sort_by_key(|row| Reverse(row.self_allocated_bytes.change.unsigned_abs()));
    if extent == Extent::Changes {
        rows.truncate(PATHS);
    }
    rows.into_iter()
        .map(|row| PathRow {
            names: names(diff, row),
            change: signed(row.self_allocated_bytes.change),
            why: split(&row.presence, &row.calls, &row.self_allocated_bytes),
        })
        .collect()
}

/// Names from the outermost function to that of `row`. Callers stand before the functions that they call.
fn names(diff: &Diff, row: &PathChange) -> Vec<String> {
    let mut names = vec![row.function.clone()];
    let mut below = row;
    while let Some(parent) =
        below.parent.and_then(|parent| diff.paths.get(parent as usize)).filter(|parent| parent.id < below.id)
    {
        names.push(parent.function.clone());
        below = parent;
    }
    names.reverse();
    names
}
