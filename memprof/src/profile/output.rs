//! The files of this process's reports: their names, and the files that the profile knows under them.

use super::ReportingGuard;
use crate::collect::Request;
use crate::config::{Reporting, STATISTICS_FILE};
use crate::os::process::fork_lock::ForkLock;
use crate::os::process::identity;
use crate::os::signals::write_signals::Held;
use crate::os::terminal::stderr::{self, RawStderr};
use crate::report::files::{self, BaseNames, KnownFiles, PendingReport, RunningNumber};
use crate::report::formats;
use crate::report::placeholder::{self, Placeholders};
use crate::report::{Format, Report, Written, table};
use crate::{Error, jemalloc};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// The files that are known to the profile that runs, or ran last.
static KNOWN_FILES: ForkLock<Own> = ForkLock::new();

/// KnownFiles of one profile in one process: a forked child has none yet.
#[derive(Clone, Debug, Default)]
struct Own {
    profile: u64,
    process: u32,
    known: KnownFiles,
}

/// The names of all files, without number and suffix.
fn names(profile: &Request) -> BaseNames {
    let paths = &profile.config.reporting;
    let values = Placeholders {
        pid: std::process::id(),
        time: humantime::format_rfc3339_seconds(profile.started_at).to_string().replace(['-', ':'], ""),
        program: program_name(),
        host: identity::host().unwrap_or_default(),
    };
    BaseNames {
        folder: values.fill(&paths.output_dir),
        allocations: values.fill(&paths.allocation_report),
        leaks: values.fill(&paths.leak_report),
        statistics: PathBuf::from(STATISTICS_FILE),
        formats: file_names(paths).map(|(format, name)| (format, values.fill(name))).collect(),
    }
}

/// The formats that are files of their own, and the names of these files.
fn file_names(paths: &Reporting) -> impl Iterator<Item = (Format, &Path)> {
    let is_wanted = |format: &Format| paths.formats.contains(format);
    Format::FILES.into_iter().filter(is_wanted).map(|format| match format {
        Format::Html => (format, paths.html_report.as_path()),
        _ => (format, Path::new(format.file_name())),
    })
}

/// True if the names contain the process id, so that each process has its own.
fn names_have_pid(profile: &Request) -> bool {
    let paths = &profile.config.reporting;
    let has_pid = placeholder::has_pid;
    has_pid(&paths.output_dir) || (has_pid(&paths.allocation_report) && has_pid(&paths.leak_report))
}

/// True if the profile writes reports of the running program.
fn has_numbers(profile: &Request) -> bool {
    let config = &profile.config;
    config.reporting.every_seconds > 0 || config.limits.are_wanted()
}

/// Records the existing files under the names of a profile that starts.
pub(crate) fn note(profile: &Request) {
    let reporting = &profile.config.reporting;
    let known =
        if reporting.overwrite { KnownFiles::default() } else { KnownFiles::of(&names(profile), has_numbers(profile)) };
    KNOWN_FILES.lock().put(Own { profile: profile.run.profile, process: std::process::id(), known });
}

/// Writes the files, under numbered names if there is a number.
pub(crate) fn write(profile: &Request, report: &Report, number: Option<RunningNumber>) -> Result<Written, Error> {
    let _scope = ReportingGuard::begin();
    let _held = Held::begin();
    let statistics = profile.config.jemalloc.stats_print && number.is_none();
    let statistics = statistics.then(|| jemalloc::stats_print(&profile.inner)).flatten();
    let reporting = &profile.config.reporting;
    let mut names = names(profile);
    if profile.is_inherited() {
        let mark = format!("-{}", std::process::id());
        if !names_have_pid(profile) {
            names = names.with(&mark);
        } else if !placeholder::has_pid(&reporting.output_dir) {
            names.mark_formats(&mark, |format| format == Format::Html && placeholder::has_pid(&reporting.html_report));
        }
    }
    let is_last = report.program.is_final && number.is_none();
    let mut left_out = None;
    if is_last && !names.formats.is_empty() && !profile.memory.is_for_formats(formats::memory(report)) {
        let formats: Vec<_> = names.formats.drain(..).map(|(format, _)| format.name()).collect();
        left_out = Some(format!("too little memory was left for the formats {}", formats.join(", ")));
    }
    let output = PendingReport {
        report,
        names: &names,
        number,
        statistics: statistics.as_deref(),
        has_numbers: has_numbers(profile),
        overwrite: reporting.overwrite,
        keep: reporting.keep,
    };
    let mut written = with_known_files(profile.run.profile, |known| files::write(&output, known));
    if let (Some(reason), Ok(written)) = (left_out, &mut written) {
        let reasons: Vec<String> = written.fell_back.take().into_iter().chain([reason]).collect();
        written.fell_back = Some(reasons.join("; "));
    }
    written
}

/// Removes a report, if the file is still the one that was written.
pub(crate) fn remove(profile: u64, written: &Written) {
    with_known_files(profile, |known| known.remove(written));
}

fn with_known_files<R>(profile: u64, work: impl FnOnce(&mut KnownFiles) -> R) -> R {
    let mut held = KNOWN_FILES.lock();
    let process = std::process::id();
    let known = held.get().filter(|own| (own.profile, own.process) == (profile, process)).cloned();
    let mut own = known.unwrap_or(Own { profile, process, known: KnownFiles::default() });
    let result = work(&mut own.known);
    held.put(own);
    result
}

/// The name of the executable, without the `.exe` of Windows.
fn program_name() -> String {
    let name = crate::collect::executable();
    name.strip_suffix(std::env::consts::EXE_SUFFIX).unwrap_or(&name).to_owned()
}

/// Prints the table on stderr. Not through the standard library: its lock may be held by a thread that is aborting, or
/// by one that does not exist in a forked child.
pub(crate) fn print(profile: &Request, report: &Report, written: Option<&Written>) {
    let _scope = ReportingGuard::begin();
    table::print(report, written, profile.config.reporting.growth_columns, stderr::write_all);
}

/// Prints an error on stderr.
pub(crate) fn complain(error: &Error) {
    let _ = writeln!(RawStderr::new(), "memprof: {error}");
}
