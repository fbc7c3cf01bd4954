//! Where a report went.

use std::path::PathBuf;

/// Where the reports were written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// The JSON report.
    pub allocation_report: PathBuf,
    /// The report of what is still live.
    pub leak_report: PathBuf,
    /// Why a report is not where the configuration wants it, and where it is; `None` if both are.
    pub fell_back: Option<String>,
}
