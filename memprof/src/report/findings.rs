//! The findings as text: the first lines of the table and of `memory_leaks.txt`.

use super::data::{Finding, Report};
use super::name::{printable, slashes};
use crate::size;

/// Kinds of findings, as [`Finding::kind`].
#[cfg(feature = "compare")]
pub(super) const KINDS: [&str; 13] = [
    "allocator_held",
    "foreign",
    "growing",
    "large_future",
    "limit",
    "mapped",
    "not_installed",
    "over_budget",
    "peak",
    "regrowth",
    "small_blocks",
    "transient",
    "uneven",
];

/// Limit of findings in a text. All are in the JSON.
const MOST: usize = 5;

/// One finding: its sentence, and the advice that no earlier one has given.
pub(super) struct ShownFinding {
    pub(super) title: String,
    pub(super) advice: Option<String>,
}

/// The first findings.
pub(super) fn shown(report: &Report) -> Vec<ShownFinding> {
    let first = report.findings.get(..MOST).unwrap_or(&report.findings);
    let shown = |(index, finding): (usize, &Finding)| {
        let earlier = first.iter().take(index);
        let is_new =
            !finding.advice.is_empty() && !earlier.map(|other| &other.advice).any(|advice| *advice == finding.advice);
        ShownFinding {
            title: format!("- {}", printable(&finding.title)),
            advice: is_new.then(|| format!("  {}", printable(&finding.advice))),
        }
    };
    first.iter().enumerate().map(shown).collect()
}

/// A name and a place in a sentence: `app::insert (src/index.rs:46)`.
pub(crate) fn placed(name: &str, file: Option<&str>, line: Option<u32>) -> String {
    match (file.filter(|file| !file.is_empty()), line) {
        (Some(file), Some(line)) => format!("{name} ({}:{line})", slashes(file)),
        (Some(file), None) => format!("{name} ({})", slashes(file)),
        (None, _) => name.to_owned(),
    }
}

/// True of kinds about memory that is not held any more, or about mapped files, which the program does not hold. They
/// stand behind those about memory that is held.
pub(crate) fn is_advice(kind: &str) -> bool {
    matches!(kind, "regrowth" | "transient" | "uneven" | "small_blocks" | "large_future" | "peak" | "mapped")
}

/// The line about the others.
pub(super) fn more(report: &Report) -> Option<String> {
    let more = report.findings.len().saturating_sub(MOST);
    (more > 0).then(|| format!("and {} (`findings` in the JSON report)", size::plural(more as u64, "more finding")))
}

#[cfg(all(test, feature = "compare"))]
mod tests {
    use super::KINDS;

    #[test]
    fn every_kind_has_a_row_in_the_documentation() {
        let rows =
            include_str!("../../docs/reports.md").lines().skip_while(|line| !line.starts_with("| kind |")).skip(2);
        let kinds = rows.take_while(|line| line.starts_with('|')).filter_map(|line| line.split('`').nth(1));
        let mut kinds: Vec<_> = kinds.collect();
        kinds.sort_unstable();
        assert_eq!(kinds, KINDS);
    }
}
