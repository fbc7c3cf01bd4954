//! Start, report, finish: one profile of the process at a time.
//!
//! ```text
//!          start                         finish, drop, exit of the process
//!   IDLE ─────────► RUNNING ───────────────────────────────────────────────► IDLE (reports written)
//!                    │   ▲
//!                    └───┘ report, write_report
//! ```
//!
//! The counters know nothing of it: they count from the first allocation of the process and are never set back.

mod collect;
#[cfg(all(feature = "backtraces", target_vendor = "apple"))]
mod debug_map;
#[cfg(all(feature = "backtraces", unix, not(target_vendor = "apple")))]
mod elf_names;
mod estimate;
mod exit;
mod live_groups;
mod live_rows;
mod live_stacks;
mod main;
mod merge;
mod names;
mod out_of_memory;
mod periodic;
mod room;
mod rows;
mod spread;
mod symbols;
mod verdict;
mod watched;

pub(crate) use collect::Reporting;
pub use main::{MainOptions, MainProfile, main_start};

use self::periodic::Periodic;
use self::room::Room;
use crate::config::{Config, Loaded, STATISTICS_FILE};
use crate::os::clock::Anchor;
use crate::os::pages;
use crate::os::write_signals::Held;
use crate::report::{self, Report, Written};
use crate::{Error, MemoryStats, jemalloc, live, tracker};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

/// What a running profile needs to make its report.
#[derive(Debug)]
struct Running {
    config: Config,
    warnings: Vec<String>,
    /// Whether the tracker is the program's global allocator.
    installed: bool,
    /// The inner allocator: `system`, `jemalloc`, or a path; `none` where the tracker is not installed.
    inner: String,
    started: Anchor,
    started_at: SystemTime,
    /// What was live when tracking began: it has no record.
    live_at_start: MemoryStats,
    /// Allocations that had found no room for a record until then, in profiles before this one.
    not_tracked_at_start: u64,
    /// How often the system had no memory for the profiler until then.
    refused_at_start: u64,
    /// The memory for reports.
    room: Room,
    /// What writes the numbered reports, where `every_seconds` asks for them.
    periodic: Option<Periodic>,
}

static RUNNING: Mutex<Option<Running>> = Mutex::new(None);

fn running() -> MutexGuard<'static, Option<Running>> {
    // A panic while it was held left it whole: it is only ever replaced.
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running profile, for programs without [`#[memprof::main]`](crate::main).
///
/// When it is dropped, or when the process exits before, the reports are written as the configuration says.
///
/// ```
/// # fn main() -> Result<(), memprof::Error> {
/// #[global_allocator]
/// static ALLOC: memprof::AllocationTracker = memprof::AllocationTracker::system();
///
/// let mut config = memprof::Config::default();
/// config.reporting.output_dir = std::env::temp_dir().join("memprof-example");
/// let profiler = memprof::Profiler::start(config)?;
/// let kept = std::hint::black_box(vec![1u8; 4096]);
/// let report = profiler.report();
/// assert!(report.totals.net_bytes >= 4096);
/// let written = profiler.finish()?;
/// assert!(written.allocation_report.exists());
/// # drop(kept);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a profile ends when its `Profiler` is dropped: bind it with `let profiler = …`"]
pub struct Profiler {
    finished: bool,
}

impl Profiler {
    /// Starts a profile: a [`Config`], or what [`Config::load`] returned.
    ///
    /// The counters have been running since the process began; what starts is the tracking of live allocations, and
    /// the promise of a report. With `enabled = false` this thread, and each that begins later, stops counting, and
    /// nothing will be written.
    ///
    /// # Errors
    /// [`Error::AlreadyRunning`] while another profile is running.
    pub fn start(config: impl Into<Loaded>) -> Result<Profiler, Error> {
        start(config.into(), None)
    }

    /// What was counted until now. Everything goes on meanwhile; a report of a running program is as consistent as one
    /// at its end.
    ///
    /// Cost: two walks over the call paths of all threads, one over the live table (about 1 ms for 10,000 tracked
    /// allocations), and the allocations of the report itself, which stand in it the next time, in the row
    /// `memprof (reporting)`. Empty where the configuration says `enabled = false`, and where there is no memory for it.
    pub fn report(&self) -> Report {
        let mut running = running();
        let Some(profile) = running.as_mut() else { return Report::default() };
        let report = collect::report(profile).unwrap_or_default();
        profile.room.refill();
        report
    }

    /// Ends the profile and writes the reports: the two files, and the table on stderr.
    ///
    /// # Errors
    /// [`Error::Io`] if the reports can be written neither where the configuration says nor to the system's temporary
    /// directory; [`Error::OutOfMemory`]; [`Error::NotRunning`] with `enabled = false`.
    pub fn finish(mut self) -> Result<Written, Error> {
        self.finished = true;
        finish()
    }
}

impl Drop for Profiler {
    fn drop(&mut self) {
        if !self.finished {
            exit::finish_unless_told_not_to();
        }
    }
}

/// Writes the report files of the running profile as they are now; the profile goes on. From any thread, at any time
/// outside an allocator or a signal handler.
///
/// # Errors
/// [`Error::NotRunning`] without a profile; [`Error::OutOfMemory`]; [`Error::Io`] if the files can be written neither where the configuration
/// says nor to the system's temporary directory.
///
/// ```
/// match memprof::write_report() {
///     Ok(written) => println!("see {}", written.allocation_report.display()),
///     Err(error) => println!("{error}"), // "no profile is running: …"
/// }
/// ```
pub fn write_report() -> Result<Written, Error> {
    let mut running = running();
    let profile = running.as_mut().ok_or(Error::NotRunning)?;
    let written = collect::report(profile).and_then(|report| write(profile, &report));
    profile.room.refill();
    written
}

/// Starts a profile; `allocator` is how the user named the inner allocator, where its type does not tell.
fn start(loaded: Loaded, allocator: Option<&'static str>) -> Result<Profiler, Error> {
    // What the profiler allocates for itself has a row of its own.
    let scope = collect::Reporting::begin();
    let mut running = running();
    if running.is_some() {
        return Err(Error::AlreadyRunning);
    }
    let Loaded { config, mut warnings, .. } = loaded;
    if !config.memory_profiling.enabled {
        drop(scope);
        tracker::disable();
        return Ok(Profiler { finished: true });
    }
    let found = tracker::inner_name();
    let inner = found.map_or_else(|| "none".to_owned(), |type_name| inner_allocator(type_name, allocator));
    warnings.extend(jemalloc::apply(&config.jemalloc, &inner));
    out_of_memory::abort_if(config.jemalloc.abort_on_oom);
    if config.memory_profiling.dump_on_exit && !exit::arm() {
        warnings.push("no handler could be registered with the system: a call of `exit` loses the report".to_owned());
    }
    let tracking = config.memory_profiling.clone();
    let frames = if tracking.track_allocations && tracking.backtraces { tracking.max_backtrace_frames } else { 0 };
    if !live::stack::prepare(frames, tracking.max_tracked_allocations) {
        warnings.push("the system has no memory for stacks: set max_tracked_allocations lower".to_owned());
    }
    exit::own();
    let profile = running.insert(Running {
        config,
        warnings,
        installed: found.is_some(),
        inner,
        started: Anchor::now(),
        started_at: SystemTime::now(),
        live_at_start: MemoryStats::default(),
        not_tracked_at_start: 0,
        refused_at_start: 0,
        room: Room::new(),
        periodic: None,
    });
    if profile.config.reporting.every_seconds > 0 {
        match Periodic::start(profile.config.reporting.every_seconds, profile.config.reporting.keep) {
            Ok(periodic) => profile.periodic = Some(periodic),
            Err(error) => {
                profile.warnings.push(format!("no thread for the reports of every_seconds could be started: {error}"));
            }
        }
    }
    drop(scope);
    // Last: what is allocated from here on has a record.
    profile.live_at_start = tracker::memory_stats();
    profile.not_tracked_at_start = collect::not_tracked();
    let max = tracking.max_tracked_allocations;
    let (interval, percent) = (tracking.sample_interval_bytes as u64, tracking.overhead_budget_percent as u64);
    if tracking.track_allocations && !tracker::start_tracking(max, interval, percent) {
        profile.warnings.push(format!(
            "the system has no memory for a table of {max} allocations: set max_tracked_allocations lower"
        ));
    }
    // What was refused until here has a warning of its own.
    profile.refused_at_start = pages::refused();
    Ok(Profiler { finished: false })
}

/// Names the inner allocator: as the user did, else by its type.
fn inner_allocator(type_name: &str, given: Option<&str>) -> String {
    match (given, type_name) {
        (Some(given), _) => given.to_owned(),
        (None, "std::alloc::System") => "system".to_owned(),
        (None, name) if name.ends_with("jemallocator::Jemalloc") => jemalloc::NAME.to_owned(),
        (None, name) => name.to_owned(),
    }
}

fn finish() -> Result<Written, Error> {
    let mut running = running();
    let mut profile = running.take().ok_or(Error::NotRunning)?;
    let report = collect::report(&mut profile)?;
    let _held = Held::begin();
    let written = write(&profile, &report);
    // Where no file can be written, the table is all there is.
    report::table::print(&report, written.as_ref().ok());
    written
}

/// Writes the files of a running program under numbered names.
fn write_numbered(profile: &Running, report: &Report, number: u64) -> Result<Written, Error> {
    let paths = &profile.config.reporting;
    let numbered = |name| periodic::numbered(name, number);
    report::files::write(
        report,
        &paths.output_dir,
        &numbered(&paths.allocation_report),
        &numbered(&paths.leak_report),
        None,
    )
}

fn write(profile: &Running, report: &Report) -> Result<Written, Error> {
    let _scope = collect::Reporting::begin();
    let _held = Held::begin();
    let paths = &profile.config.reporting;
    let statistics = profile.config.jemalloc.stats_print.then(|| jemalloc::stats_print(&profile.inner)).flatten();
    report::files::write(
        report,
        &paths.output_dir,
        &paths.allocation_report,
        &paths.leak_report,
        statistics.as_deref().map(|text| (STATISTICS_FILE, text)),
    )
}
