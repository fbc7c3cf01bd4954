//! Comparison of reports.
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
mod pairs;
mod remarks;
mod split;

pub use check::{Checked, Judged, NamedFigure, NotJudged, RuleError, Rules, check, figures, repeats};
pub use data::{ComparedRun, Diff, Difference, FunctionChange, PathChange, SplitChange, TotalChanges};
pub use diff::diff;

#[cfg(test)]
mod tests;
