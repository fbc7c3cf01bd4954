//! The rows of the table: functions, and what is outside of them.

use std::collections::HashMap;

use memprof::__private::texts::{OUTSIDE, printable};
use memprof::Report;
use memprof::report::data::{Finding, Function, LiveGroup};

use super::history::History;
use super::reading::{FunctionId, Rates};

/// One line of the table. A figure that is not known is `None`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct FunctionRow {
    /// `None`: outside of all functions.
    pub(super) id: Option<FunctionId>,
    /// With escapes for what is not printable.
    pub(super) name: String,
    pub(super) rates: Option<Rates>,
    pub(super) calls: Option<u64>,
    pub(super) retained_bytes: Option<u64>,
    /// True if the bytes retained are an estimate.
    pub(super) is_estimate: bool,
    /// Bytes per second of the groups that grow.
    pub(super) growth: Option<f64>,
    pub(super) own_bytes: u64,
    pub(super) total_bytes: u64,
    /// Share of `own_bytes` in all allocated bytes, from 0 to 1.
    pub(super) share: f64,
}

/// The rows of a report, in its order.
pub(super) fn rows(report: &Report, history: &History) -> Vec<FunctionRow> {
    let pair = history.pair().and_then(|(now, earlier)| Some((now, earlier?)));
    let growth = Growth::of(report);
    let share = |own_bytes: u64| own_bytes as f64 / report.totals.allocated_bytes.max(1) as f64;
    let functions = report.functions.iter().map(|row| {
        let id = FunctionId::of(row);
        FunctionRow {
            name: printable(&row.name),
            rates: pair.and_then(|(now, earlier)| now.rates(&id, earlier)),
            calls: Some(row.calls),
            retained_bytes: row.retained_bytes,
            is_estimate: row.retained_error_bytes.is_some_and(|error| error > 0),
            growth: growth.within(Some(row)),
            own_bytes: row.self_allocated_bytes,
            total_bytes: row.allocated_bytes,
            share: share(row.self_allocated_bytes),
            id: Some(id),
        }
    });
    let outside = &report.unattributed;
    let outside = FunctionRow {
        id: None,
        name: OUTSIDE.to_owned(),
        rates: pair.and_then(|(now, earlier)| now.outside_rates(earlier)),
        calls: None,
        retained_bytes: outside.retained_bytes,
        is_estimate: outside.retained_error_bytes.is_some_and(|error| error > 0),
        growth: growth.within(None),
        own_bytes: outside.self_allocated_bytes,
        total_bytes: outside.self_allocated_bytes,
        share: share(outside.self_allocated_bytes),
    };
    functions.chain([outside]).collect()
}

/// True if the group grows, and is not expected to.
pub(super) fn is_growing(group: &LiveGroup) -> bool {
    group.verdict.as_deref() == Some("growing") && group.expected.is_none()
}

/// The function whose net rises although no group shows it, and bytes per second.
pub(super) fn net_rise(report: &Report) -> Option<(&str, f64)> {
    let rise = report.live.net_rise.as_ref().filter(|rise| rise.ended_seconds.is_none())?;
    let name = rise.function.as_deref()?;
    let is_found = |finding: &Finding| finding.kind == "growing" && finding.function.as_deref() == Some(name);
    let is_shown = |group: &LiveGroup| is_growing(group) && group.path.last().is_some_and(|last| last == name);
    let rate = rise.function_bytes? as f64 / rise.seconds;
    let is_it = report.findings.iter().any(is_found) && !report.live.groups.iter().any(is_shown);
    (is_it && rate.is_finite() && rate > 0.0).then_some((name, rate))
}

/// True if the function's own code allocated the group. `None`: outside of all functions.
pub(super) fn is_of(group: &LiveGroup, function: Option<&Function>) -> bool {
    match (group.path.last(), function) {
        (Some(name), Some(function)) => {
            *name == function.name && group.file.as_ref() == Some(&function.file) && group.line == Some(function.line)
        }
        (None, None) => true,
        _ => false,
    }
}

/// Growth of each function.
struct Growth<'r> {
    /// By name, file and line; empty ones outside of all functions.
    rates: HashMap<(&'r str, &'r str, u32), f64>,
    is_known: bool,
    /// Of the function's net.
    net: Option<(&'r str, f64)>,
}

impl<'r> Growth<'r> {
    fn of(report: &'r Report) -> Self {
        let mut rates = HashMap::new();
        for group in report.live.groups.iter().filter(|group| is_growing(group) && group.bytes_per_second.is_finite()) {
            let name = group.path.last().map_or("", String::as_str);
            let place = (name, group.file.as_deref().unwrap_or_default(), group.line.unwrap_or(0));
            *rates.entry(place).or_default() += group.bytes_per_second;
        }
        Self { rates, is_known: report.live.tracked.is_some(), net: net_rise(report) }
    }

    fn within(&self, function: Option<&'r Function>) -> Option<f64> {
        if let Some((_, rate)) = self.net.filter(|(name, _)| function.is_some_and(|row| row.name == *name)) {
            return Some(rate);
        }
        let place = function.map_or(("", "", 0), |row| (row.name.as_str(), row.file.as_str(), row.line));
        self.is_known.then(|| self.rates.get(&place).copied().unwrap_or(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use memprof::report::data::NetRise;

    fn function(name: &str, bytes: u64) -> Function {
        let mut row = Function::default();
        row.name = name.to_owned();
        row.file = "src/shop.rs".to_owned();
        row.line = 7;
        row.self_allocated_bytes = bytes;
        row
    }

    fn group(name: Option<&str>, verdict: &str, bytes_per_second: f64) -> LiveGroup {
        let mut group = LiveGroup::default();
        group.path = name.into_iter().flat_map(|name| ["main".to_owned(), name.to_owned()]).collect();
        group.file = name.map(|_| "src/shop.rs".to_owned());
        group.line = name.map(|_| 7);
        group.verdict = Some(verdict.to_owned());
        group.bytes_per_second = bytes_per_second;
        group
    }

    fn report() -> Report {
        let mut report = Report::default();
        report.functions = vec![function("shop::read", 750), function("shop::\u{1b}[31m", 0)];
        report.totals.allocated_bytes = 1000;
        report.unattributed.self_allocated_bytes = 250;
        report.live.tracked = Some(1);
        report.live.groups = vec![
            group(Some("shop::read"), "growing", 100.0),
            group(Some("shop::read"), "growing", 28.0),
            group(Some("shop::read"), "kept", 1e9),
            group(Some("shop::other"), "growing", 1e9),
            {
                let mut expected = group(Some("shop::read"), "growing", 1e9);
                expected.expected = Some("shop::*".to_owned());
                expected
            },
            group(None, "growing", 5.0),
            group(None, "growing", f64::INFINITY),
        ];
        report
    }

    #[test]
    fn a_row_has_the_growth_of_its_groups() {
        let rows = rows(&report(), &History::default());
        let growth: Vec<_> = rows.iter().map(|row| row.growth).collect();
        assert_eq!(growth, [Some(128.0), Some(0.0), Some(5.0)]);
        assert_eq!(rows.iter().map(|row| row.share).sum::<f64>(), 1.0);
        assert_eq!((rows[1].name.as_str(), rows[2].name.as_str()), ("shop::\\u{1b}[31m", OUTSIDE));
    }

    #[test]
    fn without_groups_growth_is_that_of_the_net() {
        let mut report = report();
        report.live = Default::default();
        let mut rise = NetRise::default();
        (rise.bytes, rise.seconds, rise.function_bytes) = (5_000, 2.0, Some(4_000));
        rise.function = Some("shop::read".to_owned());
        report.live.net_rise = Some(rise);
        let growth = |report: &Report| rows(report, &History::default())[0].growth;
        assert_eq!(growth(&report), None, "the report does not say that it grows");
        let mut finding = Finding::default();
        finding.kind = "growing".to_owned();
        finding.function = Some("shop::read".to_owned());
        report.findings = vec![finding];
        assert_eq!(growth(&report), Some(2_000.0));
        report.live.net_rise.as_mut().unwrap().ended_seconds = Some(1.0);
        assert_eq!(growth(&report), None);
    }

    #[test]
    fn without_records_growth_and_retained_bytes_are_not_known() {
        let mut report = report();
        report.live = Default::default();
        let rows = rows(&report, &History::default());
        assert!(rows.iter().all(|row| row.growth.is_none() && row.retained_bytes.is_none() && row.rates.is_none()));
    }
}
