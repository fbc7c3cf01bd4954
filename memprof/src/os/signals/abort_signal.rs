//! Work that runs before `abort` ends the process: `abort` is a signal that a thread sends to itself.
//!
//! A thread that calls `abort` was not interrupted at an arbitrary point, but it may hold locks. So the work runs on a
//! new thread, whose stack is reserved in advance, and the aborting thread waits. If the system has no thread left, the
//! aborting thread does the work itself. The aborting thread may hold something that the work or the start of a thread
//! needs, such as the lock of the C library's allocator that has found its heap corrupted. Then an alarm ends the
//! process, as if there had been no work. So does a fault.
//!
//! The same work runs on another stack if a thread that calls `exit` has little stack left, and before a signal ends a
//! process that gets no thread from the system.

use libc::c_int;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::OnceLock;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicUsize};

#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
use crate::os::memory::stack_bounds;
use crate::os::process::sigaction;
use crate::os::threads::alone;
use crate::os::threads::raw_thread::{self, Stack};

/// Timeout of the work, in seconds.
const LONGEST: u32 = 15;
/// The stacks that threads keep for signal handlers are smaller than this. The standard library aborts on one after a
/// stack overflow; a second handler has just enough space there to do nothing.
const SMALL_STACK: usize = 64 * 1024;
/// The work's largest stack, doubled. (22 KiB in a release build, 64 in a debug build.)
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
const ENOUGH_STACK: usize = 128 * 1024;

/// Work to do before the process ends.
#[derive(Debug)]
pub(crate) struct Work {
    /// True if it can be done while this thread waits. Called in the handler.
    pub(crate) is_possible: fn() -> bool,
    /// Called on a new thread.
    pub(crate) run: fn(),
    /// The same, called on the thread that ends the process, on another stack.
    pub(crate) run_here: fn(),
}

static WORK: AtomicPtr<Work> = AtomicPtr::new(null_mut());
/// Stack of the thread that does the work. A program that aborts because its address space is exhausted has none left
/// for a stack.
static STACK: OnceLock<Option<Stack>> = OnceLock::new();
static HAS_BEGUN: AtomicBool = AtomicBool::new(false);
static IS_DONE: AtomicBool = AtomicBool::new(false);
/// Addresses of a thread-local in the thread that does the work, and in the thread that started it.
static WORKER: AtomicUsize = AtomicUsize::new(0);
static BEGINNER: AtomicUsize = AtomicUsize::new(0);

/// Sets the work.
pub(crate) fn set_work(work: &'static Work) {
    WORK.store(std::ptr::from_ref(work).cast_mut(), Release);
}

/// Runs the work before `abort` ends the process. False: the program has its own handler, which stays.
pub(crate) fn catch_abort() -> bool {
    STACK.get_or_init(Stack::set_aside);
    let is_default = sigaction::present(libc::SIGABRT).is_some_and(|present| present.is_default());
    (is_default && sigaction::set(libc::SIGABRT, on_abort)) || sigaction::is(libc::SIGABRT, on_abort)
}

/// Lets `abort` end the process at once.
pub(crate) fn release_abort() {
    if sigaction::is(libc::SIGABRT, on_abort) {
        sigaction::set_default(libc::SIGABRT);
    }
}

/// Prepares for [`has_room`]. Call it outside of allocations.
pub(crate) fn prepare() {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    stack_bounds::prepare();
}

/// True if the current stack has enough space for the work. False on a coroutine's stack, whose size is unknown.
pub(crate) fn has_room() -> bool {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    return stack_bounds::left().is_some_and(|left| left >= ENOUGH_STACK)
        && !sigaction::is_on_small_stack(ENOUGH_STACK);
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    return true;
}

/// The outcome of work that was to run on another stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OtherStack {
    /// It is done, or another thread is doing it, or it has timed out.
    Done,
    /// There is no work, or this thread must not wait for it.
    Nothing,
    /// The system has neither a thread nor a stack.
    Impossible,
}

/// Runs the work on a stack that is large enough, while this thread waits. It uses 2 KiB of the current stack.
#[cold]
#[inline(never)]
pub(crate) fn work_on_other_stack() -> OtherStack {
    // SAFETY: as in `on_abort`.
    let work = unsafe { WORK.load(Acquire).as_ref() };
    if !work.is_some_and(|work| (work.is_possible)()) {
        return OtherStack::Nothing;
    }
    // Work that has begun on the reserved stack writes the last report: later callers wait for it.
    if !HAS_BEGUN.load(Acquire) {
        IS_DONE.store(false, Release);
    }
    // Starting the first thread of a process uses several KiB of the current stack: the C library then binds symbols.
    let is_alone = alone::is_alone();
    if !is_alone && raw_thread::start(on_worker, &[]) {
        wait();
        return OtherStack::Done;
    }
    let Some(stack) = STACK.get().and_then(Option::as_ref) else { return OtherStack::Impossible };
    // Work that began before an `abort` has the stack to itself.
    if HAS_BEGUN.swap(true, AcqRel) {
        wait();
        return OtherStack::Done;
    }
    if !is_alone && raw_thread::start_on(stack, on_worker, &[]) {
        wait();
        return OtherStack::Done;
    }
    // SAFETY: nobody else has begun anything on the stack, or will.
    let is_possible = unsafe { raw_thread::call_on(stack, on_stack) };
    IS_DONE.store(true, Release);
    if is_possible { OtherStack::Done } else { OtherStack::Impossible }
}

/// Runs the work before this signal ends the process, if the system has no thread with a stack of its own but may have
/// one for the reserved stack. If it has not, and `may_run_here`, the current thread does the work on that stack:
/// `may_run_here` means that it holds nothing that the work needs. Called in the handler of the signal. False: nothing
/// was done.
pub(in crate::os) fn work_before(signal: c_int, may_run_here: bool) -> bool {
    if !may_wait() {
        return false;
    }
    if HAS_BEGUN.swap(true, AcqRel) {
        wait();
        return true;
    }
    let Some(stack) = STACK.get().and_then(Option::as_ref) else { return false };
    BEGINNER.store(this_thread(), Release);
    give_up_by(signal, &[libc::SIGALRM, libc::SIGSEGV, libc::SIGBUS, libc::SIGABRT]);
    if raw_thread::start_on(stack, on_worker, &[libc::SIGALRM]) {
        wait();
        return true;
    }
    // SAFETY: nobody else has begun anything on the stack, or will.
    may_run_here && unsafe { raw_thread::call_on(stack, on_stack) }
}

extern "C" fn on_stack() {
    // SAFETY: as in `on_abort`.
    if let Some(work) = unsafe { WORK.load(Acquire).as_ref() } {
        (work.run_here)();
    }
}

/// True if this thread may wait for the report, because it is not the one that makes it. May be called in a handler.
pub(in crate::os) fn may_wait() -> bool {
    // SAFETY: as in `on_abort`.
    let work = unsafe { WORK.load(Acquire).as_ref() };
    work.is_some_and(|work| (work.is_possible)())
}

fn wait() {
    let until = sigaction::milliseconds().saturating_add(u64::from(LONGEST) * 1000);
    while !IS_DONE.load(Acquire) && sigaction::milliseconds() < until {
        sigaction::pause();
    }
}

/// Called in a forked child: work that a thread of the parent began does not end this process.
pub(crate) fn in_child() {
    HAS_BEGUN.store(false, Relaxed);
    IS_DONE.store(false, Relaxed);
    WORKER.store(0, Relaxed);
    BEGINNER.store(0, Relaxed);
}

extern "C" fn on_abort(_: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    if sigaction::is_on_small_stack(SMALL_STACK) {
        return sigaction::act_by_default(libc::SIGABRT);
    }
    // SAFETY: null, or the argument of `set_work`, which lives as long as the program.
    let work = unsafe { WORK.load(Acquire).as_ref() };
    // If one of these two threads aborts meanwhile, because memory has run out, it must not wait for itself.
    let is_at_it = [&WORKER, &BEGINNER].iter().any(|thread| thread.load(Acquire) == this_thread());
    if !work.is_some_and(|work| !is_at_it && (work.is_possible)()) {
        return sigaction::act_by_default(libc::SIGABRT);
    }
    // If several threads abort together, the first one starts the work, and all wait for it.
    if !HAS_BEGUN.swap(true, AcqRel) {
        BEGINNER.store(this_thread(), Release);
        give_up_by(libc::SIGABRT, &[libc::SIGALRM, libc::SIGSEGV, libc::SIGBUS]);
        let stack = STACK.get().and_then(Option::as_ref);
        // The alarm has to be delivered: starting a thread may wait for the heap's lock, which this thread holds.
        let open = [libc::SIGALRM];
        if !stack.is_some_and(|stack| raw_thread::start_on(stack, on_worker, &open))
            && !raw_thread::start(on_worker, &open)
        {
            // A signal from another process can interrupt this thread at any point.
            if sigaction::is_own(info) {
                on_worker();
            }
            return sigaction::act_by_default(libc::SIGABRT);
        }
    }
    wait();
    sigaction::act_by_default(libc::SIGABRT);
}

fn this_thread() -> usize {
    thread_local! {
        static HERE: u8 = const { 0 };
    }
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

fn on_worker() {
    WORKER.store(this_thread(), Release);
    // SAFETY: as in `on_abort`.
    if let Some(work) = unsafe { WORK.load(Acquire).as_ref() } {
        (work.run)();
    }
    WORKER.store(0, Release);
    IS_DONE.store(true, Release);
}

/// Ends the process by `signal` when one of the signals `on` arrives. An alarm is set, so that one arrives eventually.
fn give_up_by(signal: c_int, on: &[c_int]) {
    static BY: AtomicI32 = AtomicI32::new(libc::SIGABRT);
    extern "C" fn give_up(_: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {
        sigaction::act_by_default(BY.load(Relaxed));
    }
    BY.store(signal, Relaxed);
    for &signal in on {
        sigaction::set(signal, give_up);
    }
    sigaction::unblock(libc::SIGALRM);
    // SAFETY: the call takes any number.
    unsafe { libc::alarm(LONGEST) };
}
