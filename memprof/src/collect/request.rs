//! All that a report has to know of the profile that it is made for.

use super::memory::ReportMemory;
use crate::MemoryStats;
use crate::config::Config;
use crate::os::clock::Anchor;
use crate::report::files::run::Run;
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

/// A profile, as its reports see it.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The process that it was started in.
    pub(crate) process: u32,
    /// Tells this profile from others, as that process saw itself when it began: it may change its root later.
    pub(crate) run: Run,
    pub(crate) config: Config,
    pub(crate) warnings: Vec<String>,
    /// True if the tracker is the program's global allocator.
    pub(crate) installed: bool,
    /// The inner allocator: `system`, `jemalloc`, or a path; `none` where the tracker is not installed.
    pub(crate) inner: String,
    pub(crate) started: Anchor,
    pub(crate) started_at: SystemTime,
    /// Figures of the moment when recording began; that is last, when nothing more is allocated.
    pub(crate) at_start: OnceLock<AtStart>,
    /// How often the system had no memory for the profiler until the profile ran.
    pub(crate) refused_at_start: OnceLock<u64>,
    pub(crate) memory: Arc<ReportMemory>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AtStart {
    /// Live memory: it has no record.
    pub(crate) live: MemoryStats,
    /// Allocations that had found no room for a record, in profiles before this one.
    pub(crate) not_tracked: u64,
}

impl Request {
    pub(crate) fn at_start(&self) -> AtStart {
        self.at_start.get().copied().unwrap_or_default()
    }

    /// True if this is a child that was forked from the process which began the profile.
    pub(crate) fn is_inherited(&self) -> bool {
        self.process != std::process::id()
    }

    /// The run that reports belong to. A forked child has one of its own.
    pub(crate) fn own_run(&self) -> Run {
        if self.is_inherited() { Run::own(self.run.profile) } else { self.run }
    }
}
