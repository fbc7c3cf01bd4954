//! The profiler's own thread: numbered reports, and reports when a signal has come.

use super::periodic::Periodic;
use super::{Reporting, Running, exit, output, running, write};
use crate::config::Config;
use crate::os::signals::{self, Signal};
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
        let (told, periodic) = (Arc::clone(&is_over), Periodic::of(config));
        let builder = thread::Builder::new().name("memprof".to_owned());
        let thread = signals::with_all_blocked(|| builder.spawn(move || work(&told, periodic)))?;
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
    pub(super) fn work(&self, periodic: Option<Periodic>) {
        work(&self.is_over, periodic);
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
        self.is_over.store(true, Release);
        self.thread.unpark();
    }

    fn is(&self, is_over: &Arc<AtomicBool>) -> bool {
        Arc::ptr_eq(&self.is_over, is_over)
    }
}

fn work(is_over: &Arc<AtomicBool>, mut periodic: Option<Periodic>) {
    Reporting::begin_thread();
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
        match periodic.as_mut().map(|periodic| (periodic.next().saturating_duration_since(Instant::now()), periodic)) {
            None => thread::park(),
            Some((left, periodic)) if left.is_zero() => periodic.write(|profile| is_its(profile, is_over)),
            Some((left, _)) => thread::park_timeout(left),
        }
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
