//! The profiler's thread, where it is made only when a signal has come.

use libc::c_int;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicU32};

use super::{alarm, alone};

/// The making of a thread that was put off.
#[derive(Debug)]
pub(crate) struct PutOff {
    /// Makes it, if it is not there already. False: the system has none to give. Called in a handler.
    pub(crate) make: fn() -> bool,
    /// Has the program's threads make it, soon. Called in a handler.
    pub(crate) hurry: fn(),
}

static PUT_OFF: AtomicPtr<PutOff> = AtomicPtr::new(null_mut());
/// How often a handler could not make it.
static TRIES: AtomicU32 = AtomicU32::new(0);
/// A handler that has come so often, for a second, is late.
const MOST_TRIES: u32 = 2000;

/// Says what makes the thread, should it not be there when a signal has come.
pub(crate) fn prepare(how: &'static PutOff) {
    PUT_OFF.store(std::ptr::from_ref(how).cast_mut(), Release);
}

/// A signal has come.
pub(super) fn begin_tries() {
    TRIES.store(0, Relaxed);
}

/// Makes the thread if it was put off, in the handler of a signal: at once, or a little later if what the handler has
/// interrupted does not bear it. False: the system has no thread to give. `is_ours` tells whether the handler is the only one.
pub(super) fn make_thread(signal: c_int, context: *const c_void, is_ours: impl FnOnce() -> bool) -> bool {
    // SAFETY: null, or what `prepare` was given, which lives as long as the program.
    let Some(put_off) = (unsafe { PUT_OFF.load(Acquire).as_ref() }) else { return true };
    let tries = TRIES.fetch_add(1, Relaxed);
    if alone::may_make_thread(context, tries >= MOST_TRIES) {
        return (put_off.make)();
    }
    (put_off.hurry)();
    // A handler of the program's own would take the signal for a second one. At distances that differ: what is interrupted may
    // come round at even ones.
    let nanos = 200_000 + (tries % 64) * 10_007;
    !is_ours() || alarm::send_again(signal, nanos as libc::c_long)
}
