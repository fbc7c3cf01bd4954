//! Findings: the rules by which a report says what a user can act on. A finding is never a guess: what is an estimate
//! is called one, and what cannot be known is not said.

mod allocator_held;
mod foreign;
mod growing;
mod mapped;
mod over_budget;

use crate::report::NOT_INSTALLED;
use crate::report::data::{Finding, Report};
use crate::sorted;
use std::cmp::Reverse;

/// The findings of a report, worst first.
pub(crate) fn of(report: &Report) -> Vec<Finding> {
    if !report.allocator.installed {
        let title = NOT_INSTALLED.to_owned();
        return vec![Finding { kind: "not_installed".into(), title, exact: true, ..Finding::default() }];
    }
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(growing::of(report));
    findings.extend(over_budget::of(report));
    findings.extend(allocator_held::of(report));
    findings.extend(mapped::of(report));
    findings.extend(foreign::of(report));
    // Mapped files are not memory that the program holds.
    sorted::by_key(&mut findings, |finding| (finding.kind == mapped::KIND, Reverse(finding.bytes)));
    findings
}

/// A name and a place in a sentence: `app::insert (src/index.rs:46)`.
fn placed(name: &str, file: Option<&str>, line: Option<u32>) -> String {
    match (file.filter(|file| !file.is_empty()), line) {
        (Some(file), Some(line)) => format!("{name} ({}:{line})", file.replace('\\', "/")),
        (Some(file), None) => format!("{name} ({})", file.replace('\\', "/")),
        (None, _) => name.to_owned(),
    }
}

/// A share from 0 to 1. `None` of nothing.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64).min(1.0))
}

#[cfg(test)]
mod tests;
