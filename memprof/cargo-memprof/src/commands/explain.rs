//! `cargo memprof explain`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use memprof::Report;
use memprof::report::data::Finding;

use crate::failure::Outcome;
use crate::{report_file, stack_names};

/// Bytes of the whole text.
const LONGEST: usize = 2048;

/// Print the findings of a report, worst first.
#[derive(Args)]
pub(crate) struct Arguments {
    /// A report, or the folder of a run; the last run without it
    file: Option<PathBuf>,
    /// Print all findings as JSON, with their figures
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let file = arguments.file.clone().map_or_else(report_file::latest, Ok)?;
    let mut report = report_file::of_program(report_file::read(&file)?, &file)?;
    stack_names::add(&mut report, None);
    let text = if arguments.json { json(&report) } else { text(&report) };
    report_file::write(Path::new("-"), text.as_bytes())
}

/// The findings, as they are in the report.
fn json(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(&report.findings).unwrap_or_default();
    text.push('\n');
    text
}

/// As many findings as have room, and the number of the others.
fn text(report: &Report) -> String {
    if report.findings.is_empty() {
        return format!("{}: no findings\n", report.program.name);
    }
    let mut text = String::new();
    for (index, finding) in report.findings.iter().enumerate() {
        let paragraph = paragraph(index + 1, finding);
        let others = report.findings.len() - index;
        // Room for the line that counts the others.
        if text.len() + paragraph.len() > LONGEST - 80 {
            _ = writeln!(text, "and {others} more: all with --json");
            break;
        }
        text.push_str(&paragraph);
    }
    text
}

fn paragraph(number: usize, finding: &Finding) -> String {
    let mut text = format!("{number}. {}: {}\n", finding.kind, finding.title);
    for further in [&finding.detail, &finding.advice] {
        if !further.is_empty() {
            _ = writeln!(text, "   {further}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(findings: usize, length: usize) -> Report {
        let mut finding = Finding::default();
        finding.kind = "growing".into();
        finding.title = "x".repeat(length);
        finding.advice = "Bound it.".into();
        let mut report = Report::default();
        report.program.name = "shop".into();
        report.findings = vec![finding; findings];
        report
    }

    #[test]
    fn nothing_to_say_is_one_line() {
        assert_eq!(text(&Report::default()), ": no findings\n");
        assert_eq!(text(&report(0, 0)), "shop: no findings\n");
    }

    #[test]
    fn the_text_has_at_most_2_kb() {
        for (findings, length) in [(1, 100), (5, 100), (50, 100), (3, 900), (1, 5_000)] {
            let text = text(&report(findings, length));
            assert!(text.len() <= LONGEST, "{findings} findings of {length}: {}", text.len());
            let shown = text.matches("growing: ").count();
            assert_eq!(text.contains("more: all with --json"), shown < findings, "{text}");
        }
    }

    #[test]
    fn the_advice_stands_beneath_its_finding() {
        assert_eq!(text(&report(1, 3)), "1. growing: xxx\n   Bound it.\n");
    }
}
