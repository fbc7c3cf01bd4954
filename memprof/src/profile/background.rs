//! The profiler's own thread: readings over time, numbered reports, and reports on signals.
//!
//! It is not started by the standard library, which allocates for each new thread. While it has nothing to do it
//! allocates nothing, so the program's figures are the same as without the thread.
//!
//! In a process with one thread its start is deferred (see [`alone`]) until the program has a second thread, or a
//! signal has arrived.

use super::limits::{self, LimitWatch};
use super::periodic::Periodic;
use super::{ReportingGuard, Running, exit, output, peak_watch, running, schedule, write};
use crate::collect::{peak, system};
use crate::config::Config;
#[cfg(unix)]
use crate::os::signals::deferred::{self, DeferredStart};
use crate::os::signals::{self, Signal};
#[cfg(unix)]
use crate::os::threads::alone;
use crate::os::threads::{own_thread, stack_room, wake};
use crate::tracker::{history, marks};
use std::io;
use std::panic::catch_unwind;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::time::{Duration, Instant};

/// The thread of a profile, as the profile refers to it. It keeps no process alive. A forked child has one only if the
/// child starts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Background(u64);

/// Number of profiles that had a thread.
static STARTED: AtomicU64 = AtomicU64::new(0);
/// The profile whose thread is wanted; 0: none.
static WANTED: AtomicU64 = AtomicU64::new(0);
/// The profile whose thread has begun.
static BEGUN: AtomicU64 = AtomicU64::new(0);
/// True if the thread is wanted and its start was deferred.
static IS_DEFERRED: AtomicBool = AtomicBool::new(false);
/// Settings of the thread.
static EVERY_SECONDS: AtomicUsize = AtomicUsize::new(0);
static KEEP: AtomicUsize = AtomicUsize::new(0);

impl Background {
    /// Starts the thread, or defers its start. `Err`: the system has no thread left.
    pub(crate) fn start(config: &Config) -> io::Result<Self> {
        let background = Self(STARTED.fetch_add(1, Relaxed) + 1);
        EVERY_SECONDS.store(config.reporting.every_seconds, Relaxed);
        KEEP.store(config.reporting.keep, Relaxed);
        limits::begin(&config.limits);
        system::prepare();
        WANTED.store(background.0, Release);
        // Before the first handler is installed.
        signals::expect_thread(true);
        let started = if !has_work() && may_defer(config) {
            IS_DEFERRED.store(true, Release);
            Ok(())
        } else {
            own_thread::start(run)
        };
        if started.is_err() {
            background.stop();
        }
        started.map(|()| background)
    }

    /// Starts the thread now: handlers of the program that ours stand in front of may run on a small stack, on which no
    /// thread can be started. If the system has no thread left, the next reason to start it tries again.
    pub(crate) fn start_now(self) {
        let _ = start_if_deferred();
    }

    /// Ends the thread soon, without waiting for it.
    pub(crate) fn stop(self) {
        signals::stop();
        history::has_reader(false);
        WANTED.store(0, Release);
        IS_DEFERRED.store(false, Release);
        wake::wake();
    }

    fn is_wanted(self) -> bool {
        WANTED.load(Acquire) == self.0
    }

    /// Work of the thread until the profile is over.
    fn work(self, mut periodic: Option<Periodic>, mut watch: Option<LimitWatch>) {
        history::has_reader(true);
        loop {
            let count = wake::count();
            if !self.is_wanted() {
                return;
            }
            // Before the signals are taken: a thread that exits meanwhile sees either a near end or a waiting signal.
            exit::end_is_near(signals::is_end_near());
            for (signal, ends) in signals::come() {
                self.on_signal(signal, ends);
            }
            exit::end_is_near(false);
            if let Some(watch) = &mut watch {
                watch.look(|profile| self.is_of(profile));
            }
            if schedule::pause().is_zero() {
                schedule::read();
            }
            peak_watch::take_if_wanted();
            let now = Instant::now();
            if let Some(periodic) = periodic.as_mut().filter(|periodic| periodic.next() <= now) {
                periodic.write(|profile| self.is_of(profile));
                continue;
            }
            let until = |periodic: &Periodic| periodic.next().saturating_duration_since(now);
            let others = watch.as_ref().map(LimitWatch::pause).into_iter().chain(peak::pause());
            let next = periodic.iter().map(until).chain(others).fold(schedule::pause(), Duration::min);
            wake::wait(count, Some(next));
        }
    }

    /// True if this thread belongs to the profile: another profile may have begun meanwhile.
    fn is_of(self, profile: &Running) -> bool {
        profile.background == Some(self)
    }

    fn on_signal(self, signal: Signal, ends: bool) {
        if ends && !signal.is_programs() {
            exit::end_by(signal);
            return;
        }
        let running = running();
        if let Some(profile) = running.get().filter(|profile| self.is_of(profile))
            && let Err(error) = write(profile)
        {
            output::complain(&error);
        }
    }
}

/// Defers the thread's start, or starts it anew, in a forked child, which has none. False: the system has no thread
/// left. Does not allocate.
#[cfg(unix)]
pub(crate) fn start_in_child() -> bool {
    BEGUN.store(0, Relaxed);
    let is_deferred = !has_work() && alone::is_alone();
    IS_DEFERRED.store(is_deferred, Release);
    is_deferred || own_thread::start(run).is_ok()
}

/// Leaves a forked child without the thread.
#[cfg(unix)]
pub(crate) fn stay_without_in_child() {
    IS_DEFERRED.store(false, Release);
}

/// True if the thread has work of its own, besides readings and signals.
fn has_work() -> bool {
    EVERY_SECONDS.load(Relaxed) > 0 || limits::are_wanted()
}

/// True if the thread is not needed before a signal arrives or the program has a second thread.
#[cfg(unix)]
fn may_defer(config: &Config) -> bool {
    static DEFERRED: DeferredStart = DeferredStart { make: start_if_deferred, hurry: history::hurry };
    deferred::prepare(&DEFERRED);
    alone::is_alone() && can_read_in_passing(config)
}

#[cfg(not(unix))]
fn may_defer(_: &Config) -> bool {
    false
}

/// True if all places can be read in an allocation: with a table of this size this takes 2 ms.
fn can_read_in_passing(config: &Config) -> bool {
    config.memory_profiling.max_tracked_allocations <= 20_000
}

/// Starts the thread if its start was deferred. False: the system has no thread left. May be called in an allocation
/// and in a handler.
fn start_if_deferred() -> bool {
    if !IS_DEFERRED.swap(false, AcqRel) || own_thread::start(run).is_ok() {
        return true;
    }
    IS_DEFERRED.store(true, Release);
    false
}

/// Lets a thread of the program take readings, or start the thread that takes them. On a small stack of a thread, a
/// handler or a coroutine it only records the published totals.
fn visit() {
    if !stack_room::is_enough() {
        return history::read_published();
    }
    if IS_DEFERRED.load(Acquire) && (!is_alone() || signals::is_waiting()) {
        // The next visit tries again.
        let _ = start_if_deferred();
    }
    schedule::read_in_passing();
}

/// Enables readings from here on.
pub(crate) fn begin_readings(config: &Config, warnings: &mut Vec<String>) {
    #[cfg(unix)]
    alone::prepare();
    schedule::begin(can_read_in_passing(config), config.memory_profiling.timeline_points);
    marks::accept(true);
    history::have_visited(Some(visit));
    peak_watch::begin(config, warnings);
}

/// Ends readings in passing.
pub(crate) fn end_readings() {
    marks::accept(false);
    history::have_visited(None);
    limits::end();
    peak_watch::end();
}

#[cfg(unix)]
fn is_alone() -> bool {
    alone::is_alone()
}

#[cfg(not(unix))]
fn is_alone() -> bool {
    false
}

fn run() {
    ReportingGuard::begin_thread();
    // Nobody would see a panic.
    let _ = catch_unwind(|| {
        let background = Background(WANTED.load(Acquire));
        // If one profile follows another at once, the first one's thread may begin late, and serve the second.
        if background.0 == 0 || BEGUN.swap(background.0, AcqRel) == background.0 {
            return;
        }
        let periodic = Periodic::of(EVERY_SECONDS.load(Relaxed), KEEP.load(Relaxed));
        listen();
        background.work(periodic, LimitWatch::of_profile());
    });
}

fn listen() {
    // On some systems this allocates.
    #[cfg(not(all(any(target_os = "linux", target_os = "android"), target_pointer_width = "64")))]
    let _scope = ReportingGuard::begin();
    wake::listen();
}
