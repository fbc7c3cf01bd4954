//! Memory of the process, and of its control group, as the profiler's thread looks at it again and again. Nothing here
//! allocates, but for the beginning.

use super::untouched::UntouchedHeap;
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::os::memory::control_group::{self, LimitedGroup};
use crate::os::memory::{limit, resident};
use crate::tracker::high_water;
use std::time::Duration;

/// Least time between two looks at figures that take longer to read.
const SLOW: Duration = Duration::from_millis(100);

/// The limit and the figures that are read less often.
#[derive(Debug)]
pub(super) struct MemoryInUse {
    /// Limit of the memory and its source.
    limit: Option<(u64, &'static str)>,
    #[cfg(any(target_os = "linux", target_os = "android"))]
    group: Option<LimitedGroup>,
    /// Shared resident memory, which takes longer to read than the rest.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    shared: u64,
    others: Option<u64>,
    /// Time of the next look at these.
    next: Duration,
    untouched: UntouchedHeap,
}

/// MemoryFigures of one moment, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MemoryFigures {
    /// The published net.
    pub(super) heap: u64,
    /// Part of the heap that has not been resident for a while.
    pub(super) untouched: u64,
    /// Anonymous and shared resident memory.
    pub(super) resident: Option<u64>,
    /// The same of other processes in the limited group. `None`: there is no such group.
    pub(super) others: Option<u64>,
    pub(super) limit: Option<(u64, &'static str)>,
}

impl MemoryFigures {
    /// Memory of this process.
    pub(super) fn used(&self) -> u64 {
        self.touched_heap().max(self.resident.unwrap_or(0))
    }

    /// Heap that is resident, or may become so now.
    fn touched_heap(&self) -> u64 {
        self.heap.saturating_sub(self.untouched)
    }

    /// Resident memory outside the heap.
    pub(super) fn rest(&self) -> u64 {
        self.resident.unwrap_or(0).saturating_sub(self.touched_heap())
    }

    /// Memory that is left below the limit.
    pub(super) fn left(&self) -> Option<u64> {
        let (limit, _) = self.limit?;
        Some(limit.saturating_sub(self.used()).saturating_sub(self.others.unwrap_or(0)))
    }
}

impl MemoryInUse {
    /// Finds the limit, and opens the files that are read. Allocates.
    pub(super) fn begin() -> Self {
        resident::repeated::open_all();
        Self {
            limit: limit::of_memory(),
            #[cfg(any(target_os = "linux", target_os = "android"))]
            group: control_group::limited().inspect(control_group::repeated::open),
            #[cfg(any(target_os = "linux", target_os = "android"))]
            shared: 0,
            others: None,
            next: Duration::ZERO,
            untouched: UntouchedHeap::default(),
        }
    }

    /// The present figures.
    pub(super) fn read(&mut self, now: Duration) -> MemoryFigures {
        let heap = u64::try_from(high_water::net()).unwrap_or(0);
        let own = self.own_resident(now);
        if now >= self.next {
            self.next = now + SLOW;
            self.look_at_group(own.unwrap_or(heap));
        }
        let untouched = own.map_or(0, |resident| self.untouched.look(heap.saturating_sub(resident), now));
        MemoryFigures { heap, untouched, resident: own, others: self.others, limit: self.limit }
    }

    /// Memory of the group with cached files.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(super) fn of_group(&self) -> Option<u64> {
        self.group.as_ref().and_then(|_| control_group::repeated::usage())
    }

    /// Memory of the group: there are none.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    #[allow(clippy::unused_self, reason = "other systems have groups")]
    pub(super) fn of_group(&self) -> Option<u64> {
        None
    }

    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn own_resident(&mut self, now: Duration) -> Option<u64> {
        if now >= self.next {
            self.shared = resident::repeated::shared().unwrap_or(0);
        }
        let (resident, mapped) = resident::repeated::read()?;
        Some(resident.saturating_sub(mapped).saturating_add(self.shared))
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    #[allow(clippy::unused_self, reason = "other systems have figures that are read less often")]
    fn own_resident(&mut self, _now: Duration) -> Option<u64> {
        let parts = resident::parts()?;
        Some(parts.anonymous.saturating_add(parts.shared.unwrap_or(0)))
    }

    /// Reads the limit, which may have been changed, and the memory of other processes in the group.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn look_at_group(&mut self, own: u64) {
        let Some(group) = &self.group else { return };
        if let Some((limit, source)) = self.limit.as_mut().filter(|(_, source)| *source == group.version.source()) {
            (*limit, *source) = (control_group::repeated::limit().unwrap_or(*limit), *source);
        }
        self.others = control_group::repeated::held(group.version).map(|held| held.saturating_sub(own));
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    #[allow(clippy::unused_self, reason = "other systems have groups")]
    fn look_at_group(&mut self, _own: u64) {}
}
