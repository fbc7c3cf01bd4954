//! What stands between a signal and its default action. All of it may be called in a handler.

use libc::c_int;
use std::ffi::c_void;
use std::ptr::{null, null_mut};

pub(super) type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// What the system does with a signal.
#[derive(Clone, Copy)]
pub(super) struct Present(libc::sigaction);

impl Present {
    pub(super) fn is_ignore(&self) -> bool {
        self.0.sa_sigaction == libc::SIG_IGN
    }

    pub(super) fn is_default(&self) -> bool {
        self.0.sa_sigaction == libc::SIG_DFL
    }

    /// The handler; 0: none.
    pub(super) fn address(&self) -> usize {
        if self.is_default() || self.is_ignore() { 0 } else { self.0.sa_sigaction }
    }

    pub(super) fn takes_info(&self) -> bool {
        self.0.sa_flags & libc::SA_SIGINFO != 0
    }

    /// True if the handler is called once, and the next signal has its default action.
    pub(super) fn is_for_once(&self) -> bool {
        self.0.sa_flags & libc::SA_RESETHAND != 0
    }
}

/// What the system does with a signal now.
pub(super) fn present(signal: c_int) -> Option<Present> {
    // SAFETY: a zeroed `sigaction` is one; the call only fills it.
    unsafe {
        let mut present = std::mem::zeroed();
        if libc::sigaction(signal, null(), &raw mut present) == 0 { Some(Present(present)) } else { None }
    }
}

/// Whether this very handler is the one that is called.
pub(super) fn is(signal: c_int, handler: Handler) -> bool {
    present(signal).is_some_and(|present| present.address() == handler as usize)
}

/// Has `handler` called. Calls of the system go on after it. It runs on the stack that is in use: that which threads keep for
/// handlers is too small to begin a thread on.
pub(super) fn set(signal: c_int, handler: Handler) -> bool {
    set_alone(signal, handler, &[])
}

/// The same, and none of `others` comes before it has returned.
pub(super) fn set_alone(signal: c_int, handler: Handler, others: &[c_int]) -> bool {
    // SAFETY: a zeroed `sigaction` is one, with an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
    for &other in others {
        // SAFETY: the mask is valid.
        unsafe { libc::sigaddset(&raw mut action.sa_mask, other) };
    }
    put(signal, &action)
}

/// Has `handler` called instead of the one that is there, with its flags and mask: calls of the system are interrupted or go on
/// as before, and the stack and the blocked signals are those that the program chose. A handler that is called once is left to
/// `handler`, which stays.
pub(super) fn set_around(signal: c_int, handler: Handler, before: &Present) -> bool {
    let mut action = before.0;
    action.sa_sigaction = handler as usize;
    action.sa_flags = action.sa_flags & !libc::SA_RESETHAND | libc::SA_SIGINFO;
    put(signal, &action)
}

/// Has the system do what it did before.
pub(super) fn put_back(signal: c_int, before: &Present) -> bool {
    put(signal, &before.0)
}

pub(super) fn set_default(signal: c_int) -> bool {
    // SAFETY: a zeroed `sigaction` is one, with an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = libc::SIG_DFL;
    put(signal, &action)
}

fn put(signal: c_int, action: &libc::sigaction) -> bool {
    // SAFETY: the handler is a constant of the system, or the program's own, or lives as long as the program and calls nothing
    // that must not be called in a handler.
    unsafe { libc::sigaction(signal, action, null_mut()) == 0 }
}

/// Lets this thread have the signal. False: the system refuses that.
pub(super) fn unblock(signal: c_int) -> bool {
    // SAFETY: the set is emptied before it is used, and the former mask is not asked for.
    unsafe {
        let mut set = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, null_mut()) == 0
    }
}

/// Lets this thread have the signals again that it had when the present handler was called.
pub(super) fn unblock_as_before(context: *const c_void) {
    // SAFETY: null, or what the system gives to a handler; the former mask is not asked for.
    unsafe {
        if let Some(context) = context.cast::<libc::ucontext_t>().as_ref() {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const context.uc_sigmask, null_mut());
        }
    }
}

/// The end of the process, as if nobody had had a handler: by the signal itself, which whoever waits for it sees.
pub(super) fn act_by_default(signal: c_int) {
    set_default(signal);
    let is_open = unblock(signal);
    // SAFETY: the calls take any number.
    unsafe {
        let is_sent = libc::raise(signal) == 0;
        // Some sandboxes refuse what these two need. Another thread gets it then. −1 would be all processes.
        let process = libc::getpid();
        if !(is_open && is_sent) && process > 1 {
            libc::kill(process, signal);
        }
    }
}

/// Whether this process has sent itself the signal that a handler was called for.
pub(super) fn is_own(info: *const libc::siginfo_t) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    // SAFETY: null, or the information of a signal that was sent, as the system gives it to a handler.
    return unsafe { info.as_ref().is_some_and(|info| info.si_pid() == libc::getpid()) };
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    return {
        let _ = info;
        false
    };
}

/// Whether this runs on a stack of less than so many bytes that the thread keeps for handlers.
pub(super) fn is_on_small_stack(bytes: usize) -> bool {
    // SAFETY: a zeroed `stack_t` is one; the call only fills it.
    let stack = unsafe {
        let mut stack = std::mem::zeroed::<libc::stack_t>();
        libc::sigaltstack(null(), &raw mut stack);
        stack
    };
    stack.ss_flags & libc::SS_ONSTACK != 0 && stack.ss_size < bytes
}

/// Milliseconds of a clock that is never set back; never 0.
pub(super) fn milliseconds() -> u64 {
    // SAFETY: the call fills the place it is given.
    let time = unsafe {
        let mut time = std::mem::zeroed::<libc::timespec>();
        libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time);
        time
    };
    (time.tv_sec as u64).wrapping_mul(1000).wrapping_add(time.tv_nsec as u64 / 1_000_000).max(1)
}

/// The number of this thread; 0: not known.
pub(super) fn thread() -> u32 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the call has no preconditions.
    return unsafe { libc::syscall(libc::SYS_gettid) } as u32;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    return 0;
}

/// Waits for some milliseconds.
pub(super) fn pause() {
    let time = libc::timespec { tv_sec: 0, tv_nsec: 2_000_000 };
    // SAFETY: the time is valid, and what is left of it is not asked for.
    unsafe { libc::nanosleep(&raw const time, null_mut()) };
}

/// What the interrupted code may be about to read.
pub(super) fn errno() -> c_int {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

pub(super) fn set_errno(errno: c_int) {
    #[cfg(any(target_os = "linux", target_os = "emscripten", target_os = "hurd", target_os = "redox"))]
    // SAFETY: the place is this thread's own.
    unsafe {
        *libc::__errno_location() = errno;
    }
    #[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
    // SAFETY: as above.
    unsafe {
        *libc::__errno() = errno;
    }
    #[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
    // SAFETY: as above.
    unsafe {
        *libc::__error() = errno;
    }
    #[cfg(not(any(
        target_os = "linux",
        target_os = "emscripten",
        target_os = "hurd",
        target_os = "redox",
        target_os = "android",
        target_os = "netbsd",
        target_os = "openbsd",
        target_vendor = "apple",
        target_os = "freebsd"
    )))]
    let _ = errno;
}
