//! Rows and columns of the table, and the choice of those that fit.

use unicode_width::UnicodeWidthStr;

use super::data::{Function, Items, Report, Unattributed, Window};
use super::name::{OUTSIDE, printable, shorten};
use crate::size;

/// Blanks between two columns.
const GAP: usize = 2;

/// Least width of a name, if it is that long, before a figure may stand beside it.
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
    WindowDeallocated,
    WindowNet,
    Items,
    AllocatedPerItem,
    PeakPerItem,
    RetainedPerItem,
    Reallocated,
    Grown,
    Copied,
}

/// One line of the table. A figure without a meaning for it is `None`.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableRow {
    pub(crate) name: String,
    calls: Option<u64>,
    allocated: Option<u64>,
    pub(crate) self_allocated: Option<i128>,
    blocks: Option<u64>,
    pub(crate) retained: Option<i128>,
    /// True if a sample says nothing about retained bytes.
    is_retained_unknown: bool,
    /// Standard error of `retained`, if it is an estimate.
    retained_error: Option<u64>,
    peak_per_call: Option<u64>,
    window: Option<Window>,
    items: Option<Items>,
    growth: Option<ReallocationFigures>,
}

/// ReallocationFigures by reallocation: how many, by how many bytes, and the most that it moved.
#[derive(Clone, Copy, Debug)]
struct ReallocationFigures {
    reallocated: u64,
    grown: u64,
    copied: u64,
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
            Figure::WindowDeallocated => "all deallocated",
            Figure::WindowNet => "all net",
            Figure::Items => "items",
            Figure::AllocatedPerItem => "allocated/item",
            Figure::PeakPerItem => "peak/item",
            Figure::RetainedPerItem => "retained/item",
            Figure::Reallocated => "reallocated",
            Figure::Grown => "grown",
            Figure::Copied => "copied",
        }
    }

    pub(crate) fn of(self, row: &TableRow) -> String {
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
            Figure::WindowDeallocated => row.window.as_ref().map(|window| size::bytes(window.deallocated_bytes)),
            Figure::WindowNet => row.window.as_ref().map(|window| size::bytes(window.net_bytes)),
            Figure::Items => row.items.as_ref().map(|items| size::count(items.count)),
            Figure::AllocatedPerItem => row.items.as_ref().and_then(|items| per_item(items.allocated_bytes_per_item)),
            Figure::PeakPerItem => row.items.as_ref().and_then(|items| per_item(items.peak_bytes_per_item)),
            Figure::RetainedPerItem => row.items.as_ref().and_then(|items| per_item(items.retained_bytes_per_item)),
            Figure::Reallocated => row.growth.map(|growth| size::count(growth.reallocated)),
            Figure::Grown => row.growth.map(|growth| size::bytes(growth.grown)),
            Figure::Copied => row.growth.map(|growth| size::bytes(growth.copied)),
        }
        .unwrap_or_default()
    }
}

impl TableRow {
    pub(crate) fn function(function: &Function) -> Self {
        TableRow {
            name: printable(&function.name),
            calls: Some(function.calls),
            allocated: Some(function.allocated_bytes),
            self_allocated: Some(function.self_allocated_bytes.into()),
            blocks: Some(function.allocated_count),
            retained: function.retained_bytes.map(i128::from),
            is_retained_unknown: function.retained_bytes.is_none(),
            retained_error: function.retained_error_bytes.filter(|&error| error > 0),
            peak_per_call: function.peak_bytes,
            ..TableRow::default()
        }
    }

    /// The row of a function's window; `None` without one.
    pub(crate) fn window(function: &Function) -> Option<Self> {
        let window = function.window.clone()?;
        let name = printable(&function.name);
        Some(TableRow { name, calls: Some(window.calls), window: Some(window), ..TableRow::default() })
    }

    /// The row of a function's items; `None` if nobody said how many there were.
    pub(crate) fn items(function: &Function) -> Option<Self> {
        let items = function.items.clone()?;
        let name = printable(&function.name);
        Some(TableRow { name, calls: Some(function.calls), items: Some(items), ..TableRow::default() })
    }

    /// The reallocations of a function's own code.
    pub(crate) fn growth(function: &Function) -> Self {
        let (reallocated, grown, copied) = (function.reallocated_count, function.grown_bytes, function.copied_bytes);
        TableRow {
            name: printable(&function.name),
            calls: Some(function.calls),
            growth: Some(ReallocationFigures { reallocated, grown, copied }),
            ..TableRow::default()
        }
    }

    /// The reallocations outside every function, and those of the whole process.
    pub(crate) fn growth_of_rest(report: &Report) -> [Self; 2] {
        let (rest, all) = (&report.unattributed, &report.totals);
        let row = |name: &str, growth: ReallocationFigures| TableRow {
            name: name.to_owned(),
            growth: Some(growth),
            ..TableRow::default()
        };
        [
            row(
                OUTSIDE,
                ReallocationFigures {
                    reallocated: rest.reallocated_count,
                    grown: rest.grown_bytes,
                    copied: rest.copied_bytes,
                },
            ),
            row(
                "total",
                ReallocationFigures {
                    reallocated: all.reallocated_count,
                    grown: all.grown_bytes,
                    copied: all.copied_bytes,
                },
            ),
        ]
    }

    /// The sum of the functions without a row of their own.
    pub(crate) fn more(functions: &[&Function]) -> Self {
        let rows: Vec<TableRow> = functions.iter().map(|function| TableRow::function(function)).collect();
        TableRow { name: format!("({})", size::plural(rows.len() as u64, "more function")), ..TableRow::sum(&rows) }
    }

    pub(crate) fn outside(outside: &Unattributed) -> Self {
        TableRow {
            name: OUTSIDE.to_owned(),
            // No function lies beneath it, so its own figures are all of them.
            allocated: Some(outside.self_allocated_bytes),
            self_allocated: Some(outside.self_allocated_bytes.into()),
            blocks: Some(outside.self_allocated_count),
            retained: outside.retained_bytes.map(i128::from),
            is_retained_unknown: outside.retained_bytes.is_none(),
            retained_error: outside.retained_error_bytes.filter(|&error| error > 0),
            ..TableRow::default()
        }
    }

    /// The process: its own totals, not a sum of the rows, so that a reader can check one against the other.
    pub(crate) fn total(report: &Report, rows: &[TableRow]) -> Self {
        TableRow {
            name: "total".to_owned(),
            allocated: Some(report.totals.allocated_bytes),
            self_allocated: Some(report.totals.allocated_bytes.into()),
            blocks: Some(report.totals.allocated_count),
            // Not the rows' sum, if a sample says too little of some rows: together they are known, and are off by less
            // than each with its bound.
            retained: rows.iter().find_map(|row| row.retained).and(report.live.estimated_bytes).map(i128::from),
            retained_error: report.live.error_bytes.filter(|&error| error > 0),
            ..TableRow::sum(rows)
        }
    }

    /// Sum of the columns that count no byte in two rows.
    fn sum(rows: &[TableRow]) -> Self {
        let sum = |figure: fn(&TableRow) -> Option<i128>| rows.iter().map(figure).sum::<Option<i128>>();
        TableRow {
            self_allocated: sum(|row| row.self_allocated),
            // Unknown where a sample says too little.
            retained: rows.iter().filter_map(|row| row.retained).reduce(i128::saturating_add),
            retained_error: error_of_sum(rows),
            ..TableRow::default()
        }
    }
}

/// Bytes per item, with a tenth below 1 KB.
fn per_item(bytes: Option<f64>) -> Option<String> {
    bytes.map(|bytes| if bytes < 1023.95 { format!("{bytes:.1} B") } else { size::bytes(bytes.round() as u64) })
}

/// Standard error of a sum of independent estimates.
fn error_of_sum(rows: &[TableRow]) -> Option<u64> {
    let squares = rows.iter().filter_map(|row| row.retained_error).map(|error| error as f64 * error as f64);
    Some(squares.sum::<f64>().sqrt().ceil() as u64).filter(|&error| error > 0)
}

/// Keeps the figures that fit into `width` beside the names, in their order, and shortens the names to the remaining
/// width.
///
/// `least_important` lists the figures to drop, the first one first. Figures that it does not list stay.
pub(crate) fn fit(figures: &mut Vec<Figure>, least_important: &[Figure], rows: &mut [TableRow], width: usize) {
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

/// Columns that a figure takes, including the blanks before it.
pub(crate) fn column_width(figure: Figure, rows: &[TableRow]) -> usize {
    let widest = rows.iter().map(|row| figure.of(row).width()).max().unwrap_or(0);
    GAP + widest.max(figure.title().width())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, own: i128, retained: Option<i128>, error: Option<u64>) -> TableRow {
        TableRow {
            name: name.to_owned(),
            calls: Some(1),
            self_allocated: Some(own),
            retained,
            retained_error: error,
            ..TableRow::default()
        }
    }

    #[test]
    fn errors_of_independent_estimates_add_up_as_squares() {
        let rows = [row("a", 1, Some(10), Some(3)), row("b", 2, Some(-4), Some(4)), row("c", 3, None, None)];
        let sum = TableRow::sum(&rows);
        assert_eq!((sum.self_allocated, sum.retained, sum.retained_error), (Some(6), Some(6), Some(5)));
        // A figure that a row lacks has no sum; neither have calls, which nest.
        let unknown = TableRow { self_allocated: None, ..rows[0].clone() };
        assert_eq!(TableRow::sum(&[unknown, rows[1].clone()]).self_allocated, None);
        assert_eq!(sum.calls, None);
        assert_eq!(error_of_sum(&rows[2..]), None);
        assert_eq!(error_of_sum(&[row("d", 1, None, Some(u64::MAX))]), Some(u64::MAX));
    }

    #[test]
    fn the_least_important_figures_go_first_and_unlisted_ones_stay() {
        let all = vec![Figure::Calls, Figure::SelfAllocated, Figure::Retained];
        let rows = [row("a_function_with_a_name_that_is_long", 1 << 20, Some(7), None)];
        let width = |figures: &[Figure]| figures.iter().map(|figure| column_width(*figure, &rows)).sum::<usize>();
        let fitted = |width: usize| {
            let (mut figures, mut rows) = (all.clone(), rows.clone());
            fit(&mut figures, &[Figure::Retained, Figure::Calls], &mut rows, width);
            (figures, rows[0].name.width())
        };
        assert_eq!(fitted(200), (all.clone(), 35));
        // A name gives way down to its least width before a figure goes.
        assert_eq!(fitted(width(&all) + NAME), (all.clone(), NAME));
        assert_eq!(fitted(width(&all) + NAME - 1).0, [Figure::Calls, Figure::SelfAllocated]);
        let (figures, name) = fitted(NAME);
        assert_eq!(figures, [Figure::SelfAllocated]);
        assert!(name + width(&figures) <= NAME, "{name}");
    }

    #[test]
    fn a_column_without_a_figure_is_left_out() {
        let (mut figures, mut rows) = (vec![Figure::Calls, Figure::Retained], [row("a", 1, None, None)]);
        fit(&mut figures, &[], &mut rows, 80);
        assert_eq!(figures, [Figure::Calls]);
        let unknown = TableRow { is_retained_unknown: true, ..TableRow::default() };
        assert_eq!((Figure::Retained.of(&unknown).as_str(), Figure::Retained.of(&rows[0]).as_str()), ("not known", ""));
        assert_eq!(Figure::Retained.of(&row("a", 1, Some(2048), Some(1024))), "2.0 KB ±1.0 KB");
    }
}
