//! The net of the process over time: a bounded number of readings.
//!
//! When all slots are taken, every second reading is dropped and the distance between readings doubles: however long
//! the process runs, there are between 128 and 256 readings at equal distances. The profiler's own thread takes them
//! from all counters. Without that thread, publishing threads take them, by the function that the profile has set. If
//! there are too many counters to read in an allocation, such a thread publishes its own net, however small, and the
//! reading is off by the amounts that other threads have not published yet.

use super::published;
use crate::os::clock;
use crate::os::threads::cpu_time;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicPtr, AtomicU64, AtomicUsize};

/// Maximum number of readings.
const SLOTS: usize = 256;
/// The first distance between two readings, ticks: some milliseconds, by the clock of the processor.
const FIRST_STEP: u64 = if cfg!(target_arch = "x86_64") {
    1 << 23
} else if cfg!(target_arch = "aarch64") {
    1 << 17
} else {
    4_000_000
};
/// Attempts of a reader to get exclusive access before it goes on without.
const TRIES: usize = 10_000;

/// One reading.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Point {
    /// Time, in ticks of the coarse clock.
    pub(crate) ticks: u64,
    /// Allocated − deallocated, bytes.
    pub(crate) net: i64,
    /// Bytes allocated so far, a measure of activity.
    pub(crate) allocated: u64,
    /// Processor time so far, nanoseconds.
    pub(crate) processor: u64,
}

impl Point {
    pub(crate) fn now(net: i64, allocated: u64) -> Self {
        Self { ticks: clock::ticks(), net, allocated, processor: cpu_time::of_process() }
    }
}

struct PointSlot {
    ticks: AtomicU64,
    net: AtomicI64,
    allocated: AtomicU64,
    processor: AtomicU64,
}

impl PointSlot {
    const fn empty() -> Self {
        Self {
            ticks: AtomicU64::new(0),
            net: AtomicI64::new(0),
            allocated: AtomicU64::new(0),
            processor: AtomicU64::new(0),
        }
    }

    fn get(&self) -> Point {
        Point {
            ticks: self.ticks.load(Relaxed),
            net: self.net.load(Relaxed),
            allocated: self.allocated.load(Relaxed),
            processor: self.processor.load(Relaxed),
        }
    }

    fn set(&self, point: Point) {
        self.ticks.store(point.ticks, Relaxed);
        self.net.store(point.net, Relaxed);
        self.allocated.store(point.allocated, Relaxed);
        self.processor.store(point.processor, Relaxed);
    }
}

pub(crate) static READINGS: NetReadings = NetReadings::new();
/// True if the profiler's own thread takes the readings.
static HAS_READER: AtomicBool = AtomicBool::new(false);
/// Function that a publishing thread calls when a reading is due, a `fn()`; null: none.
static VISIT: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());
/// True if a publishing thread has taken a reading.
static IS_ROUGH: AtomicBool = AtomicBool::new(false);

pub(crate) struct NetReadings {
    is_taken: AtomicBool,
    len: AtomicUsize,
    step: AtomicU64,
    /// Time at which the next reading is due, in ticks; `u64::MAX`: never.
    next: AtomicU64,
    slots: [PointSlot; SLOTS],
}

impl NetReadings {
    const fn new() -> Self {
        Self {
            is_taken: AtomicBool::new(false),
            len: AtomicUsize::new(0),
            step: AtomicU64::new(FIRST_STEP),
            next: AtomicU64::new(u64::MAX),
            slots: [const { PointSlot::empty() }; SLOTS],
        }
    }

    /// Runs `work` unless another thread is inside. Never waits: the caller may be in an allocation.
    fn alone<T>(&self, work: impl FnOnce() -> T) -> Option<T> {
        self.is_taken.compare_exchange(false, true, Acquire, Relaxed).ok()?;
        let done = work();
        self.is_taken.store(false, Release);
        Some(done)
    }

    pub(crate) fn is_due(&self, ticks: u64) -> bool {
        ticks >= self.next.load(Relaxed)
    }

    #[cfg(unix)]
    fn hurry(&self) {
        let _ = self.next.fetch_update(Relaxed, Relaxed, |next| (next != u64::MAX).then_some(0));
    }

    /// Adds a reading. Of two at the same time, one is enough.
    pub(crate) fn add(&self, point: Point) {
        let _ = self.alone(|| {
            let mut len = self.len.load(Relaxed);
            if len >= SLOTS {
                len = self.thin();
            }
            if let Some(slot) = self.slots.get(len) {
                slot.set(point);
                self.len.store(len + 1, Relaxed);
            }
            self.next.store(point.ticks.saturating_add(self.step.load(Relaxed)), Relaxed);
        });
    }

    /// Drops every second reading, and returns the number of those left.
    fn thin(&self) -> usize {
        for (to, from) in self.slots.iter().zip(self.slots.iter().step_by(2)) {
            to.set(from.get());
        }
        let _ = self.step.fetch_update(Relaxed, Relaxed, |step| Some(step.saturating_mul(2)));
        SLOTS / 2
    }

    pub(crate) fn begin(&self, point: Point) {
        let _ = self.alone(|| {
            self.len.store(0, Relaxed);
            self.step.store(FIRST_STEP, Relaxed);
            self.next.store(0, Relaxed);
        });
        self.add(point);
    }

    pub(crate) fn copy(&self) -> Vec<Point> {
        // Allocated first: this lock is never held during an allocation.
        let mut points = Vec::with_capacity(SLOTS);
        for _ in 0..TRIES {
            let done = self.alone(|| {
                let len = self.len.load(Relaxed);
                points.extend(self.slots.iter().take(len).map(PointSlot::get));
            });
            if done.is_some() {
                break;
            }
            std::hint::spin_loop();
        }
        points
    }
}

/// Resets the readings and starts with the present net: a profile has started.
pub(crate) fn begin(point: Point) {
    IS_ROUGH.store(false, Relaxed);
    READINGS.begin(point);
}

/// True if a reading since then can be off by amounts that threads had not published.
pub(crate) fn are_rough() -> bool {
    IS_ROUGH.load(Relaxed)
}

/// Sets who takes the readings from now on: the profiler's own thread, or threads that publish.
pub(crate) fn has_reader(it_has: bool) {
    HAS_READER.store(it_has, Relaxed);
}

/// Sets the function that publishing threads call in an allocation when a reading is due, as long as the profiler has
/// no thread. It takes the reading, never waits and never allocates.
pub(crate) fn have_visited(visit: Option<fn()>) {
    VISIT.store(visit.map_or(std::ptr::null_mut(), |visit| visit as *mut ()), Release);
}

/// Takes a reading that is due, on a publishing thread.
pub(crate) fn visit() {
    let visit = VISIT.load(Acquire);
    if visit.is_null() {
        return read_published();
    }
    // SAFETY: only `have_visited` stores here, and it stores such a function.
    let visit = unsafe { std::mem::transmute::<*mut (), fn()>(visit) };
    visit();
}

/// Makes the next publishing thread take a reading.
#[cfg(unix)]
pub(crate) fn hurry() {
    READINGS.hurry();
}

/// In a forked child: the thread that was taking a reading does not exist.
pub(crate) fn recover() {
    has_reader(false);
    READINGS.is_taken.store(false, Release);
}

/// True if publishing threads take the readings. Without a profile nobody does.
#[inline]
pub(crate) fn needs_publishers() -> bool {
    READINGS.next.load(Relaxed) != u64::MAX && !HAS_READER.load(Relaxed)
}

/// True if a publishing thread should take a reading now.
#[inline]
pub(crate) fn is_due_for_publisher(ticks: u64) -> bool {
    READINGS.is_due(ticks) && needs_publishers()
}

/// Takes a reading from the published figures; the calling thread has published all of its own.
pub(crate) fn read_published() {
    let (net, allocated) = published::net_and_allocated();
    IS_ROUGH.store(true, Relaxed);
    READINGS.add(Point::now(net, allocated));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_long_it_runs_the_readings_are_few_and_evenly_spread() {
        let readings = NetReadings::new();
        readings.begin(Point::default());
        for turn in 1..100_000_u64 {
            let ticks = turn * FIRST_STEP;
            if readings.is_due(ticks) {
                readings.add(Point { ticks, net: turn as i64, allocated: turn, processor: turn });
            }
        }
        let points = readings.copy();
        assert!((SLOTS / 2..=SLOTS).contains(&points.len()), "{}", points.len());
        assert_eq!(points.first(), Some(&Point::default()));
        let gaps: Vec<u64> = points.windows(2).map(|pair| pair[1].ticks - pair[0].ticks).collect();
        assert!(gaps.iter().all(|&gap| gap == gaps[0]), "{gaps:?}");
        assert!(100_000 * FIRST_STEP - points.last().unwrap().ticks <= gaps[0]);
    }

    #[test]
    fn who_finds_another_at_it_goes_on() {
        let readings = NetReadings::new();
        readings.begin(Point::default());
        readings.alone(|| readings.add(Point { ticks: 5, ..Point::default() }));
        assert_eq!(readings.copy().len(), 1);
    }
}
