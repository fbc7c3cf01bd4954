//! The deferred start of the profiler's thread, when a signal arrives.

use libc::c_int;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicU32};

use crate::os::signals::alarm;
use crate::os::threads::alone;

/// A deferred start of a thread.
#[derive(Debug)]
pub(crate) struct DeferredStart {
    /// Starts the thread, unless it runs already. False: the system has no thread left. Called in a handler.
    pub(crate) make: fn() -> bool,
    /// Asks the program's threads to start it soon. Called in a handler.
    pub(crate) hurry: fn(),
}

static DEFERRED: AtomicPtr<DeferredStart> = AtomicPtr::new(null_mut());
/// Number of attempts of handlers to start it.
static TRIES: AtomicU32 = AtomicU32::new(0);
/// After this many attempts, about a second, a handler is late.
const MOST_TRIES: u32 = 2000;

/// Sets the functions that start the thread if it does not run yet when a signal arrives.
pub(crate) fn prepare(how: &'static DeferredStart) {
    DEFERRED.store(std::ptr::from_ref(how).cast_mut(), Release);
}

/// Called when a signal has arrived.
pub(in crate::os) fn begin_tries() {
    TRIES.store(0, Relaxed);
}

/// Starts the thread if its start was deferred. Called in the handler of a signal: starts it at once, or a little later
/// if the interrupted code does not allow it. False: the system has no thread left. `is_ours` returns true if no other
/// handler is installed.
pub(in crate::os) fn make_thread(signal: c_int, context: *const c_void, is_ours: impl FnOnce() -> bool) -> bool {
    // SAFETY: null, or the argument of `prepare`, which lives as long as the program.
    let Some(deferred) = (unsafe { DEFERRED.load(Acquire).as_ref() }) else { return true };
    let tries = TRIES.fetch_add(1, Relaxed);
    if alone::may_make_thread(context, tries >= MOST_TRIES) {
        return (deferred.make)();
    }
    (deferred.hurry)();
    // A handler of the program would take the repeated signal for a second one. The intervals differ: interrupted code
    // that loops could be at the same point after equal ones.
    let nanos = 200_000 + (tries % 64) * 10_007;
    !is_ours() || alarm::send_again(signal, nanos as libc::c_long)
}
