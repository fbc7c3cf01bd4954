//! The figures of a report by name: one list for checks, for repeated runs and for the files of other tools.

use super::columns::{FigurePart, unit};
use super::data::NamedFigure;
use crate::report::Report;
use crate::report::compare::split::clamped;
use crate::report::data::field::{Field, Row, Value};
use crate::report::data::{Finding, Function};
use crate::report::findings::KINDS;
use std::collections::{BTreeMap, HashSet};

/// Value of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) value: i128,
    /// `None`: not known.
    pub(super) error: Option<u64>,
    pub(super) accuracy: Accuracy,
}

/// Meaning of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accuracy {
    /// The value is off by at most the error.
    Bound,
    /// The error is a standard error: unless it is 0, the value is an estimate.
    Estimate,
    /// The error is the number of findings that are estimates. They are not in the value.
    Findings,
}

impl Amount {
    fn exact(value: i128) -> Self {
        Self { value, error: Some(0), accuracy: Accuracy::Bound }
    }

    /// Smallest and largest value that the figure may have. `None` of an estimate.
    pub(super) fn bounds(&self) -> Option<(i128, i128)> {
        let error = i128::from(self.error?);
        match self.accuracy {
            Accuracy::Estimate if error != 0 => None,
            Accuracy::Findings => Some((self.value, self.value + error)),
            _ => Some((self.value - error, self.value + error)),
        }
    }
}

/// Subject of figures: the totals, one function, one test, or one kind of findings.
#[derive(Clone, Copy)]
pub(super) struct Subject<'r> {
    pub(super) part: FigurePart,
    pub(super) name: &'r str,
    pub(super) place: Option<(&'r str, u32)>,
    source: Source<'r>,
}

#[derive(Clone, Copy)]
enum Source<'r> {
    Row(&'r dyn Row),
    Findings(&'r [Finding]),
}

impl Subject<'_> {
    /// The figure in a column. `None` if it is not known.
    pub(super) fn amount(&self, column: &str) -> Option<Amount> {
        let row = match self.source {
            Source::Row(row) => row,
            Source::Findings(findings) => {
                let of_kind = findings.iter().filter(|finding| finding.kind == self.name);
                let (exact, estimates): (Vec<_>, Vec<_>) = of_kind.partition(|finding| finding.exact);
                let error = Some(estimates.len() as u64);
                return Some(Amount { value: exact.len() as i128, error, accuracy: Accuracy::Findings });
            }
        };
        let error_column = column.strip_suffix("_bytes").map(|stem| format!("{stem}_error_bytes"));
        let (mut amount, mut error) = (None, None);
        row.with_fields(&mut |fields| {
            for (name, field) in fields {
                if *name == column {
                    amount = integer(*field).flatten();
                } else if Some(*name) == error_column.as_deref() {
                    error = Some(integer(*field).flatten());
                }
            }
        });
        let exact = Amount::exact(amount?);
        Some(match error {
            None => exact,
            Some(error) => Amount {
                error: error.and_then(|error| u64::try_from(error).ok()),
                accuracy: if column == "peak_bytes" { Accuracy::Bound } else { Accuracy::Estimate },
                ..exact
            },
        })
    }
}

/// The number in a field that holds an integer; `Some(None)` if the number is not known.
fn integer(field: &dyn Field) -> Option<Option<i128>> {
    match field.value() {
        Value::U64(number) => Some(Some(number.into())),
        Value::I64(number) => Some(Some(number.into())),
        Value::Some(field) => integer(field),
        Value::None => Some(None),
        _ => None,
    }
}

/// The subjects of a report: the rows of each part, those of the same name in the order of their place.
pub(super) fn subjects(report: &Report) -> Vec<Subject<'_>> {
    let row = |part, name, row| Subject { part, name, place: None, source: Source::Row(row) };
    let mut subjects = Vec::new();
    // The rows of tests come from other processes than the totals: a report that only has tests has no totals.
    if report.tests.is_empty() || report.totals.allocated_count > 0 {
        subjects.push(row(FigurePart::Totals, "totals", &report.totals as &dyn Row));
        subjects.push(row(FigurePart::Unattributed, "unattributed", &report.unattributed));
    }
    let mut functions: Vec<&Function> = report.functions.iter().collect();
    functions.sort_by_key(|row| (&row.name, &row.file, row.line));
    subjects.extend(functions.into_iter().map(|function| Subject {
        place: (!function.file.is_empty()).then_some((function.file.as_str(), function.line)),
        ..row(FigurePart::Function, &function.name, function)
    }));
    // The figures of the others say nothing about their code.
    let ended = report.tests.iter().filter(|test| !matches!(test.outcome.as_str(), "failed" | "ignored"));
    subjects.extend(ended.map(|test| row(FigurePart::Test, &test.name, test)));
    let kinds: HashSet<&str> = report.findings.iter().map(|finding| finding.kind.as_str()).collect();
    let mut kinds: Vec<&str> = kinds.into_iter().chain(KINDS).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let source = Source::Findings(&report.findings);
    subjects.extend(kinds.into_iter().map(|name| Subject { part: FigurePart::Findings, name, place: None, source }));
    subjects
}

/// The figures of a report that are known, by name.
///
/// ```
/// # let mut report = memprof::Report::default();
/// let figures = memprof::compare::figures(&report);
/// let total = figures.iter().find(|figure| figure.name == "totals.allocated_bytes").expect("it is always known");
/// assert_eq!((total.value, total.error, total.unit.as_str()), (0, Some(0), "bytes"));
/// ```
pub fn figures(report: &Report) -> Vec<NamedFigure> {
    let repeated: HashSet<&str> = report.repeats.iter().map(String::as_str).collect();
    let mut figures = Vec::new();
    for subject in subjects(report) {
        for column in subject.part.columns() {
            let Some(amount) = subject.amount(column) else { continue };
            let name = subject.part.figure(subject.name, column);
            figures.push(NamedFigure {
                subject: if subject.part == FigurePart::Findings { "findings" } else { subject.name }.to_owned(),
                column: if subject.part == FigurePart::Findings { subject.name } else { column }.to_owned(),
                value: clamped(amount.value),
                error: amount.error,
                unit: unit(subject.part, column).to_owned(),
                file: subject.place.map(|(file, _)| file.to_owned()),
                line: subject.place.map(|(_, line)| line),
                is_judgeable: amount.bounds().is_some() && (repeated.is_empty() || repeated.contains(name.as_str())),
                name,
            });
        }
    }
    figures
}

/// Names of the figures that are the same in all reports, for [`Report::repeats`]. Estimates never count as repeated.
///
/// The reports are of the same work, which ran several times. One report alone says nothing: the result is empty.
///
/// ```
/// let runs = [memprof::Report::default(), memprof::Report::default()];
/// assert!(memprof::compare::repeats(&runs).contains(&"totals.allocated_bytes".to_owned()));
/// assert!(memprof::compare::repeats(&runs[..1]).is_empty());
/// ```
pub fn repeats(reports: &[Report]) -> Vec<String> {
    let Some((first, others)) = reports.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Vec::new();
    };
    let mut same = values(first);
    for report in others {
        let values = values(report);
        same.retain(|name, value| values.get(name) == Some(value));
    }
    same.into_iter().filter(|(_, values)| values.iter().all(Option::is_some)).map(|(name, _)| name).collect()
}

/// The values of each name: functions of the same name have one each. `None` of an estimate and of an unknown figure.
fn values(report: &Report) -> BTreeMap<String, Vec<Option<i128>>> {
    let mut values: BTreeMap<String, Vec<Option<i128>>> = BTreeMap::new();
    for subject in subjects(report) {
        for column in subject.part.columns() {
            let amount = subject.amount(column).filter(|amount| amount.bounds().is_some());
            let name = subject.part.figure(subject.name, column);
            values.entry(name).or_default().push(amount.map(|amount| amount.value));
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::super::columns::{FUNCTION, TEST, TOTALS, UNATTRIBUTED};
    use super::*;
    use crate::report::data::{TestRow, Totals, Unattributed};
    use crate::report::golden;

    /// Names of the integer columns of a row in which every figure is known.
    fn integers(row: &dyn Row) -> Vec<&'static str> {
        let mut names = Vec::new();
        row.with_fields(&mut |fields| {
            let is_figure = |name: &str| !name.ends_with("_error_bytes");
            let known = fields.iter().filter(|(name, field)| is_figure(name) && integer(*field).flatten().is_some());
            names = known.map(|(name, _)| *name).collect();
        });
        names
    }

    #[test]
    fn every_integer_column_is_a_figure() {
        let function = Function { peak_bytes: Some(0), retained_bytes: Some(0), ..Function::default() };
        let unattributed = Unattributed { retained_bytes: Some(0), ..Unattributed::default() };
        assert_eq!(integers(&Totals::default()), TOTALS);
        assert_eq!(integers(&unattributed), UNATTRIBUTED);
        assert_eq!(integers(&function), FUNCTION);
        assert_eq!(integers(&TestRow::default()), TEST);
    }

    #[test]
    fn figures_have_names_units_and_errors() {
        let mut report = golden::report();
        report.totals.peak_error_bytes = 65_536;
        report.functions[0].retained_bytes = Some(7);
        report.functions[0].retained_error_bytes = Some(3);
        let name = format!("{}.retained_bytes", report.functions[0].name);
        let figures = figures(&report);
        let of = |name: &str| figures.iter().find(|figure| figure.name == name).unwrap();
        let (total, peak, retained) = (of("totals.allocated_count"), of("totals.peak_bytes"), of(&name));
        assert_eq!((total.value, total.error), (report.totals.allocated_count as i64, Some(0)));
        assert_eq!(
            (total.subject.as_str(), total.column.as_str(), total.unit.as_str()),
            ("totals", "allocated_count", "blocks")
        );
        assert_eq!((peak.error, peak.is_judgeable), (Some(65_536), true));
        assert_eq!((retained.error, retained.is_judgeable, retained.file.is_some()), (Some(3), false, true));
    }

    #[test]
    fn figures_that_differ_in_one_of_three_runs_do_not_repeat() {
        let mut reports = [golden::report(), golden::report(), golden::report()];
        let name = reports[0].functions[0].name.clone();
        reports[1].functions[0].calls += 1;
        reports[2].totals.allocated_bytes += 1;
        for report in &mut reports {
            report.functions[0].retained_bytes = Some(7);
            report.functions[0].retained_error_bytes = Some(3);
        }
        let repeated = repeats(&reports);
        let repeats = |figure: &str| repeated.iter().any(|name| name == figure);
        assert!(!repeats("totals.allocated_bytes") && repeats("totals.allocated_count"));
        assert!(!repeats(&format!("{name}.calls")) && repeats(&format!("{name}.self_allocated_bytes")));
        assert!(!repeats(&format!("{name}.retained_bytes")), "an estimate that is the same twice is an estimate");
        assert!(repeats("findings.not_installed"));
    }
}
