//! The peak: pictures of the heap near its highest, while the program runs.
//!
//! A picture sums the live blocks by node and stack, and has the net and the open calls of each node. There are two:
//! the last whole one stays until a higher one is whole. `rows` makes the section of a report from it.
//!
//! ```text
//!   published net passes the last picture's by the step ─► the profiler's own thread, once the rise slows down
//!                                                      └─► without it: the publishing thread, at 1.5 times the last
//!   a free is about to end a rise ────────────────────────► the thread that frees, before the block is freed
//!   a report ─────────────────────────────────────────────► the thread that reports
//! ```
//!
//! Nothing here allocates, waits or stops another thread. A picture that takes so long that the heap has moved shows
//! the lower one of the nets at its beginning and its end, and replaces the former one only if that is higher.

mod picture;
mod rows;
mod spending;
mod sums;

use crate::live;
use crate::os::threads::try_lock::TryLock;
use crate::tracker::{self, high_water};
use picture::{Picture, Progress};
pub(crate) use rows::{PeakCopy, PeakReport, section};
use spending::{Importance, Spending};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Slots of the table that a thread of the program reads in one allocation or free: twice as many as a table of the
/// default size has.
const SLICE: usize = 128 * 1024;
/// Limit of the slots that a free reads at once if pictures have no budget: those of a table of a million records.
const MOST_SLOTS: usize = 4 << 20;
/// Least rise beyond the last picture that is noticed, bytes.
const LEAST_RISE: i64 = 1 << 20;
/// As [`LEAST_RISE`], if the heap then falls.
const LEAST_BEFORE_FALL: i64 = 64 << 10;
/// A fall is noticed after this part of the step.
const PART_BEFORE_FALL: i64 = 5;
/// Without a thread of the profiler a rise to this many halves of the last picture is noticed.
const HALVES_WITHOUT_THREAD: i64 = 3;
/// Attempts at a picture while the table's interval changes.
const TRIES: usize = 3;
/// Time between two looks at a rise, and the most of them before a picture is taken anyway.
const LOOK: Duration = Duration::from_micros(500);
const MOST_LOOKS: usize = 8;
/// Attempts to find the pictures free, a millisecond apart.
const TRIES_OF_REPORT: usize = 1000;

static PICTURES: TryLock<Pictures> = TryLock::new(Pictures::new());
/// True if the profiler's own thread should take a picture.
static IS_WANTED: AtomicBool = AtomicBool::new(false);

/// The two pictures of a profile.
#[derive(Debug)]
struct Pictures {
    /// The last whole picture, and the one that is being made.
    shown: Picture,
    made: Picture,
    /// True if `shown` is of this profile.
    is_any: bool,
    /// True while `made` is unfinished.
    is_unfinished: bool,
    /// Percent; 0: there are no pictures.
    step: i64,
    /// Net of the last picture, or at the start of the profile.
    base: i64,
    spending: Spending,
}

impl Pictures {
    const fn new() -> Self {
        Self {
            shown: Picture::new(),
            made: Picture::new(),
            is_any: false,
            is_unfinished: false,
            step: 0,
            base: 0,
            spending: Spending::new(0, 0),
        }
    }

    /// Sets the nets from which on the next picture is due.
    fn arm(&self) {
        if self.step == 0 {
            return high_water::set(high_water::NEVER, high_water::NEVER);
        }
        if self.is_unfinished {
            return high_water::set(i64::MIN, i64::MIN);
        }
        let (part, base) = (self.percent(self.step), self.base);
        let fall = (part / PART_BEFORE_FALL).max(LEAST_BEFORE_FALL);
        high_water::set(base.saturating_add(part.max(LEAST_RISE)), base.saturating_add(fall));
    }

    fn percent(&self, percent: i64) -> i64 {
        self.base.max(0) / 100 * percent
    }

    /// Takes a picture, or a slice of one, if there may be one now.
    fn take(&mut self, most_slots: usize, importance: Option<Importance>) {
        let Some(table) = live::table().filter(|_| self.step > 0) else { return };
        let since = now();
        // A picture that is begun is completed.
        if let Some(importance) = importance.filter(|_| !self.is_unfinished)
            && self.spending.wait(since, importance) > 0
        {
            return;
        }
        for _ in 0..TRIES {
            if !self.is_unfinished {
                self.made.begin();
            }
            let progress = self.made.read(table, most_slots);
            self.is_unfinished = progress == Progress::Unfinished;
            if progress == Progress::Unfinished && self.has_moved_too_far() {
                self.is_unfinished = false;
            }
            if progress == Progress::Whole {
                self.show_if_higher();
            }
            if progress != Progress::Spoiled || most_slots < table.slots() {
                break;
            }
        }
        self.spending.charge(now().saturating_sub(since));
        self.arm();
    }

    /// True if the heap has moved so far since the picture was begun that its parts do not belong together.
    fn has_moved_too_far(&self) -> bool {
        let most = self.percent(self.step).max(LEAST_RISE) as u64;
        self.made.moved(tracker::net()) > most
    }

    fn show_if_higher(&mut self) {
        if !self.is_any || self.made.net() > self.shown.net() {
            std::mem::swap(&mut self.shown, &mut self.made);
            self.is_any = true;
            self.base = self.shown.net();
        }
    }
}

/// Does `work` with the pictures. Waits a little for a thread that takes one: not inside an allocation. `None`: it takes
/// too long, or this is a handler that has interrupted it.
fn patiently<R>(mut work: impl FnMut(&mut Pictures) -> R) -> Option<R> {
    for _ in 0..TRIES_OF_REPORT {
        let done = PICTURES.with(&mut work);
        if done.is_some() {
            return done;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    None
}

/// Begins the pictures of a profile: one each time that the net has risen by `step` percent beyond the last; 0: none.
/// They may take a part of the overhead budget of `percent`; 0: no limit. False: the system has no memory for them.
pub(crate) fn begin(step: usize, percent: usize) -> bool {
    let net = tracker::net();
    let has_memory = patiently(|pictures| {
        let has_memory = step == 0 || pictures.shown.prepare() && pictures.made.prepare();
        (pictures.is_any, pictures.is_unfinished) = (false, false);
        pictures.step = if has_memory { step as i64 } else { 0 };
        pictures.base = net;
        pictures.spending = Spending::new(percent as u64, now());
        pictures.arm();
        has_memory
    });
    IS_WANTED.store(false, Relaxed);
    has_memory.unwrap_or(false)
}

/// Takes no more pictures. The last one stays until the next profile begins.
pub(crate) fn end() {
    let _ = patiently(|pictures| {
        pictures.step = 0;
        pictures.arm();
    });
    IS_WANTED.store(false, Relaxed);
}

/// Lets the profiler's own thread take a picture. False: it has been asked already.
pub(crate) fn ask_thread() -> bool {
    let is_first = high_water::ignore_rises();
    if is_first {
        IS_WANTED.store(true, Relaxed);
    }
    is_first
}

/// Takes a picture on a thread of the program whose allocation has raised the net, if the net has risen far enough for
/// that. `may_work`: the thread has enough stack.
pub(crate) fn take_at_rise(may_work: impl FnOnce() -> bool) {
    let _ = PICTURES.with(|pictures| {
        let is_small = live::table().is_some_and(|table| table.slots() <= SLICE);
        let enough = pictures.base.max(0) / 2 * HALVES_WITHOUT_THREAD;
        if is_small && high_water::net() < enough {
            // Until then, a fall is noticed.
            high_water::set_rise(enough);
        } else if pictures.is_unfinished || pictures.spending.wait(now(), Importance::High) == 0 && may_work() {
            pictures.take(SLICE, Some(Importance::High));
        }
    });
}

/// Takes a picture on a thread of the program that is about to end a rise by a free. Not if the table is so large that
/// the free would take long.
pub(crate) fn take_before_fall(may_work: impl FnOnce() -> bool) {
    let _ = PICTURES.with(|pictures| {
        let slots = live::table().map_or(0, live::Table::slots);
        let most = if pictures.spending.is_limited() { SLICE } else { MOST_SLOTS };
        let rise = high_water::net().saturating_sub(pictures.base);
        let is_far = rise >= pictures.percent(pictures.step).max(LEAST_BEFORE_FALL);
        if !pictures.is_unfinished && (slots > most || slots > SLICE && !is_far) {
            return;
        }
        let importance = if is_far { Importance::High } else { Importance::Usual };
        if pictures.is_unfinished || pictures.spending.wait(now(), importance) == 0 && may_work() {
            pictures.take(if pictures.is_unfinished { SLICE } else { most }, Some(importance));
        }
    });
}

/// Time until the profiler's own thread has a picture to take. `None`: it has none.
pub(crate) fn pause() -> Option<Duration> {
    if !IS_WANTED.load(Relaxed) {
        return None;
    }
    let wait = PICTURES.with(|pictures| pictures.spending.wait(now(), Importance::Usual));
    Some(wait.map_or(LOOK, Duration::from_nanos))
}

/// Takes the picture that the profiler's own thread was asked for, once the rise slows down: while it is steep, the
/// picture would soon be too low.
pub(crate) fn take_on_thread() {
    let mut before = high_water::net();
    for _ in 0..MOST_LOOKS {
        std::thread::sleep(LOOK);
        let net = high_water::net();
        let step = PICTURES.with(|pictures| pictures.percent(pictures.step)).unwrap_or(0);
        if net.saturating_sub(before) < step.max(LEAST_RISE) {
            break;
        }
        before = net;
    }
    if !IS_WANTED.swap(false, Relaxed) {
        return;
    }
    let _ = PICTURES.with(|pictures| {
        let due = pictures.base.saturating_add(pictures.percent(pictures.step).max(LEAST_RISE));
        if high_water::net() >= due {
            pictures.take(usize::MAX, Some(Importance::Usual));
        }
        pictures.arm();
    });
}

/// Takes a picture for a report, if the heap is higher now than in the last one.
pub(crate) fn take_for_report() {
    let net = tracker::net();
    let _ = patiently(|pictures| {
        let least = (pictures.percent(pictures.step) / PART_BEFORE_FALL).max(LEAST_BEFORE_FALL);
        if !pictures.is_any || net.saturating_sub(pictures.base) >= least {
            pictures.is_unfinished = false;
            pictures.take(usize::MAX, None);
        }
    });
}

/// In a forked child, before its ledgers are retired: no picture is due.
pub(crate) fn recover() {
    high_water::set(high_water::NEVER, high_water::NEVER);
    IS_WANTED.store(false, Relaxed);
    if PICTURES.recover() {
        // The thread that was taking a picture does not exist. What it was changing is left as it is.
        let _ = PICTURES.with(|pictures| {
            let fresh = Pictures { step: pictures.step, base: i64::MAX, ..Pictures::new() };
            std::mem::forget(std::mem::replace(pictures, fresh));
        });
    }
}

/// In a forked child, which has the last picture of its parent: pictures are due again.
pub(crate) fn resume_in_child() {
    let net = tracker::net();
    let _ = PICTURES.with(|pictures| {
        pictures.is_unfinished = false;
        pictures.base = if pictures.is_any { pictures.base } else { net };
        pictures.arm();
    });
}

/// Nanoseconds since the first call.
fn now() -> u64 {
    static BASE: OnceLock<Instant> = OnceLock::new();
    BASE.get_or_init(Instant::now).elapsed().as_nanos() as u64
}
