//! Results of the tests: what is printed, and the report of their rows.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::{SystemTime, UNIX_EPOCH};

use cargo_metadata::Metadata;
use indicatif::HumanCount;
use memprof::report::data::SCHEMA_VERSION;
use memprof::{Report, compare};

use super::filter::Filter;
use super::harness::Harness;
use super::running::Ended;
use super::table;
use crate::failure::Outcome;
use crate::report_file::{self, REPORT};
use crate::runs::{self, Runs};

/// Results of one run of all tests, or of several.
#[derive(Debug, Default)]
pub(super) struct Results {
    /// The rows, in the order of the tests.
    pub(super) report: Report,
    passed: usize,
    pub(super) failed: usize,
    /// Tests and programs without a row.
    pub(super) without_figures: Vec<String>,
}

impl Results {
    /// Results of one run. Shows the outputs of the tests that failed.
    pub(super) fn of(ended: Vec<Ended>, filter: &Filter) -> Self {
        let mut results = Self::default();
        for end in ended {
            show(&end, filter);
            match end.row.outcome.as_str() {
                "failed" => results.failed += 1,
                "passed" => results.passed += 1,
                _ => {}
            }
            if end.has_figures {
                results.report.tests.push(end.row);
            } else {
                results.without_figures.push(end.row.name);
            }
        }
        results
    }

    /// The first of several runs, with the failures of the worst, and the figures that all have in common.
    pub(super) fn of_all(mut runs: Vec<Self>) -> Self {
        let worst = runs.iter().map(|run| run.failed).max().unwrap_or(0);
        let reports: Vec<_> = runs.iter().map(|run| run.report.clone()).collect();
        runs.truncate(1);
        let mut results = runs.pop().unwrap_or_default();
        results.report.repeats = compare::repeats(&reports);
        results.passed = results.passed.saturating_sub(worst.saturating_sub(results.failed));
        results.failed = worst;
        results
    }

    pub(super) fn has_rows(&self) -> bool {
        !self.report.tests.is_empty()
    }

    /// Prints the table, and what there is to say about it.
    pub(super) fn print(&mut self, all: bool, harness: &Harness) -> Outcome {
        if !self.without_figures.is_empty() {
            let names = self.without_figures.join("`, `");
            let warning = format!("`{names}`: no row, because the process was killed or left without an exit handler");
            super::warn(&warning);
            self.report.warnings.push(warning);
        }
        if self.has_rows() {
            std::io::stdout().lock().write_all(table::table(&self.report.tests, all).as_bytes())?;
        }
        let ignored = self.report.tests.iter().filter(|row| row.outcome == "ignored").count();
        anstream::eprintln!("\n{}", summary(self.passed, self.failed, ignored));
        if let Some(taken_off) = taken_off(harness).filter(|_| self.has_rows()) {
            anstream::eprintln!("{taken_off}");
        }
        Ok(())
    }

    /// Writes the rows into the folder of a new run.
    pub(super) fn write(&mut self, metadata: &Metadata, started: SystemTime) -> Outcome<PathBuf> {
        let name = package(metadata);
        let report = &mut self.report;
        report.schema_version = SCHEMA_VERSION;
        report.program.name.clone_from(&name);
        report.program.pid = std::process::id();
        report.program.is_final = true;
        report.program.started_at = rfc3339(started);
        report.program.duration_seconds = started.elapsed().unwrap_or_default().as_secs_f64();
        let runs = Runs::of(metadata.target_directory.as_std_path(), &name);
        let folder = runs.begin()?;
        report_file::write(&folder.join(REPORT), report.to_json().as_bytes())?;
        runs.end(&folder);
        Ok(folder)
    }
}

/// Shows the output of a test that failed, or of any if that is asked for.
fn show(end: &Ended, filter: &Filter) {
    let shown = |status: &ExitStatus| !status.success() || filter.show_output;
    let Some(status) = end.status.filter(shown) else { return };
    anstream::eprintln!("---- {} ({status}) ----", end.row.name);
    let mut errors = anstream::stderr().lock();
    let _ = errors.write_all(&end.output);
    let _ = errors.write_all(b"\n");
}

fn summary(passed: usize, failed: usize, ignored: usize) -> String {
    let mut text = format!("{} passed", HumanCount(passed as u64));
    for (count, word) in [(failed, "failed"), (ignored, "ignored")] {
        if count > 0 {
            text.push_str(&format!(", {} {word}", HumanCount(count as u64)));
        }
    }
    text
}

/// The line about the harness, which is taken off each row; `None`: nothing is.
fn taken_off(harness: &Harness) -> Option<String> {
    let (bytes, count) = harness.allocated();
    let blocks = if count == 1 { "block" } else { "blocks" };
    (count > 0).then(|| {
        let bytes = HumanCount(u64::try_from(bytes).unwrap_or(0));
        format!("not counted: what the test harness does around a test, such as {bytes} B in {count} {blocks} after it")
    })
}

/// Name of the runs: that of the package, or of the folder of the workspace.
fn package(metadata: &Metadata) -> String {
    let packages = metadata.workspace_packages();
    let name = match packages[..] {
        [package] => Some(package.name.to_string()),
        _ => metadata.root_package().map(|package| package.name.to_string()),
    };
    let name = name.or_else(|| metadata.workspace_root.file_name().map(str::to_owned));
    format!("{}{}", name.unwrap_or_default(), runs::TESTS)
}

/// A time, in whole seconds.
fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days since 1 March of the year 0: leap days are the last ones of their years.
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year_of_era + next;
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_are_written_as_others_read_them() {
        let at = |seconds| rfc3339(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(at(1_798_761_599), "2026-12-31T23:59:59Z");
    }

    #[test]
    fn nothing_that_did_not_happen_is_counted() {
        assert_eq!(summary(1_000, 0, 0), "1,000 passed");
        assert_eq!(summary(0, 2, 1), "0 passed, 2 failed, 1 ignored");
    }
}
