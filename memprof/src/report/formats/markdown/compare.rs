//! A comparison for pull requests and for the summaries of jobs.

use super::page::{MarkdownPage, cell, code, sentence};
use crate::compare::Diff;
use crate::report::compare::summary::{ChangeRow, Extent, Summary};
use crate::report::name::path;
use crate::size;

/// Functions that are always open.
const OPEN: usize = 10;

const COLUMNS: &str = "| | old | new | change | | |";
const FUNCTIONS: &str = "| function (its own code) | old | new | change | | |";

impl Diff {
    /// The comparison as Markdown, at most 65,536 characters: the change and its main cause in one line, a table of the
    /// functions that changed most, and the rest under headings that open.
    ///
    /// ```
    /// use memprof::{Report, compare};
    ///
    /// let report = Report::default();
    /// let page = compare::diff(&report, &report).to_markdown(compare::Extent::Changes);
    /// assert!(page.starts_with("### Memory of"));
    /// ```
    pub fn to_markdown(&self, extent: Extent) -> String {
        let summary = Summary::of(self, extent);
        let mut page = MarkdownPage::default();
        let name = code(&self.new.name);
        let headline = if summary.is_empty() { "nothing changed" } else { summary.headline.as_str() };
        page.push(format!("### Memory of {name}: {headline}"));
        if let (Some((function, share)), false) = (&summary.cause, summary.is_empty()) {
            page.push(String::new());
            page.push(format!("{} {share}", code(function)));
        }
        for remark in &summary.remarks {
            page.push(String::new());
            page.push(format!("> {}", sentence(remark)));
        }
        page.table(COLUMNS, &rows(&summary.totals, str::to_owned));
        findings(self, &mut page);
        let mut functions = rows(&summary.functions, cell);
        let more = functions.split_off(functions.len().min(OPEN));
        page.table(FUNCTIONS, &functions);
        page.details(&format!("{} more functions", size::count(more.len() as u64)), FUNCTIONS, &more);
        if summary.small > 0 {
            page.push(String::new());
            page.push(format!(
                "*{} changed by less than 1 KB and 1 % of all*",
                size::plural(summary.small as u64, "function")
            ));
        }
        let paths: Vec<_> = summary
            .paths
            .iter()
            .map(|row| format!("| {} | {} | {} |", cell(&path(&row.names)), row.change, row.why))
            .collect();
        page.details("Call paths that changed most", "| call path | change | |", &paths);
        page.text
    }
}

fn rows(rows: &[ChangeRow], name: impl Fn(&str) -> String) -> Vec<String> {
    let row = |row: &ChangeRow| {
        let ChangeRow { old, new, change, percent, why, .. } = row;
        format!("| {} | {old} | {new} | **{change}** | {percent} | {why} |", name(&row.name))
    };
    rows.iter().map(row).collect()
}

fn findings(diff: &Diff, page: &mut MarkdownPage) {
    let both = [("new", &diff.new_findings), ("gone", &diff.gone_findings)];
    let lines: Vec<_> = both
        .iter()
        .flat_map(|(word, findings)| {
            findings.iter().map(move |finding| format!("* {word}: {}", sentence(&finding.title)))
        })
        .collect();
    if !lines.is_empty() {
        page.push(String::new());
        page.push("**Findings**".to_owned());
        page.push(String::new());
        for line in lines {
            page.push(line);
        }
    }
}
