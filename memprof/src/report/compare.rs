//! Comparison of reports, and their sums.
//!
//! ```
//! use memprof::{Report, compare};
//!
//! let (old, new) = (Report::default(), Report::default());
//! let diff = compare::diff(&old, &new);
//! for function in diff.functions.iter().filter(|row| row.self_allocated_bytes.change != 0) {
//!     let change = &function.self_allocated_bytes;
//!     println!("{}: {:+} bytes, {:+} of them by more calls", function.name, change.change, change.from_calls);
//! }
//! ```

mod check;
mod data;
mod diff;
mod merge;
mod pairs;
mod remarks;
mod split;
pub(in crate::report) mod summary;
mod text;

pub use check::{Checked, Judged, NamedFigure, NotJudged, RuleError, Rules, check, figures, repeats};
pub use data::{ComparedRun, Diff, Difference, FunctionChange, PathChange, SplitChange, TotalChanges};
pub use diff::diff;

pub use merge::{Merge, merge};
pub use summary::Extent;

impl Diff {
    /// The comparison as JSON: indented, and each row on a line of its own. Time and memory are proportional to it.
    ///
    /// ```
    /// let report = memprof::Report::default();
    /// let text = memprof::compare::diff(&report, &report).to_json();
    /// assert!(text.contains("\"new_findings\": []"));
    /// ```
    pub fn to_json(&self) -> String {
        super::json::to_text(self)
    }
}

#[cfg(test)]
mod tests;
