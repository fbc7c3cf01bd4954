//! The table on the terminal.

use std::cmp::Reverse;
use std::fmt::Display;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use super::NOT_INSTALLED;
use super::columns::{Figure, TableRow, column_width, fit};
use super::data::{Function, Report};
use super::findings;
use super::format::Format;
use super::leaks;
use super::name::printable;
use super::peak;
use super::resident;
use super::sum;
use super::words::words;
use super::written::Written;
#[cfg(feature = "profiling")]
use crate::os::terminal;
use crate::size;
use crate::sorted;

/// Limit of functions with a row of their own.
const ROWS: usize = 10;
/// Columns of a line without a terminal.
const WIDTH: usize = 100;
/// Least columns of a line. A narrower terminal may break the lines.
const NARROWEST: usize = 30;

const TITLE: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();
const WARNING: Style = AnsiColor::Yellow.on_default();
const ALARM: Style = AnsiColor::Red.on_default().bold();

/// Shows the report on stderr, as wide as the terminal, in colour if the terminal and the environment allow it.
///
/// `write` writes to stderr without the lock of the standard library.
#[cfg(feature = "profiling")]
pub(crate) fn print(report: &Report, written: Option<&Written>, growth: bool, write: impl FnOnce(&[u8])) {
    let width = terminal::columns_of_stderr().unwrap_or(WIDTH);
    let colour = terminal::stderr_takes_colour();
    write(render(report, written, TableForm { width, colour, growth }).as_bytes());
}

/// Form of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableForm {
    /// Limit of the columns of a line.
    pub(crate) width: usize,
    pub(crate) colour: bool,
    /// True if it shows growth by reallocation.
    pub(crate) growth: bool,
}

impl TableForm {
    /// This width, and nothing that has to be asked for.
    pub(crate) fn plain(width: usize) -> Self {
        Self { width, colour: false, growth: false }
    }
}

/// The table as text. Paths and warnings are not broken.
pub(crate) fn render(report: &Report, written: Option<&Written>, layout: TableForm) -> String {
    let TableForm { width, colour, growth: shows_growth } = layout;
    let width = width.max(NARROWEST);
    let mut page = Page { text: String::new(), colour };
    if report.allocator.installed {
        page.lines(TITLE, wrap(&totals(report), ", ", width));
        if let Some(sentence) = sum::sentence(report) {
            page.lines(FAINT, wrap(&sentence, " ", width));
        }
        for line in resident::lines(report) {
            page.lines(FAINT, wrap(&line, " ", width));
        }
        if let Some(line) = peak::line(report) {
            page.lines(FAINT, wrap(&line, " ", width));
        }
        findings(report, width, &mut page);
        if report.functions.is_empty() {
            page.blank();
            page.lines(Style::new(), wrap(NO_FUNCTIONS, " ", width));
        } else {
            functions(report, written, width, &mut page);
            page.blank();
            page.lines(FAINT, wrap(LEGEND, " ", width));
            windows(report, width, &mut page);
            items(report, width, &mut page);
            if shows_growth {
                growth(report, width, &mut page);
            }
        }
    } else {
        page.line(ALARM, NOT_INSTALLED);
    }
    if let Some(written) = written {
        page.blank();
        page.line(Style::new(), format_args!("all figures: {}", path(&written.allocation_report)));
        page.line(Style::new(), format_args!("still live:  {}", path(&written.leak_report)));
        for (format, file) in &written.formats {
            let label = if *format == Format::Html { "as a page" } else { format.name() };
            page.line(Style::new(), format_args!("{:13}{}", format!("{label}:"), path(file)));
        }
    }
    let fell_back = written.and_then(|written| written.fell_back.as_ref());
    let warnings: Vec<&String> = fell_back.into_iter().chain(&report.warnings).collect();
    if !warnings.is_empty() {
        page.blank();
    }
    for warning in warnings {
        page.line(WARNING, format_args!("warning: {}", printable(warning)));
    }
    page.text
}

const NO_FUNCTIONS: &str = "No tracked function was called: put #[track_memory] on the functions you want to see.";
const LEGEND: &str = "allocated, blocks: including callees. self: by the function's own code; adds up to the total. \
peak/call: the most that one call rose above its start. retained: live blocks that its own code allocated. 1 MB = 2^20 bytes.";

const GROWTH: &str = "Reallocations by copied bytes (the most that growing moved), by the function's own code";

/// A path on one line: a folder can have any name.
fn path(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

fn totals(report: &Report) -> String {
    let totals = &report.totals;
    let error = if totals.peak_error_bytes > 0 {
        format!(" (within {})", size::bytes(totals.peak_error_bytes))
    } else {
        String::new()
    };
    format!(
        "memprof: allocated {}, deallocated {}, net {} in {}, peak {}{error}",
        size::bytes(totals.allocated_bytes),
        size::bytes(totals.deallocated_bytes),
        size::bytes(totals.net_bytes),
        size::plural(totals.net_count, "block"),
        size::bytes(totals.peak_bytes),
    )
}

fn functions(report: &Report, written: Option<&Written>, width: usize, page: &mut Page) {
    use Figure::{Allocated, Blocks, Calls, PeakPerCall, Retained, SelfAllocated};
    let mut functions: Vec<&Function> = report.functions.iter().collect();
    sorted::by_key(&mut functions, |function| (Reverse(function.allocated_bytes), &function.name));
    page.blank();
    page.lines(TITLE, wrap("Functions by allocated bytes", " ", width));
    let figures = vec![Calls, Allocated, SelfAllocated, Blocks, PeakPerCall, Retained];
    let least_important = [Blocks, Calls, SelfAllocated, PeakPerCall, Retained];
    section(report, written, &functions, (figures, &least_important), width, page);
}

/// Figures of the whole process while functions with a window ran.
fn windows(report: &Report, width: usize, page: &mut Page) {
    use Figure::{Calls, WindowAllocated, WindowDeallocated, WindowNet};
    let mut rows: Vec<TableRow> = report.functions.iter().filter_map(TableRow::window).collect();
    if rows.is_empty() {
        return;
    }
    page.blank();
    page.lines(TITLE, wrap("Windows: the whole process while these ran; in no sum", " ", width));
    let mut figures = vec![Calls, WindowAllocated, WindowDeallocated, WindowNet];
    fit(&mut figures, &[Calls, WindowDeallocated, WindowAllocated], &mut rows, width);
    for (index, line) in aligned(&figures, &rows).into_iter().enumerate() {
        page.line(if index == 0 { FAINT } else { Style::new() }, line);
    }
}

/// Bytes per item of the functions that said how many items they had.
fn items(report: &Report, width: usize, page: &mut Page) {
    use Figure::{AllocatedPerItem, Calls, Items, PeakPerItem, RetainedPerItem};
    let mut rows: Vec<TableRow> = report.functions.iter().filter_map(TableRow::items).collect();
    if rows.is_empty() {
        return;
    }
    page.blank();
    page.line(TITLE, "Bytes per item");
    let mut figures = vec![Calls, Items, AllocatedPerItem, PeakPerItem, RetainedPerItem];
    figures.retain(|figure| rows.iter().any(|row| !figure.of(row).is_empty()));
    fit(&mut figures, &[Calls, PeakPerItem, AllocatedPerItem, Items], &mut rows, width);
    for (index, line) in aligned(&figures, &rows).into_iter().enumerate() {
        page.line(if index == 0 { FAINT } else { Style::new() }, line);
    }
}

/// Growth by reallocation of the functions that moved most, of the rest, and of the process.
fn growth(report: &Report, width: usize, page: &mut Page) {
    use Figure::{Calls, Copied, Grown, Reallocated};
    let mut functions: Vec<&Function> =
        report.functions.iter().filter(|function| function.reallocated_count > 0).collect();
    sorted::by_key(&mut functions, |function| (Reverse(function.copied_bytes), &function.name));
    let mut rows: Vec<TableRow> = functions.into_iter().take(ROWS).map(TableRow::growth).collect();
    rows.extend(TableRow::growth_of_rest(report));
    page.blank();
    page.lines(TITLE, wrap(GROWTH, " ", width));
    let mut figures = vec![Calls, Reallocated, Grown, Copied];
    fit(&mut figures, &[Calls, Grown, Reallocated], &mut rows, width);
    for (index, line) in aligned(&figures, &rows).into_iter().enumerate() {
        page.line(if index == 0 { FAINT } else { Style::new() }, line);
    }
}

/// The findings, or the one line that says why there are none.
fn findings(report: &Report, width: usize, page: &mut Page) {
    let shown = findings::shown(report);
    page.blank();
    if shown.is_empty() {
        let growth = leaks::growth(report).map_or_else(String::new, |growth| format!("; {growth}"));
        page.lines(FAINT, wrap(&format!("No findings{growth}"), " ", width));
        return;
    }
    page.line(TITLE, "Findings");
    for finding in shown {
        page.lines(ALARM, wrap(&finding.title, " ", width));
        let advice = finding.advice.map(|advice| wrap(&advice, " ", width));
        page.lines(Style::new(), advice.unwrap_or_default());
    }
    page.lines(FAINT, findings::more(report).into_iter().collect());
}

fn section(
    report: &Report,
    written: Option<&Written>,
    functions: &[&Function],
    columns: (Vec<Figure>, &[Figure]),
    width: usize,
    page: &mut Page,
) {
    let (shown, more) = functions.split_at(functions.len().min(ROWS));
    let mut rows: Vec<TableRow> = shown.iter().map(|function| TableRow::function(function)).collect();
    if !more.is_empty() {
        rows.push(TableRow::more(more));
    }
    rows.push(TableRow::outside(&report.unattributed));
    rows.push(TableRow::total(report, &rows));

    let (mut figures, least_important) = columns;
    fit(&mut figures, least_important, &mut rows, width);
    for (index, line) in aligned(&figures, &rows).into_iter().enumerate() {
        let style = match index {
            0 => FAINT,
            index if index <= shown.len() => Style::new(),
            index if index == rows.len() => TITLE,
            _ => FAINT,
        };
        page.line(style, line);
    }
    if let Some(written) = written
        && !more.is_empty()
    {
        let more = size::count(more.len() as u64);
        page.line(FAINT, format_args!("and {more} more in {}", path(&written.allocation_report)));
    }
}

/// Lines of one table, the titles first: names to the left, figures to the right.
fn aligned(figures: &[Figure], rows: &[TableRow]) -> Vec<String> {
    let names = || std::iter::once("function").chain(rows.iter().map(|row| row.name.as_str()));
    let longest = names().map(UnicodeWidthStr::width).max().unwrap_or(0);
    // Blanks are counted here because `{:>width$}` counts characters, some of which take two columns.
    let blanks = |taken: usize, width: usize| " ".repeat(width.saturating_sub(taken));
    let mut lines: Vec<String> = names().map(|name| format!("{name}{}", blanks(name.width(), longest))).collect();
    for figure in figures {
        let column = std::iter::once(figure.title().to_owned()).chain(rows.iter().map(|row| figure.of(row)));
        let width = column_width(*figure, rows);
        for (line, cell) in lines.iter_mut().zip(column) {
            line.push_str(&blanks(cell.width(), width));
            line.push_str(&cell);
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Breaks a text after `separator` into lines of at most `width` columns.
pub(super) fn wrap(text: &str, separator: &str, width: usize) -> Vec<String> {
    let pieces = if separator == " " { words(text) } else { text.split(separator).collect() };
    let last = pieces.len().saturating_sub(1);
    let mut lines: Vec<String> = Vec::new();
    for (index, piece) in pieces.into_iter().enumerate() {
        let piece = if index < last { format!("{piece}{separator}") } else { piece.to_owned() };
        match lines.last_mut() {
            Some(line) if line.width() + piece.trim_end().width() <= width => line.push_str(&piece),
            Some(_) => lines.push(format!("  {piece}")),
            None => lines.push(piece),
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Text under construction, styled line by line.
struct Page {
    text: String,
    colour: bool,
}

impl Page {
    fn line(&mut self, style: Style, line: impl Display) {
        self.styled(style, &line);
    }

    fn styled(&mut self, style: Style, line: &dyn Display) {
        let line =
            if self.colour && !style.is_plain() { format!("{style}{line}{style:#}\n") } else { format!("{line}\n") };
        self.text.push_str(&line);
    }

    fn lines(&mut self, style: Style, lines: Vec<String>) {
        for line in lines {
            self.line(style, line);
        }
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests;
