//! Findings: what a user can act on.

data! {
    /// One ranked sentence of a report that a user can act on, with its figures.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// for finding in &report.findings {
    ///     println!("{}: {} {}", finding.kind, finding.title, finding.advice);
    /// }
    /// ```
    pub struct Finding {
        /// Rule that found it, such as `growing`. The documentation of the reports has a section for each.
        kind: String,
        /// One sentence: the function and its place, the bytes, their share, and the accuracy.
        title: String,
        /// Further figures that prove it. Empty if the title has them all.
        detail: String,
        /// Piece of advice. Empty if there is none.
        advice: String,
        /// Name of the tracked function. `None` if the finding concerns the whole process.
        function: Option<String>,
        /// Source file of the place: the innermost line of the user's own code if there are stacks, else the
        /// function's.
        file: Option<String>,
        /// Line of the place.
        line: Option<u32>,
        /// Bytes held, or bytes that could be saved: findings are ranked by them.
        bytes: u64,
        /// Share of `bytes` in the figure that the kind is about (live or allocated bytes of the process), from 0 to 1.
        /// `None` if there is no such figure.
        share: Option<f64>,
        /// True if the figures are exact, false if they are estimates.
        exact: bool,
    }
}
