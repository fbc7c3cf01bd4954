//! When the next readings over time are due, and who takes them.
//!
//! The profiler's own thread does, on time. Where there is none, a thread that publishes does so in an allocation: it finds out
//! that one is due and never waits for another one that is at it. In a process with one thread nothing changes between two
//! allocations, so that readings lose nothing by being late.

use crate::collect::readings;
use crate::tracker::history;
use std::sync::OnceLock;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, Instant};

/// The first distance between two readings.
const FIRST_STEP: u64 = 10_000_000;
/// A reading comes no sooner than so many times its own length after the last one: at first 2 % of one processor, and ever less.
const PAUSE: u64 = 50;
/// How long one is thought to take at first. A single one that takes long lost the processor, or is the first to touch its memory:
/// of what it takes, not more than twice the usual is believed.
const FIRST_USUAL: u64 = 100_000;
/// Readings of the net to one of the places, at most, where that takes long.
const MOST: u64 = 4;
/// Readings of the net in all.
const DENSITY: u64 = 256;

static SCHEDULE: Schedule = Schedule::new();
/// True if all counters and all places may be read in an allocation.
static READS_ALL_IN_PASSING: AtomicBool = AtomicBool::new(false);

/// The schedule of a profile. All of it in nanoseconds. Who reads is alone most of the time; where two are, one reading more or
/// less does no harm.
struct Schedule {
    begun: AtomicU64,
    next: AtomicU64,
    /// Of the places; the net of the process is read each time.
    next_of_places: AtomicU64,
    step_of_places: AtomicU64,
    /// How long a reading takes, without what other threads had of the processor meanwhile.
    usual: AtomicU64,
}

/// Begins now: a profile has started. `in_passing` says whether all places can be read in an allocation.
pub(crate) fn begin(in_passing: bool) {
    READS_ALL_IN_PASSING.store(in_passing, Relaxed);
    SCHEDULE.begin(now());
    readings::begin();
    history::begin();
}

/// Until the next reading is due.
pub(crate) fn pause() -> Duration {
    Duration::from_nanos(SCHEDULE.next.load(Relaxed).saturating_sub(now()))
}

/// Takes the readings that are due. Does not allocate.
pub(crate) fn read() {
    history::read_if_due();
    SCHEDULE.read();
}

/// Takes the readings that are due, for a thread that publishes. Does not allocate and never waits.
pub(crate) fn read_in_passing() {
    if READS_ALL_IN_PASSING.load(Relaxed) {
        read();
    } else {
        history::read_published();
    }
}

/// Nanoseconds since this was first asked.
fn now() -> u64 {
    static BASE: OnceLock<Instant> = OnceLock::new();
    BASE.get_or_init(Instant::now).elapsed().as_nanos() as u64
}

impl Schedule {
    const fn new() -> Self {
        Self {
            begun: AtomicU64::new(0),
            next: AtomicU64::new(0),
            next_of_places: AtomicU64::new(0),
            step_of_places: AtomicU64::new(FIRST_STEP),
            usual: AtomicU64::new(FIRST_USUAL),
        }
    }

    fn begin(&self, now: u64) {
        self.begun.store(now, Relaxed);
        self.next.store(now + FIRST_STEP, Relaxed);
        self.next_of_places.store(now + FIRST_STEP, Relaxed);
        self.step_of_places.store(FIRST_STEP, Relaxed);
        self.usual.store(FIRST_USUAL, Relaxed);
    }

    /// Reads the places if that is due, and sets when the next readings are.
    fn read(&self) {
        let since = now();
        let run = since.saturating_sub(self.begun.load(Relaxed));
        let mut pause = 0;
        if since >= self.next_of_places.load(Relaxed) {
            if readings::are_full() {
                // Twice the distance that they have, however long a reading took.
                self.step_of_places.store(run / (readings::MOMENTS as u64 / 2), Relaxed);
            }
            readings::try_take();
            let most = self.usual.load(Relaxed).saturating_mul(2);
            let usual = now().saturating_sub(since).min(most);
            self.usual.store(usual, Relaxed);
            pause = usual.saturating_mul(PAUSE);
            self.next_of_places.store(since + self.step_of_places.load(Relaxed).max(pause), Relaxed);
        }
        // As dense as the history of the net is.
        self.next.store(since + FIRST_STEP.max(pause / MOST).max(run / DENSITY), Relaxed);
    }
}
