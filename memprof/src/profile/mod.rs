//! Start, report, finish: one profile of the process at a time.
//!
//! ```text
//!          start                         finish, drop, exit of the process
//!   IDLE ─────────► RUNNING ───────────────────────────────────────────────► IDLE (reports written)
//!                    │   ▲
//!                    └───┘ report, write_report
//! ```
//!
//! The counters are independent of it: they count from the first allocation of the process and are never reset.

mod abort;
mod attribute;
mod background;
mod exit;
mod fork;
mod out_of_memory;
mod output;
mod panic_hook;
mod periodic;
mod schedule;

pub use attribute::{MainOptions, MainProfile, main_start};
pub use exit::exit;

pub(crate) use crate::tracker::ReportingGuard;

use self::background::Background;
use crate::collect::{self, AtStart, ReportMemory, Request};
use crate::config::{Config, Loaded};
use crate::os::clock::Anchor;
use crate::os::memory::pages;
use crate::os::process::fork_lock::{ForkLock, LockGuard};
use crate::os::signals::write_signals;
use crate::os::signals::{self, Signal};
use crate::os::terminal::stderr;
use crate::report::files::run::{Run, random};
use crate::report::{Report, Written};
use crate::{Error, jemalloc, stack, tracker};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

/// A running profile.
#[derive(Clone, Debug)]
struct Running {
    /// The data that a report needs.
    request: Request,
    /// The thread that writes reports on its own, `every_seconds` and on signals.
    background: Option<Background>,
}

static RUNNING: ForkLock<Running> = ForkLock::new();

/// Set after a profile was started with `enabled = false`.
static IS_OFF: AtomicBool = AtomicBool::new(false);

/// The reason why there is no report.
fn no_report() -> Error {
    if IS_OFF.load(Relaxed) { Error::Disabled } else { Error::NotRunning }
}

fn running() -> LockGuard<'static, Running> {
    RUNNING.lock()
}

/// A running profile, for programs without [`#[memprof::main]`](crate::main).
///
/// When it is dropped, or when the process exits before that, the reports are written as configured.
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
    /// Starts a profile from a [`Config`], or from the value that [`Config::load`] returned.
    ///
    /// The counters have been running since the process began. A profile adds the recording of live allocations, and
    /// the report at its end. With `enabled = false` this thread, and each that begins later, stops counting, and
    /// nothing is written.
    ///
    /// # Errors
    /// [`Error::AlreadyRunning`] while another profile is running.
    pub fn start(config: impl Into<Loaded>) -> Result<Profiler, Error> {
        let loaded = {
            let _scope = ReportingGuard::begin();
            config.into()
        };
        start(loaded, None)
    }

    /// A report of the figures up to now. The program continues meanwhile; a report of a running program is as
    /// consistent as one at its end.
    ///
    /// Cost: two walks over the call paths of all threads, one over the live table (about 1 ms for 10,000 tracked
    /// allocations), and the allocations of the report itself, which the next report shows in `overhead.reporting`. The
    /// report is empty with `enabled = false`, and if there is no memory for it.
    pub fn report(&self) -> Report {
        // Before the lock: what is left of the report belongs to the program once the lock is free again.
        let _scope = ReportingGuard::begin();
        let running = running();
        let Some(profile) = running.get() else {
            return Report { warnings: vec![no_report().to_string()], ..Report::default() };
        };
        let report = collect::report(&profile.request).unwrap_or_default();
        profile.request.memory.refill();
        report
    }

    /// Ends the profile and writes the reports: the two files, and the table on stderr.
    ///
    /// # Errors
    /// [`Error::Io`] if the reports can be written neither where the configuration says nor to the system's temporary
    /// directory; [`Error::OutOfMemory`]; [`Error::Disabled`] with `enabled = false`.
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

/// Writes the report files of the running profile with its current figures; the profile continues. Can be called from
/// any thread, at any time outside of an allocator or a signal handler.
///
/// # Errors
/// [`Error::NotRunning`] without a profile; [`Error::Disabled`] with `enabled = false`; [`Error::OutOfMemory`];
/// [`Error::Io`] if the files can be written neither where the configuration says nor to the system's temporary
/// directory.
///
/// ```
/// match memprof::write_report() {
///     Ok(written) => println!("see {}", written.allocation_report.display()),
///     Err(error) => println!("{error}"), // "no profile is running: …"
/// }
/// ```
pub fn write_report() -> Result<Written, Error> {
    let _scope = ReportingGuard::begin();
    let running = running();
    write(running.get().ok_or_else(no_report)?)
}

fn write(profile: &Running) -> Result<Written, Error> {
    let written = collect::report(&profile.request).and_then(|report| output::write(&profile.request, &report, None));
    profile.request.memory.refill();
    written
}

/// Starts a profile; `allocator` is the user's name of the inner allocator, if its type does not identify it.
fn start(loaded: Loaded, allocator: Option<&'static str>) -> Result<Profiler, Error> {
    tracker::note_profile();
    let scope = ReportingGuard::begin();
    let mut running = running();
    if running.get().is_some() {
        return Err(Error::AlreadyRunning);
    }
    let Loaded { config, mut warnings, .. } = loaded;
    if !config.memory_profiling.enabled {
        signals::refuse(&named_signals(config.memory_profiling.dump_on_signal.as_deref().unwrap_or_default()));
        IS_OFF.store(true, Relaxed);
        drop((running, scope));
        tracker::disable();
        return Ok(Profiler { finished: true });
    }
    let found = tracker::inner_name();
    let inner = found.map_or_else(|| "none".to_owned(), |type_name| inner_allocator(type_name, allocator));
    warnings.extend(jemalloc::apply(&config.jemalloc, &inner));
    out_of_memory::abort_if(config.jemalloc.abort_on_oom);
    if found.is_some() {
        panic_hook::install();
    }
    if config.memory_profiling.dump_on_exit && !exit::arm() {
        warnings.push("no exit handler could be registered: a call of `exit` will write no report".to_owned());
    }
    #[cfg(windows)]
    crate::os::process::kept_loaded::pin();
    let tracking = config.memory_profiling.clone();
    let frames = if tracking.track_allocations && tracking.backtraces { tracking.max_backtrace_frames } else { 0 };
    if !stack::prepare(frames, tracking.max_tracked_allocations) {
        warnings.push("no memory for stacks: live allocations have none; lower max_tracked_allocations".to_owned());
    }
    collect::system::begin(&inner, config.memory_profiling.timeline_points > 0);
    background::begin_readings(&config);
    let background = start_background(&config, &mut warnings);
    fork::arm();
    fork::has_background(background.is_some() && background_is_asked_for(&config));
    IS_OFF.store(false, Relaxed);
    stderr::note();
    let request = Request {
        process: std::process::id(),
        run: Run::own(random()),
        config,
        warnings,
        installed: found.is_some(),
        inner,
        started: Anchor::now(),
        started_at: SystemTime::now(),
        at_start: OnceLock::new(),
        refused_at_start: OnceLock::new(),
        memory: Arc::new(ReportMemory::new()),
    };
    let profile = Running { request, background };
    output::note(&profile.request);
    running.put(profile);
    drop(scope);
    // Last: allocations from here on have a record.
    let at_start = AtStart { live: tracker::memory_stats(), not_tracked: collect::not_tracked() };
    let _ = running.get().map(|profile| profile.request.at_start.set(at_start));
    let max = tracking.max_tracked_allocations;
    let (interval, percent) = (tracking.sample_interval_bytes as u64, tracking.overhead_budget_percent as u64);
    if tracking.track_allocations && !tracker::start_recording(max, interval, percent) {
        warn(
            &mut running,
            format!(
                "no memory for a table of {max} allocations: live allocations are not recorded; lower max_tracked_allocations"
            ),
        );
    }
    // Refusals up to here have their own warnings.
    let _ = running.get().map(|profile| profile.request.refused_at_start.set(pages::refused()));
    Ok(Profiler { finished: false })
}

/// The name of the inner allocator: the user's, else its type.
fn inner_allocator(type_name: &str, given: Option<&str>) -> String {
    match (given, type_name) {
        (Some(given), _) => given.to_owned(),
        (None, "std::alloc::System") => "system".to_owned(),
        (None, name) if name.ends_with("jemallocator::Jemalloc") => jemalloc::NAME.to_owned(),
        (None, name) => name.to_owned(),
    }
}

/// Adds a warning to the profile that runs.
fn warn(running: &mut LockGuard<'static, Running>, warning: String) {
    if let Some(mut profile) = running.get().cloned() {
        profile.request.warnings.push(warning);
        running.put(profile);
    }
}

/// Starts the profiler's own thread, if it has something to do.
fn start_background(config: &Config, warnings: &mut Vec<String>) -> Option<Background> {
    let mut signals = signals_to_catch(config, warnings);
    #[cfg(windows)]
    signals::on_event(exit::report_before_the_end);
    if cfg!(windows) {
        // The system starts a thread for each console event.
        signals.drain(..).for_each(|signal| {
            signal.catch();
        });
    }
    if config.reporting.every_seconds == 0 && signals.is_empty() && !takes_readings(config) {
        return None;
    }
    match Background::start(config) {
        Ok(background) => {
            for &signal in &signals {
                signal.catch();
            }
            if signals.iter().any(|signal| signal.is_programs()) {
                background.start_now();
            }
            Some(background)
        }
        Err(error) => {
            warnings.push(format!(
                "memprof could not start its thread ({error}): signals and every_seconds will write no report"
            ));
            None
        }
    }
}

/// True if the thread is started for readings over time alone: not if the configuration lists the signals that it is
/// for, and not if it would be a thread of the standard library, which allocates.
fn takes_readings(config: &Config) -> bool {
    cfg!(unix) && config.memory_profiling.track_allocations && config.memory_profiling.dump_on_signal.is_none()
}

/// The signals on which reports are written.
fn signals_to_catch(config: &Config, warnings: &mut Vec<String>) -> Vec<Signal> {
    let settings = &config.memory_profiling;
    let Some(names) = &settings.dump_on_signal else {
        // Signals that end the program, as `exit` does. Installed handlers are the program's own affair.
        let ends = ["SIGINT", "SIGTERM"].into_iter().filter(|_| settings.dump_on_exit).filter_map(Signal::named);
        return ends.filter(|signal| signal.has_default_action()).collect();
    };
    let named = named_signals(names);
    if named.len() < names.len() {
        warnings.push(format!(
            "dump_on_signal = {names:?}: this system lacks some of these signals, which will not trigger a report"
        ));
    }
    let (ignored, rest) = named.into_iter().partition::<Vec<Signal>, _>(|signal| signal.is_ignored());
    warnings.extend(ignored.into_iter().map(Signal::name).map(|name| {
        format!("{name} was ignored when this process started (nohup?) and stays ignored: it will not trigger a report")
    }));
    rest
}

fn named_signals(names: &[String]) -> Vec<Signal> {
    names.iter().filter_map(|name| Signal::named(name)).collect()
}

/// True if a key asks for the thread: then a forked child has it, too.
fn background_is_asked_for(config: &Config) -> bool {
    let names = config.memory_profiling.dump_on_signal.as_ref();
    config.reporting.every_seconds > 0 || names.is_some_and(|names| !names.is_empty())
}

fn finish() -> Result<Written, Error> {
    let _scope = ReportingGuard::begin();
    let mut running = running();
    let profile = running.get().ok_or_else(no_report)?;
    let written = write_and_print(profile);
    stop(&mut running);
    written
}

/// Writes the files, and prints the table on stderr.
fn write_and_print(profile: &Running) -> Result<Written, Error> {
    collect::report(&profile.request).and_then(|mut report| {
        report.program.is_final = true;
        let _held = write_signals::Held::begin();
        let written = output::write(&profile.request, &report, None);
        // The terminal belongs to the parent.
        if !profile.request.is_inherited() {
            // If no file can be written, the table is all there is.
            output::print(&report, written.as_ref().ok());
        }
        written
    })
}

/// Ends the profile.
fn stop(running: &mut LockGuard<'static, Running>) {
    let _scope = ReportingGuard::begin();
    if let Some(profile) = running.take() {
        abort::release();
        fork::has_background(false);
        background::end_readings();
        if let Some(background) = profile.background {
            background.stop();
        }
    }
}
