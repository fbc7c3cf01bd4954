//! The limits of a rule: numbers, shares and sizes.

use super::limit::{Decimal, Limit};
use super::mistake::{RuleMistake, part_of, trimmed};
use crate::suggest::quote;
use std::ops::Range;

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

/// Limits that are joined by `and`.
pub(super) fn limits(text: &str, at: Range<usize>, unit: &str) -> Result<Vec<Limit>, RuleMistake> {
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
