//! A signal that is sent again shortly afterwards, for a handler that could not do its work where it was called.
//!
//! The system's timers are called directly: the C library's functions would allocate.

use libc::c_int;
use std::sync::atomic::AtomicI32;
use std::sync::atomic::Ordering::Relaxed;

#[cfg(target_os = "linux")]
pub(in crate::os) use imp::{is_again, send_again};

/// The timer of this process; −1: none yet.
static TIMER: AtomicI32 = AtomicI32::new(-1);

/// Called in a forked child, which inherits no timers.
pub(in crate::os) fn in_child() {
    TIMER.store(-1, Relaxed);
}

#[cfg(target_os = "linux")]
mod imp {
    use super::{AtomicI32, Relaxed, TIMER, c_int};

    /// Its address marks the signals of our timer.
    static MARK: AtomicI32 = AtomicI32::new(0);

    fn mark() -> *mut libc::c_void {
        (&raw const MARK).cast_mut().cast()
    }

    /// Sends the signal again after less than a second. False: the system has no timer left.
    pub(in crate::os) fn send_again(signal: c_int, nanoseconds: libc::c_long) -> bool {
        let timer = match TIMER.load(Relaxed) {
            -1 => match create(signal) {
                Some(timer) => timer,
                None => return false,
            },
            timer => timer,
        };
        let nothing = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let once =
            libc::itimerspec { it_interval: nothing, it_value: libc::timespec { tv_sec: 0, tv_nsec: nanoseconds } };
        // SAFETY: the time is valid, and a null pointer means that the previous setting is not returned.
        unsafe { libc::syscall(libc::SYS_timer_settime, timer, 0, &raw const once, std::ptr::null_mut::<u8>()) == 0 }
    }

    fn create(signal: c_int) -> Option<c_int> {
        // SAFETY: a zeroed `sigevent` is valid; the call stores the timer's number.
        unsafe {
            let mut event: libc::sigevent = std::mem::zeroed();
            event.sigev_notify = libc::SIGEV_SIGNAL;
            event.sigev_signo = signal;
            event.sigev_value = libc::sigval { sival_ptr: mark() };
            let mut timer: c_int = 0;
            let done = libc::syscall(libc::SYS_timer_create, libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer);
            (done == 0).then(|| {
                TIMER.store(timer, Relaxed);
                timer
            })
        }
    }

    /// True if our timer sent this signal.
    pub(in crate::os) fn is_again(info: *const libc::siginfo_t) -> bool {
        // SAFETY: null, or the information that the system passes to a handler; a timer's signal has a value.
        unsafe {
            info.as_ref().is_some_and(|info| info.si_code == libc::SI_TIMER && info.si_value().sival_ptr == mark())
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(in crate::os) fn send_again(_: c_int, _: libc::c_long) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
pub(in crate::os) fn is_again(_: *const libc::siginfo_t) -> bool {
    false
}
