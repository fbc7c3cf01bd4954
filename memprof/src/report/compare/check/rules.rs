//! The rules of a check, and the default ones.

use super::data::NamedFigure;
use super::mistake::RuleError;
use super::parse::parse;
use super::rule::FigureRule;
use std::fmt;

/// The rules without `--fail-on`.
const DEFAULT: [&str; 9] = [
    "totals.allocated_bytes > +5% and +1KiB",
    "totals.allocated_count > +5% and +64",
    "totals.copied_bytes > +5% and +1KiB",
    "totals.peak_bytes > +5% and +1KiB",
    "*.self_allocated_bytes > +5% and +1KiB",
    "tests.*.allocated_bytes > +5% and +1KiB",
    "tests.*.allocated_count > +5% and +64",
    "tests.*.peak_bytes > +5% and +1KiB",
    "tests.*.kept_bytes > +5% and +1KiB",
];

/// Word that stands for the default rules.
pub(super) const DEFAULT_WORD: &str = "default";

/// Rules of a check: which figures fail it, and by how much.
///
/// A rule is `FIGURE > LIMIT`, or `FIGURE > LIMIT and LIMIT`: it is broken if the figure exceeds all its limits.
///
/// | figure | meaning |
/// |---|---|
/// | `totals.COLUMN` | a column of the [totals](crate::report::data::Totals) |
/// | `NAME.COLUMN` | a column of a [function](crate::report::data::Function), by its path or the end of it |
/// | `tests.NAME.COLUMN` | a column of a [test](crate::report::data::TestRow) |
/// | `findings.KIND` | number of [findings](crate::report::data::Finding) of a kind |
/// | `unattributed.COLUMN` | figures outside every tracked function |
///
/// Columns are those with integers. In a name, `*` stands for any text and `?` for one character. Backticks or quotes
/// keep a name as it is: `` `<app::Index as Search>::run`.calls ``.
///
/// | limit | exceeded if the new value is more than |
/// |---|---|
/// | `+3%` | the old one and 3 % of it |
/// | `+128B`, `+1KiB`, `+2.5 MB`, `+10` | the old one and this; 1 KB = 1 KiB = 1024 bytes |
/// | `64MiB`, `0` | this, whatever it was |
///
/// `default` stands for the default rules, which are also those of `Rules::default()`:
///
/// ```text
/// totals.allocated_bytes > +5% and +1KiB
/// totals.allocated_count > +5% and +64
/// totals.copied_bytes > +5% and +1KiB
/// totals.peak_bytes > +5% and +1KiB
/// *.self_allocated_bytes > +5% and +1KiB
/// tests.*.allocated_bytes > +5% and +1KiB
/// tests.*.allocated_count > +5% and +64
/// tests.*.peak_bytes > +5% and +1KiB
/// tests.*.kept_bytes > +5% and +1KiB
/// ```
///
/// ```
/// use memprof::compare::Rules;
///
/// let rules = Rules::parse(["default", "search.allocated_bytes > +3% and +128B", "findings.growing > 0"])?;
/// assert!(!rules.are_absolute());
///
/// let error = Rules::parse(["search.alocated_bytes > +3%"]).unwrap_err().to_string();
/// assert!(error.starts_with("no column `alocated_bytes`; did you mean `allocated_bytes`?"));
/// # Ok::<(), memprof::compare::RuleError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Rules {
    pub(super) rules: Vec<FigureRule>,
}

impl Rules {
    /// Reads rules. Without any they are the default rules.
    ///
    /// ```
    /// let rules = memprof::compare::Rules::parse(["totals.peak_bytes > 64MiB"])?;
    /// # Ok::<(), memprof::compare::RuleError>(())
    /// ```
    ///
    /// # Errors
    /// If a rule cannot be read. The message has the rule with a mark beneath the mistake.
    pub fn parse<T: AsRef<str>>(expressions: impl IntoIterator<Item = T>) -> Result<Self, RuleError> {
        let mut rules = Vec::new();
        for expression in expressions {
            match expression.as_ref().trim() {
                DEFAULT_WORD => rules.extend(Self::default().rules),
                _ => rules.push(parse(expression.as_ref())?),
            }
        }
        Ok(if rules.is_empty() { Self::default() } else { Self { rules } })
    }

    /// True if no rule needs a baseline: every limit is one of the new value alone.
    ///
    /// ```
    /// use memprof::compare::Rules;
    ///
    /// assert!(Rules::parse(["totals.peak_bytes > 64MiB"])?.are_absolute());
    /// assert!(!Rules::default().are_absolute());
    /// # Ok::<(), memprof::compare::RuleError>(())
    /// ```
    pub fn are_absolute(&self) -> bool {
        !self.rules.iter().any(FigureRule::is_relative)
    }

    /// True if a rule is about the figure.
    ///
    /// ```
    /// use memprof::compare::{Rules, figures};
    ///
    /// # let report = memprof::Report::default();
    /// let rules = Rules::default();
    /// let selected: Vec<_> = figures(&report).into_iter().filter(|figure| rules.select(figure)).collect();
    /// assert!(selected.iter().any(|figure| figure.name == "totals.peak_bytes"));
    /// assert!(!selected.iter().any(|figure| figure.name == "totals.net_bytes"));
    /// ```
    pub fn select(&self, figure: &NamedFigure) -> bool {
        self.rules.iter().any(|rule| {
            let column = if figure.subject == "findings" { "" } else { figure.column.as_str() };
            let name = if figure.subject == "findings" { &figure.column } else { &figure.subject };
            rule.column == column
                && rule.subjects.parts().iter().any(|part| part.figure(name, &rule.column) == figure.name)
                && rule.subjects.name().is_none_or(|pattern| pattern.matches(name).is_some())
        })
    }
}

impl Default for Rules {
    fn default() -> Self {
        let rules = DEFAULT.iter().filter_map(|expression| parse(expression).ok());
        Self { rules: rules.map(|rule| FigureRule { is_default: true, ..rule }).collect() }
    }
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rules.iter().try_for_each(|rule| writeln!(f, "{}", rule.expression))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_rules_are_those_of_the_documentation() {
        let rules = Rules::default();
        assert_eq!(rules.rules.len(), DEFAULT.len());
        assert_eq!(rules.to_string().lines().collect::<Vec<_>>(), DEFAULT);
        let documented = include_str!("rules.rs").split("/// ```text\n").nth(1).unwrap();
        let documented = documented.lines().map_while(|line| line.strip_prefix("/// ")).take(DEFAULT.len());
        assert_eq!(documented.collect::<Vec<_>>(), DEFAULT);
        assert_eq!(Rules::parse::<&str>([]).unwrap().to_string(), rules.to_string());
        assert_eq!(Rules::parse([" default "]).unwrap().to_string(), rules.to_string());
    }
}
