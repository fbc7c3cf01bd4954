//! Findings of all reports: one for each kind, function and file.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::counted;
use super::notes::{Notes, OVERFULL_FINDINGS};
use super::numbers::Shared;
use crate::report::data::{Finding, Report, Totals};
use crate::report::findings::is_advice;
use crate::size;

/// Limit of different findings.
const MOST: usize = 4096;
const NOT_INSTALLED: &str = "not_installed";
const ONE: &str = ": ";
const IN_ALL: &str = " in all";
const EXAMPLE: &str = "; for example: ";
const OF_EXAMPLE: &str = "In the example: ";

/// Kind, function and file.
type FindingKey = (String, Option<String>, Option<String>);

#[derive(Debug, Default)]
pub(super) struct FindingSums {
    /// Those of the first report, for a sum of one.
    first: Option<Vec<Finding>>,
    kinds: HashMap<FindingKey, FindingSum>,
    /// Number of the report, from 1.
    report: u64,
}

#[derive(Debug, Default)]
struct FindingSum {
    reports: u64,
    /// The last report that has it.
    last_report: u64,
    /// Findings, of which one report can have several.
    findings: u64,
    bytes: u64,
    is_estimate: bool,
    line: Shared<Option<u32>>,
    advice: Shared<String>,
    /// That of the most bytes, without the words about other reports.
    example: Finding,
}

impl FindingSums {
    pub(super) fn add(&mut self, report: &Report, notes: &mut Notes) {
        self.report += 1;
        self.first.get_or_insert_with(|| report.findings.clone());
        for finding in &report.findings {
            let key = (finding.kind.clone(), finding.function.clone(), finding.file.clone());
            if self.kinds.len() >= MOST && !self.kinds.contains_key(&key) {
                notes.overfull.insert(OVERFULL_FINDINGS);
                continue;
            }
            self.kinds.entry(key).or_default().add(finding, report.merged.is_some(), self.report);
        }
    }

    /// Worst first, as in every report.
    pub(super) fn finish(self, reports: u64, is_installed: bool, totals: &Totals) -> Vec<Finding> {
        if reports == 1 {
            return self.first.unwrap_or_default();
        }
        let wanted = self.kinds.into_iter().filter(|((kind, ..), _)| !is_installed || kind != NOT_INSTALLED);
        let mut findings: Vec<Finding> = wanted.map(|(key, sum)| sum.finish(key, reports, totals)).collect();
        findings.sort_by(|one, other| {
            let rank = |row: &Finding| (is_advice(&row.kind), Reverse(row.bytes));
            rank(one).cmp(&rank(other)).then_with(|| one.title.cmp(&other.title))
        });
        findings
    }
}

impl FindingSum {
    fn add(&mut self, finding: &Finding, is_merged: bool, report: u64) {
        let (reports, is_sum, title) = read(&finding.title, is_merged);
        let in_report = if self.last_report == report { 0 } else { reports };
        self.last_report = report;
        self.reports = self.reports.saturating_add(in_report);
        self.findings = self.findings.saturating_add(if is_sum { reports.max(2) } else { 1 });
        self.bytes = self.bytes.saturating_add(finding.bytes);
        self.is_estimate |= !finding.exact;
        self.line.add(finding.line);
        self.advice.add(finding.advice.clone());
        // The bytes of an example in a sum are not known: those of the average.
        let bytes = finding.bytes / if is_sum { reports.max(1) } else { 1 };
        if self.findings == 1 || (bytes, &*self.example.title) > (self.example.bytes, title) {
            let detail = finding.detail.strip_prefix(OF_EXAMPLE).filter(|_| is_merged).unwrap_or(&finding.detail);
            self.example = Finding { title: title.to_owned(), detail: detail.to_owned(), bytes, ..finding.clone() };
        }
    }

    fn finish(self, (kind, function, file): FindingKey, reports: u64, totals: &Totals) -> Finding {
        let Finding { title, detail, advice, .. } = self.example;
        let beginning = counted::beginning(self.reports, reports);
        let whole = match &*kind {
            "growing" => Some(totals.net_bytes.max(0) as u64),
            "regrowth" | "transient" | "uneven" => Some(totals.allocated_bytes),
            _ => None,
        };
        let share = whole.map(|whole| whole.max(self.bytes)).filter(|whole| *whole > 0);
        let (title, detail) = if self.findings == 1 {
            (format!("{beginning}{ONE}{title}"), detail)
        } else {
            let bytes = if self.bytes > 0 { format!(", {}{IN_ALL}", size::bytes(self.bytes)) } else { String::new() };
            let detail = if detail.is_empty() { detail } else { format!("{OF_EXAMPLE}{detail}") };
            (format!("{beginning}{bytes}{EXAMPLE}{title}"), detail)
        };
        Finding {
            kind,
            title,
            detail,
            advice: self.advice.into_value().unwrap_or(advice),
            function,
            file,
            line: self.line.into_value().flatten(),
            bytes: self.bytes,
            share: share.map(|whole| self.bytes as f64 / whole as f64),
            exact: !self.is_estimate,
        }
    }
}

/// The number of reports with a finding, true if it is the sum of several, and the title of the one or of the example.
fn read(title: &str, is_merged: bool) -> (u64, bool, &str) {
    let counted = counted::split(title).filter(|_| is_merged).and_then(|(reports, rest)| {
        let one = rest.strip_prefix(ONE).map(|title| (reports, false, title));
        let several = || {
            let (bytes, title) = rest.split_once(EXAMPLE)?;
            let is_sum = bytes.is_empty() || (bytes.starts_with(", ") && bytes.ends_with(IN_ALL));
            is_sum.then_some((reports, true, title))
        };
        one.or_else(several)
    });
    counted.unwrap_or((1, false, title))
}
