//! What the user can set: `memory_profile.toml` and the environment.

use std::path::PathBuf;

/// All settings. `Config::default()` is what holds without a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// `[memory_profiling]`
    pub memory_profiling: MemoryProfiling,
    /// `[jemalloc]`
    pub jemalloc: Jemalloc,
    /// `[reporting]`
    pub reporting: Reporting,
}

/// `[memory_profiling]`: what is counted and tracked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryProfiling {
    /// Whether anything is counted at all. Default: true.
    pub enabled: bool,
    /// Whether live allocations are tracked one by one. Default: true.
    pub track_allocations: bool,
    /// Whether the reports are written when the program ends. Default: true.
    pub dump_on_exit: bool,
    /// The most live allocations that are tracked. Default: 10,000.
    pub max_tracked_allocations: usize,
}

/// `[jemalloc]`: options of the inner allocator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Jemalloc {
    /// Whether jemalloc gives memory back from threads of its own. Default: false.
    pub background_thread: bool,
    /// Whether a failed allocation writes the totals to stderr and aborts. Works with every allocator. Default: false.
    pub abort_on_oom: bool,
    /// Whether jemalloc's own statistics are written beside the reports. Default: false.
    pub stats_print: bool,
}

/// `[reporting]`: where the reports go.
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
    /// Whether the report holds the program's arguments. Default: true.
    pub program_args: bool,
}

impl Default for MemoryProfiling {
    fn default() -> Self {
        Self { enabled: true, track_allocations: true, dump_on_exit: true, max_tracked_allocations: 10_000 }
    }
}

impl Default for Reporting {
    fn default() -> Self {
        Self {
            output_dir: PathBuf::from("data/logs"),
            allocation_report: PathBuf::from("memory_allocations.json"),
            leak_report: PathBuf::from("memory_leaks.txt"),
            program_args: true,
        }
    }
}
