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
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Instant;

/// The thread, as a profile knows it. It keeps no process alive, and a forked child does not have it.
#[derive(Clone, Debug)]
pub(super) struct Background(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// The thread, once it runs.
    thread: OnceLock<Thread>,
    is_over: AtomicBool,
}

/// Work for a thread that was made and has not begun yet.
static NEXT: ForkLock<(Background, Option<Periodic>)> = ForkLock::new();

impl Background {
    /// Starts the thread. `Err`: the system has none to give.
    pub(super) fn start(config: &Config) -> io::Result<Self> {
        let background = Self(Arc::default());
        NEXT.lock().put((background.clone(), Periodic::of(config)));
        // Before the first handler is there.
        signals::expect_listener();
        let started = start_thread();
        if started.is_err() {
            signals::stop();
            NEXT.lock().take();
        }
        started.map(|()| background)
    }

    /// Makes this thread the one, in a forked child. It has to [`work`](Self::work).
    #[cfg(unix)]
    pub(super) fn here(config: &Config) -> (Self, Option<Periodic>) {
        let background = Self(Arc::default());
        background.listen();
        (background, Periodic::of(config))
    }

    /// What the thread does until the profile is over.
    pub(super) fn work(&self, mut periodic: Option<Periodic>) {
        loop {
            if self.0.is_over.load(SeqCst) {
                return;
            }
            // Before the signals are taken: a thread that exits meanwhile sees the one or the other.
            exit::end_is_near(signals::is_end_near());
            for (signal, ends) in signals::come() {
                self.on_signal(signal, ends);
            }
            exit::end_is_near(false);
            match periodic.as_mut().map(|periodic| (periodic.next().saturating_duration_since(Instant::now()), periodic))
            {
                None => thread::park(),
                Some((left, periodic)) if left.is_zero() => periodic.write(|profile| self.is_of(profile)),
                Some((left, _)) => thread::park_timeout(left),
            }
        }
    }

    /// Ends the thread soon, and does not wait for it.
    pub(super) fn stop(&self) {
        signals::stop();
        // In one order for both (SeqCst): the thread makes itself known, and then asks whether it is over.
        self.0.is_over.store(true, SeqCst);
        if let Some(thread) = self.0.thread.get() {
            thread.unpark();
        }
    }

    /// Makes this thread the one that signals wake.
    fn listen(&self) {
        let thread = self.0.thread.get_or_init(thread::current);
        signals::listen(thread.clone());
    }

    /// Whether this thread is that of the profile: another one may have begun meanwhile.
    fn is_of(&self, profile: &Running) -> bool {
        profile.background.as_ref().is_some_and(|background| Arc::ptr_eq(&background.0, &self.0))
    }

    fn on_signal(&self, signal: Signal, ends: bool) {
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
    // Nobody would hear of a panic.
    let _ = catch_unwind(|| {
        let scope = Reporting::begin();
        let Some(next) = NEXT.lock().take() else { return };
        let (background, periodic) = *next;
        // The profile may be over by now.
        if !background.0.is_over.load(SeqCst) {
            background.listen();
        }
        drop(scope);
        background.work(periodic);
    });
}
