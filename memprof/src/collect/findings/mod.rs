//! Findings: the rules by which a report says what a user can act on. A finding is never a guess: what is an estimate
//! is called one, and what cannot be known is not said.

mod allocator_held;
mod foreign;
mod growing;
mod large_future;
mod mapped;
mod over_budget;
mod peak;
mod regrowth;
mod small_blocks;
mod transient;
mod uneven;

use crate::collect::live::small_sizes::SmallSizes;
use crate::report::NOT_INSTALLED;
use crate::report::data::{Finding, Function, Report};
use crate::report::findings::{is_advice, placed};
use crate::report::name::PANIC;
use crate::sorted;
use std::cmp::Reverse;

/// Bytes that matter to nobody if they are all that could be saved.
const LEAST: u64 = 64 * 1024;

/// The findings of a report, worst first: memory that is held, then memory that is short-lived, each by bytes.
///
/// `sizes`: those of the small live blocks, if blocks are recorded.
pub(crate) fn of(report: &Report, sizes: Option<&SmallSizes>) -> Vec<Finding> {
    if !report.allocator.installed {
        let title = NOT_INSTALLED.to_owned();
        return vec![Finding { kind: "not_installed".into(), title, exact: true, ..Finding::default() }];
    }
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(growing::of(report));
    findings.extend(over_budget::of(report));
    findings.extend(regrowth::of(report));
    findings.extend(transient::of(report));
    findings.extend(uneven::of(report));
    findings.extend(large_future::of(report));
    findings.extend(peak::of(report));
    findings.extend(sizes.and_then(|sizes| small_blocks::of(report, sizes)));
    findings.extend(allocator_held::of(report));
    findings.extend(mapped::of(report));
    findings.extend(foreign::of(report));
    sorted::by_key(&mut findings, |finding| (is_advice(&finding.kind), Reverse(finding.bytes)));
    findings
}

/// A finding of this kind about a function, with its place, and without a sentence.
fn about(function: &Function, kind: &str) -> Finding {
    Finding {
        kind: kind.into(),
        function: Some(function.name.clone()),
        file: Some(function.file.clone()),
        line: Some(function.line),
        ..Finding::default()
    }
}

/// A function and its place in a sentence.
fn named(function: &Function) -> String {
    placed(&function.name, Some(&function.file), Some(function.line))
}

/// True if most of what a function allocates is allocated by its own code: a tracked callee has the finding itself.
fn is_mostly_own(function: &Function) -> bool {
    function.self_allocated_bytes > function.allocated_bytes / 2
}

/// The functions of the program: messages and backtraces of panics are none.
fn functions(report: &Report) -> impl Iterator<Item = &Function> {
    report.functions.iter().filter(|function| function.name != PANIC)
}

/// True if bytes are at least 1 % of all, and enough to matter.
fn is_much(bytes: u64, all: u64) -> bool {
    bytes >= all.div_ceil(100).max(LEAST)
}

/// A share from 0 to 1. `None` of nothing.
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64).min(1.0))
}

#[cfg(test)]
mod tests;
