//! Figures of the system and of the inner allocator: for reports, and for readings over time.
//!
//! The C library's figures take long where much is free, under the locks of its arenas. So only the profiler's own
//! thread and reports read them: never a thread that publishes, nothing before `abort`, and no forked child that the
//! system did not announce. The thread spends at most 1 % of the time on them.

use crate::jemalloc;
use crate::os::memory::{malloc, resident, thread_stack};
use crate::report::data::JemallocStatistics;
use crate::tracker::history::SystemFigures;
use crate::tracker::{each_ledger, memory_stats};
use std::sync::OnceLock;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64};
use std::time::Instant;

/// Pause after a reading of the allocator's figures, as a multiple of its duration.
const PAUSE: u64 = 100;
/// Time before the first of these readings, nanoseconds.
const FIRST: u64 = 20_000_000;
/// Expected duration of the first reading for each free so far, and its limit, nanoseconds.
const EACH_FREE: u64 = 30;
const LONGEST_EXPECTED: u64 = 100_000_000;

/// Pause after a reading of the stacks of threads, as a multiple of its duration, and the least pause, nanoseconds.
const PAUSE_OF_STACKS: u64 = 400;
const LEAST_PAUSE_OF_STACKS: u64 = 20_000_000;

const UNKNOWN: u8 = 0;
const MALLOC: u8 = 1;
const JEMALLOC: u8 = 2;

static PACE: Pace = Pace::new();
/// Earliest next reading of the stacks of threads, nanoseconds.
static NEXT_OF_STACKS: AtomicU64 = AtomicU64::new(0);
/// The allocator whose figures are read.
static SOURCE: AtomicU8 = AtomicU8::new(UNKNOWN);
/// True if the profiler's thread reads them.
static IS_OVER_TIME: AtomicBool = AtomicBool::new(false);
/// The process in which the allocator can be asked, and the allocations that it had when it was forked.
static PROCESS: AtomicU32 = AtomicU32::new(0);
static AT_FORK: AtomicU64 = AtomicU64::new(u64::MAX);
/// True while `abort` ends the process: it may have been called by the allocator, under its lock.
static IS_ABORTING: AtomicBool = AtomicBool::new(false);

/// The inner allocator's own figures, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AllocatorFigures {
    /// In use, as the allocator counts.
    pub(crate) in_use: u64,
    /// Free memory that it holds.
    pub(crate) held: u64,
}

/// Times of the readings of the allocator's figures, nanoseconds.
struct Pace {
    begun: AtomicU64,
    /// Earliest next reading; 0: there was none.
    next: AtomicU64,
    last_in_use: AtomicU64,
    last_held: AtomicU64,
}

impl Pace {
    const fn new() -> Self {
        Self {
            begun: AtomicU64::new(0),
            next: AtomicU64::new(0),
            last_in_use: AtomicU64::new(0),
            last_held: AtomicU64::new(0),
        }
    }

    fn begin(&self, now: u64) {
        self.begun.store(now, Relaxed);
        self.next.store(0, Relaxed);
    }

    /// True if a reading may be taken after so many frees of the process.
    fn is_due(&self, now: u64, frees: u64) -> bool {
        match self.next.load(Relaxed) {
            0 => {
                let expected = frees.saturating_mul(EACH_FREE).min(LONGEST_EXPECTED);
                now.saturating_sub(self.begun.load(Relaxed)) >= FIRST.max(expected * PAUSE)
            }
            next => now >= next,
        }
    }

    fn note(&self, begun: u64, ended: u64, figures: AllocatorFigures) {
        self.next.store(ended.saturating_add(ended.saturating_sub(begun).saturating_mul(PAUSE)).max(1), Relaxed);
        self.last_in_use.store(figures.in_use, Relaxed);
        self.last_held.store(figures.held, Relaxed);
    }

    fn last(&self) -> Option<AllocatorFigures> {
        (self.next.load(Relaxed) > 0)
            .then(|| AllocatorFigures { in_use: self.last_in_use.load(Relaxed), held: self.last_held.load(Relaxed) })
    }
}

/// Begins readings of a profile with this inner allocator. `over_time`: also between reports, by the profiler's thread.
pub(crate) fn begin(inner: &str, over_time: bool) {
    IS_OVER_TIME.store(over_time, Relaxed);
    let source = match inner {
        "system" => MALLOC,
        jemalloc::NAME => JEMALLOC,
        "none" => UNKNOWN,
        _ if is_on_malloc() => MALLOC,
        _ => UNKNOWN,
    };
    SOURCE.store(source, Relaxed);
    PROCESS.store(std::process::id(), Relaxed);
    AT_FORK.store(u64::MAX, Relaxed);
    PACE.begin(now());
}

/// True if the program's allocator passes its requests on to the C library, as one that counts or limits does: then the
/// C library's figures rise with a block.
fn is_on_malloc() -> bool {
    /// Below the size from which glibc maps a block by itself.
    const BYTES: usize = 96 * 1024;
    let Some(before) = malloc::figures() else { return false };
    let block = std::hint::black_box(Vec::<u8>::with_capacity(BYTES));
    let during = malloc::figures();
    drop(block);
    during.is_some_and(|during| during.in_use >= before.in_use + BYTES as u64)
}

/// Notes that this process has just been forked.
pub(crate) fn in_child() {
    resident::repeated::forget();
    PROCESS.store(std::process::id(), Relaxed);
    AT_FORK.store(memory_stats().allocated_count as u64, Relaxed);
    PACE.begin(now());
}

/// Keeps reports from asking the allocator, because `abort` may have been called by it.
pub(crate) fn set_aborting(is_aborting: bool) {
    IS_ABORTING.store(is_aborting, Relaxed);
}

/// The present figures of the system, when a profile starts.
pub(crate) fn at_start() -> SystemFigures {
    with_resident(resident::repeated::read_once())
}

/// Prepares readings by the profiler's thread.
pub(crate) fn prepare() {
    if IS_OVER_TIME.load(Relaxed) {
        resident::repeated::open();
    }
}

/// The present figures, those of the allocator if they are due: for the profiler's thread. Does not allocate.
pub(crate) fn figures() -> SystemFigures {
    if !IS_OVER_TIME.load(Relaxed) {
        return SystemFigures::default();
    }
    let held = read_if_due().map(|figures| figures.held);
    SystemFigures { held, stacks: stacks_if_due(), ..with_resident(resident::repeated::read()) }
}

fn with_resident(figures: Option<(u64, u64)>) -> SystemFigures {
    let (resident, mapped) = figures.unzip();
    SystemFigures { resident, mapped, ..SystemFigures::default() }
}

/// Resident stacks of the threads that the tracker knows, bytes. `None`: the system does not tell.
pub(crate) fn stacks() -> Option<u64> {
    let threads = each_ledger().filter(|ledger| ledger.thread_id.load(Relaxed) != 0);
    threads.filter_map(|ledger| ledger.own_stack.resident()).chain(thread_stack::of_main()).reduce(u64::saturating_add)
}

/// The stacks, for at most a quarter of a percent of the time.
fn stacks_if_due() -> Option<u64> {
    let begun = now();
    if begun < NEXT_OF_STACKS.load(Relaxed) {
        return None;
    }
    let stacks = stacks();
    let ended = now();
    let pause = ended.saturating_sub(begun).saturating_mul(PAUSE_OF_STACKS).max(LEAST_PAUSE_OF_STACKS);
    NEXT_OF_STACKS.store(ended.saturating_add(pause), Relaxed);
    stacks
}

fn read_if_due() -> Option<AllocatorFigures> {
    if SOURCE.load(Relaxed) == UNKNOWN {
        return None;
    }
    let stats = memory_stats();
    if stats.allocated_count as u64 == AT_FORK.load(Relaxed) || !PACE.is_due(now(), stats.deallocated_count as u64) {
        return None;
    }
    read(None)
}

/// The allocator's figures for a report, and their source. `jemalloc`: its statistics, if they have been read.
/// `is_numbered`: for a report that the profiler makes of its own accord, so that the figures may be a little older.
pub(crate) fn of_report(
    jemalloc: Option<&JemallocStatistics>,
    is_numbered: bool,
) -> Option<(AllocatorFigures, &'static str)> {
    let source = SOURCE.load(Relaxed);
    let figures = if is_numbered && source == MALLOC { read_if_due().or_else(|| PACE.last()) } else { read(jemalloc) };
    Some((figures?, if source == JEMALLOC { jemalloc::NAME } else { "glibc mallinfo2" }))
}

fn read(jemalloc: Option<&JemallocStatistics>) -> Option<AllocatorFigures> {
    let begun = now();
    let figures = match SOURCE.load(Relaxed) {
        MALLOC if can_ask() => {
            let figures = malloc::figures()?;
            // Less than the program has: another allocator serves it, such as a preloaded one.
            let net = memory_stats().net_allocated as u64;
            if figures.in_use < net / 10 * 9 {
                return None;
            }
            AllocatorFigures { in_use: figures.in_use, held: figures.free }
        }
        JEMALLOC => {
            let own = if jemalloc.is_none() { jemalloc::statistics(jemalloc::NAME) } else { None };
            let statistics = jemalloc.or(own.as_ref())?;
            let (in_use, resident) = (statistics.allocated, statistics.resident);
            AllocatorFigures { in_use, held: resident.saturating_sub(in_use) }
        }
        _ => return None,
    };
    PACE.note(begun, now(), figures);
    Some(figures)
}

/// True if no thread that does not exist any more, and not this one, can hold a lock of the C library's allocator.
fn can_ask() -> bool {
    !IS_ABORTING.load(Relaxed) && PROCESS.load(Relaxed) == std::process::id()
}

/// Nanoseconds since the first call.
fn now() -> u64 {
    static BASE: OnceLock<Instant> = OnceLock::new();
    BASE.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_allocators_figures_take_at_most_a_hundredth_of_the_time() {
        let pace = Pace::new();
        pace.begin(0);
        assert!(!pace.is_due(FIRST - 1, 0) && pace.is_due(FIRST, 0));
        // Two million free chunks take 60 ms.
        assert!(!pace.is_due(5_900_000_000, 2_000_000) && pace.is_due(6_000_000_000, 2_000_000));
        assert!(!pace.is_due(9_000_000_000, u64::MAX) && pace.is_due(10_000_000_000, u64::MAX));
        assert_eq!(pace.last(), None);
        let (mut now, mut spent) = (FIRST, 0);
        for took in [1_000, 60_000_000, 5_000, 80_000_000, 1_000] {
            while !pace.is_due(now, 0) {
                now += 1_000_000;
            }
            pace.note(now, now + took, AllocatorFigures { in_use: took, held: 1 });
            now += took;
            spent += took;
            assert_eq!(pace.last(), Some(AllocatorFigures { in_use: took, held: 1 }));
        }
        while !pace.is_due(now, 0) {
            now += 1_000_000;
        }
        assert!(spent <= now / 100, "{spent} of {now}");
    }
}
