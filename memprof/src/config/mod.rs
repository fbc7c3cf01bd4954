//! Settings of the user: `memory_profile.toml` and the environment.
//!
//! [`Config::load`] reads the file first. An environment variable then overrides its key. The keys are declared once,
//! in `key.rs`, for the file, the variables and the suggestions in error messages.

#[cfg(feature = "profiling")]
mod env;
#[cfg(feature = "profiling")]
mod file;
#[cfg(feature = "profiling")]
mod key;
#[cfg(not(feature = "profiling"))]
mod off;
#[cfg(feature = "profiling")]
mod parse;
#[cfg(all(test, feature = "profiling"))]
mod tests;
#[cfg(feature = "profiling")]
mod trust;

#[cfg(feature = "serve")]
pub(crate) use key::serve_address;

use std::path::PathBuf;

use crate::report::Format;

/// File of jemalloc's own statistics, beside the reports.
#[cfg(feature = "profiling")]
pub(crate) const STATISTICS_FILE: &str = "jemalloc_statistics.txt";

/// All settings. `Config::default()` has the values that apply without a file.
///
/// # Keys
///
/// | section | key | environment variable | default | meaning |
/// |---|---|---|---|---|
/// | `[memory_profiling]` | `enabled` | `MEMPROF_ENABLED` | `true` | count anything at all |
/// | | `track_allocations` | `MEMPROF_TRACK_ALLOCATIONS` | `true` | record live allocations |
/// | | `dump_on_exit` | `MEMPROF_DUMP_ON_EXIT` | `true` | write the reports at the end |
/// | | `dump_on_signal` | `MEMPROF_DUMP_ON_SIGNAL` | none | signals that write the reports |
/// | | `max_tracked_allocations` | `MEMPROF_MAX_TRACKED_ALLOCATIONS` | `10000` | limit of recorded live blocks |
/// | | `sample_interval_bytes` | `MEMPROF_SAMPLE_INTERVAL_BYTES` | `0` | bytes for each record; 0: automatic |
/// | | `overhead_budget_percent` | `MEMPROF_OVERHEAD_BUDGET_PERCENT` | `3` | limit of the cost of recording |
/// | | `backtraces` | `MEMPROF_BACKTRACES` | `true` | keep the stack of each record |
/// | | `max_backtrace_frames` | `MEMPROF_MAX_BACKTRACE_FRAMES` | `64` | limit of the frames of a stack |
/// | | `max_label_values` | `MEMPROF_MAX_LABEL_VALUES` | `64` | limit of the values of a label's key |
/// | | `timeline_points` | `MEMPROF_TIMELINE_POINTS` | `1024` | limit of the points of the timeline |
/// | | `peak_step_percent` | `MEMPROF_PEAK_STEP_PERCENT` | `5` | rise of the net between two pictures of the heap |
/// | `[jemalloc]` | `background_thread` | `MEMPROF_BACKGROUND_THREAD` | `false` | jemalloc returns memory itself |
/// | | `abort_on_oom` | `MEMPROF_ABORT_ON_OOM` | `false` | a failed allocation aborts |
/// | | `stats_print` | `MEMPROF_STATS_PRINT` | `false` | write jemalloc's statistics |
/// | `[leaks]` | `ignore` | `MEMPROF_IGNORE` | `[]` | patterns of expected live blocks |
/// | `[reporting]` | `output_dir` | `MEMPROF_OUTPUT_DIR` | `"data/logs"` | folder of the reports |
/// | | `allocation_report` | `MEMPROF_ALLOCATION_REPORT` | `"memory_allocations.json"` | name of the JSON report |
/// | | `leak_report` | `MEMPROF_LEAK_REPORT` | `"memory_leaks.txt"` | name of the leak report |
/// | | `formats` | `MEMPROF_FORMATS` | `["html"]` | further files of the last report |
/// | | `html_report` | `MEMPROF_HTML_REPORT` | `"memory_report.html"` | name of the page |
/// | | `overwrite` | `MEMPROF_OVERWRITE` | `false` | replace files of the same name |
/// | | `program_args` | `MEMPROF_PROGRAM_ARGS` | `true` | report the program's arguments |
/// | | `growth_columns` | `MEMPROF_GROWTH_COLUMNS` | `false` | show reallocations in the table |
/// | | `every_seconds` | `MEMPROF_EVERY_SECONDS` | `0` | time between numbered reports |
/// | | `keep` | `MEMPROF_KEEP` | `10` | number of numbered reports |
/// | `[limits]` | `report_at_percent` | `MEMPROF_REPORT_AT_PERCENT` | `0` | report at this share of the memory limit |
/// | | `report_at_bytes` | `MEMPROF_REPORT_AT_BYTES` | `0` | report at this much memory |
/// | | `report_at_new_high` | `MEMPROF_REPORT_AT_NEW_HIGH` | `false` | report at each new high of the heap |
/// | | `keep_limit_reports` | `MEMPROF_KEEP_LIMIT_REPORTS` | `3` | number of these reports |
/// | `[serve]` | `serve_address` | `MEMPROF_SERVE_ADDRESS` | `""` | address of the HTTP server |
/// | | `serve_token` | `MEMPROF_SERVE_TOKEN` | `""` | secret that requests must present |
///
/// In the folder and the file names, `{pid}`, `{time}`, `{program}` and `{host}` stand for the process id, the start
/// time of the profile (UTC, `20261122T173919Z`), the name of the program and the name of the machine.
///
/// A missing key has its default. Variables of switches take `true`, `false`, `1` or `0`. Lists in variables have
/// separators: a comma between signals and between formats, `;` between patterns. The fields of the six sections have
/// the details.
///
/// # Example
///
/// Without a file, start from the defaults and set the differences.
///
/// ```
/// let mut config = memprof::Config::default();
/// config.memory_profiling.max_tracked_allocations = 500_000;
/// config.reporting.output_dir = "target/memory".into();
/// assert!(config.memory_profiling.enabled);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// `[memory_profiling]`
    pub memory_profiling: MemoryProfiling,
    /// `[jemalloc]`
    pub jemalloc: Jemalloc,
    /// `[leaks]`
    pub leaks: Leaks,
    /// `[reporting]`
    pub reporting: Reporting,
    /// `[limits]`
    pub limits: LimitReports,
    /// `[serve]`
    pub serve: Serve,
}

/// `[memory_profiling]`: counting and recording.
///
/// ```
/// let mut config = memprof::Config::default();
/// config.memory_profiling.track_allocations = false; // Counters only: the cheapest profile.
/// # assert_ne!(config, memprof::Config::default());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryProfiling {
    /// True to count anything at all. Default: true.
    pub enabled: bool,
    /// True to record live allocations one by one. Default: true.
    pub track_allocations: bool,
    /// True to write the reports when the program ends. Default: true.
    pub dump_on_exit: bool,
    /// Signals that write the reports, by name: exactly these. `SIGINT`, `SIGTERM`, `SIGHUP` and `SIGQUIT` keep their
    /// effect: the program's own handler is called, or the signal ends the program. `SIGUSR1` and `SIGUSR2` only
    /// request a report. An empty list: none. On Windows `SIGINT` is Ctrl-C; `SIGTERM` is Ctrl-Break, closing the
    /// console, log-off and shutdown; `SIGHUP` is closing and log-off; there are no others.
    ///
    /// Default: `None`, which stands for `SIGINT` and `SIGTERM`, each only if it has its default action when the
    /// profile starts, and only with `dump_on_exit`. Handlers of the program are then left alone.
    pub dump_on_signal: Option<Vec<String>>,
    /// Limit of recorded live allocations, from 1 to 100,000,000. Default: 10,000.
    pub max_tracked_allocations: usize,
    /// Average bytes for each recorded allocation, up to 1,099,511,627,776 (1 TB). 1: every allocation is recorded;
    /// when the table is full, the others are counted as not recorded. 0: every allocation is recorded until the table
    /// is full or the budget is used up; the interval then grows as far as necessary. Default: 0.
    pub sample_interval_bytes: usize,
    /// Share of the processor time of the process that recording may take, in percent, from 0 to 100, beyond the first
    /// 50 ms. The sampling interval follows it up and down, unless the interval is fixed. If a program waits at least
    /// half of the time, recording may take more: a quarter of its processor time until 400 live blocks have a record,
    /// then this share of one core's wall time or a twelfth of its processor time, whichever is less. 0: no limit.
    /// Default: 3.
    pub overhead_budget_percent: usize,
    /// True to keep the stack of each recorded allocation. Default: true.
    pub backtraces: bool,
    /// Limit of the frames of a stack, from 1 to 1024. Deeper stacks keep their innermost frames. Default: 64.
    pub max_backtrace_frames: usize,
    /// Limit of the values of each key of [labels](crate::labelled), from 0 to 250. All further values count in the row
    /// `other` of their key. Default: 64.
    pub max_label_values: usize,
    /// Limit of the points of the timeline, from 0 to 4096. When there are more, every second one is dropped and their
    /// distance doubles. 0: no timeline. Default: 1024.
    pub timeline_points: usize,
    /// Rise of the net, in percent beyond the last picture of the heap, after which the next picture is taken, up to
    /// 100. The highest picture is `peak` in the report. 0: none. Default: 5.
    pub peak_step_percent: usize,
}

/// `[jemalloc]`: options of the inner allocator. The allocator itself is `memprof::Jemalloc`.
///
/// ```
/// let mut config = memprof::Config::default();
/// config.jemalloc.stats_print = true;
/// # assert_ne!(config, memprof::Config::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Jemalloc {
    /// True to let jemalloc return memory from its own threads. False leaves jemalloc as it is. Default: false.
    pub background_thread: bool,
    /// True to write the totals to stderr and abort on a failed allocation. Works with every allocator. Default: false.
    pub abort_on_oom: bool,
    /// True to write jemalloc's own statistics beside the reports, as `jemalloc_statistics.txt`. Default: false.
    pub stats_print: bool,
}

/// `[leaks]`: blocks that are expected to be live at the end.
///
/// ```
/// let mut config = memprof::Config::default();
/// config.leaks.ignore = vec!["*::cache::*".into()];
/// # assert_ne!(config, memprof::Config::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leaks {
    /// Functions and frames whose live blocks are listed separately, with their sum. Patterns match a whole name; `*`
    /// stands for any text and `?` for one character. Default: none.
    pub ignore: Vec<String>,
}

/// `[reporting]`: the files of the reports.
///
/// ```
/// let mut config = memprof::Config::default();
/// config.reporting.output_dir = "/var/tmp/memory".into();
/// # assert_ne!(config, memprof::Config::default());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reporting {
    /// Folder of the reports, relative to the folder of the file that sets it, otherwise to the working directory.
    /// Default: `data/logs`.
    pub output_dir: PathBuf,
    /// File name of the JSON report. Default: `memory_allocations.json`.
    pub allocation_report: PathBuf,
    /// File name of the leak report. Default: `memory_leaks.txt`.
    pub leak_report: PathBuf,
    /// Formats of the last report of a process, each a file beside the two reports: any but [`Format::Table`] and
    /// [`Format::Leaks`], which have no effect here. The JSON report, the leak report and the table are always made.
    /// Default: [`Format::Html`].
    pub formats: Vec<Format>,
    /// File name of the page, if [`Format::Html`] is among the formats. Default: `memory_report.html`.
    pub html_report: PathBuf,
    /// True to replace any file of the same name. False: a report replaces its own file and the last report of an
    /// earlier run that is known to be over; otherwise it gets `-2`, `-3` … in its name: `memory_allocations-2.json`.
    /// Default: false.
    pub overwrite: bool,
    /// True to include the program's arguments in the report. They can be secrets (passwords, tokens) and are visible
    /// to everyone who can read the report. Default: true.
    pub program_args: bool,
    /// True to show the reallocations of each function in the table on the terminal: their number, the bytes that they
    /// grew by, and the bytes that they copied at most. The JSON report always has them. Default: false.
    pub growth_columns: bool,
    /// Seconds between numbered reports of the running program, beside the last ones: `memory_allocations.0001.json`.
    /// Each run begins at 1 and replaces the files of an earlier one. 0: none. Default: 0.
    pub every_seconds: usize,
    /// Number of the latest numbered reports that are kept, at least 1. It also limits the reports side by side whose
    /// run cannot be judged (another container, another machine, before the last boot) or that belong to earlier
    /// profiles of the same process; beyond it the oldest is replaced. Default: 10.
    pub keep: usize,
}

/// `[limits]`: reports of the running program that is about to run out of memory.
///
/// The memory of the process is its heap, or its anonymous and shared resident memory, whichever is more. A report is
/// written once it reaches the lower of the two thresholds, and again after it has fallen by 5 % of the threshold and
/// come back: `memory_allocations.limit-1.json` and `memory_leaks.limit-1.txt`.
///
/// ```
/// let mut config = memprof::Config::default();
/// config.limits.report_at_percent = 90;
/// # assert_ne!(config, memprof::Config::default());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitReports {
    /// Share of the memory limit, in percent up to 100, at which a report is written. The limit is the lowest of the
    /// process's control group and the groups above it, otherwise the memory of the machine. Memory of other processes
    /// in that group counts too. 0: none. Default: 0.
    pub report_at_percent: usize,
    /// Memory of the process, in bytes up to 1,125,899,906,842,624 (1 PB), at which a report is written. 0: none.
    /// Default: 0.
    pub report_at_bytes: usize,
    /// True to write a report when the heap is at least 10 % and 1 MB above its last high, at most every ten seconds.
    /// The high starts anew each hour: `memory_allocations.high-1.json`. Default: false.
    pub report_at_new_high: bool,
    /// Number of limit reports, and of reports of a new high, that are kept, at least 1: the latest, the largest, and
    /// those before the latest. Default: 3.
    pub keep_limit_reports: usize,
}

/// `[serve]`: the HTTP server (feature `serve`). Its `Debug` does not show the token.
///
/// ```
/// let mut config = memprof::Config::default();
/// config.serve.serve_address = "127.0.0.1:6070".into();
/// config.serve.serve_token = "a-secret-of-the-operator".into();
/// assert!(!format!("{config:?}").contains("a-secret"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Serve {
    /// Address of the HTTP server while the profile runs: an IP address or `localhost`, and a port; 0: a free port,
    /// which is printed on stderr. Addresses other than loopback need `serve_token`. Empty: no server. Default: empty.
    pub serve_address: String,
    /// Secret that each request must present, as `Authorization: Bearer` or as the cookie that `/?token=` sets: 16 to
    /// 256 letters, digits or characters of `-._~+/=`. Empty: no secret. Default: empty.
    pub serve_token: String,
}

impl std::fmt::Debug for Serve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let token = if self.serve_token.is_empty() { "unset" } else { "set" };
        f.debug_struct("Serve").field("serve_address", &self.serve_address).field("serve_token", &token).finish()
    }
}

impl Default for MemoryProfiling {
    fn default() -> Self {
        Self {
            enabled: true,
            track_allocations: true,
            dump_on_exit: true,
            dump_on_signal: None,
            max_tracked_allocations: 10_000,
            sample_interval_bytes: 0,
            overhead_budget_percent: 3,
            backtraces: true,
            max_backtrace_frames: 64,
            max_label_values: 64,
            timeline_points: 1024,
            peak_step_percent: 5,
        }
    }
}

impl Default for Reporting {
    fn default() -> Self {
        Self {
            output_dir: PathBuf::from("data/logs"),
            allocation_report: PathBuf::from("memory_allocations.json"),
            leak_report: PathBuf::from("memory_leaks.txt"),
            formats: vec![Format::Html],
            html_report: PathBuf::from(Format::Html.file_name()),
            overwrite: false,
            program_args: true,
            growth_columns: false,
            every_seconds: 0,
            keep: 10,
        }
    }
}

#[cfg(feature = "profiling")]
impl LimitReports {
    /// True if any of these reports are written.
    pub(crate) fn are_wanted(&self) -> bool {
        self.report_at_percent > 0 || self.report_at_bytes > 0 || self.report_at_new_high
    }
}

impl Default for LimitReports {
    fn default() -> Self {
        Self { report_at_percent: 0, report_at_bytes: 0, report_at_new_high: false, keep_limit_reports: 3 }
    }
}

/// A configuration and its source: the result of [`Config::load`].
///
/// A [`Config`] made by hand converts into it, without a file and without warnings:
///
/// ```
/// let loaded = memprof::config::Loaded::from(memprof::Config::default());
/// assert!(loaded.file.is_none() && loaded.warnings.is_empty());
/// assert!(loaded.config.reporting.output_dir.is_absolute());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// The settings. `output_dir` is absolute, so that the program can change its working directory later.
    pub config: Config,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    /// Harmless mistakes, in sentences; the report repeats them.
    pub warnings: Vec<String>,
}

impl From<Config> for Loaded {
    fn from(mut config: Config) -> Self {
        // Only an empty path or a deleted working directory cannot be made absolute; writing the reports fails later
        // and says so.
        if let Ok(folder) = std::path::absolute(&config.reporting.output_dir) {
            config.reporting.output_dir = folder;
        }
        Self { config, file: None, warnings: Vec::new() }
    }
}
