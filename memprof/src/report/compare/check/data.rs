//! Contents of a check: plain owned data, named as in its JSON.

data! {
    /// One figure of a report.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// for figure in memprof::compare::figures(&report).iter().filter(|figure| figure.is_judgeable) {
    ///     println!("{} {} {}", figure.name, figure.value, figure.unit);
    /// }
    /// ```
    pub struct NamedFigure {
        /// Name of the figure, such as `totals.allocated_bytes`, `shop::search.self_allocated_bytes`,
        /// `tests.shop::orders::total.peak_bytes` or `findings.growing`.
        name: String,
        /// The first part of the name: `totals`, `unattributed`, `findings`, or the name of a function or a test.
        subject: String,
        /// The last part of the name: the column of the report, or the kind of the findings.
        column: String,
        /// Value of the figure.
        value: i64,
        /// Error of the value; 0 when exact. Of a peak this is the bound, of estimates the standard error, of findings
        /// the number of those that are estimates. `None` if it is not known.
        error: Option<u64>,
        /// Unit of the value: `bytes`, `blocks`, `calls` or `findings`.
        unit: String,
        /// Source file of the function. `None` if the figure is not a function's.
        file: Option<String>,
        /// Line of the function's name. `None` likewise.
        line: Option<u32>,
        /// True if a check judges the figure: it is not an estimate, and it has repeated if the report says which
        /// figures did ([`Report::repeats`](crate::Report::repeats)).
        is_judgeable: bool,
    }

    /// A figure that a rule was applied to. Shown as one line: the figure, its old and new value, the change and the
    /// limit.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// # let checked = memprof::compare::check(&report, &report, &memprof::compare::Rules::default());
    /// for judged in checked.judged.iter().filter(|judged| judged.is_violation) {
    ///     println!("{judged}");
    /// }
    /// ```
    pub struct Judged {
        /// Name of the figure, as [`NamedFigure::name`].
        figure: String,
        /// Unit of the figure, as [`NamedFigure::unit`].
        unit: String,
        /// Source file of the function. `None` if the figure is not a function's.
        file: Option<String>,
        /// Line of the function's name. `None` likewise.
        line: Option<u32>,
        /// Limit of the rule, such as `+5% and +1KiB`.
        limit: String,
        /// Value in the baseline. `None` if the baseline has no such function or test.
        old: Option<i64>,
        /// Value in the new report.
        new: i64,
        /// True if the new value exceeds the limit.
        is_violation: bool,
    }

    /// A figure that a rule is about but that cannot be judged.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// # let checked = memprof::compare::check(&report, &report, &memprof::compare::Rules::default());
    /// for row in &checked.not_judged {
    ///     println!("{}: {}", row.figure, row.reason);
    /// }
    /// ```
    pub struct NotJudged {
        /// Name of the figure, as [`NamedFigure::name`].
        figure: String,
        /// Reason why it was not judged, such as `an estimate (± 4.0 KB)`.
        reason: String,
    }

    /// Outcome of [`check`](super::check()): the figures that were judged, those that could not be, and the rules that
    /// judged nothing.
    ///
    /// ```
    /// let report = memprof::Report::default();
    /// let checked = memprof::compare::check(&report, &report, &memprof::compare::Rules::default());
    /// assert!(!checked.passed(), "an empty report has nothing that could be judged");
    /// println!("{}", checked.problems[0]);
    /// ```
    pub struct Checked {
        /// Figures that were judged, in the order of the rules; the largest changes of a rule come first.
        judged: Vec<Judged>,
        /// Figures that a rule is about but that could not be judged.
        not_judged: Vec<NotJudged>,
        /// Reasons why a rule, or all of them, judged nothing, in sentences. With a problem a check has not passed.
        problems: Vec<String>,
    }
}

impl Checked {
    /// The figures that exceed a limit.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// # let checked = memprof::compare::check(&report, &report, &memprof::compare::Rules::default());
    /// for violation in checked.violations() {
    ///     println!("{violation}");
    /// }
    /// ```
    pub fn violations(&self) -> impl Iterator<Item = &Judged> {
        self.judged.iter().filter(|judged| judged.is_violation)
    }

    /// True if every rule judged something and nothing exceeds a limit.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// # let checked = memprof::compare::check(&report, &report, &memprof::compare::Rules::default());
    /// let status = match checked.violations().count() {
    ///     0 if checked.passed() => 0,
    ///     0 => 1,
    ///     _ => 3,
    /// };
    /// # assert_eq!(status, 1);
    /// ```
    pub fn passed(&self) -> bool {
        self.problems.is_empty() && self.violations().next().is_none()
    }
}
