//! The profile of programs without [`#[memprof::main]`](crate::main), as a value.

use super::start::{Described, start};
use super::{ReportingGuard, exit, finish, no_report, running};
use crate::config::Loaded;
use crate::report::{Report, Written};
use crate::{Error, collect};

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
    /// Starts a profile from a [`Config`](crate::Config), or from the value that [`Config::load`](crate::Config::load)
    /// returned.
    ///
    /// The counters have been running since the process began. A profile adds the recording of live allocations, and
    /// the report at its end. With `enabled = false` this thread, and each that begins later, stops counting, and
    /// nothing is written.
    ///
    /// # Errors
    /// [`Error::AlreadyRunning`] while another profile is running.
    ///
    /// ```
    /// let mut config = memprof::Config::default();
    /// config.memory_profiling.dump_on_exit = false; // No files.
    /// let profiler = memprof::Profiler::start(config)?;
    /// assert!(memprof::Profiler::start(memprof::Config::default()).is_err(), "one is running");
    /// # drop(profiler);
    /// # Ok::<(), memprof::Error>(())
    /// ```
    pub fn start(config: impl Into<Loaded>) -> Result<Profiler, Error> {
        let loaded = {
            let _scope = ReportingGuard::begin();
            config.into()
        };
        Self::begin(loaded, Described::default())
    }

    /// As [`start`](Self::start); `allocator` is the user's name of the inner allocator, if its type does not identify
    /// it.
    pub(super) fn begin(loaded: Loaded, program: Described) -> Result<Profiler, Error> {
        let is_enabled = start(loaded, program)?;
        Ok(Profiler { finished: !is_enabled })
    }

    /// True the first time: the caller ends the profile.
    pub(super) fn claim_end(&mut self) -> bool {
        !std::mem::replace(&mut self.finished, true)
    }

    /// A report of the figures up to now. The program continues meanwhile; a report of a running program is as
    /// consistent as one at its end.
    ///
    /// Cost: two walks over the call paths of all threads, one over the live table (about 1 ms for 10,000 tracked
    /// allocations), and the allocations of the report itself, which the next report shows in `overhead.reporting`. The
    /// report is empty with `enabled = false`, and if there is no memory for it.
    ///
    /// ```
    /// # let mut config = memprof::Config::default();
    /// # config.memory_profiling.dump_on_exit = false;
    /// let profiler = memprof::Profiler::start(config)?;
    /// let report = profiler.report();
    /// println!("{} bytes are live", report.totals.net_bytes);
    /// # Ok::<(), memprof::Error>(())
    /// ```
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

    /// Ends the profile and writes the reports: the files, and the table on stderr.
    ///
    /// # Errors
    /// [`Error::Io`] if the reports can be written neither where the configuration says nor to the system's temporary
    /// directory; [`Error::OutOfMemory`]; [`Error::Disabled`] with `enabled = false`.
    ///
    /// ```
    /// let mut config = memprof::Config::default();
    /// config.reporting.output_dir = std::env::temp_dir().join("memprof-finish");
    /// let profiler = memprof::Profiler::start(config)?;
    /// let written = profiler.finish()?;
    /// println!("see {}", written.leak_report.display());
    /// # Ok::<(), memprof::Error>(())
    /// ```
    pub fn finish(mut self) -> Result<Written, Error> {
        self.claim_end();
        finish()
    }
}

impl Drop for Profiler {
    fn drop(&mut self) {
        if self.claim_end() {
            exit::finish_unless_told_not_to();
        }
    }
}
