//! Tables as Markdown.

/// A table whose first column is text and whose others are figures.
#[derive(Debug)]
pub(super) struct Table {
    lines: Vec<String>,
}

impl Table {
    pub(super) fn new<'a>(columns: impl IntoIterator<Item = &'a str>) -> Self {
        let columns: Vec<&str> = columns.into_iter().collect();
        let right = "---:|".repeat(columns.len().saturating_sub(1));
        Self { lines: vec![format!("| {} |", columns.join(" | ")), format!("|---|{right}")] }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells: Vec<String> = cells.into_iter().collect();
        self.lines.push(format!("| {} |", cells.join(" | ")));
    }

    pub(super) fn finish(self) -> String {
        self.lines.join("\n") + "\n"
    }
}

/// Three digits that count, as far as they are behind the point: 1234, 12.3, 1.23, 0.012.
pub(super) fn digits(figure: f64) -> String {
    let places = if figure == 0.0 { 0 } else { (2 - figure.abs().log10().floor() as i32).clamp(0, 3) };
    let text = format!("{figure:.*}", places as usize);
    if text.starts_with("-0") && text.trim_start_matches(['-', '0', '.']).is_empty() {
        text[1..].to_owned()
    } else {
        text
    }
}

/// Bytes as people read them.
pub(super) fn bytes(bytes: f64) -> String {
    let mib = bytes / 1_048_576.0;
    if mib < 1.0 { format!("{} KB", digits(bytes / 1024.0)) } else { format!("{} MB", digits(mib)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        for (figure, text) in [
            (1234.5, "1234"),
            (12.34, "12.3"),
            (1.234, "1.23"),
            (0.0123, "0.012"),
            (0.0, "0"),
            (-0.0001, "0.000"),
            (-2.5, "-2.50"),
        ] {
            assert_eq!(digits(figure), text);
        }
    }
}
