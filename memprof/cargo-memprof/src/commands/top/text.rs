//! One table as text, for `--once`.

use memprof::__private::texts::{OUTSIDE, printable};
use unicode_width::UnicodeWidthStr;

use super::columns::Column;
use super::headline;
use super::state::State;

/// The header and all rows. Names are not shortened.
pub(super) fn table(state: &State) -> String {
    let report = &state.report;
    let mut text = format!("{}\n", headline::program(report).join(", "));
    match headline::nothing(report) {
        Some(reason) => text.push_str(&format!("{reason}\n")),
        None => {
            text.push_str(&format!("{}\n", headline::heap(report).join(", ")));
            let mut rates = headline::rates(report, &state.history);
            if let Some(seconds) = state.history.rate_seconds() {
                rates.push(format!("rates over {seconds:.1} s"));
            }
            text.push_str(&format!("{}\n", rates.join(", ")));
        }
    }
    text.push('\n');
    let names = state.rows.iter().map(|row| row.name.width()).max().unwrap_or(0).max(OUTSIDE.len());
    let mut line = pad("function", names);
    for column in Column::ALL {
        line.push_str(&format!("  {:>width$}", column.title(), width = column.width()));
    }
    text.push_str(&format!("{line}\n"));
    for row in &state.rows {
        let mut line = pad(&row.name, names);
        for column in Column::ALL {
            let figure = column.text(row, report.totals.allocated_bytes);
            line.push_str(&format!("  {figure:>width$}", width = column.width()));
        }
        text.push_str(&format!("{}\n", line.trim_end()));
    }
    for warning in &report.warnings {
        text.push_str(&format!("\n{}\n", printable(warning)));
    }
    text
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}
