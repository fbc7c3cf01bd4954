//! A summary for pull requests and for the summaries of jobs: the totals, the findings, the largest functions, and the
//! rest under a heading that opens.
//!
//! Names are in code spans, where no name can be a link, a mention or a tag.

use std::cmp::Reverse;
use std::io::{self, Write};

use super::notes::notes;
use super::tree::BEFORE;
use crate::report::data::{Function, LiveGroup, Report};
use crate::report::leaks::owner::Crates;
use crate::report::leaks::{self, amount};
use crate::report::name::{OUTSIDE, path, printable, shorten};
use crate::size;
use crate::sorted;

/// Limit of a comment on a pull request, characters.
const LONGEST: usize = 65_536;
/// Room for what ends the page.
const END: usize = 512;
/// Functions that are always open.
const OPEN: usize = 10;
/// Findings that are shown.
const FINDINGS: usize = 10;
/// Columns of a name.
const NAME: usize = 100;
/// Limit of a sentence, characters.
const SENTENCE: usize = 1_000;

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

/// A text within the limit.
#[derive(Default)]
struct MarkdownPage {
    text: String,
    characters: usize,
}

impl MarkdownPage {
    /// Adds a line. False: there is no room for it.
    fn push(&mut self, line: String) -> bool {
        let characters = line.chars().count() + 1;
        let has_room = self.characters + characters + END <= LONGEST;
        if has_room {
            self.end(&line);
        }
        has_room
    }

    /// Adds a line that ends something, for which there is always room.
    fn end(&mut self, line: &str) {
        self.characters += line.chars().count() + 1;
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Adds a table, as many of its rows as there is room for.
    fn table(&mut self, head: &str, rows: &[String]) {
        let columns = head.matches('|').count().saturating_sub(1);
        let alignment = format!("|{}{}", "---|", "---:|".repeat(columns.saturating_sub(1)));
        if rows.is_empty() || !(self.push(String::new()) && self.push(head.to_owned()) && self.push(alignment)) {
            return;
        }
        for (index, row) in rows.iter().enumerate() {
            if !self.push(row.clone()) {
                self.end("");
                self.end(&format!("*{} more: no room*", size::count((rows.len() - index) as u64)));
                return;
            }
        }
    }

    /// Adds a table under a heading that opens.
    fn details(&mut self, summary: &str, head: &str, rows: &[String]) {
        if rows.is_empty() || !self.push(String::new()) {
            return;
        }
        if self.push(format!("<details><summary>{summary}</summary>")) {
            self.table(head, rows);
            self.end("");
            self.end("</details>");
        }
    }
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

/// A name as code. It cannot end its own span.
fn code(name: &str) -> String {
    let name = shorten(&printable(name), NAME);
    let longest = name.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let blank = if name.starts_with('`') || name.ends_with('`') { " " } else { "" };
    if name.is_empty() { name } else { format!("{fence}{blank}{name}{blank}{fence}") }
}

/// A name as code in a table, whose cells a bar ends even there.
fn cell(name: &str) -> String {
    code(name).replace('|', "\\|")
}

/// A sentence as text. Only what stands in backticks is code: no other character is markup, and nobody is mentioned.
fn sentence(text: &str) -> String {
    let text: String = printable(text).chars().take(SENTENCE).collect();
    let is_paired = text.matches('`').count().is_multiple_of(2);
    let mut shown = String::new();
    for (index, part) in text.split('`').enumerate() {
        match (is_paired, index % 2) {
            (true, 1) => shown.push_str(&code(part)),
            (false, _) if index > 0 => {
                shown.push_str("\\`");
                plain(part, &mut shown);
            }
            _ => plain(part, &mut shown),
        }
    }
    shown
}

/// Adds a text with escapes for all markup.
fn plain(text: &str, shown: &mut String) {
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            // No address becomes a link.
            ':' if letters.peek() == Some(&'/') => shown.push_str("&#58;"),
            '.' if shown.ends_with("www") => shown.push_str("&#46;"),
            // No number and no name becomes one.
            '@' | '#' => {
                shown.push(letter);
                shown.push_str("<!-- -->");
            }
            '\\' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '$' => {
                shown.push('\\');
                shown.push(letter);
            }
            _ => shown.push(letter),
        }
    }
}

#[cfg(test)]
mod tests;
