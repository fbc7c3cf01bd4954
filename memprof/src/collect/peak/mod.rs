//! The peak: pictures of the heap near its highest, while the program runs.
//!
//! A picture sums the live blocks by node and stack, and has the net and the open calls of each node. The last one
//! stays until a higher one is whole. `rows` makes the section of a report from it.
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

/// Time to read a slot, and a record, picoseconds: estimates that decide who takes a picture.
const PER_SLOT: u64 = 600;
const PER_RECORD: u64 = 80_000;
/// Longest picture that a free of the program takes, if pictures have a budget, nanoseconds.
const LONGEST_IN_PROGRAM: u64 = 5_000_000;
/// Slots of a larger table that a thread of the program reads in one allocation or free.
const SLICE: usize = 128 * 1024;
/// Least rise beyond the last picture that is noticed, bytes.
const LEAST_RISE: i64 = 1 << 20;
/// As [`LEAST_RISE`], if the heap then falls.
const LEAST_BEFORE_FALL: i64 = 64 << 10;
/// A fall is noticed after this part of the step.
const PART_BEFORE_FALL: i64 = 5;
/// Without a thread of the profiler a rise to this many halves of the last picture is noticed.
const HALVES_WITHOUT_THREAD: i64 = 3;
/// Least time between two looks at a rise: one part in so many of a picture's duration, and nanoseconds. The most looks
/// before a picture is taken anyway.
const LOOK_PART: u64 = 2;
const LEAST_LOOK: u64 = 500_000;
const MOST_LOOKS: usize = 8;
/// Attempts to find the pictures free, a millisecond apart.
const TRIES_OF_REPORT: usize = 1000;

static PICTURES: TryLock<Pictures> = TryLock::new(Pictures::new());
/// The picture that the profiler's own thread is taking, so that it keeps no other thread from taking one.
static OF_THREAD: TryLock<Picture> = TryLock::new(Picture::new());
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
    /// Number of the profile.
    profile: u64,
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
            profile: 0,
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
        let progress = self.made.take(table, most_slots, self.is_unfinished);
        self.is_unfinished = progress == Progress::Unfinished && !self.has_moved_too_far();
        if progress == Progress::Whole && self.is_higher(&self.made) {
            std::mem::swap(&mut self.shown, &mut self.made);
            self.is_shown();
        }
        self.spending.charge(now().saturating_sub(since));
        self.arm();
    }

    /// True if the heap has moved so far since the picture was begun that its parts do not belong together.
    fn has_moved_too_far(&self) -> bool {
        let most = self.percent(self.step).max(LEAST_RISE) as u64;
        self.made.moved(tracker::net()) > most
    }

    /// True if a picture is higher than the last one.
    fn is_higher(&self, picture: &Picture) -> bool {
        !self.is_any || picture.net() > self.shown.net()
    }

    /// Shows a picture of another thread, if it is higher than the last one, whose memory it gets.
    fn offer(&mut self, picture: &mut Picture) {
        if self.is_higher(picture) {
            std::mem::swap(&mut self.shown, picture);
            self.is_shown();
        }
    }

    /// Notes that another picture is shown.
    fn is_shown(&mut self) {
        self.is_any = true;
        self.base = self.shown.net();
    }
}

/// Does `work` with the pictures. Waits a little for a thread that takes one, so never inside an allocation. `None`: it
/// takes too long, or this is a handler that has interrupted it.
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
        let has_memory = has_memory && OF_THREAD.with(|picture| step == 0 || picture.prepare()) != Some(false);
        (pictures.is_any, pictures.is_unfinished) = (false, false);
        pictures.step = if has_memory { step as i64 } else { 0 };
        pictures.profile += 1;
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
        let at_once = is_quick();
        let enough = pictures.base.max(0) / 2 * HALVES_WITHOUT_THREAD;
        if at_once && high_water::net() < enough {
            // Until then, a fall is noticed.
            high_water::set_rise(enough);
        } else if pictures.is_unfinished || pictures.spending.wait(now(), Importance::High) == 0 && may_work() {
            pictures.take(if at_once { usize::MAX } else { SLICE }, Some(Importance::High));
        }
    });
}

/// Takes a picture on a thread of the program that is about to end a rise by a free. Not if the table is so large that
/// the free would take long.
pub(crate) fn take_before_fall(may_work: impl FnOnce() -> bool) {
    let _ = PICTURES.with(|pictures| {
        let rise = high_water::net().saturating_sub(pictures.base);
        let is_far = rise >= pictures.percent(pictures.step).max(LEAST_BEFORE_FALL);
        let importance = if is_far { Importance::High } else { Importance::Usual };
        let is_quick = is_quick();
        if pictures.is_unfinished && !is_quick {
            pictures.take(SLICE, Some(importance));
        } else if (is_quick || is_far && !pictures.spending.is_limited())
            && pictures.spending.wait(now(), importance) == 0
            && may_work()
        {
            pictures.take(usize::MAX, Some(importance));
        }
    });
}

/// Estimated duration of a picture, nanoseconds.
fn duration() -> u64 {
    let picoseconds =
        live::table().map(|table| (table.slots() as u64 * PER_SLOT).saturating_add(table.most() * PER_RECORD));
    picoseconds.unwrap_or(0) / 1000
}

/// True if a picture takes so little time that an allocation or a free of the program may take it at once.
fn is_quick() -> bool {
    duration() <= LONGEST_IN_PROGRAM
}

/// Time until the profiler's own thread has a picture to take. `None`: it has none.
pub(crate) fn pause() -> Option<Duration> {
    if !IS_WANTED.load(Relaxed) {
        return None;
    }
    let wait = PICTURES.with(|pictures| pictures.spending.wait(now(), Importance::Usual));
    Some(Duration::from_nanos(wait.unwrap_or(LEAST_LOOK)))
}

/// Takes the picture that the profiler's own thread was asked for, once the rise slows down: while it is steep, the
/// picture would soon be too low, and it would keep the thread that ends the rise from taking a better one. Not yet, if
/// something `is_urgent`.
pub(crate) fn take_on_thread(is_urgent: &dyn Fn() -> bool) {
    let mut before = high_water::net();
    let mut is_steep = true;
    for _ in 0..MOST_LOOKS {
        std::thread::sleep(Duration::from_nanos((duration() / LOOK_PART).max(LEAST_LOOK)));
        if is_urgent() {
            return;
        }
        let net = high_water::net();
        let step = PICTURES.with(|pictures| pictures.percent(pictures.step)).unwrap_or(0);
        is_steep = net.saturating_sub(before) >= step.max(LEAST_RISE);
        if !is_steep || !IS_WANTED.load(Relaxed) {
            break;
        }
        before = net;
    }
    let profile = patiently(|pictures| {
        if is_steep && (is_quick() || !pictures.spending.is_limited()) || !IS_WANTED.swap(false, Relaxed) {
            return None;
        }
        let due = pictures.base.saturating_add(pictures.percent(pictures.step).max(LEAST_RISE));
        let is_due = high_water::net() >= due && pictures.spending.wait(now(), Importance::Usual) == 0;
        if !is_due {
            pictures.arm();
        }
        is_due.then_some(pictures.profile)
    });
    if let Some(profile) = profile.flatten() {
        take_beside(profile);
    }
}

/// Takes a picture for a profile while other threads may take theirs.
fn take_beside(profile: u64) {
    let _ = OF_THREAD.with(|picture| {
        let since = now();
        let progress = live::table().map(|table| picture.take(table, usize::MAX, false));
        let _ = patiently(|pictures| {
            if pictures.profile != profile {
                return;
            }
            if progress == Some(Progress::Whole) {
                pictures.offer(picture);
            }
            pictures.spending.charge(now().saturating_sub(since));
            pictures.arm();
        });
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
    if OF_THREAD.recover() {
        let _ = OF_THREAD.with(|picture| std::mem::forget(std::mem::replace(picture, Picture::new())));
    }
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
