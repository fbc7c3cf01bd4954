//! Paths of the written reports.

use std::path::PathBuf;

/// Paths of the written reports.
///
/// ```
/// match memprof::write_report() {
///     Ok(written) => println!("{}", written.fell_back.unwrap_or_default()),
///     Err(error) => println!("{error}"),
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// The JSON report.
    pub allocation_report: PathBuf,
    /// The leak report.
    pub leak_report: PathBuf,
    /// The reason why a report is not at its configured place, and its path; `None` if both are.
    pub fell_back: Option<String>,
}
