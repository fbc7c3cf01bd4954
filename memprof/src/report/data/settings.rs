//! The configuration of a run.

data! {
    /// Configuration that the run had: the keys of [`Config`](crate::Config), in its order, with their values.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// if let Some(settings) = &report.settings {
    ///     println!("at most {} live allocations have a record", settings.max_tracked_allocations);
    /// }
    /// ```
    pub struct Settings {
        /// True if anything is counted.
        enabled: bool,
        /// True if live allocations are recorded.
        track_allocations: bool,
        /// True if the reports are written at the end.
        dump_on_exit: bool,
        /// Signals that write the reports. `None`: chosen by memprof.
        dump_on_signal: Option<Vec<String>>,
        /// Limit of recorded live blocks.
        max_tracked_allocations: u64,
        /// Bytes for each record; 0: automatic.
        sample_interval_bytes: u64,
        /// Limit of the cost of recording, percent.
        overhead_budget_percent: u64,
        /// True if the stack of each record is kept.
        backtraces: bool,
        /// Limit of the frames of a stack.
        max_backtrace_frames: u64,
        /// Limit of the values of a label's key.
        max_label_values: u64,
        /// Limit of the points of the timeline.
        timeline_points: u64,
        /// Rise of the net from one picture of the heap to the next, percent.
        peak_step_percent: u64,
        /// True if jemalloc returns memory by a thread of its own.
        background_thread: bool,
        /// True if a failed allocation aborts the program.
        abort_on_oom: bool,
        /// True if jemalloc's statistics are written.
        stats_print: bool,
        /// Patterns of expected live blocks.
        ignore: Vec<String>,
        /// Folder of the reports.
        output_dir: String,
        /// Name of the JSON report.
        allocation_report: String,
        /// Name of the leak report.
        leak_report: String,
        /// Further formats of the last report.
        formats: Vec<String>,
        /// Name of the page.
        html_report: String,
        /// True if files of the same name are replaced.
        overwrite: bool,
        /// True if the program's arguments are reported.
        program_args: bool,
        /// True if the table on the terminal shows reallocations.
        growth_columns: bool,
        /// Time between numbered reports, seconds; 0: none.
        every_seconds: u64,
        /// Number of numbered reports that are kept.
        keep: u64,
        /// Share of the memory limit at which a report is written, percent; 0: none.
        report_at_percent: u64 = default,
        /// Memory of the process at which a report is written, bytes; 0: none.
        report_at_bytes: u64 = default,
        /// True if a report is written at each new high of the heap.
        report_at_new_high: bool = default,
        /// Number of these reports that are kept.
        keep_limit_reports: u64 = default,
        /// Address of the HTTP server; empty: none.
        serve_address: String = default,
        /// `set` or `unset`: the secret itself is in no report.
        serve_token: String = default,
    }
}
