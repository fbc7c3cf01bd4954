//! Work that is done before `abort` ends the process: it is a signal that a thread sends to itself.
//!
//! A thread that aborts does so in code that it has chosen, but it may hold locks. So the work is done on a new thread, whose
//! stack is set aside before, and this one waits. Where no thread can be had, the work is done here. Should this thread hold
//! what the work, or the making of a thread, needs, such as the lock of the C library's allocator, which has found its heap
//! damaged, then an alarm ends the process, as if there had been no work. So does a fault.
//!
//! The same work is done elsewhere where a thread that calls `exit` has little stack left, and before a signal ends a process
//! that the system gives no thread.

use libc::c_int;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::OnceLock;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicUsize};

use super::bare_thread::{self, Stack};
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
use super::stack_bounds;
use super::{alone, handler};

/// Seconds that the work may take.
const LONGEST: u32 = 15;
/// The stacks that threads keep for handlers are smaller than this. The standard library aborts on one when the usual stack
/// has overflowed; a second handler finds just enough room there to do nothing.
const SMALL_STACK: usize = 64 * 1024;
/// Stack that the work takes at most, and as much again. (22 KiB in a release build, 64 in a debug build.)
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
const ENOUGH_STACK: usize = 128 * 1024;

/// What is to be done.
#[derive(Debug)]
pub(crate) struct Work {
    /// Whether it can be done while this thread waits. Called in the handler.
    pub(crate) is_possible: fn() -> bool,
    /// Called on a new thread.
    pub(crate) run: fn(),
    /// The same on the thread that ends the process, on another stack.
    pub(crate) run_here: fn(),
}

static WORK: AtomicPtr<Work> = AtomicPtr::new(null_mut());
/// For the thread that does the work: a program that aborts because it has all the address space it may have has none left for
/// a stack.
static STACK: OnceLock<Option<Stack>> = OnceLock::new();
static HAS_BEGUN: AtomicBool = AtomicBool::new(false);
static IS_DONE: AtomicBool = AtomicBool::new(false);
/// The thread that does the work, and the one that has begun it: where they have their data.
static WORKER: AtomicUsize = AtomicUsize::new(0);
static BEGINNER: AtomicUsize = AtomicUsize::new(0);

/// Has this work done.
pub(crate) fn set_work(work: &'static Work) {
    WORK.store(std::ptr::from_ref(work).cast_mut(), Release);
}

/// Has the work done before `abort` ends the process. False: the program has a handler of its own, which stays.
pub(crate) fn catch_abort() -> bool {
    STACK.get_or_init(Stack::set_aside);
    let is_default = handler::present(libc::SIGABRT).is_some_and(|present| present.is_default());
    (is_default && handler::set(libc::SIGABRT, on_abort)) || handler::is(libc::SIGABRT, on_abort)
}

/// `abort` ends the process at once.
pub(crate) fn release_abort() {
    if handler::is(libc::SIGABRT, on_abort) {
        handler::set_default(libc::SIGABRT);
    }
}

/// Prepares for [`has_room`]. Outside of allocations.
pub(crate) fn prepare() {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    stack_bounds::prepare();
}

/// True if the work can be done on the stack that is in use. Not on that of a coroutine, whose size nobody knows.
pub(crate) fn has_room() -> bool {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    return stack_bounds::left().is_some_and(|left| left >= ENOUGH_STACK) && !handler::is_on_small_stack(ENOUGH_STACK);
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    return true;
}

/// What became of work that was to be done on another stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Elsewhere {
    /// It is done, or another thread is at it, or it takes longer than it may.
    Done,
    /// There is none, or this thread must not wait for it.
    Nothing,
    /// The system has neither a thread nor a stack.
    Impossible,
}

/// Has the work done on a stack that is large enough, while this thread waits. It takes 2 KiB of this one.
#[cold]
#[inline(never)]
pub(crate) fn work_elsewhere() -> Elsewhere {
    // SAFETY: as in `on_abort`.
    let work = unsafe { WORK.load(Acquire).as_ref() };
    if !work.is_some_and(|work| (work.is_possible)()) {
        return Elsewhere::Nothing;
    }
    // What was begun on the stack that is set aside is the last report: whoever comes later waits for that.
    if !HAS_BEGUN.load(Acquire) {
        IS_DONE.store(false, Release);
    }
    // The first thread of a process takes several KiB of this stack: the C library binds names then.
    let is_alone = alone::is_alone();
    if !is_alone && bare_thread::start(on_worker, &[]) {
        wait();
        return Elsewhere::Done;
    }
    let Some(stack) = STACK.get().and_then(Option::as_ref) else { return Elsewhere::Impossible };
    // What has begun before an `abort` has the stack for itself.
    if HAS_BEGUN.swap(true, AcqRel) {
        wait();
        return Elsewhere::Done;
    }
    if !is_alone && bare_thread::start_on(stack, on_worker, &[]) {
        wait();
        return Elsewhere::Done;
    }
    // SAFETY: nobody else has begun anything on the stack, nor will.
    let is_possible = unsafe { bare_thread::call_on(stack, on_stack) };
    IS_DONE.store(true, Release);
    if is_possible { Elsewhere::Done } else { Elsewhere::Impossible }
}

/// Has the work done before this signal ends the process, where the system has no thread but may have one for the stack that is
/// set aside. If `may_run_here`, this thread does it on that stack where there is none: it holds nothing that the work needs. In
/// the handler of the signal. False: nothing was done.
pub(super) fn work_before(signal: c_int, may_run_here: bool) -> bool {
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
    if bare_thread::start_on(stack, on_worker, &[libc::SIGALRM]) {
        wait();
        return true;
    }
    // SAFETY: nobody else has begun anything on the stack, nor will.
    may_run_here && unsafe { bare_thread::call_on(stack, on_stack) }
}

extern "C" fn on_stack() {
    // SAFETY: as in `on_abort`.
    if let Some(work) = unsafe { WORK.load(Acquire).as_ref() } {
        (work.run_here)();
    }
}

/// True if this thread may wait for the report: it is not the one that makes it. May be called in a handler.
pub(super) fn may_wait() -> bool {
    // SAFETY: as in `on_abort`.
    let work = unsafe { WORK.load(Acquire).as_ref() };
    work.is_some_and(|work| (work.is_possible)())
}

fn wait() {
    let until = handler::milliseconds().saturating_add(u64::from(LONGEST) * 1000);
    while !IS_DONE.load(Acquire) && handler::milliseconds() < until {
        handler::pause();
    }
}

/// In a forked child: what a thread of the parent had begun is not this process's end.
pub(crate) fn in_child() {
    HAS_BEGUN.store(false, Relaxed);
    IS_DONE.store(false, Relaxed);
    WORKER.store(0, Relaxed);
    BEGINNER.store(0, Relaxed);
}

extern "C" fn on_abort(_: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    if handler::is_on_small_stack(SMALL_STACK) {
        return handler::act_by_default(libc::SIGABRT);
    }
    // SAFETY: null, or what `set_work` was given, which lives as long as the program.
    let work = unsafe { WORK.load(Acquire).as_ref() };
    // One of these two that aborts meanwhile, because there is no memory left, must not wait for itself.
    let is_at_it = [&WORKER, &BEGINNER].iter().any(|thread| thread.load(Acquire) == this_thread());
    if !work.is_some_and(|work| !is_at_it && (work.is_possible)()) {
        return handler::act_by_default(libc::SIGABRT);
    }
    // Of threads that abort together the first one has it done, and the others wait with it.
    if !HAS_BEGUN.swap(true, AcqRel) {
        BEGINNER.store(this_thread(), Release);
        give_up_by(libc::SIGABRT, &[libc::SIGALRM, libc::SIGSEGV, libc::SIGBUS]);
        let stack = STACK.get().and_then(Option::as_ref);
        // The alarm has to come through: making a thread may wait for the heap's lock, which this thread holds.
        let open = [libc::SIGALRM];
        if !stack.is_some_and(|stack| bare_thread::start_on(stack, on_worker, &open))
            && !bare_thread::start(on_worker, &open)
        {
            // A signal from elsewhere can find this thread in the middle of anything.
            if handler::is_own(info) {
                on_worker();
            }
            return handler::act_by_default(libc::SIGABRT);
        }
    }
    wait();
    handler::act_by_default(libc::SIGABRT);
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

/// Has the process end by a signal when one of these comes, of which an alarm comes in the end.
fn give_up_by(signal: c_int, on: &[c_int]) {
    static BY: AtomicI32 = AtomicI32::new(libc::SIGABRT);
    extern "C" fn give_up(_: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {
        handler::act_by_default(BY.load(Relaxed));
    }
    BY.store(signal, Relaxed);
    for &signal in on {
        handler::set(signal, give_up);
    }
    handler::unblock(libc::SIGALRM);
    // SAFETY: the call takes any number.
    unsafe { libc::alarm(LONGEST) };
}
