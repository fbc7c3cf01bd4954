//! A summary for pull requests and for the summaries of jobs: the totals, the findings, the largest functions, and the
//! rest under a heading that opens.
//!
//! Names are in code spans, where no name can be a link, a mention or a tag.

#[cfg(feature = "compare")]
mod compare;
mod page;

use std::cmp::Reverse;
use std::io::{self, Write};

use self::page::{MarkdownPage, cell, code, sentence};
use super::notes::notes;
use super::tree::BEFORE;
use crate::report::data::{Function, LiveGroup, Report};
use crate::report::leaks::owner::Crates;
use crate::report::leaks::{self, amount};
use crate::report::name::{OUTSIDE, path, printable};
use crate::size;
use crate::sorted;

/// Functions that are always open.
const OPEN: usize = 10;
/// Findings that are shown.
const FINDINGS: usize = 10;

/// Writes the page.
pub(super) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut page = MarkdownPage::default();
    page.push(format!("### Memory of {}", code(&report.program.name)));
    page.push(String::new());
    page.push(totals(report));
    for note in notes(report).iter().chain(&report.warnings) {
        page.push(String::new());
        page.push(format!("> {}", sentence(note)));
    }
    findings(report, &mut page);
    functions(report, &mut page);
    live(report, &mut page);
    out.write_all(page.text.as_bytes())
}

fn totals(report: &Report) -> String {
    let totals = &report.totals;
    format!(
        "allocated **{}** in {}, deallocated {}, net **{}** in {}, peak **{}**",
        size::bytes(totals.allocated_bytes),
        size::plural(totals.allocated_count, "block"),
        size::bytes(totals.deallocated_bytes),
        size::bytes(totals.net_bytes),
        size::plural(totals.net_count, "block"),
        size::bytes(totals.peak_bytes)
    )
}

fn findings(report: &Report, page: &mut MarkdownPage) {
    if report.findings.is_empty() {
        let growth = leaks::growth(report).map_or_else(String::new, |growth| format!("; {}", sentence(&growth)));
        page.push(String::new());
        page.push(format!("No findings{growth}"));
        return;
    }
    page.push(String::new());
    page.push("**Findings**".to_owned());
    page.push(String::new());
    for finding in report.findings.iter().take(FINDINGS) {
        let advice = sentence(&finding.advice);
        let advice = if advice.is_empty() { advice } else { format!("<br>{advice}") };
        // The title begins with the name of the function.
        let function = finding.function.as_deref().map(printable).unwrap_or_default();
        let title = match printable(&finding.title).strip_prefix(&function) {
            Some(rest) if !function.is_empty() => format!("{}{}", code(&function), sentence(rest)),
            _ => sentence(&finding.title),
        };
        page.push(format!("* {title}{advice}"));
    }
    if report.findings.len() > FINDINGS {
        page.push(format!("* and {} more", report.findings.len() - FINDINGS));
    }
}

const FUNCTIONS: &str = "| function | calls | allocated | self | blocks | peak/call | retained |";

fn functions(report: &Report, page: &mut MarkdownPage) {
    let mut functions: Vec<&Function> = report.functions.iter().collect();
    sorted::by_key(&mut functions, |function| (Reverse(function.allocated_bytes), &function.name));
    let mut rows: Vec<String> = functions.iter().map(|function| row(function)).collect();
    let more = rows.split_off(rows.len().min(OPEN));
    let outside = &report.unattributed;
    let (own, retained) = (size::bytes(outside.self_allocated_bytes), known(outside.retained_bytes));
    let count = size::count(outside.self_allocated_count);
    rows.push(format!("| *{OUTSIDE}* | | {own} | {own} | {count} | | {retained} |"));
    page.table(FUNCTIONS, &rows);
    page.details(&format!("{} more functions", size::count(more.len() as u64)), FUNCTIONS, &more);
}

fn row(function: &Function) -> String {
    format!(
        "| {} | {} | {} | {} | {} | {} | {} |",
        cell(&function.name),
        size::count(function.calls),
        size::bytes(function.allocated_bytes),
        size::bytes(function.self_allocated_bytes),
        size::count(function.allocated_count),
        known(function.peak_bytes),
        known(function.retained_bytes)
    )
}

fn live(report: &Report, page: &mut MarkdownPage) {
    let mut groups: Vec<&LiveGroup> = report.live.groups.iter().collect();
    sorted::by_key(&mut groups, |group| Reverse(amount::bytes(group)));
    let crates = Crates::of(report);
    let mut rows: Vec<String> = groups
        .iter()
        .map(|group| {
            let (file, line) = leaks::place_in(&crates, group);
            let line = line.map_or_else(String::new, |line| format!(":{line}"));
            let place = file.map_or_else(String::new, |file| cell(&format!("{file}{line}")));
            let verdict = group.verdict.as_deref().unwrap_or_default();
            let (bytes, blocks) = (size::bytes(amount::bytes(group)), size::count(group.count));
            format!("| {} | {bytes} | {blocks} | {} | {place} |", cell(&path(&group.path)), sentence(verdict))
        })
        .collect();
    let live = size::bytes(report.totals.net_bytes);
    let groups = size::plural(rows.len() as u64, "group");
    let before = report.live.before_start_bytes;
    if before > 0 {
        let (bytes, blocks) = (size::bytes(before), size::count(report.live.before_start_count));
        rows.push(format!("| *{BEFORE}* | {bytes} | {blocks} | | |"));
    }
    page.details(&format!("Live at the end: {live} in {groups}"), "| path | live | blocks | verdict | place |", &rows);
}

fn known(bytes: Option<u64>) -> String {
    bytes.map_or_else(String::new, size::bytes)
}

#[cfg(test)]
mod tests;
