//! The profiler's own thread: readings over time, numbered reports, and reports when a signal has come.

use super::periodic::Periodic;
use super::readings::Schedule;
use super::{Running, exit, output, running, write};
use crate::config::Config;
use crate::os::signals::{self, Signal};
use crate::tracker::history;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::thread::{self, Thread};
use std::time::Instant;

/// The thread, as a profile knows it. It keeps no process alive, and a forked child does not have it.
#[derive(Clone, Debug)]
pub(super) struct Background {
    thread: Thread,
    is_over: Arc<AtomicBool>,
}

impl Background {
    /// Starts the thread. `Err`: the system has none to give.
    pub(super) fn start(config: &Config) -> std::io::Result<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        let (told, periodic, readings) = (Arc::clone(&is_over), Periodic::of(config), readings(config));
        let builder = thread::Builder::new().name("memprof".to_owned());
        let thread = signals::with_all_blocked(|| builder.spawn(move || work(&told, periodic, readings)))?;
        Ok(Self { thread: thread.thread().clone(), is_over })
    }

    /// Makes this thread the one, in a forked child. It has to [`work`](Self::work).
    #[cfg(unix)]
    pub(super) fn here(config: &Config) -> (Self, Option<Periodic>) {
        let background = Self { thread: thread::current(), is_over: Arc::default() };
        signals::listen(background.thread.clone());
        (background, Periodic::of(config))
    }

    /// What the thread does until the profile is over.
    #[cfg(unix)]
    pub(super) fn work(&self, periodic: Option<Periodic>, config: &Config) {
        work(&self.is_over, periodic, readings(config));
    }

    /// Has these signals taken by the thread. Returns those that the process ignores.
    pub(super) fn catch(&self, signals: &[Signal]) -> Vec<Signal> {
        // Before the first handler is there: it wakes this thread.
        signals::listen(self.thread.clone());
        signals.iter().filter(|signal| !signal.catch()).copied().collect()
    }

    /// Ends the thread soon, and does not wait for it.
    pub(super) fn stop(&self) {
        signals::stop();
        history::has_reader(false);
        self.is_over.store(true, Release);
        self.thread.unpark();
    }

    fn is(&self, is_over: &Arc<AtomicBool>) -> bool {
        Arc::ptr_eq(&self.is_over, is_over)
    }
}

/// When to take readings, if there is something to read.
fn readings(config: &Config) -> Option<Schedule> {
    config.memory_profiling.track_allocations.then(Schedule::new)
}

fn work(is_over: &Arc<AtomicBool>, mut periodic: Option<Periodic>, mut readings: Option<Schedule>) {
    history::has_reader(readings.is_some());
    loop {
        if is_over.load(Acquire) {
            return;
        }
        // Before the signals are taken: a thread that exits meanwhile sees the one or the other.
        exit::end_is_near(signals::is_end_near());
        let come: Vec<Signal> = signals::come().collect();
        for signal in come {
            on_signal(signal, is_over);
        }
        exit::end_is_near(false);
        let now = Instant::now();
        if let Some(readings) = readings.as_mut().filter(|readings| readings.next() <= now) {
            readings.read();
        }
        match periodic.as_mut().filter(|periodic| periodic.next() <= now) {
            Some(periodic) => periodic.write(|profile| is_its(profile, is_over)),
            None => sleep_until(periodic.iter().map(Periodic::next).chain(readings.iter().map(Schedule::next)).min()),
        }
    }
}

/// Until then, or until it is woken.
fn sleep_until(then: Option<Instant>) {
    match then {
        Some(then) => thread::park_timeout(then.saturating_duration_since(Instant::now())),
        None => thread::park(),
    }
}

/// Whether this thread is that of the profile: another one may have begun meanwhile.
fn is_its(profile: &Running, is_over: &Arc<AtomicBool>) -> bool {
    profile.background.as_ref().is_some_and(|background| background.is(is_over))
}

fn on_signal(signal: Signal, is_over: &Arc<AtomicBool>) {
    if signal.ends() && !signal.is_programs() {
        exit::end_by(signal);
        return;
    }
    let running = running();
    if let Some(profile) = running.get().filter(|profile| is_its(profile, is_over))
        && let Err(error) = write(profile)
    {
        output::complain(&error);
    }
}
