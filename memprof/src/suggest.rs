//! Suggestions for misspelled words, and quotes of the user's text.

use crate::printable::is_plain;

/// Least similarity of a suggestion: `output` suggests `output_dir`, `colour` suggests nothing.
const ALIKE: f64 = 0.8;

/// Limit of the user's own text in a message, characters.
const LONGEST: usize = 60;

/// The candidate that `word` most likely stands for.
pub(crate) fn closest<T>(word: &str, candidates: impl IntoIterator<Item = T>) -> Option<T>
where
    T: AsRef<str>,
{
    let word = normal(word);
    let (mut closest, mut highest) = (None, ALIKE);
    for candidate in candidates {
        let likeness = likeness(&word, candidate.as_ref());
        if likeness >= highest {
            (closest, highest) = (Some(candidate), likeness);
        }
    }
    closest
}

/// Compiled once, for every kind of candidates.
fn likeness(word: &str, candidate: &str) -> f64 {
    strsim::jaro_winkler(word, &normal(candidate))
}

/// The word in lower case with underscores: case and hyphens are the most common slips, and no two keys differ by them
/// alone. No key is longer than the limit, so that a word of a megabyte costs no more than a short one.
fn normal(word: &str) -> String {
    word.chars().take(LONGEST).map(|c| if c == '-' { '_' } else { c.to_ascii_lowercase() }).collect()
}

/// The user's own text between backticks, on one line and within the limit.
pub(crate) fn quote(text: &str) -> String {
    let mut shown = String::from("`");
    for c in text.chars().take(LONGEST) {
        match c {
            '\\' | '\'' | '"' => shown.push(c), // Between backticks they are what they are, as in a path of Windows.
            _ if is_plain(c) => shown.extend(c.escape_debug()),
            _ => shown.extend(c.escape_default()),
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown.push('`');
    shown
}

/// The user's own text, if it is short and needs no escapes.
pub(crate) fn verbatim(text: &str) -> Option<&str> {
    let needs_no_escape = |c: char| c != '"' && c != '\\' && is_plain(c) && c.escape_debug().count() == 1;
    (text.chars().nth(LONGEST).is_none() && text.chars().all(needs_no_escape)).then_some(text)
}

/// The switch that this text most likely stands for.
pub(crate) fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}
