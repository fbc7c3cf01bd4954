//! Signals: catching some of them without taking them away from the program.
//!
//! The handler stands in front of the one that was installed, has its flags and mask, and calls it. A handler that the
//! program installs later either calls ours in turn, as those of tokio and signal-hook do, or replaces it. So the
//! handler that is installed when a signal arrives shows whether the program handles the signal itself. If it does not,
//! the signal has its default action once the report is written. (signal-hook has one handler for all its users, and
//! does not say whether there are any: with it, a signal that `tokio::signal` waits for would either end the program or
//! never end one.)
//!
//! ```text
//!   handler: note the signal, wake or start the profiler's thread, call the former handler;
//!            no other handler, the signal ends programs and has interrupted a call? → wait for the end
//!   thread:  write the report; no other handler, and the signal ends programs? → default action
//! ```

use libc::c_int;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize};

use crate::os::process::sigaction::{self, Present};
use crate::os::signals::write_signals::Held;
use crate::os::signals::{abort_signal, alarm, deferred, last_call};
use crate::os::terminal::stderr;
use crate::os::threads::{alone, wake};

/// A signal that can be caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signal(usize);

/// Name, number, and whether its default action is meant to end the program. The other signals only ask for a report.
const ALL: [(&str, c_int, bool); 6] = [
    ("SIGINT", libc::SIGINT, true),
    ("SIGTERM", libc::SIGTERM, true),
    ("SIGHUP", libc::SIGHUP, true),
    ("SIGQUIT", libc::SIGQUIT, true),
    ("SIGUSR1", libc::SIGUSR1, false),
    ("SIGUSR2", libc::SIGUSR2, false),
];

/// A second signal that ends programs does not wait for the report, if this many milliseconds lie between the two:
/// tools like `timeout` send the first one twice.
const IMPATIENT_AFTER: u64 = 1000;
/// Milliseconds that an interrupted call waits for the end of the process.
const PATIENCE: u64 = 15_000;

/// One signal's state.
struct SignalState {
    is_caught: AtomicBool,
    /// The program's former handler, with its flags and mask; null: none. Never deallocated: it may be about to be
    /// called.
    before: AtomicPtr<Present>,
    /// True if that handler was to be called only once, and has been called.
    is_spent: AtomicBool,
    /// Time of its first arrival, in milliseconds; 0: never.
    first_at: AtomicU64,
}

static STATES: [SignalState; ALL.len()] = [const {
    SignalState {
        is_caught: AtomicBool::new(false),
        before: AtomicPtr::new(null_mut()),
        is_spent: AtomicBool::new(false),
        first_at: AtomicU64::new(0),
    }
}; ALL.len()];

/// A bit for each signal that has arrived and that nobody has taken yet; [`ENDS`] bits higher, a bit for each of these
/// that has its default action.
static COME: AtomicU32 = AtomicU32::new(0);
const ENDS: usize = 16;
/// Index of the first of these that has its default action, plus one; 0: none.
static FIRST: AtomicUsize = AtomicUsize::new(0);
/// Set while profiling is off: signals that were to write a report say that there is none.
static REFUSES: AtomicBool = AtomicBool::new(false);
const REFUSAL: &str = "memprof: no report on this signal: profiling is off (enabled = false)\n";
const NO_THREAD: &str = "memprof: no report on this signal: no thread could be started to write it\n";
/// The process whose thread takes the signals, or soon will; 0: nobody takes them. A forked child inherits the
/// handlers, but not the thread.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// True while a signal is about to end the process.
static IS_ENDING: AtomicBool = AtomicBool::new(false);
/// The thread whose handler waits for the end, and gets the signal again meanwhile; 0: none.
static WAITING: AtomicU32 = AtomicU32::new(0);

impl Signal {
    pub(crate) fn named(name: &str) -> Option<Signal> {
        ALL.iter().position(|(its, ..)| *its == name).map(Signal)
    }

    pub(crate) fn name(self) -> &'static str {
        ALL[self.0].0
    }

    fn numbered(number: c_int) -> Option<Signal> {
        ALL.iter().position(|(_, its, _)| *its == number).map(Signal)
    }

    fn number(self) -> c_int {
        ALL[self.0].1
    }

    /// True if the program ends by it, unless it has a handler of its own. The first process of a system or container
    /// does not: there is no default action for it.
    pub(crate) fn ends(self) -> bool {
        ALL[self.0].2 && std::process::id() != 1
    }

    fn state(self) -> &'static SignalState {
        &STATES[self.0]
    }

    /// True if the program has a handler for it, too.
    pub(crate) fn is_programs(self) -> bool {
        self.state().before().is_some() || !sigaction::is(self.number(), on_signal)
    }

    /// True if the process ignores it, for example under `nohup`.
    pub(crate) fn is_ignored(self) -> bool {
        sigaction::present(self.number()).is_some_and(|present| present.is_ignore())
    }

    /// True if the program has no handler for it and does not ignore it.
    pub(crate) fn has_default_action(self) -> bool {
        sigaction::present(self.number()).is_some_and(|present| present.is_default())
    }

    /// Takes the default action for the signal, on this process. Does not return if that ends it.
    pub(crate) fn act_by_default(self) {
        sigaction::act_by_default(self.number());
    }

    /// Lets the signal wake the profiler's thread. False: the process ignores it, and continues to.
    pub(crate) fn catch(self) -> bool {
        last_call::prepare();
        let state = self.state();
        let Some(before) = sigaction::present(self.number()) else { return false };
        if before.is_ignore() {
            return false;
        }
        if before.address() == on_signal as *const () as usize {
            return true;
        }
        // If the signal was caught before, the installed handler most likely calls ours.
        if state.is_caught.swap(true, AcqRel) && !before.is_default() {
            return true;
        }
        state.is_spent.store(false, Relaxed);
        if before.is_default() {
            state.before.store(null_mut(), Release);
            // If two signals arrive at once, the first one ends the process, as without a handler.
            return sigaction::set_alone(self.number(), on_signal, &ALL.map(|(_, number, _)| number));
        }
        // Never deallocated. A few bytes for each handler that is wrapped.
        state.before.store(Box::into_raw(Box::new(before)), Release);
        sigaction::set_around(self.number(), on_signal, &before)
    }

    /// Restores the signal's former action, if nobody has installed another handler meanwhile.
    fn release(self) {
        let state = self.state();
        if state.is_caught.load(Acquire) && sigaction::is(self.number(), on_signal) {
            match state.before() {
                Some(before) => sigaction::put_back(self.number(), before),
                None => sigaction::set_default(self.number()),
            };
            state.is_caught.store(false, Release);
        }
    }
}

impl SignalState {
    /// The program's handler that ours stands in front of.
    fn before(&self) -> Option<&'static Present> {
        // SAFETY: null, or a box that `catch` has leaked.
        let before = unsafe { self.before.load(Acquire).as_ref() }?;
        (!before.is_for_once() || !self.is_spent.load(Acquire)).then_some(before)
    }

    /// The same, for one call of it.
    fn take_before(&self) -> Option<&'static Present> {
        let before = self.before()?;
        (!before.is_for_once() || !self.is_spent.swap(true, AcqRel)).then_some(before)
    }
}

/// Sets whether a thread of this process takes the signals, or soon will. Without one they have their default action.
pub(crate) fn expect_thread(is_there: bool) {
    PROCESS.store(if is_there { std::process::id() } else { 0 }, Release);
}

/// From now on these signals write no report and say so. They keep their effect, except that those which only ask for a
/// report do not end the program.
pub(crate) fn refuse(signals: &[Signal]) {
    REFUSES.store(true, Release);
    for signal in signals {
        signal.catch();
    }
}

/// Called in a forked child: signals that arrived in the parent did not arrive in it.
pub(crate) fn in_child(has_thread: bool) {
    COME.store(0, Relaxed);
    FIRST.store(0, Relaxed);
    STATES.iter().for_each(|state| state.first_at.store(0, Relaxed));
    IS_ENDING.store(false, Relaxed);
    WAITING.store(0, Relaxed);
    alarm::in_child();
    expect_thread(has_thread);
}

/// Gives signals their former action back, or else their default action.
pub(crate) fn stop() {
    expect_thread(false);
    REFUSES.store(false, Release);
    (0..ALL.len()).map(Signal).for_each(Signal::release);
    COME.store(0, Relaxed);
}

/// True if a signal has arrived that is about to end the program.
pub(crate) fn is_end_near() -> bool {
    let come = COME.load(Acquire);
    (0..ALL.len()).any(|index| come & (1 << (index + ENDS)) != 0 && !Signal(index).is_programs())
}

/// Sets whether a signal has been taken that ends the process. For the thread that takes them.
pub(crate) fn set_ending(is_ending: bool) {
    IS_ENDING.store(is_ending, Release);
}

/// True if a signal waits for the thread.
pub(crate) fn is_waiting() -> bool {
    COME.load(Acquire) != 0
}

/// The signals that have arrived since the last call, each with true if it has its default action once the report is
/// written. The first of these comes before all others.
pub(crate) fn come() -> impl Iterator<Item = (Signal, bool)> {
    let come = COME.swap(0, Acquire);
    let first = FIRST.swap(0, Acquire).saturating_sub(1);
    let has_come = move |index: &usize| come & (1 << index) != 0;
    (0..ALL.len())
        .map(move |index| (first + index) % ALL.len())
        .filter(has_come)
        .map(move |index| (Signal(index), come & (1 << (index + ENDS)) != 0))
}

/// Runs on any thread, at any point of the program: it must not allocate or lock.
extern "C" fn on_signal(number: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let errno = sigaction::errno();
    if let Some(signal) = Signal::numbered(number) {
        if alarm::is_again(info) {
            signal.make_thread(context);
            signal.wait_for_the_end(context);
        } else {
            let before = signal.state().take_before();
            note(signal, before.is_some(), context);
            if let Some(before) = before {
                call(before, signal, info, context);
            }
        }
    }
    sigaction::set_errno(errno);
}

fn note(signal: Signal, has_handler: bool, context: *const c_void) {
    if REFUSES.load(Acquire) {
        say(REFUSAL);
    }
    let nobody_else = signal.ends() && !has_handler && sigaction::is(signal.number(), on_signal);
    let is_taken = PROCESS.load(Acquire) == std::process::id();
    if nobody_else && (!is_taken || is_impatient(signal)) {
        return signal.act_by_default();
    }
    if is_taken {
        let end = if nobody_else { 1 << ENDS } else { 0 };
        if nobody_else {
            let _ = FIRST.compare_exchange(0, signal.0 + 1, Relaxed, Relaxed);
        }
        COME.fetch_or((1 | end) << signal.0, Release);
        wake::wake();
        deferred::begin_tries();
        signal.make_thread(context);
        if nobody_else {
            signal.wait_for_the_end(context);
        }
    }
}

fn say(line: &str) {
    let _held = Held::begin();
    stderr::write_all(line.as_bytes());
}

impl Signal {
    /// Starts the thread if its start was deferred, here or a little later.
    fn make_thread(self, context: *const c_void) {
        let is_ours = || sigaction::is(self.number(), on_signal);
        if is_waiting() && !deferred::make_thread(self.number(), context, is_ours) {
            self.do_without_thread(context);
        }
    }

    /// Keeps an interrupted call from returning while the signal is about to end the process.
    fn wait_for_the_end(self, context: *const c_void) {
        let this = sigaction::thread();
        // A signal that arrives meanwhile gets here.
        if WAITING.load(Relaxed) == this
            || !last_call::is_interrupted(self.number(), context)
            || !abort_signal::may_wait()
        {
            return;
        }
        let is_first = WAITING.compare_exchange(0, this, Relaxed, Relaxed).is_ok();
        if is_first {
            sigaction::unblock_as_before(context);
        }
        let until = sigaction::milliseconds().saturating_add(PATIENCE);
        let mut times_over = 0;
        // The thread takes a signal a moment before it says so.
        while times_over < 3 && sigaction::milliseconds() < until {
            times_over = if is_end_near() || IS_ENDING.load(Acquire) { 0 } else { times_over + 1 };
            sigaction::pause();
        }
        if is_first {
            WAITING.store(0, Relaxed);
        }
    }

    /// The system has no thread left. The report before the end is written on the stack that is reserved for `abort`;
    /// other reports are not written.
    fn do_without_thread(self, context: *const c_void) {
        let ends = is_end_near();
        COME.store(0, Relaxed);
        if !ends {
            return say(NO_THREAD);
        }
        let may_run_here = last_call::is_interrupted(self.number(), context) || alone::may_make_thread(context, false);
        if !abort_signal::work_before(self.number(), may_run_here) {
            say(NO_THREAD);
        }
        self.act_by_default();
    }
}

fn is_impatient(signal: Signal) -> bool {
    let now = sigaction::milliseconds();
    match signal.state().first_at.compare_exchange(0, now, Relaxed, Relaxed) {
        Ok(_) => false,
        Err(first) => now.saturating_sub(first) >= IMPATIENT_AFTER,
    }
}

fn call(before: &Present, signal: Signal, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: `catch` has stored the system's handler of this signal, and its form; the arguments are those that the
    // system passed to ours. The address is not 0, which would stand for no handler.
    unsafe {
        if before.takes_info() {
            let handler = std::mem::transmute::<usize, sigaction::Handler>(before.address());
            handler(signal.number(), info, context);
        } else {
            let handler = std::mem::transmute::<usize, extern "C" fn(c_int)>(before.address());
            handler(signal.number());
        }
    }
}
