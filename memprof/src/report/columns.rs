//! The rows and columns of the table, and which of them fit.

use unicode_width::UnicodeWidthStr;

use super::data::{Function, Report, Unattributed, Window};
use super::name::{OUTSIDE, printable, shorten};
use crate::size;

/// Blanks between two columns.
const GAP: usize = 2;

/// A name keeps this many columns before a figure may stand beside it, if it has that many.
const NAME: usize = 30;

/// One column of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Figure {
    Calls,
    Allocated,
    SelfAllocated,
    Blocks,
    PeakPerCall,
    Retained,
    WindowAllocated,
    WindowFreed,
    WindowNet,
}

/// One line of the table; a figure that makes no sense for it is `None`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) name: String,
    calls: Option<u64>,
    allocated: Option<u64>,
    pub(crate) self_allocated: Option<i128>,
    blocks: Option<u64>,
    pub(crate) retained: Option<i128>,
    /// True if a sample says nothing of what is retained.
    is_retained_unknown: bool,
    /// Standard error of `retained`, where it is an estimate.
    retained_error: Option<u64>,
    peak_per_call: Option<u64>,
    window: Option<Window>,
}

impl Figure {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Figure::Calls => "calls",
            Figure::Allocated => "allocated",
            Figure::SelfAllocated => "self",
            Figure::Blocks => "blocks",
            Figure::Retained => "retained",
            Figure::PeakPerCall => "peak/call",
            Figure::WindowAllocated => "all allocated",
            Figure::WindowFreed => "all freed",
            Figure::WindowNet => "all net",
        }
    }

    pub(crate) fn of(self, row: &Row) -> String {
        match self {
            Figure::Calls => row.calls.map(size::count),
            Figure::Allocated => row.allocated.map(size::bytes),
            Figure::SelfAllocated => row.self_allocated.map(size::bytes),
            Figure::Blocks => row.blocks.map(size::count),
            Figure::Retained => match (row.retained, row.retained_error) {
                (Some(retained), Some(error)) => Some(format!("{} ±{}", size::bytes(retained), size::bytes(error))),
                (Some(retained), None) => Some(size::bytes(retained)),
                (None, _) => row.is_retained_unknown.then(|| "not known".to_owned()),
            },
            Figure::PeakPerCall => row.peak_per_call.map(size::bytes),
            Figure::WindowAllocated => row.window.as_ref().map(|window| size::bytes(window.allocated_bytes)),
            Figure::WindowFreed => row.window.as_ref().map(|window| size::bytes(window.deallocated_bytes)),
            Figure::WindowNet => row.window.as_ref().map(|window| size::bytes(window.net_bytes)),
        }
        .unwrap_or_default()
    }
}

impl Row {
    pub(crate) fn function(function: &Function) -> Self {
        Row {
            name: printable(&function.name),
            calls: Some(function.calls),
            allocated: Some(function.allocated_bytes),
            self_allocated: Some(function.self_allocated_bytes.into()),
            blocks: Some(function.allocated_count),
            retained: function.retained_bytes.map(i128::from),
            is_retained_unknown: function.retained_bytes.is_none(),
            retained_error: function.retained_error_bytes.filter(|&error| error > 0),
            peak_per_call: function.peak_bytes,
            window: None,
        }
    }

    /// A row of what everybody did while the function ran; `None` where nobody asked for it.
    pub(crate) fn window(function: &Function) -> Option<Self> {
        let window = function.window.clone()?;
        let name = printable(&function.name);
        Some(Row { name, calls: Some(window.calls), window: Some(window), ..Row::default() })
    }

    /// What the functions that have no row of their own add to the sum.
    pub(crate) fn more(functions: &[&Function]) -> Self {
        let rows: Vec<Row> = functions.iter().map(|function| Row::function(function)).collect();
        Row { name: format!("({})", size::plural(rows.len() as u64, "more function")), ..Row::sum(&rows) }
    }

    pub(crate) fn outside(outside: &Unattributed) -> Self {
        Row {
            name: OUTSIDE.to_owned(),
            // Nothing lies beneath it, so that what it did itself is all it did.
            allocated: Some(outside.self_allocated_bytes),
            self_allocated: Some(outside.self_allocated_bytes.into()),
            blocks: Some(outside.self_allocated_count),
            retained: outside.retained_bytes.map(i128::from),
            is_retained_unknown: outside.retained_bytes.is_none(),
            retained_error: outside.retained_error_bytes.filter(|&error| error > 0),
            ..Row::default()
        }
    }

    /// The process: its own totals, not a sum of what is shown, so that a reader can check one against the other.
    pub(crate) fn total(report: &Report, rows: &[Row]) -> Self {
        Row {
            name: "total".to_owned(),
            allocated: Some(report.totals.allocated_bytes),
            self_allocated: Some(report.totals.allocated_bytes.into()),
            blocks: Some(report.totals.allocated_count),
            // Not that of the rows: those without a sample are off by less together than each might be.
            retained_error: report.live.error_bytes.filter(|&error| error > 0),
            ..Row::sum(rows)
        }
    }

    /// The columns that may be added: those that count no byte in two rows.
    fn sum(rows: &[Row]) -> Self {
        let sum = |figure: fn(&Row) -> Option<i128>| rows.iter().map(figure).sum::<Option<i128>>();
        Row {
            self_allocated: sum(|row| row.self_allocated),
            // Of the profiler's own row it is not known.
            retained: rows.iter().filter_map(|row| row.retained).reduce(i128::saturating_add),
            retained_error: error_of_sum(rows),
            ..Row::default()
        }
    }
}

/// The standard error of a sum of estimates that have nothing to do with each other.
fn error_of_sum(rows: &[Row]) -> Option<u64> {
    let squares = rows.iter().filter_map(|row| row.retained_error).map(|error| error as f64 * error as f64);
    Some(squares.sum::<f64>().sqrt().ceil() as u64).filter(|&error| error > 0)
}

/// Leaves the figures that fit in `width` beside the names, in their order, and shortens the names to what is left.
///
/// `least_important` names what goes first; the figure it does not name always stays.
pub(crate) fn fit(figures: &mut Vec<Figure>, least_important: &[Figure], rows: &mut [Row], width: usize) {
    figures.retain(|figure| *figure != Figure::Retained || rows.iter().any(|row| row.retained.is_some()));
    let longest = rows.iter().map(|row| row.name.width()).max().unwrap_or(0);
    let mut taken: usize = figures.iter().map(|figure| column_width(*figure, rows)).sum();
    for figure in least_important {
        if taken + longest.min(NAME) <= width {
            break;
        }
        if figures.contains(figure) {
            taken -= column_width(*figure, rows);
            figures.retain(|other| other != figure);
        }
    }
    for row in rows {
        row.name = shorten(&row.name, width.saturating_sub(taken));
    }
}

/// The columns that a figure takes, with the blanks before it.
pub(crate) fn column_width(figure: Figure, rows: &[Row]) -> usize {
    let widest = rows.iter().map(|row| figure.of(row).width()).max().unwrap_or(0);
    GAP + widest.max(figure.title().width())
}
