//! Times of the readings, and the threads that take them.
//!
//! The profiler's own thread takes them on time. Without it, a thread that publishes its totals takes a reading that is
//! due in its allocation, and never waits for another thread that is taking one. In a process with one thread nothing
//! changes between two allocations, so late readings lose nothing.

use crate::collect::{readings, system};
use crate::os::clock;
use crate::tracker::history::{self, SystemFigures};
use std::sync::OnceLock;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, Instant};

/// Initial interval of readings, in nanoseconds.
const FIRST_STEP: u64 = 10_000_000;
/// Minimum pause after a reading, as a multiple of its duration: at first 2 % of one processor, and less later.
const PAUSE: u64 = 50;
/// Initial estimate of a reading's duration, in nanoseconds. A single long reading has lost the processor, or was the
/// first to touch its memory: at most twice the usual duration is believed.
const FIRST_USUAL: u64 = 100_000;
/// Minimum pause of the thread between two readings of either kind, in nanoseconds.
const LEAST_PAUSE: u64 = 5_000_000;

static SCHEDULE: Schedule = Schedule::new();
/// True if all counters and all places may be read in an allocation.
static READS_ALL_IN_PASSING: AtomicBool = AtomicBool::new(false);

/// The schedule of a profile, all in nanoseconds. Mostly one thread uses it; if two do, one reading more or less does
/// no harm.
struct Schedule {
    begun: AtomicU64,
    /// The same moment by the clock of the readings, in ticks.
    begun_ticks: AtomicU64,
    /// Earliest next reading of the thread.
    next: AtomicU64,
    next_of_places: AtomicU64,
    step_of_places: AtomicU64,
    /// Usual duration of a reading, without the time that other threads had the processor meanwhile.
    usual: AtomicU64,
}

/// Begins the schedule, when a profile starts. `in_passing`: all places can be read in an allocation. `points`: limit
/// of the readings of the net.
pub(crate) fn begin(in_passing: bool, points: usize) {
    READS_ALL_IN_PASSING.store(in_passing, Relaxed);
    SCHEDULE.begin(now());
    readings::begin();
    history::begin(points, system::at_start());
}

/// Time until the thread's next reading is due.
pub(crate) fn pause() -> Duration {
    SCHEDULE.pause(now())
}

/// Takes the readings that are due, with the system's figures: for the profiler's thread. Does not allocate.
pub(crate) fn read() {
    SCHEDULE.note_pace(now());
    history::read_if_due(system::figures);
    SCHEDULE.read();
}

/// Takes the readings that are due, for a thread that publishes. Does not allocate and never waits.
pub(crate) fn read_in_passing() {
    if READS_ALL_IN_PASSING.load(Relaxed) {
        history::read_if_due(SystemFigures::default);
        SCHEDULE.read();
    } else {
        history::read_published();
    }
}

/// Nanoseconds since the first call.
fn now() -> u64 {
    static BASE: OnceLock<Instant> = OnceLock::new();
    BASE.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

impl Schedule {
    const fn new() -> Self {
        Self {
            begun: AtomicU64::new(0),
            begun_ticks: AtomicU64::new(0),
            next: AtomicU64::new(0),
            next_of_places: AtomicU64::new(0),
            step_of_places: AtomicU64::new(FIRST_STEP),
            usual: AtomicU64::new(FIRST_USUAL),
        }
    }

    fn begin(&self, now: u64) {
        self.begun.store(now, Relaxed);
        self.begun_ticks.store(clock::ticks(), Relaxed);
        self.next.store(now + FIRST_STEP, Relaxed);
        self.next_of_places.store(now + FIRST_STEP, Relaxed);
        self.step_of_places.store(FIRST_STEP, Relaxed);
        self.usual.store(FIRST_USUAL, Relaxed);
    }

    /// Ticks for each nanosecond; 0 while that is not known.
    fn ticks_per_nano(&self, now: u64) -> f64 {
        let run = now.saturating_sub(self.begun.load(Relaxed));
        let ticks = clock::ticks().saturating_sub(self.begun_ticks.load(Relaxed));
        if run < LEAST_PAUSE { 0.0 } else { ticks as f64 / run as f64 }
    }

    /// Keeps the readings of the net as far apart as the thread takes them.
    fn note_pace(&self, now: u64) {
        // A cast from a float saturates.
        history::set_least_step((FIRST_STEP as f64 * self.ticks_per_nano(now)) as u64);
    }

    fn pause(&self, now: u64) -> Duration {
        let until = |at: &AtomicU64| at.load(Relaxed).saturating_sub(now);
        let per_nano = self.ticks_per_nano(now);
        let net = if per_nano > 0.0 { (history::ticks_until_due() as f64 / per_nano) as u64 } else { FIRST_STEP };
        Duration::from_nanos(until(&self.next).max(until(&self.next_of_places).min(net)))
    }

    /// Reads the places if that is due, and schedules the next readings.
    fn read(&self) {
        let since = now();
        let run = since.saturating_sub(self.begun.load(Relaxed));
        if since >= self.next_of_places.load(Relaxed) {
            if readings::are_full() {
                // Twice the interval of the kept readings, however long a reading took.
                self.step_of_places.store(run / (readings::MOMENTS as u64 / 2), Relaxed);
            }
            readings::try_take();
            let most = self.usual.load(Relaxed).saturating_mul(2);
            let usual = now().saturating_sub(since).min(most);
            self.usual.store(usual, Relaxed);
            let pause = usual.saturating_mul(PAUSE);
            self.next_of_places.store(since + self.step_of_places.load(Relaxed).max(pause), Relaxed);
        }
        self.next.store(since + LEAST_PAUSE, Relaxed);
    }
}
