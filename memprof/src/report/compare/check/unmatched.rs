//! Rules about names that no report has.

use super::columns::FigurePart;
use super::figures::Subject;
use super::rule::FigureRule;
use crate::suggest::{closest, quote};

/// Limit of names in a message.
const NAMED: usize = 3;

/// The problem of a rule whose name matches nothing, with the most similar name.
pub(super) fn problem(rule: &FigureRule, subjects: &[Subject<'_>]) -> String {
    let Some(pattern) = rule.subjects.name() else {
        return format!("`{}` judged nothing: the reports have no totals", rule.expression);
    };
    let parts = rule.subjects.parts();
    let mut names: Vec<&str> =
        subjects.iter().filter(|subject| parts.contains(&subject.part)).map(|subject| subject.name).collect();
    names.sort_unstable();
    names.dedup();
    let noun = match parts {
        [FigurePart::Findings] => "kind of findings",
        [FigurePart::Test] => "test",
        _ => "function",
    };
    let verb = if pattern.is_wild() { "matches" } else { "is called" };
    let end = match similar(&pattern.text, &names) {
        Some(name) if !pattern.is_wild() => format!("; did you mean {}?", quote(name)),
        _ if names.is_empty() => format!("; the reports have no {noun}"),
        _ => format!("; there {}", some(&names)),
    };
    format!("`{}`: no {noun} {verb} {}{end}", rule.expression, quote(&pattern.text))
}

/// The most similar name, by its whole path or by as many of its last segments as were written.
fn similar<'n>(text: &str, names: &[&'n str]) -> Option<&'n str> {
    let segments = text.matches("::").count() + 1;
    let ends = names.iter().map(|name| {
        let start = name.rmatch_indices("::").nth(segments - 1).map_or(0, |(at, _)| at + 2);
        PathEnd { name, end: name.get(start..).unwrap_or(name) }
    });
    closest(text, ends).map(|candidate| candidate.name).or_else(|| closest(text, names.iter().copied()))
}

struct PathEnd<'n> {
    name: &'n str,
    end: &'n str,
}

impl AsRef<str> for PathEnd<'_> {
    fn as_ref(&self) -> &str {
        self.end
    }
}

/// The first names: `are `a`, `b` and 5 more`.
fn some(names: &[&str]) -> String {
    let first: Vec<String> = names.iter().take(NAMED).map(|name| quote(name)).collect();
    let more = names.len().saturating_sub(NAMED);
    let end = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} {}{end}", if names.len() == 1 { "is" } else { "are" }, first.join(", "))
}
