//! Which files the reports of this process go to, so that two programs that run at once do not overwrite each other's.
//!
//! A file that stands under the name of a report and is older than this profile was left by an earlier run, and is
//! replaced. One that is younger and not ours was written by another program while this one ran: ours then gets the
//! process id into its name. The same is true of a forked child, whose parent writes under the plain name.

use super::{Reporting, Running};
use crate::config::STATISTICS_FILE;
use crate::os::folder_lock::FolderLock;
use crate::os::fork_lock::ForkLock;
use crate::os::stderr::{self, RawStderr};
use crate::os::write_signals::Held;
use crate::report::placeholder::{self, Placeholders};
use crate::report::{Report, Written, files, leftovers, table};
use crate::{Error, jemalloc};
use std::collections::HashMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::SystemTime;

/// What this process has written, by path.
static OWN: ForkLock<HashMap<PathBuf, Identity>> = ForkLock::new();

/// Which file stands under a name. A report is never changed in place, so that its time and number tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    modified: SystemTime,
    number: u64,
}

impl Identity {
    /// `None`: there is no file, or it is a device.
    fn of(path: &Path) -> Option<Self> {
        let there = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(&there);
        #[cfg(not(unix))]
        let number = 0;
        Some(Self { modified: there.modified().ok()?, number })
    }
}

/// The names of the reports.
#[derive(Debug)]
struct Names {
    folder: PathBuf,
    allocations: PathBuf,
    leaks: PathBuf,
    statistics: PathBuf,
}

impl Names {
    fn of(profile: &Running, report: &Report) -> Self {
        let paths = &profile.config.reporting;
        let values = Placeholders {
            pid: report.program.pid,
            time: profile.time_in_names(),
            program: program_name(&report.program.name).to_owned(),
        };
        Self {
            folder: values.fill(&paths.output_dir),
            allocations: values.fill(&paths.allocation_report),
            leaks: values.fill(&paths.leak_report),
            statistics: PathBuf::from(STATISTICS_FILE),
        }
    }

    /// With more in the names of all files, before their extensions.
    fn with(&self, more: &str) -> Self {
        let [allocations, leaks, statistics] =
            [&self.allocations, &self.leaks, &self.statistics].map(|name| placeholder::insert(name, more));
        Self { folder: self.folder.clone(), allocations, leaks, statistics }
    }

    fn reports(&self) -> [PathBuf; 2] {
        [&self.allocations, &self.leaks].map(|name| self.folder.join(name))
    }

    /// Whether one of them is another program's report, made since `started`.
    fn are_anothers(&self, started: SystemTime) -> bool {
        let own = OWN.lock();
        let is_ours = |path: &PathBuf, there| own.get().is_some_and(|own| own.get(path) == Some(&there));
        self.reports()
            .iter()
            .any(|path| Identity::of(path).is_some_and(|there| there.modified >= started && !is_ours(path, there)))
    }
}

impl Running {
    fn time_in_names(&self) -> String {
        humantime::format_rfc3339_seconds(self.started_at).to_string().replace(['-', ':'], "")
    }

    /// Whether this is a child that was forked from the process which began the profile.
    pub(super) fn is_inherited(&self) -> bool {
        self.process != std::process::id()
    }

    /// Whether the names tell the processes apart by themselves.
    fn names_have_pid(&self) -> bool {
        let paths = &self.config.reporting;
        let has_pid = placeholder::has_pid;
        has_pid(&paths.output_dir) || (has_pid(&paths.allocation_report) && has_pid(&paths.leak_report))
    }
}

/// Writes the files, under numbered names where there is a number.
pub(super) fn write(profile: &Running, report: &Report, number: Option<u64>) -> Result<Written, Error> {
    let _scope = Reporting::begin();
    let _held = Held::begin();
    let statistics = profile.config.jemalloc.stats_print && number.is_none();
    let statistics = statistics.then(|| jemalloc::stats_print(&profile.inner)).flatten();
    let plain = Names::of(profile, report);
    let number = number.map_or_else(String::new, |number| format!(".{number:04}"));
    let mut names = plain.with(&number);
    // From the question whose the files are until ours are there. Where the folder cannot be made, the files say so.
    make(&names.folder);
    let _turn = FolderLock::take(&names.folder);
    let is_told = profile.config.reporting.overwrite;
    if !profile.names_have_pid() && (profile.is_inherited() || (!is_told && names.are_anothers(profile.started_at))) {
        names = plain.with(&format!("-{}{number}", report.program.pid));
    }
    static FIRST: AtomicBool = AtomicBool::new(true);
    if FIRST.swap(false, Relaxed) {
        leftovers::remove(&names.folder);
    }
    let written = files::write(
        report,
        &names.folder,
        &names.allocations,
        &names.leaks,
        statistics.as_deref().map(|text| (names.statistics.as_path(), text)),
    )?;
    remember(&written);
    Ok(written)
}

/// Makes the folder, if it is missing. Reports are not meant to be committed: git ignores what is in a folder of memprof's own.
fn make(folder: &Path) {
    if folder.exists() || fs::create_dir_all(folder).is_err() {
        return;
    }
    // Another process may have been faster.
    if let Ok(mut file) = fs::File::create_new(folder.join(".gitignore")) {
        let _ = std::io::Write::write_all(&mut file, b"*\n");
    }
}

fn remember(written: &Written) {
    let mut own = OWN.lock();
    let mut all = own.get().cloned().unwrap_or_default();
    // Numbered reports come and go: what is gone needs no memory.
    all.retain(|path, identity| Identity::of(path) == Some(*identity));
    let new = [&written.allocation_report, &written.leak_report];
    all.extend(new.into_iter().filter_map(|path| Some((path.clone(), Identity::of(path)?))));
    own.put(all);
}

/// Without the `.exe` of Windows.
fn program_name(name: &str) -> &str {
    name.strip_suffix(std::env::consts::EXE_SUFFIX).unwrap_or(name)
}

/// Shows the table on stderr. Not by the standard library's: a thread that is aborting, or one that a forked child does not
/// have, may hold its lock.
pub(super) fn print(report: &Report, written: Option<&Written>) {
    let _scope = Reporting::begin();
    table::print(report, written, stderr::write_all);
}

/// Says on stderr what went wrong.
pub(super) fn complain(error: &Error) {
    let _ = writeln!(RawStderr::new(), "memprof: {error}");
}
