//! The profiler's own thread: readings over time, numbered reports, and reports when a signal has come.
//!
//! It is made without the standard library's, which allocates for each new thread. Where it has nothing to do it allocates
//! nothing, so that the figures of the program are those that it has without the thread.

use super::periodic::Periodic;
use super::readings::Schedule;
use super::{Reporting, Running, exit, output, running, write};
use crate::config::Config;
use crate::os::signals::{self, Signal};
use crate::os::wake;
use crate::tracker::history;
use std::io;
use std::panic::catch_unwind;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::Instant;

/// The thread of a profile, as that knows it. It keeps no process alive, and a forked child has one only where it starts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Background(u64);

/// Number of profiles that had a thread.
static STARTED: AtomicU64 = AtomicU64::new(0);
/// The one whose thread is wanted; 0: none.
static WANTED: AtomicU64 = AtomicU64::new(0);
/// The one whose thread has begun.
static BEGUN: AtomicU64 = AtomicU64::new(0);
/// Its settings.
static EVERY_SECONDS: AtomicUsize = AtomicUsize::new(0);
static KEEP: AtomicUsize = AtomicUsize::new(0);

impl Background {
    /// Starts the thread. `Err`: the system has none to give.
    pub(super) fn start(config: &Config) -> io::Result<Self> {
        let background = Self(STARTED.fetch_add(1, Relaxed) + 1);
        EVERY_SECONDS.store(config.reporting.every_seconds, Relaxed);
        KEEP.store(config.reporting.keep, Relaxed);
        WANTED.store(background.0, Release);
        // Before the first handler is there.
        signals::expect_thread(true);
        let started = start_thread();
        if started.is_err() {
            background.stop();
        }
        started.map(|()| background)
    }

    /// Ends the thread soon, and does not wait for it.
    pub(super) fn stop(self) {
        signals::stop();
        history::has_reader(false);
        WANTED.store(0, Release);
        wake::wake();
    }

    fn is_wanted(self) -> bool {
        WANTED.load(Acquire) == self.0
    }

    /// Work of the thread until the profile is over.
    fn work(self, mut periodic: Option<Periodic>) {
        let mut readings = Schedule::new();
        loop {
            let count = wake::count();
            if !self.is_wanted() {
                return;
            }
            // Before the signals are taken: a thread that exits meanwhile sees the one or the other.
            exit::end_is_near(signals::is_end_near());
            for (signal, ends) in signals::come() {
                self.on_signal(signal, ends);
            }
            exit::end_is_near(false);
            let now = Instant::now();
            if readings.next() <= now {
                readings.read();
            }
            if let Some(periodic) = periodic.as_mut().filter(|periodic| periodic.next() <= now) {
                periodic.write(|profile| self.is_of(profile));
                continue;
            }
            let next = periodic.iter().map(Periodic::next).fold(readings.next(), Instant::min);
            wake::wait(count, Some(next.saturating_duration_since(Instant::now())));
        }
    }

    /// True if this thread is that of the profile: another one may have begun meanwhile.
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

/// Starts the thread anew in a forked child, which has none. False: the system has none to give. Allocates nothing.
#[cfg(unix)]
pub(super) fn start_in_child() -> bool {
    BEGUN.store(0, Relaxed);
    start_thread().is_ok()
}

/// A thread that gets no signals: the program's own threads get them.
#[cfg(unix)]
fn start_thread() -> io::Result<()> {
    let started = crate::os::bare_thread::start(run, &[]);
    started.then_some(()).ok_or_else(|| io::Error::from(io::ErrorKind::WouldBlock))
}

#[cfg(not(unix))]
fn start_thread() -> io::Result<()> {
    std::thread::Builder::new().name("memprof".to_owned()).spawn(run).map(drop)
}

fn run() {
    Reporting::begin_thread();
    // Nobody would hear of a panic.
    let _ = catch_unwind(|| {
        let background = Background(WANTED.load(Acquire));
        // Of two profiles right after each other the first one's thread may begin late, and be the second one's.
        if background.0 == 0 || BEGUN.swap(background.0, AcqRel) == background.0 {
            return;
        }
        let periodic = Periodic::of(EVERY_SECONDS.load(Relaxed), KEEP.load(Relaxed));
        listen();
        background.work(periodic);
    });
}

fn listen() {
    // Only some systems have this take memory.
    #[cfg(not(all(any(target_os = "linux", target_os = "android"), target_pointer_width = "64")))]
    let _scope = Reporting::begin();
    wake::listen();
}
