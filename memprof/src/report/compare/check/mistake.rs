//! Mistakes in rules, and their places.

use crate::printable::Printable;
use std::fmt;
use std::ops::Range;
use unicode_width::UnicodeWidthStr;

/// A rule that cannot be read. Shown as the mistake, and the rule with a mark beneath it.
///
/// ```
/// let error = memprof::compare::Rules::parse(["totals.peak_bytes > 64XB"]).unwrap_err();
/// let lines: Vec<_> = error.to_string().lines().map(str::to_owned).collect();
/// assert_eq!(lines[1], "  totals.peak_bytes > 64XB");
/// assert_eq!(lines[2], "                        ^^");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    message: String,
    expression: String,
    at: Range<usize>,
}

/// A mistake, and its place in the rule.
pub(super) type RuleMistake = (String, Range<usize>);

impl RuleError {
    pub(super) fn of(expression: &str, (message, at): RuleMistake) -> Self {
        Self { message, expression: expression.to_owned(), at }
    }
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns =
            |range: Range<usize>| self.expression.get(range).map_or(0, |text| Printable(text).to_string().width());
        let (before, marked) = (columns(0..self.at.start), columns(self.at.clone()).max(1));
        let expression = Printable(&self.expression);
        write!(f, "{}\n  {expression}\n  {:before$}{:^<marked$}", self.message, "", "")
    }
}

impl std::error::Error for RuleError {}

/// The part of the text without spaces around it.
pub(super) fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = part_of(text, range.clone());
    let start = range.start + (part.len() - part.trim_start().len());
    start..start + part.trim().len()
}

/// The text in a range; empty if there is none.
pub(super) fn part_of(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}
