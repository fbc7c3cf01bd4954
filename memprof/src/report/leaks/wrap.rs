//! Line breaks.

use super::super::words::words;
use unicode_width::UnicodeWidthStr;

/// Columns of a line of text. Places are never broken: they are copied and clicked.
const WIDTH: usize = 100;

/// Breaks a line at blanks and indents the continuation by two more columns.
pub(super) fn at_blanks(line: &str) -> Vec<String> {
    let indent = line.len() - line.trim_start().len();
    let mut lines: Vec<String> = Vec::new();
    for word in words(line.trim_start()) {
        match lines.last_mut() {
            Some(last) if last.width() + 1 + word.width() <= WIDTH => {
                last.push(' ');
                last.push_str(word);
            }
            Some(_) => lines.push(format!("{}{word}", " ".repeat(indent + 2))),
            None => lines.push(format!("{}{word}", " ".repeat(indent))),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_at_blanks_and_short_ones_are_not() {
        assert_eq!(at_blanks("   = a b"), ["   = a b"]);
        let long = format!("   = {}", "word ".repeat(40));
        let lines = at_blanks(long.trim_end());
        assert!(lines.len() == 3 && lines.iter().all(|line| line.width() <= WIDTH), "{lines:?}");
        assert!(lines[1].starts_with("     word"), "{lines:?}");
        let unbroken = "x".repeat(200);
        assert_eq!(at_blanks(&unbroken), [unbroken]);
    }
}
