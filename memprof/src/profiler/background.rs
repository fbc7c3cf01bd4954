//! The profiler's own thread: numbered reports, and reports when a signal has come.
//!
//! It is made without the standard library's, which allocates for a new thread before that runs anything of ours.

use super::periodic::Periodic;
use super::{Reporting, Running, exit, output, running, write};
use crate::config::Config;
use crate::os::fork_lock::ForkLock;
use crate::os::signals::{self, Signal};
use std::io;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::mpsc::{SyncSender, sync_channel};
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
        let (begun, thread) = sync_channel(1);
        NEXT.lock().put(Next { is_over: Arc::clone(&is_over), periodic: Periodic::of(config), begun });
        let started = start_thread();
        if started.is_err() {
            NEXT.lock().take();
        }
        started?;
        let thread = thread.recv().map_err(io::Error::other)?;
        Ok(Self { thread, is_over })
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

/// Work for a thread that was made and has not begun yet.
#[derive(Debug)]
struct Next {
    is_over: Arc<AtomicBool>,
    periodic: Option<Periodic>,
    begun: SyncSender<Thread>,
}

static NEXT: ForkLock<Next> = ForkLock::new();

/// A thread that gets no signals: the program's own threads get them.
#[cfg(unix)]
fn start_thread() -> io::Result<()> {
    let started = crate::os::bare_thread::start(run);
    started.then_some(()).ok_or_else(|| io::Error::from(io::ErrorKind::WouldBlock))
}

#[cfg(not(unix))]
fn start_thread() -> io::Result<()> {
    thread::Builder::new().name("memprof".to_owned()).spawn(run).map(drop)
}

fn run() {
    Reporting::begin_thread();
    // Nobody would hear of a panic.
    let _ = catch_unwind(|| {
        let Some(next) = NEXT.lock().take() else { return };
        let Next { is_over, periodic, begun } = *next;
        if begun.send(thread::current()).is_ok() {
            drop(begun);
            work(&is_over, periodic);
        }
    });
}

fn work(is_over: &Arc<AtomicBool>, mut periodic: Option<Periodic>) {
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
