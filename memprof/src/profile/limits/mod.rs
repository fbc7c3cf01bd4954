//! Reports of a program that reaches a limit of its memory, or a new high of its heap.
//!
//! The profiler's thread looks at the memory, the more often the nearer it is. The heap is also noticed where threads
//! publish it: a thread that reaches the mark wakes the profiler's. If the memory grows so fast that it would reach the
//! limit before a report stands, the report is begun below the threshold, and the next one replaces it. The first
//! report has addresses instead of names: it takes little memory, and stands at once. If there is enough memory left
//! for the names, it is then replaced.

mod course;
mod episode;
mod forecast;
mod kept;
mod memory_in_use;
mod untouched;

use self::course::{Course, RiseOfParts};
use self::episode::{Episode, Highs};
use self::forecast::Forecast;
use self::kept::KeptReports;
use self::memory_in_use::{MemoryFigures, MemoryInUse};
use super::{ReportingGuard, Running, output, running, warn};
use crate::Error;
use crate::collect::{self, ReportMemory, Request};
use crate::config::LimitReports;
use crate::os::terminal::stderr;
use crate::os::threads::wake;
use crate::report::Written;
use crate::report::data::{AtLimit, reason};
use crate::report::files::RunningNumber;
use crate::size;
use crate::tracker::high_water;
use std::sync::atomic::Ordering::{Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, Instant};

/// Growth per second that is looked for: the memory is looked at again before it can have reached the threshold.
const FASTEST: u64 = 2 << 30;
const SHORTEST_LOOK: Duration = Duration::from_millis(5);
/// The same while a thread notices that the heap grows.
const SHORTEST_OF_GROWTH: Duration = Duration::from_millis(1);
/// Part of the distance to the threshold by which the heap grows until that is noticed, and the least growth.
const PART_NOTICED: u64 = 4;
const LEAST_NOTICED: u64 = 1 << 20;
/// Least part of the threshold that is in use when a report is begun below it.
const PART_EARLY: u64 = 2;
const LONGEST_LOOK: Duration = Duration::from_millis(250);
/// Memory for the names is left if so many times as much is.
const TIMES_FOR_NAMES: u64 = 2;

/// Settings of the profile, for its thread and those of forked children.
static PERCENT: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static NEW_HIGH: AtomicBool = AtomicBool::new(false);
static KEEP: AtomicU64 = AtomicU64::new(0);
/// True if a thread has published a net at the mark.
static IS_NOTICED: AtomicBool = AtomicBool::new(false);

/// Sets the limits of a profile.
pub(super) fn begin(settings: &LimitReports) {
    PERCENT.store(settings.report_at_percent as u64, Relaxed);
    BYTES.store(settings.report_at_bytes as u64, Relaxed);
    NEW_HIGH.store(settings.report_at_new_high, Relaxed);
    KEEP.store(settings.keep_limit_reports as u64, Relaxed);
    high_water::set_limit(high_water::NEVER);
    IS_NOTICED.store(false, Relaxed);
}

/// Watches nothing from here on.
pub(super) fn end() {
    begin(&LimitReports { report_at_percent: 0, report_at_bytes: 0, report_at_new_high: false, keep_limit_reports: 0 });
}

/// True if the profile has limits.
pub(super) fn are_wanted() -> bool {
    PERCENT.load(Relaxed) > 0 || BYTES.load(Relaxed) > 0 || NEW_HIGH.load(Relaxed)
}

/// True if the thread should look at the memory now.
pub(super) fn is_noticed() -> bool {
    IS_NOTICED.load(Relaxed)
}

/// Notes that the heap has reached the mark. Called in an allocation.
pub(super) fn notice() {
    IS_NOTICED.store(true, Release);
    wake::wake();
}

/// The watch of the profiler's thread.
#[derive(Debug)]
pub(super) struct LimitWatch {
    begun: Instant,
    /// Time of the next look, and the earliest one if growth is noticed.
    next: Duration,
    earliest: Duration,
    memory: MemoryInUse,
    episode: Episode,
    forecast: Forecast,
    course: Course,
    highs: Option<Highs>,
    limits: ReportSeries,
    new_highs: ReportSeries,
}

/// The reports of one kind.
#[derive(Debug, Default)]
struct ReportSeries {
    written: u64,
    kept: KeptReports,
    /// True if the latest one was begun below the threshold: the next one replaces it.
    is_early: bool,
    /// Number of the latest one that stderr has named, and true if it was early.
    said: Option<(u64, bool)>,
}

impl ReportSeries {
    /// Number of the next report.
    fn next(&mut self, is_early: bool) -> u64 {
        if self.is_early {
            self.kept.forget_latest();
        } else {
            self.written += 1;
        }
        self.is_early = is_early;
        self.written
    }
}

/// A report that is due.
#[derive(Clone, Copy, Debug)]
struct DueReport {
    is_new_high: bool,
    threshold: u64,
    figures: MemoryFigures,
    /// Growth of the memory.
    per_second: u64,
    rise: Option<RiseOfParts>,
}

impl DueReport {
    /// True if the memory is still below the threshold, but would reach the limit before a report stands.
    fn is_early(&self) -> bool {
        !self.is_new_high && self.figures.used() < self.threshold
    }
}

impl LimitWatch {
    /// Begins to watch. `None`: the profile has no limits.
    pub(super) fn of_profile() -> Option<Self> {
        if !are_wanted() {
            return None;
        }
        let _scope = ReportingGuard::begin();
        let mut memory = MemoryInUse::begin();
        let heap = memory.read(Duration::ZERO).heap;
        Some(Self {
            begun: Instant::now(),
            next: Duration::ZERO,
            earliest: Duration::ZERO,
            memory,
            episode: Episode::default(),
            forecast: Forecast::new(),
            course: Course::new(),
            highs: NEW_HIGH.load(Relaxed).then(|| Highs::new(heap)),
            limits: ReportSeries::default(),
            new_highs: ReportSeries::default(),
        })
    }

    /// Time until the next look.
    pub(super) fn pause(&self) -> Duration {
        let next = if IS_NOTICED.load(Relaxed) { self.earliest } else { self.next };
        next.saturating_sub(self.begun.elapsed())
    }

    /// Looks at the memory if that is due, and writes the report that is due, if the profile that runs is the one of
    /// this thread.
    pub(super) fn look(&mut self, is_its: impl Fn(&Running) -> bool) {
        let now = self.begun.elapsed();
        if !self.pause().is_zero() {
            return;
        }
        IS_NOTICED.store(false, Relaxed);
        let figures = self.memory.read(now);
        let threshold = threshold(&figures);
        let per_second = self.forecast.look(figures.used(), now) as u64;
        self.course.note(&figures, now);
        let rise = self.course.rise(&figures, now);
        let due_at = threshold.map(|threshold| self.due_at(threshold, &figures));
        if let (Some(threshold), Some(due_at)) = (threshold, due_at)
            && self.episode.look(figures.used(), due_at, now)
        {
            let due = DueReport { is_new_high: false, threshold, figures, per_second, rise };
            self.write(due, is_its);
            self.episode.begin(due.is_early(), now, self.begun.elapsed());
        } else if let Some(highs) = &mut self.highs
            && highs.look(figures.heap, now)
        {
            let due = DueReport { is_new_high: true, threshold: highs.due(), figures, per_second, rise };
            self.write(due, is_its);
            if let Some(highs) = &mut self.highs {
                highs.begin(figures.heap, now, self.begun.elapsed());
            }
        }
        self.arm(threshold, &figures);
    }

    /// Memory of this process at which a report is due: the threshold, or less if it would reach the limit while the
    /// report is made.
    fn due_at(&self, threshold: u64, figures: &MemoryFigures) -> u64 {
        let ahead = self.forecast.growth_meanwhile();
        let is_too_fast = figures.left().is_some_and(|left| left <= ahead);
        if is_too_fast { threshold.min(figures.used().max(threshold / PART_EARLY)) } else { threshold }
    }

    /// Sets the mark of the heap, and the time of the next look.
    fn arm(&mut self, threshold: Option<u64>, figures: &MemoryFigures) {
        let now = self.begun.elapsed();
        let armed = threshold.filter(|_| self.episode.is_armed(now));
        let distance = armed.map(|threshold| threshold.saturating_sub(figures.used()));
        let growth = armed.zip(distance).map(|(threshold, distance)| noticed_after(threshold, distance));
        let limit = growth.map(|growth| figures.heap.saturating_add(growth));
        let high = self.highs.as_ref().filter(|highs| highs.is_armed(now)).map(Highs::due);
        let mark = limit.into_iter().chain(high).min().and_then(|mark| i64::try_from(mark).ok());
        high_water::set_limit(mark.unwrap_or(high_water::NEVER));
        self.next = now + distance.map_or(LONGEST_LOOK, look_after);
        self.earliest = now + SHORTEST_OF_GROWTH;
    }

    /// Writes the report, without names and, if there is memory for them, with names.
    fn write(&mut self, due: DueReport, is_its: impl Fn(&Running) -> bool) {
        let mut running = running();
        let Some(profile) = running.get().filter(|profile| is_its(profile)) else { return };
        let _scope = ReportingGuard::begin();
        let request = &profile.request;
        let series = if due.is_new_high { &mut self.new_highs } else { &mut self.limits };
        let number = series.next(due.is_early());
        let begun = Instant::now();
        let mut result = write(request, &due, number, self.memory.of_group(), false);
        self.forecast.note(begun.elapsed());
        let left = self.memory.read(self.begun.elapsed()).left();
        if result.is_ok() && !due.is_early() && is_for_names(left) {
            // The first one stays if this one fails.
            result = write(request, &due, number, self.memory.of_group(), true).or(result);
        }
        request.memory.refill();
        match result {
            Ok(written) => {
                // Early ones replace each other, as often as growth is fast.
                let present = (number, due.is_early());
                let is_news = series.said.replace(present) != Some(present);
                let message = (!request.is_inherited() && is_news).then(|| said(&due, &written));
                let profile = request.run.profile;
                drop(running);
                series.kept.add(profile, due.figures.used(), written, KEEP.load(Relaxed) as usize);
                if let Some(message) = message {
                    stderr::write_all(message.as_bytes());
                }
            }
            Err(Error::OutOfMemory) => request.memory.leave_out(),
            Err(error) => {
                const BEGINNING: &str = "a report of the memory at a limit could not be written";
                if !request.warnings.iter().any(|warning| warning.starts_with(BEGINNING)) {
                    warn(&mut running, format!("{BEGINNING}: {error}"));
                }
            }
        }
    }
}

/// Memory of this process from which on a report is due: other processes of the group take a part of the limit.
fn threshold(figures: &MemoryFigures) -> Option<u64> {
    let (percent, bytes) = (PERCENT.load(Relaxed), BYTES.load(Relaxed));
    let of_limit = figures.limit.filter(|_| percent > 0).map(|(limit, _)| {
        let share = u128::from(limit) * u128::from(percent) / 100;
        u64::try_from(share).unwrap_or(u64::MAX).saturating_sub(figures.others.unwrap_or(0))
    });
    let of_process = (bytes > 0).then_some(bytes);
    of_limit.into_iter().chain(of_process).min()
}

/// Time after which memory that is so far from the threshold is looked at again.
fn look_after(distance: u64) -> Duration {
    Duration::from_nanos(distance.saturating_mul(1_000_000) / (FASTEST / 1000)).clamp(SHORTEST_LOOK, LONGEST_LOOK)
}

/// Growth of the heap that is noticed, so far below the threshold: in its lower half, that to the middle.
fn noticed_after(threshold: u64, distance: u64) -> u64 {
    let to_the_middle = distance.saturating_sub(threshold - threshold / PART_EARLY);
    to_the_middle.max(distance / PART_NOTICED).max(LEAST_NOTICED)
}

/// True if there is enough memory for the names of stacks.
fn is_for_names(left: Option<u64>) -> bool {
    let names = ReportMemory::for_names_of_debug_information();
    names > 0 && left.is_some_and(|left| left >= names.saturating_mul(TIMES_FOR_NAMES))
}

fn write(
    request: &Request,
    due: &DueReport,
    number: u64,
    group_bytes: Option<u64>,
    has_names: bool,
) -> Result<Written, Error> {
    let DueReport { is_new_high, threshold, figures, per_second, rise } = *due;
    let (limit_bytes, limit_source) = figures.limit.unzip();
    let report = collect::limit_report(
        request,
        AtLimit {
            reason: if is_new_high { reason::NEW_HIGH } else { reason::LIMIT }.to_owned(),
            number,
            threshold_bytes: threshold,
            used_bytes: figures.used(),
            heap_bytes: figures.heap,
            untouched_bytes: figures.untouched,
            resident_bytes: figures.resident,
            bytes_per_second: per_second,
            limit_bytes,
            limit_source: limit_source.map(str::to_owned),
            group_bytes,
            other_processes_bytes: figures.others,
            rise_seconds: rise.map(|rise| rise.time.as_secs_f64()),
            heap_rise_bytes: rise.map(|rise| rise.heap),
            rest_rise_bytes: rise.map(|rise| rise.rest),
            others_rise_bytes: rise.filter(|_| figures.others.is_some()).map(|rise| rise.others),
            has_names,
            ..AtLimit::default()
        },
    )?;
    // Then the one with addresses is better.
    if has_names && !request.memory.is_for_names() {
        return Err(Error::OutOfMemory);
    }
    let number = if is_new_high { RunningNumber::High(number) } else { RunningNumber::Limit(number) };
    output::write(request, &report, Some(number))
}

/// The line on stderr.
fn said(due: &DueReport, written: &Written) -> String {
    let used = size::bytes(due.figures.used());
    let path = written.allocation_report.display();
    if due.is_new_high {
        return format!("memprof: the heap has reached a new high of {}: {path}\n", size::bytes(due.figures.heap));
    }
    match due.figures.limit {
        Some((limit, source)) => {
            format!(
                "memprof: the memory has reached {used}, and the limit is {} ({source}): {path}\n",
                size::bytes(limit)
            )
        }
        None => format!("memprof: the memory has reached {used}: {path}\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_is_looked_at_before_it_can_be_full() {
        assert_eq!(look_after(0), SHORTEST_LOOK);
        assert_eq!(look_after(u64::MAX), LONGEST_LOOK);
        let distance = 64 << 20;
        let look = look_after(distance);
        assert!(look > SHORTEST_LOOK && look < LONGEST_LOOK);
        assert_eq!(noticed_after(100 << 20, 90 << 20), 40 << 20);
        assert_eq!(noticed_after(100 << 20, 40 << 20), 10 << 20);
        assert_eq!(noticed_after(100 << 20, 0), LEAST_NOTICED);
        assert!((look.as_secs_f64() * FASTEST as f64 - distance as f64).abs() < 1e5, "{look:?}");
    }
}
