//! The net of the process over time: a bounded number of readings.
//!
//! When the capacity is used up, every second reading is dropped and the distance between readings doubles: however
//! long the process runs, at least half the capacity is in use, at equal distances. The profiler's own thread takes the
//! readings from all counters, with the system's figures. Without that thread, publishing threads take them, by the
//! function that the profile has set, without the system's figures. If there are too many counters to read in an
//! allocation, such a thread publishes its own net, however small, and the reading is off by the amounts that other
//! threads have not published yet.

use super::published;
use crate::os::clock;
use crate::os::threads::cpu_time;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicPtr, AtomicU64, AtomicUsize};

/// Limit of the capacity.
const MOST_READINGS: usize = 4096;
/// Least capacity: verdicts on growth need as many readings.
pub(crate) const FEWEST_READINGS: usize = 256;
/// Minimum distance between two readings, as a multiple of the time that one takes: below 1 % of one processor.
const PAUSE: u64 = 128;
/// Initial estimate of a reading's duration, in ticks.
const FIRST_USUAL: u64 = FIRST_STEP / PAUSE;
/// A figure in a slot that is not known.
const UNKNOWN: u64 = u64::MAX;
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
    /// Figures of the system.
    pub(crate) system: SystemFigures,
}

/// Figures of the system and the inner allocator at one reading, bytes. `None`: not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SystemFigures {
    /// Resident memory.
    pub(crate) resident: Option<u64>,
    /// Resident pages of files and of shared memory.
    pub(crate) mapped: Option<u64>,
    /// Free memory that the allocator holds.
    pub(crate) held: Option<u64>,
    /// Resident stacks of threads.
    pub(crate) stacks: Option<u64>,
}

impl Point {
    pub(crate) fn now(net: i64, allocated: u64, system: SystemFigures) -> Self {
        Self { ticks: clock::ticks(), net, allocated, processor: cpu_time::of_process(), system }
    }
}

struct PointSlot {
    ticks: AtomicU64,
    net: AtomicI64,
    allocated: AtomicU64,
    processor: AtomicU64,
    resident: AtomicU64,
    mapped: AtomicU64,
    held: AtomicU64,
    stacks: AtomicU64,
}

impl PointSlot {
    const fn empty() -> Self {
        Self {
            ticks: AtomicU64::new(0),
            net: AtomicI64::new(0),
            allocated: AtomicU64::new(0),
            processor: AtomicU64::new(0),
            resident: AtomicU64::new(0),
            mapped: AtomicU64::new(0),
            held: AtomicU64::new(0),
            stacks: AtomicU64::new(0),
        }
    }

    fn get(&self) -> Point {
        let known = |figure: &AtomicU64| Some(figure.load(Relaxed)).filter(|&bytes| bytes != UNKNOWN);
        Point {
            ticks: self.ticks.load(Relaxed),
            net: self.net.load(Relaxed),
            allocated: self.allocated.load(Relaxed),
            processor: self.processor.load(Relaxed),
            system: SystemFigures {
                resident: known(&self.resident),
                mapped: known(&self.mapped),
                held: known(&self.held),
                stacks: known(&self.stacks),
            },
        }
    }

    fn set(&self, point: Point) {
        self.ticks.store(point.ticks, Relaxed);
        self.net.store(point.net, Relaxed);
        self.allocated.store(point.allocated, Relaxed);
        self.processor.store(point.processor, Relaxed);
        let system = point.system;
        for (slot, figure) in [
            (&self.resident, system.resident),
            (&self.mapped, system.mapped),
            (&self.held, system.held),
            (&self.stacks, system.stacks),
        ] {
            slot.store(figure.unwrap_or(UNKNOWN), Relaxed);
        }
    }
}

pub(crate) static READINGS: NetReadings = NetReadings::over(&SLOTS);
/// A static of its own, because all of it is 0: it takes no room in the executable's file.
static SLOTS: [PointSlot; MOST_READINGS] = [const { PointSlot::empty() }; MOST_READINGS];
/// True if the profiler's own thread takes the readings.
static HAS_READER: AtomicBool = AtomicBool::new(false);
/// Function that a publishing thread calls when a reading is due, a `fn()`; null: none.
static VISIT: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());
/// True if a publishing thread has taken a reading.
static IS_ROUGH: AtomicBool = AtomicBool::new(false);

pub(crate) struct NetReadings {
    is_taken: AtomicBool,
    capacity: AtomicUsize,
    len: AtomicUsize,
    step: AtomicU64,
    /// Usual duration of a reading, in ticks. A single long one has lost the processor: at most twice the usual
    /// duration is believed.
    usual: AtomicU64,
    /// Time at which the next reading is due, in ticks; `u64::MAX`: never.
    next: AtomicU64,
    /// No page beyond the capacity is ever touched.
    slots: &'static [PointSlot],
}

impl NetReadings {
    const fn over(slots: &'static [PointSlot]) -> Self {
        Self {
            is_taken: AtomicBool::new(false),
            capacity: AtomicUsize::new(FEWEST_READINGS),
            len: AtomicUsize::new(0),
            step: AtomicU64::new(FIRST_STEP),
            usual: AtomicU64::new(FIRST_USUAL),
            next: AtomicU64::new(u64::MAX),
            slots,
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

    /// Adds a reading that took so many ticks. Of two at the same time, one is enough.
    pub(crate) fn add(&self, point: Point, took: u64) {
        let _ = self.alone(|| {
            let mut len = self.len.load(Relaxed);
            if len >= self.capacity.load(Relaxed) {
                len = self.thin(len);
            }
            if let Some(slot) = self.slots.get(len) {
                slot.set(point);
                self.len.store(len + 1, Relaxed);
            }
            let usual = took.min(self.usual.load(Relaxed).saturating_mul(2)).max(1);
            self.usual.store(usual, Relaxed);
            let pause = self.step.load(Relaxed).max(usual.saturating_mul(PAUSE));
            self.next.store(point.ticks.saturating_add(pause), Relaxed);
        });
    }

    /// Drops every second reading of `len`, and returns the number of those left.
    fn thin(&self, len: usize) -> usize {
        for (to, from) in self.slots.iter().zip(self.slots.iter().take(len).step_by(2)) {
            to.set(from.get());
        }
        let _ = self.step.fetch_update(Relaxed, Relaxed, |step| Some(step.saturating_mul(2)));
        len.div_ceil(2)
    }

    pub(crate) fn begin(&self, capacity: usize, point: Point) {
        let _ = self.alone(|| {
            // Even: of an odd number, thinning would leave one reading too near to the next.
            self.capacity.store(capacity.clamp(FEWEST_READINGS, MOST_READINGS) & !1, Relaxed);
            self.len.store(0, Relaxed);
            self.step.store(FIRST_STEP, Relaxed);
            self.usual.store(FIRST_USUAL, Relaxed);
            self.next.store(0, Relaxed);
        });
        self.add(point, 0);
    }

    /// Time at which the next reading is due, in ticks.
    pub(crate) fn next(&self) -> u64 {
        self.next.load(Relaxed)
    }

    /// Raises the distance between two readings, in ticks.
    pub(crate) fn set_least_step(&self, ticks: u64) {
        self.step.fetch_max(ticks, Relaxed);
    }

    pub(crate) fn copy(&self) -> Vec<Point> {
        // Allocated first: this lock is never held during an allocation.
        let mut points = Vec::with_capacity(self.capacity.load(Relaxed) + 1);
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
pub(crate) fn begin(capacity: usize, point: Point) {
    IS_ROUGH.store(false, Relaxed);
    READINGS.begin(capacity, point);
}

/// True if a reading since then can be off by amounts that threads had not published.
pub(crate) fn are_rough() -> bool {
    IS_ROUGH.load(Relaxed)
}

/// Sets who takes the readings from now on: the profiler's own thread, or threads that publish.
pub(crate) fn has_reader(it_has: bool) {
    HAS_READER.store(it_has, Relaxed);
}

/// True if the profiler's own thread takes the readings.
pub(crate) fn is_reader_there() -> bool {
    HAS_READER.load(Relaxed)
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
    READINGS.add(Point::now(net, allocated, SystemFigures::default()), 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings() -> NetReadings {
        NetReadings::over(Vec::leak((0..MOST_READINGS).map(|_| PointSlot::empty()).collect()))
    }

    fn point(ticks: u64) -> Point {
        Point { ticks, net: ticks as i64, allocated: ticks, processor: ticks, ..Point::default() }
    }

    #[test]
    fn however_long_it_runs_the_readings_are_few_and_evenly_spread() {
        for capacity in [FEWEST_READINGS, 1001, 1024, MOST_READINGS] {
            let readings = readings();
            readings.begin(capacity, Point::default());
            for turn in 1..100_000_u64 {
                let ticks = turn * FIRST_STEP;
                if readings.is_due(ticks) {
                    readings.add(point(ticks), 0);
                }
            }
            let points = readings.copy();
            assert!((capacity / 2..=capacity).contains(&points.len()), "{capacity}: {}", points.len());
            assert_eq!(points.first(), Some(&Point::default()));
            let gaps: Vec<u64> = points.windows(2).map(|pair| pair[1].ticks - pair[0].ticks).collect();
            assert!(gaps.iter().all(|&gap| gap == gaps[0]), "{capacity}: {:?}", gaps.iter().max());
            assert!(100_000 * FIRST_STEP - points.last().unwrap().ticks <= gaps[0]);
        }
    }

    #[test]
    fn readings_that_take_long_come_seldom() {
        let readings = readings();
        readings.begin(FEWEST_READINGS, Point::default());
        let mut pauses = Vec::new();
        for _ in 0..100 {
            let ticks = readings.next();
            readings.add(point(ticks), FIRST_STEP);
            pauses.push(readings.next() - ticks);
        }
        // One of them may have lost the processor.
        assert!(pauses[0] <= 2 * FIRST_STEP && pauses[99] == PAUSE * FIRST_STEP, "{pauses:?}");
    }

    #[test]
    fn figures_that_were_not_read_stay_unknown() {
        let readings = readings();
        let system = SystemFigures { resident: Some(0), mapped: None, held: Some(7), stacks: Some(9) };
        readings.begin(FEWEST_READINGS, Point { system, ..Point::default() });
        assert_eq!(readings.copy()[0].system, system);
    }

    #[test]
    fn who_finds_another_at_it_goes_on() {
        let readings = readings();
        readings.begin(FEWEST_READINGS, Point::default());
        readings.alone(|| readings.add(point(5), 0));
        assert_eq!(readings.copy().len(), 1);
    }
}
