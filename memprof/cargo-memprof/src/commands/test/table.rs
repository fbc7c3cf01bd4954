//! The table of the tests, worst first.

use indicatif::HumanCount;
use memprof::report::data::TestRow;

/// Rows without `--all`.
const FEWEST: usize = 10;

/// The rows by allocated bytes; `all`: also those beyond the first ten. Tests that did not run are left out.
pub(in crate::commands) fn table(rows: &[TestRow], all: bool) -> String {
    let mut rows: Vec<_> = rows.iter().filter(|row| row.outcome != "ignored").collect();
    rows.sort_by(|one, other| other.allocated_bytes.cmp(&one.allocated_bytes).then_with(|| one.name.cmp(&other.name)));
    let shown = if all { rows.len() } else { rows.len().min(FEWEST) };
    let (shown, left) = rows.split_at(shown);
    let mut lines = vec![["test", "allocated", "blocks", "peak", "kept"].map(str::to_owned)];
    lines.extend(shown.iter().map(|row| {
        let failed = if row.outcome == "failed" { " (failed)" } else { "" };
        [
            format!("{}{failed}", row.name),
            bytes(row.allocated_bytes.into()),
            HumanCount(row.allocated_count).to_string(),
            bytes(row.peak_bytes.into()),
            bytes(row.kept_bytes.into()),
        ]
    }));
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3, 4].map(width);
    let mut text = String::new();
    for [name, figures @ ..] in &lines {
        let mut line = format!("{name:width$}", width = widths[0]);
        for (figure, width) in figures.iter().zip(&widths[1..]) {
            line.push_str(&format!("  {figure:>width$}"));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    if !left.is_empty() {
        text.push_str(&format!("and {} more: all with --all\n", left.len()));
    }
    text
}

/// A size in the largest unit in which it has a digit before the point.
fn bytes(bytes: i128) -> String {
    const UNITS: [&str; 4] = ["KB", "MB", "GB", "TB"];
    let mut size = bytes as f64;
    let mut unit = "B";
    for larger in UNITS {
        if size.abs() < 1023.95 {
            break;
        }
        (size, unit) = (size / 1024.0, larger);
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{size:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, allocated: u64, kept: i64) -> TestRow {
        let mut row = TestRow::default();
        row.name = name.to_owned();
        row.outcome = "passed".to_owned();
        row.allocated_bytes = allocated;
        row.allocated_count = 1_234;
        row.peak_bytes = allocated / 2;
        row.kept_bytes = kept;
        row
    }

    #[test]
    fn the_worst_stand_first() {
        let mut failed = row("shop::c", 5, 0);
        failed.outcome = "failed".to_owned();
        let text = table(&[row("shop::a", 2_048, -512), row("shop::b", 3_000_000, 0), failed], false);
        let expected = "\
test              allocated  blocks    peak    kept
shop::b              2.9 MB   1,234  1.4 MB     0 B
shop::a              2.0 KB   1,234  1.0 KB  -512 B
shop::c (failed)        5 B   1,234     2 B     0 B
";
        assert_eq!(text, expected);
    }

    #[test]
    fn ten_are_enough() {
        let rows: Vec<_> = (0..25).map(|index| row(&format!("shop::t{index}"), index, 0)).collect();
        assert!(table(&rows, false).ends_with("and 15 more: all with --all\n"));
        assert_eq!(table(&rows, true).lines().count(), 26);
    }

    #[test]
    fn sizes_change_their_unit_before_they_have_five_digits() {
        let sizes = [0, 1023, 1024, 1_048_524, 1_048_525, -1_048_576, i128::from(u64::MAX)].map(bytes);
        assert_eq!(sizes, ["0 B", "1023 B", "1.0 KB", "1023.9 KB", "1.0 MB", "-1.0 MB", "16777216.0 TB"]);
    }
}
