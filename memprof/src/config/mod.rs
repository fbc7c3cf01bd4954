//! What the user can set: `memory_profile.toml` and the environment.
//!
//! [`Config::load`] reads the file first and then lets each key be overridden by an environment variable. The keys are
//! declared once, in `key.rs`: the file, the variables and the suggestions in error messages all come from there.

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
#[cfg(feature = "profiling")]
mod source;
#[cfg(feature = "profiling")]
mod suggest;
#[cfg(all(test, feature = "profiling"))]
mod tests;
#[cfg(feature = "profiling")]
mod trust;

use std::path::PathBuf;

/// The file, beside the reports, that holds jemalloc's own statistics.
#[cfg(feature = "profiling")]
pub(crate) const STATISTICS_FILE: &str = "jemalloc_statistics.txt";

/// All settings. `Config::default()` is what holds without a file.
///
/// # Keys
///
/// | section | key | environment variable | default | meaning |
/// |---|---|---|---|---|
/// | `[memory_profiling]` | `enabled` | `MEMPROF_ENABLED` | `true` | whether anything is counted at all |
/// | | `track_allocations` | `MEMPROF_TRACK_ALLOCATIONS` | `true` | whether live allocations are tracked one by one |
/// | | `dump_on_exit` | `MEMPROF_DUMP_ON_EXIT` | `true` | whether the reports are written when the program ends |
/// | | `dump_on_signal` | `MEMPROF_DUMP_ON_SIGNAL` | none | the signals on which the reports are written, exactly these; with a comma between them in the variable. Without the key: SIGINT and SIGTERM, each if it has its default action; `[]`: none. On Windows they are Ctrl-C and the other events of a console |
/// | | `max_tracked_allocations` | `MEMPROF_MAX_TRACKED_ALLOCATIONS` | `10000` | the most live allocations that are tracked, 1 to 100,000,000 |
/// | | `sample_interval_bytes` | `MEMPROF_SAMPLE_INTERVAL_BYTES` | `0` | one allocation in about so many bytes is tracked; 1: each; 0: each, and fewer when `max_tracked_allocations` or the budget is reached |
/// | | `overhead_budget_percent` | `MEMPROF_OVERHEAD_BUDGET_PERCENT` | `3` | how much of the processor time tracking may take before it becomes a sample; 0: as much as it takes |
/// | | `backtraces` | `MEMPROF_BACKTRACES` | `true` | whether each tracked allocation keeps the stack it was made on |
/// | | `max_backtrace_frames` | `MEMPROF_MAX_BACKTRACE_FRAMES` | `64` | the most frames of a stack, 1 to 1024; the innermost are kept |
/// | `[jemalloc]` | `background_thread` | `MEMPROF_BACKGROUND_THREAD` | `false` | whether jemalloc gives memory back from threads of its own |
/// | | `abort_on_oom` | `MEMPROF_ABORT_ON_OOM` | `false` | whether a failed allocation writes the totals to stderr and aborts; works with every allocator |
/// | | `stats_print` | `MEMPROF_STATS_PRINT` | `false` | whether jemalloc's own statistics are written beside the reports |
/// | `[leaks]` | `ignore` | `MEMPROF_IGNORE` | `[]` | functions and frames whose live blocks are expected, as patterns with `*` and `?`; with `;` between them in the variable |
/// | `[reporting]` | `output_dir` | `MEMPROF_OUTPUT_DIR` | `"data/logs"` | the folder for the reports |
/// | | `allocation_report` | `MEMPROF_ALLOCATION_REPORT` | `"memory_allocations.json"` | file name of the JSON report |
/// | | `leak_report` | `MEMPROF_LEAK_REPORT` | `"memory_leaks.txt"` | file name of the report of what is still live |
/// | | `overwrite` | `MEMPROF_OVERWRITE` | `false` | whether a report replaces whatever has its name; otherwise a report that may still be wanted stays, and this one gets `-2`, `-3` … into its name |
/// | | `program_args` | `MEMPROF_PROGRAM_ARGS` | `true` | whether the report holds the program's arguments |
/// | | `every_seconds` | `MEMPROF_EVERY_SECONDS` | `0` | numbered reports of the running program, this many seconds apart; 0: none |
/// | | `keep` | `MEMPROF_KEEP` | `10` | how many of the numbered reports are kept, the latest ones; and how many reports stand side by side of which nobody can tell whether their run is over |
///
/// In the folder and the file names `{pid}`, `{time}`, `{program}` and `{host}` stand for the process id, the time when the
/// profile began (UTC, `20261122T173919Z`), the name of the program and the name of the machine.
///
/// A key that is left out has its default. Variables that are switches take `true`, `false`, `1` or `0`.
///
/// # Example
///
/// A configuration without a file: start from the defaults and set what differs.
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
}

/// `[memory_profiling]`: what is counted and tracked.
///
/// ```
/// let mut config = memprof::Config::default();
/// config.memory_profiling.track_allocations = false; // Counters only: the cheapest profile.
/// # assert_ne!(config, memprof::Config::default());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryProfiling {
    /// Whether anything is counted at all. Default: true.
    pub enabled: bool,
    /// Whether live allocations are tracked one by one. Default: true.
    pub track_allocations: bool,
    /// Whether the reports are written when the program ends. Default: true.
    pub dump_on_exit: bool,
    /// Signals on which the reports are written, by name: exactly these. `SIGINT`, `SIGTERM`, `SIGHUP` and `SIGQUIT`
    /// keep their effect: the program's own handler is called, or the signal ends the program. `SIGUSR1` and `SIGUSR2`
    /// only ask for a report. An empty list: none. On Windows `SIGINT` is Ctrl-C; `SIGTERM` is Ctrl-Break, closing the
    /// console, log-off and shutdown; `SIGHUP` is closing and log-off; there are no others.
    ///
    /// Default: `None`, which stands for `SIGINT` and `SIGTERM`, each only if it has its default action when the profile
    /// starts, and only with `dump_on_exit`. Handlers of the program are left alone then.
    pub dump_on_signal: Option<Vec<String>>,
    /// The most live allocations that are tracked, from 1 to 100,000,000. Default: 10,000.
    pub max_tracked_allocations: usize,
    /// One allocation in about this many bytes is tracked, up to 1,099,511,627,776 (1 TB). 1: each, and when the table is
    /// full the others are counted as not tracked. 0: each, until the table is full or the budget is used up; then the
    /// interval grows as far as it takes. Default: 0.
    pub sample_interval_bytes: usize,
    /// Share of the processor time of the process that tracking may take, in percent, from 0 to 100, beyond the first 50 ms.
    /// The sampling interval follows it up and down, where it is not fixed. A program that waits at least half of the time
    /// may be tracked for more: a quarter of its processor time until 400 live blocks have a record, then this part of one
    /// core's wall time or a twelfth of its processor time, whichever is less. 0: as much as it takes. Default: 3.
    pub overhead_budget_percent: usize,
    /// Whether each tracked allocation keeps the stack it was made on. Default: true.
    pub backtraces: bool,
    /// The most frames of a stack, from 1 to 1024; of deeper ones the innermost are kept. Default: 64.
    pub max_backtrace_frames: usize,
}

/// `[jemalloc]`: options of the inner allocator. Not to be confused with the allocator itself, `memprof::Jemalloc`.
///
/// ```
/// let mut config = memprof::Config::default();
/// config.jemalloc.stats_print = true;
/// # assert_ne!(config, memprof::Config::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Jemalloc {
    /// Whether jemalloc gives memory back from threads of its own. False leaves jemalloc as it is. Default: false.
    pub background_thread: bool,
    /// Whether a failed allocation writes the totals to stderr and aborts. Works with every allocator. Default: false.
    pub abort_on_oom: bool,
    /// Whether jemalloc's own statistics are written beside the reports, as `jemalloc_statistics.txt`. Default: false.
    pub stats_print: bool,
}

/// `[leaks]`: what is expected to be live at the end.
///
/// ```
/// let mut config = memprof::Config::default();
/// config.leaks.ignore = vec!["*::cache::*".into()];
/// # assert_ne!(config, memprof::Config::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leaks {
    /// Live blocks of these functions and frames are shown apart, with their sum: patterns for a whole name, in which `*`
    /// stands for any text and `?` for one character. Default: none.
    pub ignore: Vec<String>,
}

/// `[reporting]`: where the reports go.
///
/// ```
/// let mut config = memprof::Config::default();
/// config.reporting.output_dir = "/var/tmp/memory".into();
/// # assert_ne!(config, memprof::Config::default());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reporting {
    /// The folder for the reports; relative to the folder of the file that sets it, else to the working directory.
    /// Default: `data/logs`.
    pub output_dir: PathBuf,
    /// File name of the JSON report. Default: `memory_allocations.json`.
    pub allocation_report: PathBuf,
    /// File name of the report of what is still live. Default: `memory_leaks.txt`.
    pub leak_report: PathBuf,
    /// Whether a report replaces whatever has its name. False: it replaces the last report of an earlier run, one whose run is
    /// known to be over, and its own; otherwise it gets `-2`, `-3` … into its name, `memory_allocations-2.json`. Default: false.
    pub overwrite: bool,
    /// Whether the report holds the program's arguments. They can be secrets (passwords, tokens), and whoever may read the
    /// report reads them. Default: true.
    pub program_args: bool,
    /// Seconds between reports of the running program, written under numbered names beside the last ones:
    /// `memory_allocations.0001.json`. Each run begins at 1 and replaces what an earlier one has left. 0: none. Default: 0.
    pub every_seconds: usize,
    /// How many of the numbered reports are kept, at least 1: the latest ones. At most as many reports stand side by side whose
    /// run nobody can judge (it was in another container, on another machine, before the last boot), or which are of earlier
    /// profiles of the same process; beyond that the oldest is replaced. Default: 10.
    pub keep: usize,
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
        }
    }
}

impl Default for Reporting {
    fn default() -> Self {
        Self {
            output_dir: PathBuf::from("data/logs"),
            allocation_report: PathBuf::from("memory_allocations.json"),
            leak_report: PathBuf::from("memory_leaks.txt"),
            overwrite: false,
            program_args: true,
            every_seconds: 0,
            keep: 10,
        }
    }
}

/// A configuration and where it came from: what [`Config::load`] returns.
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
    /// What was not understood but does no harm, in sentences; the report repeats them.
    pub warnings: Vec<String>,
}

impl From<Config> for Loaded {
    fn from(mut config: Config) -> Self {
        // Only an empty path or a deleted working directory cannot be made absolute; writing there says so later.
        if let Ok(folder) = std::path::absolute(&config.reporting.output_dir) {
            config.reporting.output_dir = folder;
        }
        Self { config, file: None, warnings: Vec::new() }
    }
}
