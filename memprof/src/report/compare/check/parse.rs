//! Reading a rule.

use super::columns::{FUNCTION, FigurePart, TEST, TOTALS, UNATTRIBUTED, unit};
use super::mistake::{RuleError, RuleMistake, part_of, trimmed};
use super::quantity::limits;
use super::rule::{FigureRule, NamePattern, Subjects};
use crate::suggest::{closest, quote};
use std::ops::Range;

/// Limit of a rule's length, bytes.
const LONGEST: usize = 4096;

const EXAMPLE: &str = "`search.allocated_bytes > +3% and +128B`";

/// Reads one rule.
pub(super) fn parse(expression: &str) -> Result<FigureRule, RuleError> {
    if expression.len() > LONGEST {
        let message = format!("a rule has at most {LONGEST} bytes; write for example {EXAMPLE}");
        let start: String = expression.chars().take(60).collect();
        return Err(RuleError::of(&start, (message, 0..0)));
    }
    // A line break is a space, so that the mark is beneath its place.
    let text: String = expression.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
    rule(&text).map_err(|mistake| RuleError::of(text.trim_end(), mistake))
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
