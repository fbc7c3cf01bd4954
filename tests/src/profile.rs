//! A profile that leaves nothing behind.

use crate::counting::Counting;
use crate::rows::assert_rows_add_up;
use memprof::{Config, Profiler, Report};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::TempDir;

/// A running profile that writes nothing at its end. There is one at a time: tests of one process wait for each other.
///
/// A function's figures stay in its row for the whole process, so each test has its own functions.
#[derive(Debug)]
pub struct Profile {
    profiler: Profiler,
    _folder: TempDir,
    // Last: the next test starts its profile after this one has ended.
    _alone: MutexGuard<'static, ()>,
}

static ALONE: Mutex<()> = Mutex::new(());

impl Profile {
    /// Starts a profile that tracks far more allocations than a test has.
    pub fn start() -> Self {
        Self::with(|config| config.memory_profiling.max_tracked_allocations = 20_000)
    }

    /// Starts a profile without stacks that differs from the default where `change` says so.
    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.memory_profiling.dump_on_exit = false;
        // A busy machine must not decide what a test sees.
        config.memory_profiling.overhead_budget_percent = 0;
        // Names take long to find in a test's debug information, and they split the groups.
        config.memory_profiling.backtraces = false;
        config.reporting.output_dir = folder.path().to_owned();
        change(&mut config);
        let profiler = Counting::apart(|| Profiler::start(config)).unwrap();
        Self { profiler, _folder: folder, _alone: alone }
    }

    /// The report as of now; its rows add up.
    pub fn report(&self) -> Report {
        let report = Counting::apart(|| self.profiler.report());
        assert_rows_add_up(&report);
        report
    }
}
