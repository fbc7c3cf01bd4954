//! Start, report, finish: one profile of the process at a time.
//!
//! ```text
//!          start                         finish, drop, exit of the process
//!   IDLE ─────────► RUNNING ───────────────────────────────────────────────► IDLE (reports written)
//!                    │   ▲
//!                    └───┘ report, write_report
//! ```
//!
//! An order that types enforce leads to RUNNING (`start.rs`).
//!
//! The counters are independent of it: they count from the first allocation of the process and are never reset.

mod abort;
mod attribute;
mod background;
mod exit;
mod fork;
mod limits;
mod listener;
mod out_of_memory;
mod output;
mod panic_hook;
mod peak_watch;
mod periodic;
mod profiler;
mod schedule;
mod start;

pub use attribute::{MainOptions, MainProfile, main_start};
pub use exit::exit;
pub use profiler::Profiler;

pub(crate) use crate::tracker::ReportingGuard;

use self::background::Background;
use crate::Error;
use crate::collect::{self, Request};
use crate::os::process::fork_lock::{ForkLock, LockGuard};
use crate::os::signals::write_signals;
#[cfg(feature = "serve")]
use crate::report::Report;
use crate::report::Written;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

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

/// The report of the running profile, for an answer of the server.
#[cfg(feature = "serve")]
fn served_report(has_names: bool) -> Result<Report, Error> {
    let _scope = ReportingGuard::begin();
    let running = running();
    let profile = running.get().ok_or_else(no_report)?;
    let report = collect::served_report(&profile.request, has_names);
    profile.request.memory.refill();
    report
}

/// Adds a warning to the profile that runs.
fn warn(running: &mut LockGuard<'static, Running>, warning: String) {
    if let Some(mut profile) = running.get().cloned() {
        profile.request.warnings.push(warning);
        running.put(profile);
    }
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
            output::print(&profile.request, &report, written.as_ref().ok());
        }
        written
    })
}

/// Ends the profile.
fn stop(running: &mut LockGuard<'static, Running>) {
    let _scope = ReportingGuard::begin();
    if let Some(profile) = running.take() {
        #[cfg(feature = "serve")]
        crate::serve::end();
        abort::release();
        fork::has_background(false);
        background::end_readings();
        if let Some(background) = profile.background {
            background.stop();
        }
    }
}
