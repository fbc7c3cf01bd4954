//! A comparison as text for a terminal.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use super::data::Diff;
use super::summary::{ChangeRow, Extent, Summary};
use crate::report::name::{path, printable, shorten};
use crate::report::table::wrap;
use crate::size;

const TITLE: Style = Style::new().bold();
const MORE: Style = AnsiColor::Red.on_default();
const LESS: Style = AnsiColor::Green.on_default();

/// Least columns of a name.
const NAME: usize = 16;
/// Blanks between two columns.
const GAP: usize = 2;

impl Diff {
    /// The comparison as text: the change and its main cause in one line, then the totals, functions and call paths
    /// that changed, and the findings that came and went.
    ///
    /// Lines have at most `columns` columns, but for the few that cannot be shorter. Increases are red and decreases
    /// green by ANSI escapes: the crate `anstream` prints them as the terminal allows.
    ///
    /// ```
    /// use memprof::{Report, compare};
    ///
    /// let report = Report::default();
    /// let text = compare::diff(&report, &report).to_text(80, compare::Extent::Changes);
    /// assert!(text.contains("nothing changed"));
    /// ```
    pub fn to_text(&self, columns: usize, extent: Extent) -> String {
        let summary = Summary::of(self, extent);
        let mut text = String::new();
        headline(self, &summary, columns, &mut text);
        for remark in &summary.remarks {
            _ = writeln!(text, "{}", wrap(&format!("note: {}", printable(remark)), " ", columns).join("\n"));
        }
        rows("Totals", &summary.totals, columns, &mut text);
        rows("Functions by the change of what their own code allocated", &summary.functions, columns, &mut text);
        if summary.small > 0 {
            _ = writeln!(
                text,
                "and {} that changed by less than 1 KB and 1 % of all",
                size::plural(summary.small as u64, "function")
            );
        }
        paths(&summary, columns, &mut text);
        findings(self, columns, &mut text);
        text
    }
}

fn headline(diff: &Diff, summary: &Summary, columns: usize, text: &mut String) {
    let name = printable(&diff.new.name);
    if summary.is_empty() {
        _ = writeln!(text, "{TITLE}{name}: nothing changed{TITLE:#}");
        return;
    }
    _ = writeln!(text, "{TITLE}{name} {}{TITLE:#}", summary.headline);
    if let Some((function, share)) = &summary.cause {
        let name = shorten(&printable(function), columns.saturating_sub(2).max(NAME));
        _ = writeln!(text, "{}", wrap(&format!("{name} {share}"), " ", columns).join("\n"));
    }
}

fn style(change: &str) -> Style {
    match change.as_bytes().first() {
        Some(b'+') => MORE,
        Some(b'-') => LESS,
        _ => Style::new(),
    }
}

/// A table: the name, the figures, and the cause of the change as far as there is room, else on the next line.
fn rows(title: &str, rows: &[ChangeRow], columns: usize, text: &mut String) {
    if rows.is_empty() {
        return;
    }
    _ = writeln!(text, "\n{TITLE}{title}{TITLE:#}");
    let widest = |figure: fn(&ChangeRow) -> &String| rows.iter().map(|row| figure(row).width()).max().unwrap_or(0);
    let (old, new) = (widest(|row| &row.old).max(3), widest(|row| &row.new).max(3));
    let (change, percent) = (widest(|row| &row.change).max(6), widest(|row| &row.percent));
    let figures = old + new + change + percent + 4 * GAP;
    let names = rows.iter().map(|row| printable(&row.name).width()).max().unwrap_or(0);
    let name = names.min(columns.saturating_sub(figures)).max(NAME.min(names));
    let why = widest(|row| &row.why);
    let is_beside = name + figures + GAP + why <= columns;
    let line = format!("{:name$}  {:>old$}  {:>new$}  {:>change$}", "", "old", "new", "change");
    _ = writeln!(text, "{}", line.trim_end());
    for row in rows {
        let shown = shorten(&printable(&row.name), name);
        let blanks = " ".repeat(name.saturating_sub(shown.width()));
        let style = style(&row.change);
        let (before, after) = (row.old.as_str(), row.new.as_str());
        let mut line = format!(
            "{shown}{blanks}  {before:>old$}  {after:>new$}  {style}{:>change$}{style:#}  {:>percent$}",
            row.change, row.percent
        );
        if is_beside && !row.why.is_empty() {
            _ = write!(line, "  {}", row.why);
        }
        _ = writeln!(text, "{}", line.trim_end());
        if !is_beside && !row.why.is_empty() {
            for line in wrap(&row.why, " ", columns.saturating_sub(4)) {
                _ = writeln!(text, "    {}", line.trim_start());
            }
        }
    }
}

fn paths(summary: &Summary, columns: usize, text: &mut String) {
    if summary.paths.is_empty() {
        return;
    }
    _ = writeln!(text, "\n{TITLE}Call paths{TITLE:#}");
    let width = summary.paths.iter().map(|row| row.change.width()).max().unwrap_or(0);
    for row in &summary.paths {
        let style = style(&row.change);
        let room = columns.saturating_sub(width + GAP).max(NAME);
        let full = path(&row.names);
        let shown = if full.width() <= room { full } else { last_names(&row.names, room) };
        _ = writeln!(text, "{style}{:>width$}{style:#}  {shown}", row.change);
        if !row.why.is_empty() {
            for line in wrap(&row.why, " ", room) {
                _ = writeln!(text, "{:width$}  {}", "", line.trim_start());
            }
        }
    }
}

/// The end of a path: as many of its innermost functions as have room.
fn last_names(names: &[String], room: usize) -> String {
    let fitting = (1..names.len()).map(|start| format!("… → {}", path(&names[start..])));
    let innermost = names.last().map(|name| printable(name)).unwrap_or_default();
    fitting.into_iter().find(|path| path.width() <= room).unwrap_or_else(|| shorten(&innermost, room))
}

fn findings(diff: &Diff, columns: usize, text: &mut String) {
    if diff.new_findings.is_empty() && diff.gone_findings.is_empty() {
        return;
    }
    _ = writeln!(text, "\n{TITLE}Findings{TITLE:#}");
    for (style, word, findings) in [(MORE, "new ", &diff.new_findings), (LESS, "gone", &diff.gone_findings)] {
        for finding in findings {
            let sentence = format!("{}: {}", printable(&finding.kind), printable(&finding.title));
            for (index, line) in wrap(&sentence, " ", columns.saturating_sub(6)).iter().enumerate() {
                let word = if index == 0 { word } else { "    " };
                _ = writeln!(text, "{style}{word}{style:#}  {}", line.trim_start());
            }
        }
    }
}
