//! Paths of the written reports.

use std::path::PathBuf;

use super::format::Format;

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
    /// Files in other formats. Empty if the report is not the last one of the process.
    pub formats: Vec<(Format, PathBuf)>,
    /// The reasons why files are not at their configured places or missing, and their paths; `None` if all are there.
    pub fell_back: Option<String>,
}
