//! The columns of a report that are figures.

/// Columns of the totals.
pub(super) const TOTALS: [&str; 10] = [
    "allocated_bytes",
    "allocated_count",
    "deallocated_bytes",
    "deallocated_count",
    "net_bytes",
    "net_count",
    "peak_bytes",
    "reallocated_count",
    "grown_bytes",
    "copied_bytes",
];

/// Columns of the figures outside every tracked function.
pub(super) const UNATTRIBUTED: [&str; 9] = [
    "self_allocated_bytes",
    "self_allocated_count",
    "self_deallocated_bytes",
    "self_deallocated_count",
    "self_net_bytes",
    "reallocated_count",
    "grown_bytes",
    "copied_bytes",
    "retained_bytes",
];

/// Columns of a function.
pub(super) const FUNCTION: [&str; 18] = [
    "calls",
    "active",
    "panicked",
    "allocated_bytes",
    "allocated_count",
    "deallocated_bytes",
    "deallocated_count",
    "net_bytes",
    "self_allocated_bytes",
    "self_allocated_count",
    "self_deallocated_bytes",
    "self_deallocated_count",
    "self_net_bytes",
    "reallocated_count",
    "grown_bytes",
    "copied_bytes",
    "peak_bytes",
    "retained_bytes",
];

/// Columns of a test.
pub(super) const TEST: [&str; 4] = ["allocated_bytes", "allocated_count", "peak_bytes", "kept_bytes"];

/// FigurePart of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum FigurePart {
    Totals,
    Unattributed,
    Function,
    Test,
    /// Each kind is a subject with one column, its own name.
    Findings,
}

impl FigurePart {
    /// Columns of a subject; a kind of findings has one, without a name.
    pub(super) fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Totals => &TOTALS,
            Self::Unattributed => &UNATTRIBUTED,
            Self::Function => &FUNCTION,
            Self::Test => &TEST,
            Self::Findings => &[""],
        }
    }

    /// Name of a figure.
    pub(super) fn figure(self, subject: &str, column: &str) -> String {
        match self {
            Self::Totals => format!("totals.{column}"),
            Self::Unattributed => format!("unattributed.{column}"),
            Self::Function => format!("{subject}.{column}"),
            Self::Test => format!("tests.{subject}.{column}"),
            Self::Findings => format!("findings.{subject}"),
        }
    }
}

/// Unit of a column.
pub(super) fn unit(part: FigurePart, column: &str) -> &'static str {
    match column {
        _ if part == FigurePart::Findings => "findings",
        _ if column.ends_with("_bytes") => "bytes",
        _ if column.ends_with("_count") => "blocks",
        _ => "calls",
    }
}
