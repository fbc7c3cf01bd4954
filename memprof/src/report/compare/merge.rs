//! Sums of reports: many processes or hosts of one program as one report.

mod counted;
mod distribution;
mod estimate;
mod findings;
mod functions;
mod groups;
mod identity;
mod live;
mod notes;
mod numbers;
mod peak;
mod system;
mod tables;
mod timelines;
mod tree;
mod warnings;

use crate::Error;
use crate::report::data::{Merged, Report, SCHEMA_VERSION};

use self::estimate::Unsampled;
use self::findings::FindingSums;
use self::functions::{FunctionSums, UnattributedSum};
use self::identity::Identity;
use self::live::LiveSum;
use self::notes::Notes;
use self::peak::HighestPeak;
use self::system::SystemSums;
use self::tables::{LabelSums, RepeatedFigures, TestRows, ThreadSums};
use self::timelines::Timelines;
use self::tree::TreeSum;
use self::warnings::WarningSums;

/// Merges reports of one program into one: [`Merge`] of all of them.
///
/// # Errors
/// [`Error::Report`] if there is no report, or of the first report that cannot be added ([`Merge::add`]).
///
/// ```
/// # let mut report = memprof::Report::default();
/// # report.schema_version = 1;
/// # let (one, other) = (report.clone(), report);
/// let report = memprof::compare::merge([one, other])?;
/// assert_eq!(report.merged.map(|merged| merged.reports), Some(2));
/// # Ok::<(), memprof::Error>(())
/// ```
pub fn merge(reports: impl IntoIterator<Item = Report>) -> Result<Report, Error> {
    let mut sum = Merge::default();
    for report in reports {
        sum.add(report)?;
    }
    sum.finish()
}

/// Sum of reports of one program: of many processes, hosts or versions. Reports are added one by one, and memory is
/// bounded by the different functions, call paths, threads, labels and live groups in them, not by their number.
///
/// | figure | in the sum |
/// |---|---|
/// | bytes, blocks, calls, net, retained | sums; standard errors are added as those of independent estimates |
/// | peak of the process, of calls, of RSS | the largest; `merged.peak_sum_bytes` is the sum of all processes |
/// | functions | one row for each name, file and line |
/// | call tree, threads, labels | one row for each path, name, key and value |
/// | live groups | one row for each path, stack and verdict; addresses tell builds apart |
/// | percentiles | kept if all reports agree, otherwise `None` |
/// | findings, warnings | one for each kind, with the number of reports that have it |
/// | timelines | kept apart in `merged.timelines`: the 64 with the highest net, of 128 points each |
/// | picture of the peak | the one of the process with the highest peak |
/// | settings, version, build, host | kept if all reports agree, otherwise `None` |
///
/// A figure that one of the reports does not know is `None` in the sum. The rows add up to the totals as in each
/// report. Sums do not depend on the order of the reports, and a merged report can be merged again. Sums beyond 64
/// bits stay at their limit.
///
/// ```
/// # let mut report = memprof::Report::default();
/// # report.schema_version = 1;
/// # let reports = [report];
/// let mut sum = memprof::compare::Merge::default();
/// for report in reports {
///     sum.add(report)?;
/// }
/// let report = sum.finish()?;
/// println!("{} bytes in {} processes", report.totals.allocated_bytes, report.merged.map_or(1, |sum| sum.reports));
/// # Ok::<(), memprof::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Merge {
    reports: u64,
    identity: Identity,
    system: SystemSums,
    functions: FunctionSums,
    unattributed: UnattributedSum,
    labels: LabelSums,
    tree: TreeSum,
    threads: ThreadSums,
    live: LiveSum,
    findings: FindingSums,
    peak: HighestPeak,
    peak_sum_bytes: u64,
    timelines: Timelines,
    tests: TestRows,
    repeats: RepeatedFigures,
    warnings: WarningSums,
    notes: Notes,
}

impl Merge {
    /// Adds a report. After an error the sum is as before.
    ///
    /// # Errors
    /// [`Error::Report`] if the report has another schema, is of another program, or is of a run whose report was added
    /// already: two reports of one process have the same bytes.
    ///
    /// ```
    /// let error = memprof::compare::Merge::default().add(memprof::Report::default()).unwrap_err();
    /// assert!(error.to_string().contains("schema"));
    /// ```
    pub fn add(&mut self, report: Report) -> Result<(), Error> {
        self.check(&report).map_err(|message| Error::Report { message })?;
        let reports = report.merged.as_ref().map_or(1, |merged| merged.reports);
        let unsampled = Unsampled::of(&report, reports);
        let peak_sum_bytes = report.merged.as_ref().map_or(report.totals.peak_bytes, |merged| merged.peak_sum_bytes);
        self.reports = self.reports.saturating_add(reports);
        self.peak_sum_bytes = self.peak_sum_bytes.saturating_add(peak_sum_bytes);
        self.warnings.add(&report, &mut self.notes);
        self.findings.add(&report, &mut self.notes);
        self.identity.add(&report, &mut self.notes);
        self.system.add(&report);
        self.unattributed.add(&report.unattributed, unsampled);
        self.tree.add(&report.call_tree);
        self.threads.add(report.threads, &mut self.notes);
        self.labels.add(report.labels, unsampled, &mut self.notes);
        self.peak.add(&report.program.run, report.totals.peak_bytes, report.peak);
        self.timelines.add(report.program, report.timeline, report.merged, &mut self.notes);
        self.tests.add(report.tests);
        self.repeats.add(report.repeats);
        self.functions.add(report.functions, unsampled);
        self.live.add(report.live, &mut self.notes);
        Ok(())
    }

    fn check(&self, report: &Report) -> Result<(), String> {
        if report.schema_version != SCHEMA_VERSION {
            let version = report.schema_version;
            return Err(format!("this report has schema {version}, and reports of schema {SCHEMA_VERSION} are merged"));
        }
        self.identity.check(report)
    }

    /// The sum of the reports.
    ///
    /// # Errors
    /// [`Error::Report`] if no report was added.
    ///
    /// ```
    /// assert!(memprof::compare::Merge::default().finish().is_err());
    /// ```
    pub fn finish(mut self) -> Result<Report, Error> {
        if self.reports == 0 {
            return Err(Error::Report { message: "there is no report to merge".into() });
        }
        let reports = self.reports;
        let hosts = self.identity.hosts();
        let timelines = self.timelines.finish(&mut self.notes);
        let (program, settings) = self.identity.finish(&mut self.notes);
        let allocator = self.system.allocator();
        let totals = self.system.totals();
        let mut warnings = self.warnings.finish(reports);
        warnings.extend(self.notes.sentences());
        Ok(Report {
            schema_version: SCHEMA_VERSION,
            program,
            findings: self.findings.finish(reports, allocator.installed, &totals),
            allocator,
            functions: self.functions.finish(),
            unattributed: self.unattributed.finish(),
            labels: self.labels.finish(),
            call_tree: self.tree.finish(),
            threads: self.threads.finish(),
            live: self.live.finish(),
            jemalloc: self.system.jemalloc(),
            os: self.system.os(),
            // Those of processes do not add up.
            limit: None,
            timeline: None,
            peak: self.peak.finish(),
            settings,
            merged: Some(Merged { reports, hosts, peak_sum_bytes: self.peak_sum_bytes, timelines }),
            tests: self.tests.finish(),
            repeats: self.repeats.finish(),
            overhead: self.system.overhead(),
            totals,
            warnings,
        })
    }
}

#[cfg(test)]
mod tests;
