//! The rows that `cargo memprof` adds: tests, and the reports that were merged.

use super::timeline::Timeline;

data! {
    /// Memory of one test, which ran in a process of its own. The figures of an empty test are taken off.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// for test in report.tests.iter().filter(|test| test.kept_bytes > 0) {
    ///     println!("{} keeps {} bytes", test.name, test.kept_bytes);
    /// }
    /// ```
    pub struct TestRow {
        /// Name of the test target and path of the test, such as `shop::orders::tests::total`.
        name: String,
        /// `passed`, `failed` or `ignored`. A test that was ignored did not run: its figures are 0.
        outcome: String,
        /// Bytes allocated by the test, on all its threads.
        allocated_bytes: u64,
        /// Allocations of the test, on all its threads.
        allocated_count: u64,
        /// Largest rise of the live bytes above those at the start of the test.
        peak_bytes: u64,
        /// Possible error of `peak_bytes`: 0 for a test on one thread. `None` for a test on several threads, whose peak
        /// depends on the order in which they ran.
        peak_error_bytes: Option<u64>,
        /// Live bytes at the end of the test − those at its start; negative if it freed more than it allocated.
        kept_bytes: i64,
    }

    /// The reports of which a report is the sum.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// if let Some(merged) = &report.merged {
    ///     println!("{} processes on {} hosts", merged.reports, merged.hosts);
    /// }
    /// ```
    pub struct Merged {
        /// Number of reports.
        reports: u64,
        /// Number of different hosts, as far as their names are known. Hosts that merged reports do not name count in
        /// each of them.
        hosts: u64,
        /// Sum of the peaks of all reports. `totals.peak_bytes` is the largest of them.
        peak_sum_bytes: u64,
        /// Timelines of the reports, each with its own clock: the 64 with the highest net, of at most 128 points.
        timelines: Vec<MergedTimeline>,
    }

    /// Timeline of one of the merged reports.
    ///
    /// ```
    /// # let report = memprof::Report::default();
    /// for row in report.merged.iter().flat_map(|merged| &merged.timelines) {
    ///     println!("{} on {}: {} points", row.run, row.host.as_deref().unwrap_or("?"), row.timeline.points.len());
    /// }
    /// ```
    pub struct MergedTimeline {
        /// Id of the profile, `program.run` of its report.
        run: String,
        /// Name of the machine, if it has one.
        host: Option<String>,
        /// The course of the run.
        timeline: Timeline,
    }
}
