//! Everything that a report needs to know about its profile.

use super::memory::ReportMemory;
use crate::MemoryStats;
use crate::config::Config;
use crate::os::clock::Anchor;
use crate::report::files::run::Run;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

/// The running profile, as its reports see it: configuration, identity, start and allocator.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Process that the profile was started in.
    pub(crate) process: u32,
    /// Identity of this profile, as its process saw itself when it began: the process may enter another root (`chroot`)
    /// later.
    pub(crate) run: Run,
    pub(crate) config: Config,
    pub(crate) warnings: Vec<String>,
    /// True if the tracker is the program's global allocator.
    pub(crate) installed: bool,
    /// The inner allocator: `system`, `jemalloc`, or a path; `none` if the tracker is not installed.
    pub(crate) inner: String,
    /// Version of the program's package, if it is known.
    pub(crate) version: Option<&'static str>,
    /// Build id of the executable, read at the start: in a forked child the loader's lock may be held by a thread that
    /// does not exist.
    pub(crate) build: Option<String>,
    pub(crate) started: Anchor,
    pub(crate) started_at: SystemTime,
    /// Figures of the moment when recording began, which is last, when nothing more is allocated.
    pub(crate) at_start: OnceLock<AtStart>,
    /// Refusals of system memory to the profiler until the profile ran.
    pub(crate) refused_at_start: OnceLock<u64>,
    pub(crate) memory: Arc<ReportMemory>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AtStart {
    /// Live memory without a record.
    pub(crate) live: MemoryStats,
    /// Allocations that did not fit into the live table in earlier profiles.
    pub(crate) not_recorded: u64,
}

impl Request {
    pub(crate) fn at_start(&self) -> AtStart {
        self.at_start.get().copied().unwrap_or_default()
    }

    /// True in a child that was forked from the process that started the profile.
    pub(crate) fn is_inherited(&self) -> bool {
        self.process != std::process::id()
    }

    /// Run of the reports. A forked child has its own.
    pub(crate) fn own_run(&self) -> Run {
        if self.is_inherited() { Run::own(self.run.profile) } else { self.run }
    }
}
