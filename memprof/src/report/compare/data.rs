//! Contents of a comparison: plain owned data, named as in its JSON.

use crate::report::data::Finding;

/// Values of [`FunctionChange::presence`] and [`PathChange::presence`].
pub(crate) mod presence {
    pub(crate) const BOTH: &str = "both";
    pub(crate) const NEW: &str = "new";
    pub(crate) const GONE: &str = "gone";
}

data! {
    /// Difference of two reports. Every `change` is new − old.
    ///
    /// The sum of the changes of a `self_*` column over `functions`, plus `unattributed`, equals the change in
    /// `totals`; so does the sum over `paths`, plus `unattributed`.
    ///
    /// ```
    /// let (old, new) = (memprof::Report::default(), memprof::Report::default());
    /// let diff = memprof::compare::diff(&old, &new);
    /// assert_eq!(diff.totals.allocated_bytes.change, Some(0));
    /// ```
    pub struct Diff {
        /// Layout of this comparison: 1.
        schema_version: u32,
        /// The earlier run.
        old: ComparedRun,
        /// The later run.
        new: ComparedRun,
        /// Differences between the two runs that make figures hard to compare, in sentences.
        remarks: Vec<String>,
        /// Figures of the whole process.
        totals: TotalChanges,
        /// Figures outside every tracked function. A call is no notion there: every change is by bytes.
        unattributed: PathChange,
        /// One row for each function of either report, those that changed most first, by bytes of their own code.
        functions: Vec<FunctionChange>,
        /// One row for each call path of either report, callers before the functions that they call.
        paths: Vec<PathChange>,
        /// Findings of the new report that the old one does not have.
        new_findings: Vec<Finding>,
        /// Findings of the old report that the new one does not have.
        gone_findings: Vec<Finding>,
    }

    /// One of the two runs.
    ///
    /// ```
    /// let report = memprof::Report::default();
    /// let diff = memprof::compare::diff(&report, &report);
    /// println!("{} at {} against {}", diff.new.name, diff.new.started_at, diff.old.started_at);
    /// ```
    pub struct ComparedRun {
        /// File name of the executable.
        name: String,
        /// Id of the profile. Empty in older reports.
        run: String,
        /// Name of the machine, if it has one.
        host: Option<String>,
        /// Start of the profile, RFC 3339, UTC.
        started_at: String,
        /// Seconds from the start of the profile to the report.
        duration_seconds: f64,
        /// The allocator beneath the tracker.
        allocator: String,
        /// True if every live allocation has a record: `retained_bytes` are then exact.
        exact: bool,
    }

    /// A figure of both reports.
    ///
    /// ```
    /// let report = memprof::Report::default();
    /// let peak = memprof::compare::diff(&report, &report).totals.peak_bytes;
    /// if peak.is_significant {
    ///     println!("the peak changed by {:?} bytes", peak.change);
    /// }
    /// ```
    pub struct Difference {
        /// The old figure. `None` if it is not known.
        old: Option<i64>,
        /// The new figure. `None` if it is not known.
        new: Option<i64>,
        /// New − old. `None` if one of them is not known.
        change: Option<i64>,
        /// Error of the change; 0 when both figures are exact. Of estimates this is the standard error, of a peak the
        /// bound.
        error: Option<u64>,
        /// True if the change lies outside its error: twice the standard error of estimates, once the bound of a peak.
        /// Exact figures: true for every change.
        is_significant: bool,
    }

    /// A figure that grows with the calls, and its change in two parts: `change = from_calls + from_each_call`.
    ///
    /// `from_calls` is (new calls − old calls) × old figure / old calls, rounded: the change if each call had done what
    /// it did before. The rest comes from calls that allocate more or less than before. A function that is new, or
    /// gone, changed by its calls alone.
    ///
    /// ```
    /// let report = memprof::Report::default();
    /// for function in memprof::compare::diff(&report, &report).functions {
    ///     let bytes = function.self_allocated_bytes;
    ///     assert_eq!(bytes.change, bytes.from_calls + bytes.from_each_call);
    /// }
    /// ```
    pub struct SplitChange {
        /// The old figure.
        old: u64,
        /// The new figure.
        new: u64,
        /// New − old.
        change: i64,
        /// Part of the change that more or fewer calls explain.
        from_calls: i64,
        /// Part of the change that more or less in each call explains.
        from_each_call: i64,
    }

    /// Figures of the whole process.
    ///
    /// ```
    /// let report = memprof::Report::default();
    /// let totals = memprof::compare::diff(&report, &report).totals;
    /// println!("{:?} blocks more", totals.allocated_count.change);
    /// ```
    pub struct TotalChanges {
        /// Bytes asked for.
        allocated_bytes: Difference,
        /// Allocations.
        allocated_count: Difference,
        /// Bytes given back.
        deallocated_bytes: Difference,
        /// Allocated − deallocated, bytes.
        net_bytes: Difference,
        /// Allocated − deallocated, blocks.
        net_count: Difference,
        /// Highest net in bytes.
        peak_bytes: Difference,
        /// Reallocations.
        reallocated_count: Difference,
        /// Sum of the old sizes of the reallocations that grew.
        copied_bytes: Difference,
        /// Resident set size at the end. It is the system's figure and varies from run to run.
        rss_bytes: Difference,
    }

    /// One tracked function.
    ///
    /// ```
    /// let report = memprof::Report::default();
    /// let diff = memprof::compare::diff(&report, &report);
    /// let new: Vec<_> = diff.functions.iter().filter(|function| function.presence == "new").collect();
    /// assert!(new.is_empty());
    /// ```
    pub struct FunctionChange {
        /// The function's Rust path, or its given name.
        name: String,
        /// Source file, in the new report if it is there.
        file: String,
        /// Line of the function's name, in the new report if it is there.
        line: u32,
        /// Reports that have the function: `both`, `new` (only the new one) or `gone` (only the old one).
        presence: String,
        /// Calls started.
        calls: Difference,
        /// Bytes allocated by the function and everything beneath it.
        allocated_bytes: SplitChange,
        /// Bytes allocated by the function's own code.
        self_allocated_bytes: SplitChange,
        /// Allocations by the function's own code.
        self_allocated_count: SplitChange,
        /// Sum of the old sizes of the reallocations that grew, by the function's own code.
        copied_bytes: SplitChange,
        /// Allocated − deallocated by the function's own code, bytes.
        self_net_bytes: Difference,
        /// Highest peak of one call above its entry, bytes.
        peak_bytes: Difference,
        /// Live bytes that the function's own code allocated; an estimate in a sample.
        retained_bytes: Difference,
    }

    /// One call path.
    ///
    /// ```
    /// let report = memprof::Report::default();
    /// let diff = memprof::compare::diff(&report, &report);
    /// let worst = diff.paths.iter().max_by_key(|path| path.self_allocated_bytes.change);
    /// assert!(worst.is_none());
    /// ```
    pub struct PathChange {
        /// Number of this row, from 0.
        id: u32,
        /// Row of the caller; `None` at the top.
        parent: Option<u32>,
        /// Name of the function.
        function: String,
        /// Reports that have the path: `both`, `new` (only the new one) or `gone` (only the old one).
        presence: String,
        /// Calls on this path.
        calls: Difference,
        /// Bytes allocated by the function's own code on this path.
        self_allocated_bytes: SplitChange,
        /// Allocations by the function's own code on this path.
        self_allocated_count: SplitChange,
        /// Sum of the old sizes of the reallocations that grew.
        copied_bytes: SplitChange,
        /// Allocated − deallocated, bytes.
        self_net_bytes: Difference,
    }
}
