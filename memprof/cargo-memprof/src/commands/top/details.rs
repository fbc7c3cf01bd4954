//! All figures of one function.

use memprof::__private::texts::{OUTSIDE, age, bytes, count, plural, printable};
use memprof::Report;
use memprof::report::data::{Distribution, Function, LiveGroup};

use super::columns::{UNKNOWN, rate};
use super::history::History;
use super::reading::FunctionId;
use super::rows::{is_growing, is_of};

/// Live groups that are listed.
const GROUPS: usize = 20;

/// The lines of a function. `None`: outside of all functions.
pub(super) fn lines(report: &Report, history: &History, id: Option<&FunctionId>) -> Vec<String> {
    match id {
        None => outside(report, history),
        Some(id) => match report.functions.iter().find(|row| id.is(row)) {
            Some(row) => function(report, history, id, row),
            None => vec!["The function is not in the last report.".to_owned()],
        },
    }
}

fn function(report: &Report, history: &History, id: &FunctionId, row: &Function) -> Vec<String> {
    let rates = history.pair().and_then(|(now, earlier)| now.rates(id, earlier?));
    let per_second =
        |value: Option<f64>| value.map_or(UNKNOWN.to_owned(), |value| format!("{}/s", bytes(value.round() as i128)));
    let number = |value: Option<f64>| value.map_or(UNKNOWN.to_owned(), |value| format!("{}/s", rate(value)));
    let mut lines = vec![printable(&row.name), printable(&format!("{}:{}", row.file, row.line)), String::new()];
    let mut table = vec![
        ["", "self", "with all beneath"].map(str::to_owned),
        [
            "allocating".into(),
            per_second(rates.map(|rates| rates.own_bytes)),
            per_second(rates.map(|rates| rates.total_bytes)),
        ],
        ["allocated".into(), bytes(row.self_allocated_bytes.into()), bytes(row.allocated_bytes.into())],
        ["deallocated".into(), bytes(row.self_deallocated_bytes.into()), bytes(row.deallocated_bytes.into())],
        ["net".into(), bytes(row.self_net_bytes.into()), bytes(row.net_bytes.into())],
        ["allocations".into(), count(row.self_allocated_count.into()), count(row.allocated_count.into())],
        ["reallocations".into(), count(row.reallocated_count.into()), String::new()],
    ];
    align(&mut table, &mut lines);
    lines.push(String::new());
    let mut calls = format!("{} ({})", count(row.calls.into()), number(rates.map(|rates| rates.calls)));
    for (number, word) in [(row.active, "running"), (row.panicked, "panicked")] {
        if number > 0 {
            calls.push_str(&format!(", {} {word}", count(number.into())));
        }
    }
    lines.push(format!("calls          {calls}"));
    lines.push(format!("retained       {}", retained(row.retained_bytes, row.retained_error_bytes)));
    groups(report, Some(row), &mut lines);
    if row.peak_bytes.is_some() || row.per_call.is_some() {
        lines.push(String::new());
    }
    if let Some(peak) = row.peak_bytes {
        lines.push(format!("peak of a call {}", bytes(peak.into())));
    }
    for (name, calls) in [("allocated/call", &row.per_call), ("peak/call     ", &row.peak_per_call)] {
        lines.extend(calls.as_ref().map(|calls| format!("{name} {}", distribution(calls))));
    }
    for finding in report.findings.iter().filter(|finding| finding.function.as_ref() == Some(&row.name)) {
        lines.push(String::new());
        let texts = [&finding.title, &finding.detail, &finding.advice];
        lines.extend(texts.into_iter().filter(|text| !text.is_empty()).map(|text| printable(text)));
    }
    lines
}

fn outside(report: &Report, history: &History) -> Vec<String> {
    let row = &report.unattributed;
    let rates = history.pair().and_then(|(now, earlier)| now.outside_rates(earlier?));
    let allocating = rates.map_or(UNKNOWN.to_owned(), |rates| {
        format!("{}/s in {} blocks/s", bytes(rates.own_bytes.round() as i128), rate(rates.own_count))
    });
    let mut lines = vec![
        OUTSIDE.to_owned(),
        "Memory of code that no tracked function has called.".to_owned(),
        String::new(),
        format!("allocating    {allocating}"),
        format!(
            "allocated     {} in {}",
            bytes(row.self_allocated_bytes.into()),
            plural(row.self_allocated_count.into(), "block")
        ),
        format!(
            "deallocated   {} in {}",
            bytes(row.self_deallocated_bytes.into()),
            plural(row.self_deallocated_count.into(), "block")
        ),
        format!("net           {}", bytes(row.self_net_bytes.into())),
        format!("retained      {}", retained(row.retained_bytes, row.retained_error_bytes)),
    ];
    groups(report, None, &mut lines);
    lines
}

fn retained(bytes_retained: Option<u64>, error: Option<u64>) -> String {
    match (bytes_retained, error) {
        (Some(retained), Some(error)) if error > 0 => {
            format!("about {} ± {}", bytes(retained.into()), bytes(error.into()))
        }
        (Some(retained), _) => bytes(retained.into()),
        (None, _) => "not known".into(),
    }
}

fn distribution(calls: &Distribution) -> String {
    let known = |figure: Option<u64>| figure.map_or(UNKNOWN.to_owned(), |figure| bytes(figure.into()));
    format!(
        "{} to {}, median {}, 95 % {}, 99 % {}",
        bytes(calls.min.into()),
        bytes(calls.max.into()),
        known(calls.p50),
        known(calls.p95),
        known(calls.p99)
    )
}

/// The live groups of a function, those that grow first.
fn groups(report: &Report, function: Option<&Function>, lines: &mut Vec<String>) {
    let mut groups: Vec<&LiveGroup> = report.live.groups.iter().filter(|group| is_of(group, function)).collect();
    // The report has the largest first.
    groups.sort_by_key(|group| !is_growing(group));
    if groups.is_empty() {
        return;
    }
    lines.push("live groups".to_owned());
    for group in groups.iter().take(GROUPS) {
        let about = if group.error_bytes > 0 { "about " } else { "" };
        let size = format!("{about}{} in {}", bytes(group.bytes.into()), plural(group.count.into(), "block"));
        let verdict = group.verdict.as_deref().unwrap_or(UNKNOWN);
        let growth = match is_growing(group) {
            true => format!(" by {}/s", bytes(group.bytes_per_second.round() as i128)),
            false => String::new(),
        };
        let ages = format!("{} to {} old", age(group.newest_seconds), age(group.oldest_seconds));
        lines.push(printable(&format!("  {verdict}{growth}: {size}, {ages}")));
        // The path to the function, without itself.
        if let Some((_, callers @ [_, ..])) = group.path.split_last() {
            lines.push(printable(&format!("    called by {}", callers.join(" → "))));
        }
        if let Some(pattern) = &group.expected {
            lines.push(printable(&format!("    expected: {pattern}")));
        }
    }
    if let Some(others @ 1..) = groups.len().checked_sub(GROUPS) {
        lines.push(format!("  and {}", plural(others as i128, "more group")));
    }
}

/// Adds the rows of a table, its figures aligned to the right.
fn align<const COLUMNS: usize>(rows: &mut [[String; COLUMNS]], lines: &mut Vec<String>) {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    for row in rows {
        let mut line = format!("{:width$}", row[0], width = widths[0]);
        for (figure, width) in row.iter().zip(widths).skip(1) {
            line.push_str(&format!("  {figure:>width$}"));
        }
        lines.push(line.trim_end().to_owned());
    }
}
