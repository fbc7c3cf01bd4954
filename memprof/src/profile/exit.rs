//! The report at the end of the process, however it ends.
//!
//! ```text
//!   main returns, panics    MainProfile is dropped ──┐
//!   exit                    atexit, ExitProcess ─────┤
//!   SIGINT, SIGTERM, …      the profiler's thread ───┼──► finish, by whoever holds the lock first
//!   Ctrl-C, console closed  the system's thread ─────┤
//!   abort                   a new thread ────────────┤
//!   panic = "abort"         abort, or the panic hook ┘
//! ```
//!
//! A report takes up to 64 KiB of stack. If a thread, a handler or a coroutine has less than 128 KiB left, another
//! thread makes the report, and the current one waits.

#[cfg(unix)]
use super::abort;
#[cfg(windows)]
use super::write_and_print;
use super::{RUNNING, finish, out_of_memory, output, stop};
use crate::Error;
use crate::collect::system;
use crate::os::process::exit;
#[cfg(unix)]
use crate::os::signals::abort_signal::{self, OtherStack, Work};
#[cfg(unix)]
use crate::os::signals::handler_above;
use crate::os::signals::write_signals::Held;
use crate::os::signals::{self, Signal};
#[cfg(unix)]
use crate::os::terminal::stderr;
use crate::report::Written;
use crate::tracker::ReportingGuard;
use std::panic::catch_unwind;
use std::sync::Once;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::Duration;

/// Set while a signal is about to end the process, as it would without the profiler.
static IS_ENDING: AtomicBool = AtomicBool::new(false);

#[cfg(unix)]
const NO_STACK: &str = "memprof: no report: the thread that ended the program had too little stack, and no other thread could \
                        be started\n";

#[cfg(unix)]
const IN_ALLOCATOR: &str =
    "memprof: no report: the program ended in a signal handler that had interrupted the allocator\n";

/// Time that a thread calling `exit` gives an earlier signal, which waits for the report.
const GRANTED: Duration = Duration::from_secs(15);

/// Registers the report for `exit` and `abort`, once for the process. False: the system does not accept the handler.
pub(crate) fn arm() -> bool {
    static ONCE: Once = Once::new();
    static IS_ARMED: AtomicBool = AtomicBool::new(false);
    ONCE.call_once(|| {
        #[cfg(unix)]
        abort_signal::prepare();
        IS_ARMED.store(exit::at_exit(at_exit), Relaxed);
    });
    #[cfg(unix)]
    let is_caught = abort::catch(&BEFORE_ABORT);
    #[cfg(not(unix))]
    let is_caught = false;
    if !is_caught && cfg!(panic = "abort") {
        write_in_panic_hook();
    }
    IS_ARMED.load(Relaxed)
}

#[cfg(unix)]
static BEFORE_ABORT: Work =
    Work { is_possible: || !RUNNING.is_held_here(), run: finish_in_thread, run_here: finish_before_abort };

#[cfg(unix)]
fn finish_in_thread() {
    ReportingGuard::begin_thread();
    finish_before_abort();
}

#[cfg(unix)]
/// Does the same without the allocator's own figures: it may be the caller of `abort`.
fn finish_before_abort() {
    system::set_aborting(true);
    finish_here();
    system::set_aborting(false);
}

extern "C" fn at_exit() {
    finish_unless_told_not_to();
}

/// Sets whether a signal has arrived that will end the process. For the profiler's thread.
pub(crate) fn end_is_near(is_near: bool) {
    IS_ENDING.store(is_near, Release);
    #[cfg(unix)]
    signals::set_ending(is_near);
}

/// Ends the process by a signal, once the report is written. Called by the profiler's thread. Returns if the program
/// has just installed a handler of its own.
pub(crate) fn end_by(signal: Signal) {
    end_is_near(true);
    finish_or_complain();
    signal.act_by_default();
}

/// Ends the profile, if one is running, and writes its report if the configuration asks for one at exit. Errors are
/// reported on stderr only.
pub(crate) fn finish_unless_told_not_to() {
    #[cfg(unix)]
    if handler_above::has_interrupted_allocator() {
        return say_that_nothing_may_allocate();
    }
    #[cfg(unix)]
    if !abort_signal::has_room() {
        match abort_signal::work_on_other_stack() {
            OtherStack::Done => return,
            // Nothing is written, and that takes little stack.
            OtherStack::Nothing => {}
            OtherStack::Impossible => return stderr::write_all(NO_STACK.as_bytes()),
        }
    }
    finish_here();
}

/// Says that there is no report, unless none is wanted: a report needs the allocator, which a handler has interrupted.
#[cfg(unix)]
#[cold]
fn say_that_nothing_may_allocate() {
    let is_wanted = RUNNING.try_lock().is_none_or(|running| {
        running.get().is_some_and(|profile| profile.request.config.memory_profiling.dump_on_exit)
    });
    if is_wanted {
        stderr::write_all(IN_ALLOCATOR.as_bytes());
    }
}

fn finish_here() {
    // This runs in destructors, perhaps of a thread that is panicking, and in `exit`: unwinding out of it would abort,
    // and so change the exit status.
    let _ = catch_unwind(finish_if_wanted);
}

fn finish_if_wanted() {
    // A signal arrived first: the exit status is the signal's. Without the profiler it would have ended the program at
    // once.
    if IS_ENDING.load(Acquire) || signals::is_end_near() {
        wait_for_the_end();
    }
    // This thread was writing a report when it got here, so the state that it writes from is inconsistent.
    if RUNNING.is_held_here() {
        return;
    }
    {
        let mut running = RUNNING.lock();
        let Some(profile) = running.get() else { return };
        if !profile.request.config.memory_profiling.dump_on_exit {
            stop(&mut running);
            return;
        }
    }
    finish_or_complain();
}

/// Waits for the signal that arrived first to end the process.
#[cfg(unix)]
fn wait_for_the_end() {
    std::thread::sleep(GRANTED);
}

/// Waits for a console event to end the process: the system does, right after the report. A handler of the program may
/// handle the event after all.
#[cfg(windows)]
fn wait_for_the_end() {
    const SOON: Duration = Duration::from_millis(200);
    let started = std::time::Instant::now();
    while IS_ENDING.load(Acquire) && started.elapsed() < GRANTED {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(SOON);
}

#[cfg(not(any(unix, windows)))]
fn wait_for_the_end() {}

/// Writes the report on a console event that ends the program, unless a handler of the program handles it. The profile
/// continues. Runs on a thread that the system starts for the event.
#[cfg(windows)]
pub(crate) fn report_before_the_end() {
    ReportingGuard::begin_thread();
    end_is_near(true);
    let _ = catch_unwind(|| {
        let running = RUNNING.lock();
        let Some(profile) = running.get() else { return };
        if profile.request.config.memory_profiling.dump_on_exit {
            complain_of(write_and_print(profile));
        } else {
            complain_of(super::write(profile));
        }
    });
    end_is_near(false);
}

fn finish_or_complain() {
    let _held = Held::begin();
    complain_of(finish());
}

fn complain_of(written: Result<Written, Error>) {
    match written {
        // Another thread was faster.
        Ok(_) | Err(Error::NotRunning | Error::Disabled) => {}
        Err(Error::OutOfMemory) => out_of_memory::say_instead_of_a_report(),
        Err(error) => output::complain(&error),
    }
}

/// For systems on which `abort` is not a signal, and for programs that have a handler for it.
fn write_in_panic_hook() {
    static ONCE: Once = Once::new();
    // A thread that is panicking cannot change the hook.
    if std::thread::panicking() {
        return;
    }
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            before(info);
            system::set_aborting(true);
            finish_unless_told_not_to();
            system::set_aborting(false);
        }));
    });
}

/// Ends the process with a status, as [`std::process::exit`] does, once the report is written.
///
/// [`std::process::exit`] does the same: the report is written by a handler of the system, or on Windows before the
/// system's `ExitProcess` is called. This function is needed only if both are bypassed: on Windows with a standard
/// library that is a separate DLL (`-C prefer-dynamic`).
///
/// ```no_run
/// fn fail(message: &str) -> ! {
///     eprintln!("{message}");
///     memprof::exit(1)
/// }
/// # fail("");
/// ```
pub fn exit(code: i32) -> ! {
    finish_unless_told_not_to();
    std::process::exit(code)
}
