//! One rule: the figures that it is about, and their limit.

use super::columns::FigurePart;
use super::figures::Subject;
use super::limit::Limit;
use wildmatch::WildMatch;

/// Subjects that a rule is about.
#[derive(Clone, Debug)]
pub(super) enum Subjects {
    Totals,
    Unattributed,
    /// Kinds of findings.
    Findings(NamePattern),
    /// Tests alone.
    Tests(NamePattern),
    /// Functions, and tests by their own names.
    Named(NamePattern),
}

impl Subjects {
    /// Parts of a report that have such subjects.
    pub(super) fn parts(&self) -> &'static [FigurePart] {
        match self {
            Self::Totals => &[FigurePart::Totals],
            Self::Unattributed => &[FigurePart::Unattributed],
            Self::Findings(_) => &[FigurePart::Findings],
            Self::Tests(_) => &[FigurePart::Test],
            Self::Named(_) => &[FigurePart::Function, FigurePart::Test],
        }
    }

    /// The name in the rule, if it has one.
    pub(super) fn name(&self) -> Option<&NamePattern> {
        match self {
            Self::Totals | Self::Unattributed => None,
            Self::Findings(name) | Self::Tests(name) | Self::Named(name) => Some(name),
        }
    }
}

/// Name in a rule.
#[derive(Clone, Debug)]
pub(super) struct NamePattern {
    pub(super) text: String,
    /// With `*` or `?` outside quotes.
    wild: Option<WildMatch>,
}

/// Similarity of a name to that in a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Match {
    /// The last segments of a path: `search` of `shop::index::search`.
    End,
    Whole,
}

impl NamePattern {
    pub(super) fn new(text: &str, quoted: bool) -> Self {
        let wild = (!quoted && text.contains(['*', '?'])).then(|| WildMatch::new(text));
        Self { text: text.to_owned(), wild }
    }

    pub(super) fn is_wild(&self) -> bool {
        self.wild.is_some()
    }

    pub(super) fn matches(&self, name: &str) -> Option<Match> {
        if name == self.text || self.wild.as_ref().is_some_and(|wild| wild.matches(name)) {
            return Some(Match::Whole);
        }
        let before = name.strip_suffix(&self.text).filter(|_| self.wild.is_none() && !self.text.is_empty())?;
        before.ends_with("::").then_some(Match::End)
    }
}

/// One rule.
#[derive(Clone, Debug)]
pub(super) struct FigureRule {
    pub(super) expression: String,
    pub(super) subjects: Subjects,
    /// Column of the figures; empty of findings.
    pub(super) column: String,
    /// The limits as they were written.
    pub(super) limit: String,
    pub(super) limits: Vec<Limit>,
    /// One of the default rules, which may be about nothing.
    pub(super) is_default: bool,
}

impl FigureRule {
    /// True if the rule is about such a figure of the subject. `least`: the least similarity of a name.
    pub(super) fn is_about(&self, subject: &Subject<'_>, least: Match) -> bool {
        self.subjects.parts().contains(&subject.part)
            && subject.part.columns().contains(&self.column.as_str())
            && self.subjects.name().is_none_or(|name| name.matches(subject.name) >= Some(least))
    }

    /// `Match::Whole` if one of the subjects has the rule's whole name: names that only end with it are others then.
    pub(super) fn least<'s>(&self, subjects: impl IntoIterator<Item = &'s Subject<'s>>) -> Match {
        let is_whole = subjects.into_iter().any(|subject| self.is_about(subject, Match::Whole));
        if is_whole { Match::Whole } else { Match::End }
    }

    pub(super) fn is_relative(&self) -> bool {
        self.limits.iter().any(|limit| limit.is_relative())
    }

    pub(super) fn is_exceeded(&self, old: i128, new: i128) -> bool {
        self.limits.iter().all(|limit| limit.is_exceeded(old, new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_whole_or_by_their_end_or_as_patterns() {
        let matches = |text: &str, quoted, name: &str| NamePattern::new(text, quoted).matches(name);
        let cases = [
            ("shop::search", false, "shop::search", Some(Match::Whole)),
            ("search", false, "shop::search", Some(Match::End)),
            ("search", false, "shop::research", None),
            ("index::search", false, "shop::index::search", Some(Match::End)),
            ("run", false, "<app::Index as Search>::run", Some(Match::End)),
            ("", false, "shop::", None),
            ("*::search::*", false, "shop::search::run", Some(Match::Whole)),
            ("*::search::*", false, "shop::search", None),
            ("sear*", false, "shop::search", None),
            ("s?op::search", false, "shop::search", Some(Match::Whole)),
            ("*", false, "warm up", Some(Match::Whole)),
            ("<*const T as Get>::get", true, "<*const T as Get>::get", Some(Match::Whole)),
            ("*::get", true, "shop::get", None),
        ];
        for (text, quoted, name, expected) in cases {
            assert_eq!(matches(text, quoted, name), expected, "{text} of {name}");
        }
    }
}
