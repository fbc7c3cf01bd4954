//! Reading a rule.

use super::figures::{FUNCTION, FigurePart, TEST, TOTALS, UNATTRIBUTED, unit};
use super::limit::{Decimal, Limit};
use super::rule::{FigureRule, NamePattern, Subjects};
use crate::printable::Printable;
use crate::suggest::{closest, quote};
use std::fmt;
use std::ops::Range;
use unicode_width::UnicodeWidthStr;

/// Limit of a rule's length, bytes.
const LONGEST: usize = 4096;

const EXAMPLE: &str = "`search.allocated_bytes > +3% and +128B`";

const UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("KB", 1 << 10),
    ("KiB", 1 << 10),
    ("MB", 1 << 20),
    ("MiB", 1 << 20),
    ("GB", 1 << 30),
    ("GiB", 1 << 30),
    ("TB", 1 << 40),
    ("TiB", 1 << 40),
];

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

/// A mistake, and its place in the rule.
type RuleMistake = (String, Range<usize>);

/// Reads one rule.
pub(super) fn parse(expression: &str) -> Result<FigureRule, RuleError> {
    if expression.len() > LONGEST {
        let message = format!("a rule has at most {LONGEST} bytes; write for example {EXAMPLE}");
        return Err(RuleError { message, expression: expression.chars().take(60).collect(), at: 0..0 });
    }
    // A line break is a space, so that the mark is beneath its place.
    let text: String = expression.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    let at_error = |(message, at)| RuleError { message, expression: text.trim_end().to_owned(), at };
    rule(&text).map_err(at_error)
}

fn rule(text: &str) -> Result<FigureRule, RuleMistake> {
    if text.trim().is_empty() {
        return Err((format!("an empty rule; write for example {EXAMPLE}"), 0..0));
    }
    let operator = operator(text)?;
    let figure = trimmed(text, 0..operator);
    if figure.is_empty() {
        return Err((format!("no figure before `>`; write for example {EXAMPLE}"), operator..operator + 1));
    }
    let (subjects, column) = self::figure(text, figure)?;
    let part = subjects.parts().first().copied().unwrap_or(FigurePart::Totals);
    let limits_at = trimmed(text, operator + 1..text.len());
    let limits = limits(text, limits_at.clone(), unit(part, &column))?;
    Ok(FigureRule {
        expression: text.trim().to_owned(),
        subjects,
        column,
        limit: part_of(text, limits_at).to_owned(),
        limits,
        is_default: false,
    })
}

/// Place of the comparison: the last `>` that is not in quotes. Names of Rust have `>` in them, limits do not.
fn operator(text: &str) -> Result<usize, RuleMistake> {
    let (mut quote, mut last) = (None::<(usize, char)>, None);
    let mut wrong = None;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some((_, open)), _) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '`' | '"' | '\'') if is_start_of_name(part_of(text, 0..at)) => quote = Some((at, letter)),
            (None, '>') => last = Some(at),
            (None, '=' | '<' | '≥' | '!') => wrong = wrong.or(Some(at..at + letter.len_utf8())),
            _ => {}
        }
    }
    if let Some((at, letter)) = quote {
        return Err((format!("no second {letter} behind the name"), at..at + 1));
    }
    let Some(last) = last else {
        let end = text.trim_end().len();
        return Err((
            format!("no comparison; write `> +5%` or another limit behind the figure, such as {EXAMPLE}"),
            wrong.unwrap_or(end..end + 1),
        ));
    };
    if part_of(text, last + 1..text.len()).starts_with('=') {
        return Err(("`>=` is no comparison here; write `>`".to_owned(), last..last + 2));
    }
    Ok(last)
}

/// True if a quotation mark here begins a name: only the word `tests.` may stand before it.
fn is_start_of_name(before: &str) -> bool {
    matches!(before.trim(), "" | "tests." | "findings.")
}

/// The part of the text without spaces around it.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let part = part_of(text, range.clone());
    let start = range.start + (part.len() - part.trim_start().len());
    start..start + part.trim().len()
}

fn part_of(text: &str, range: Range<usize>) -> &str {
    text.get(range).unwrap_or_default()
}

/// Subjects and column of a figure.
fn figure(text: &str, at: Range<usize>) -> Result<(Subjects, String), RuleMistake> {
    let figure = part_of(text, at.clone());
    let (prefix, rest) = match figure.split_once('.') {
        Some((prefix, rest)) if matches!(prefix.trim(), "totals" | "unattributed" | "tests" | "findings") => {
            (Some(prefix.trim()), at.end - rest.len()..at.end)
        }
        _ => (None, at.clone()),
    };
    let rest = trimmed(text, rest);
    match prefix {
        Some("totals") => Ok((Subjects::Totals, column(text, rest, &[&TOTALS])?)),
        Some("unattributed") => Ok((Subjects::Unattributed, column(text, rest, &[&UNATTRIBUTED])?)),
        Some("findings") => {
            let quoted = quoted(text, rest.clone());
            let name = quoted.clone().unwrap_or(rest.clone());
            if name.is_empty() {
                return Err(("no kind of findings; write for example `findings.growing > 0`".to_owned(), at));
            }
            Ok((Subjects::Findings(NamePattern::new(part_of(text, name), quoted.is_some())), String::new()))
        }
        Some(_) => {
            let (name, column) = named(text, rest, &[&TEST])?;
            Ok((Subjects::Tests(name), column))
        }
        None => {
            let (name, column) = named(text, rest, &[&FUNCTION, &TEST])?;
            Ok((Subjects::Named(name), column))
        }
    }
}

/// The text between quotes, if the range begins with one.
fn quoted(text: &str, at: Range<usize>) -> Option<Range<usize>> {
    let inner = part_of(text, at.clone());
    let open = inner.chars().next().filter(|open| matches!(open, '`' | '"' | '\''))?;
    let length = inner.get(1..)?.find(open)?;
    Some(at.start + 1..at.start + 1 + length)
}

/// A name and the column behind it.
fn named(text: &str, at: Range<usize>, known: &[&[&str]]) -> Result<(NamePattern, String), RuleMistake> {
    let missing = |at: Range<usize>| {
        let figure = quote(part_of(text, at.clone()));
        (format!("no column of {figure}; write for example `search.allocated_bytes`"), at)
    };
    if let Some(name) = quoted(text, at.clone()) {
        let rest = trimmed(text, name.end + 1..at.end);
        if !part_of(text, rest.clone()).starts_with('.') {
            return Err(missing(at));
        }
        let column = column(text, trimmed(text, rest.start + 1..rest.end), known)?;
        return Ok((NamePattern::new(part_of(text, name), true), column));
    }
    let figure = part_of(text, at.clone());
    check_brackets(figure, at.clone())?;
    let Some((name, column_text)) = figure.rsplit_once('.') else { return Err(missing(at)) };
    let name = trimmed(text, at.start..at.start + name.len());
    if name.is_empty() {
        return Err((format!("no name before the column; write for example {EXAMPLE}"), at));
    }
    let column = column(text, trimmed(text, at.end - column_text.len()..at.end), known)?;
    Ok((NamePattern::new(part_of(text, name), false), column))
}

/// A `>` of a name closes a `<` of it. If one does not, the rule has two comparisons or none.
fn check_brackets(figure: &str, at: Range<usize>) -> Result<(), RuleMistake> {
    let mut open = 0_u32;
    let mut previous = ' ';
    for (index, letter) in figure.char_indices() {
        match letter {
            '<' => open += 1,
            // The arrow of `fn(A) -> B` closes no bracket.
            '>' if previous != '-' => {
                let place = at.start + index..at.start + index + 1;
                let two = "two comparisons in one rule; write a rule for each figure";
                open = open.checked_sub(1).ok_or_else(|| (two.to_owned(), place))?;
            }
            _ => {}
        }
        previous = letter;
    }
    if open > 0 {
        let message = "no comparison behind the figure; write for example `<Index as Search>::run.calls > +5%`";
        return Err((message.to_owned(), at));
    }
    Ok(())
}

/// A column of these parts of a report.
fn column(text: &str, at: Range<usize>, known: &[&[&str]]) -> Result<String, RuleMistake> {
    let column = part_of(text, at.clone());
    let all = || known.iter().flat_map(|columns| columns.iter().copied());
    if all().any(|known| known == column) {
        return Ok(column.to_owned());
    }
    let end = match closest(column, all()) {
        Some(close) => format!("; did you mean `{close}`?"),
        None => format!("; the columns are {}", known.first().copied().unwrap_or_default().join(", ")),
    };
    Err((format!("no column {}{end}", quote(column)), at))
}

/// Limits that are joined by `and`.
fn limits(text: &str, at: Range<usize>, unit: &str) -> Result<Vec<Limit>, RuleMistake> {
    if at.is_empty() {
        return Err(("no limit behind `>`; write for example `> +5% and +1KiB`".to_owned(), at.start..at.start + 1));
    }
    let mut limits = Vec::new();
    let mut start = at.start;
    let mut words = words(text, at.clone());
    words.push(at.end..at.end);
    for word in words {
        let is_end = word.start == at.end;
        if !is_end && !matches!(part_of(text, word.clone()), "and" | "AND" | "And" | "&&") {
            continue;
        }
        let part = trimmed(text, start..word.start);
        if part.is_empty() {
            let place = if is_end { start.saturating_sub(3)..start } else { word };
            return Err(("no limit beside `and`".to_owned(), place));
        }
        limits.push(limit(text, part, unit)?);
        start = word.end;
    }
    Ok(limits)
}

/// The words of a part of the text.
fn words(text: &str, at: Range<usize>) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for (index, letter) in part_of(text, at.clone()).char_indices() {
        let (start, end) = (at.start + index, at.start + index + letter.len_utf8());
        match words.last_mut() {
            _ if letter == ' ' => {}
            Some(word) if word.end == start => word.end = end,
            _ => words.push(start..end),
        }
    }
    words
}

fn limit(text: &str, at: Range<usize>, unit: &str) -> Result<Limit, RuleMistake> {
    let written = part_of(text, at.clone());
    if let Some('-' | '−') = written.chars().next() {
        return Err(("a limit is not negative: a rule is about growth".to_owned(), at));
    }
    let is_relative = written.starts_with('+');
    let number_at = trimmed(text, at.start + usize::from(is_relative)..at.end);
    let number = part_of(text, number_at.clone());
    let length = number.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '_')).unwrap_or(number.len());
    let digits_at = number_at.start..number_at.start + length;
    if length == 0 {
        let message = format!("{} is no limit; write `+3%`, `+128B`, `64MiB` or a number", quote(written));
        return Err((message, at));
    }
    let decimal = decimal(part_of(text, digits_at.clone()));
    let unit_at = trimmed(text, digits_at.end..at.end);
    let suffix = part_of(text, unit_at.clone());
    let Some(decimal) = decimal else {
        let digits = quote(part_of(text, digits_at.clone()));
        return Err((format!("{digits} is no number, or it has too many digits"), digits_at));
    };
    if suffix == "%" {
        let percent = quote(&format!("+{number}"));
        let relative = format!("a share is one of the baseline: write {percent}");
        return if is_relative { Ok(Limit::Percent(decimal)) } else { Err((relative, at)) };
    }
    let factor = factor(suffix, unit).map_err(|message| (message, unit_at))?;
    let most = u128::from(decimal.digits) * u128::from(factor) / u128::from(decimal.scale);
    let most = u64::try_from(most).ok();
    let is_whole = factor > 1 || decimal.scale == 1;
    match most.filter(|_| is_whole) {
        Some(most) if is_relative => Ok(Limit::Growth(most)),
        Some(most) => Ok(Limit::Value(most)),
        None if is_whole => Err((format!("{} is too large", quote(written)), at)),
        None => Err((format!("{} is no whole number of {unit}", quote(written)), at)),
    }
}

/// Number by which a unit multiplies.
fn factor(suffix: &str, unit: &str) -> Result<u64, String> {
    if suffix.is_empty() {
        return Ok(1);
    }
    let of_bytes = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(suffix));
    match of_bytes {
        Some(_) if unit != "bytes" => Err(format!("the figure counts {unit}, not bytes: write a number, or a share")),
        Some((_, factor)) => Ok(*factor),
        None if suffix.eq_ignore_ascii_case(unit) => Ok(1),
        None => Err(format!(
            "no unit {}; the units are %, B, KB = KiB, MB = MiB, GB = GiB and TB = TiB (1 KB = 1024 B)",
            quote(suffix)
        )),
    }
}

/// A number with at most 6 digits behind the point.
fn decimal(text: &str) -> Option<Decimal> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |digits: &str| digits.chars().all(|c| c.is_ascii_digit() || c == '_');
    let digits = |digits: &str| digits.replace('_', "");
    let (whole, fraction) =
        match (is_number(whole) && is_number(fraction)).then(|| (digits(whole), digits(fraction)))? {
            (whole, _) if whole.is_empty() => return None,
            (_, fraction) if fraction.len() > 6 => return None,
            both => both,
        };
    let digits = format!("{whole}{fraction}").parse().ok()?;
    Some(Decimal { digits, scale: 10_u64.pow(fraction.len() as u32) })
}
