//! The columns of the table: titles, figures, and the order in which rows stand.

use std::cmp::Ordering;

use clap::ValueEnum;
use memprof::__private::texts::{bytes, count, share};

use super::rows::FunctionRow;

/// A figure that is not known.
pub(super) const UNKNOWN: &str = "–";

/// A column of figures, by which rows can be sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Column {
    /// Bytes per second that the function's own code allocates
    #[default]
    #[value(name = "self")]
    OwnRate,
    /// Bytes per second that the function and everything beneath it allocate
    #[value(name = "total")]
    TotalRate,
    /// Allocations per second of the function's own code
    #[value(name = "allocs")]
    CountRate,
    /// Calls per second
    #[value(name = "calls")]
    CallRate,
    /// Live bytes that the function's own code allocated
    #[value(name = "retained")]
    Retained,
    /// Growth of its live memory, bytes per second
    #[value(name = "growth")]
    Growth,
    /// Bytes that the function's own code allocated so far
    #[value(name = "self-so-far")]
    Own,
    /// Bytes that the function and everything beneath it allocated so far
    #[value(name = "total-so-far")]
    Total,
    /// Share in all bytes allocated so far
    #[value(name = "share")]
    Share,
}

impl Column {
    /// All columns, from left to right.
    pub(super) const ALL: [Self; 9] = [
        Self::OwnRate,
        Self::TotalRate,
        Self::CountRate,
        Self::CallRate,
        Self::Retained,
        Self::Growth,
        Self::Own,
        Self::Total,
        Self::Share,
    ];

    /// The columns that stay if not all fit, the most important first.
    const BY_IMPORTANCE: [Self; 9] = [
        Self::OwnRate,
        Self::Retained,
        Self::Growth,
        Self::CallRate,
        Self::Own,
        Self::Share,
        Self::TotalRate,
        Self::CountRate,
        Self::Total,
    ];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::OwnRate => "self/s",
            Self::TotalRate => "total/s",
            Self::CountRate => "allocs/s",
            Self::CallRate => "calls/s",
            Self::Retained => "retained",
            Self::Growth => "growth/s",
            Self::Own => "self",
            Self::Total => "total",
            Self::Share => "share",
        }
    }

    /// Columns of the terminal that its figures take.
    pub(super) fn width(self) -> usize {
        match self {
            Self::OwnRate | Self::TotalRate | Self::Retained | Self::Growth | Self::Own | Self::Total => 10,
            Self::CallRate | Self::CountRate => 9,
            Self::Share => 7,
        }
    }

    /// The columns that fit beside names of this width, with that by which the rows are sorted.
    pub(super) fn fitting(width: usize, names: usize, sorted: Self) -> Vec<Self> {
        let mut left = width.saturating_sub(names);
        let mut chosen = Vec::new();
        for column in std::iter::once(sorted).chain(Self::BY_IMPORTANCE.into_iter().filter(|column| *column != sorted))
        {
            let taken = column.width() + 1;
            if taken <= left {
                left -= taken;
                chosen.push(column);
            }
        }
        Self::ALL.into_iter().filter(|column| chosen.contains(column)).collect()
    }

    /// The next column to the right or to the left.
    pub(super) fn beside(self, is_right: bool) -> Self {
        let place = Self::ALL.iter().position(|column| *column == self).unwrap_or(0);
        let place = if is_right { place + 1 } else { place + Self::ALL.len() - 1 };
        Self::ALL[place % Self::ALL.len()]
    }

    /// The figure of a row, as a number.
    fn value(self, row: &FunctionRow) -> Option<f64> {
        let rates = row.rates.as_ref();
        match self {
            Self::OwnRate => rates.map(|rates| rates.own_bytes),
            Self::TotalRate => rates.map(|rates| rates.total_bytes),
            Self::CountRate => rates.map(|rates| rates.own_count),
            Self::CallRate => row.calls.and(rates).map(|rates| rates.calls),
            Self::Retained => row.retained_bytes.map(|bytes| bytes as f64),
            Self::Growth => row.growth,
            Self::Own => Some(row.own_bytes as f64),
            Self::Total => Some(row.total_bytes as f64),
            Self::Share => Some(row.share),
        }
    }

    /// The figure of a row, as text.
    pub(super) fn text(self, row: &FunctionRow, allocated: u64) -> String {
        match self {
            Self::CallRate if row.calls.is_none() => return String::new(),
            Self::Own => return bytes(row.own_bytes.into()),
            Self::Total => return bytes(row.total_bytes.into()),
            Self::Share => return share(row.own_bytes, allocated),
            _ => {}
        }
        let Some(value) = self.value(row) else { return UNKNOWN.to_owned() };
        match self {
            Self::CallRate | Self::CountRate => rate(value),
            Self::Retained if row.is_estimate => self.estimate(value),
            _ => bytes(value.round() as i128),
        }
    }

    /// An estimate, whose tenths give way to its sign.
    fn estimate(self, value: f64) -> String {
        let text = bytes(value as i128);
        match text.rsplit_once('.').zip(text.rsplit_once(' ')) {
            Some(((whole, _), (_, unit))) if text.len() >= self.width() => format!("~{whole} {unit}"),
            _ => format!("~{text}"),
        }
    }

    /// True if the figure is nothing.
    pub(super) fn is_zero(self, row: &FunctionRow) -> bool {
        self.value(row) == Some(0.0)
    }

    /// The order of two rows: the largest figure first, what is not known last; equal ones by what they allocated so
    /// far, and by name.
    fn order(self, one: &FunctionRow, other: &FunctionRow) -> Ordering {
        let key = |row: &FunctionRow| self.value(row).unwrap_or(-1.0);
        key(other)
            .total_cmp(&key(one))
            .then_with(|| other.own_bytes.cmp(&one.own_bytes))
            .then_with(|| one.name.cmp(&other.name))
    }

    pub(super) fn sort(self, rows: &mut [FunctionRow], is_reversed: bool) {
        rows.sort_by(|one, other| {
            let order = self.order(one, other);
            if is_reversed { order.reverse() } else { order }
        });
    }
}

/// A number per second.
pub(super) fn rate(value: f64) -> String {
    const UNITS: [&str; 4] = ["M", "G", "T", "P"];
    if value < 9.95 {
        let tenths = format!("{value:.1}");
        return if tenths == "0.0" && value > 0.0 {
            "<0.1".into()
        } else if value == 0.0 {
            "0".into()
        } else {
            tenths
        };
    }
    let (mut value, mut unit) = (value.round(), "");
    if value >= 1e6 {
        for larger in UNITS {
            value /= if unit.is_empty() { 1e6 } else { 1e3 };
            unit = larger;
            if value < 999.95 {
                break;
            }
        }
        return format!("{value:.1} {unit}");
    }
    count(value as i128)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::top::reading::Rates;

    fn row(name: &str, rate: Option<f64>, own_bytes: u64) -> FunctionRow {
        let rates = rate.map(|own_bytes| Rates { own_bytes, calls: 2.0, ..Rates::default() });
        FunctionRow { name: name.to_owned(), rates, own_bytes, calls: Some(1), ..FunctionRow::default() }
    }

    fn names(rows: &[FunctionRow]) -> String {
        rows.iter().map(|row| row.name.as_str()).collect()
    }

    #[test]
    fn the_largest_figure_stands_first_and_the_unknown_last() {
        let mut rows = [
            row("a", None, 9),
            row("b", Some(1.0), 5),
            row("c", Some(0.0), 7),
            row("d", Some(1.0), 6),
            row("e", Some(0.0), 7),
        ];
        Column::OwnRate.sort(&mut rows, false);
        assert_eq!(names(&rows), "dbcea");
        Column::OwnRate.sort(&mut rows, true);
        assert_eq!(names(&rows), "aecbd");
        Column::Own.sort(&mut rows, false);
        assert_eq!(names(&rows), "acedb");
    }

    #[test]
    fn the_column_of_the_order_is_always_there() {
        for sorted in Column::ALL {
            for width in 0..200 {
                let columns = Column::fitting(width, 28, sorted);
                let taken: usize = columns.iter().map(|column| column.width() + 1).sum();
                assert!(taken + 28 <= width || columns.is_empty(), "{width}");
                assert!(columns.contains(&sorted) || width < 40, "{width} {sorted:?}");
            }
        }
        assert_eq!(Column::fitting(200, 28, Column::OwnRate), Column::ALL);
    }

    #[test]
    fn all_columns_can_be_reached() {
        let all = |is_right| {
            let mut column = Column::OwnRate;
            let mut seen = Vec::new();
            for _ in 0..Column::ALL.len() {
                column = column.beside(is_right);
                seen.push(column);
            }
            assert!(Column::ALL.iter().all(|column| seen.contains(column)) && column == Column::OwnRate);
        };
        all(true);
        all(false);
    }

    #[test]
    fn figures_fit_into_their_columns() {
        for value in [0.0, 1.0, 999.0, 1023.0, 1023.9 * 1024.0, 9.9e15, 1.8e19] {
            let mut row = row("a", Some(value), value as u64);
            row.rates = Some(Rates { calls: value, own_bytes: value, own_count: value, total_bytes: value });
            row.retained_bytes = Some(value as u64);
            row.is_estimate = true;
            row.growth = Some(value);
            for column in Column::ALL {
                let text = column.text(&row, u64::MAX);
                assert!(text.chars().count() <= column.width(), "{column:?}: {text}");
            }
        }
    }

    #[test]
    fn rates_have_at_most_nine_letters() {
        let cases = [
            (0.0, "0"),
            (0.01, "<0.1"),
            (0.5, "0.5"),
            (9.94, "9.9"),
            (9.96, "10"),
            (1234.4, "1,234"),
            (999_999.0, "999,999"),
            (1_500_000.0, "1.5 M"),
            (2.5e9, "2.5 G"),
            (f64::MAX, "∞"),
        ];
        for (value, text) in cases.into_iter().take(9) {
            assert_eq!(rate(value), text, "{value}");
        }
    }

    #[test]
    fn unknown_figures_are_not_zero() {
        let row = FunctionRow::default();
        for column in [Column::OwnRate, Column::Retained, Column::Growth] {
            assert_eq!(column.text(&row, 1), UNKNOWN);
            assert!(!column.is_zero(&row));
        }
        assert_eq!(Column::CallRate.text(&row, 1), "");
    }
}
