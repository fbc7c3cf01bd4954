//! Signal actions: the handler, the default action, or ignored. Everything in here may be called in a handler.

use libc::c_int;
use std::ffi::c_void;
use std::ptr::{null, null_mut};

pub(in crate::os) type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// The system's action for a signal.
#[derive(Clone, Copy)]
pub(in crate::os) struct Present(libc::sigaction);

impl Present {
    pub(in crate::os) fn is_ignore(&self) -> bool {
        self.0.sa_sigaction == libc::SIG_IGN
    }

    pub(in crate::os) fn is_default(&self) -> bool {
        self.0.sa_sigaction == libc::SIG_DFL
    }

    /// Address of the handler; 0: none.
    pub(in crate::os) fn address(&self) -> usize {
        if self.is_default() || self.is_ignore() { 0 } else { self.0.sa_sigaction }
    }

    pub(in crate::os) fn takes_info(&self) -> bool {
        self.0.sa_flags & libc::SA_SIGINFO != 0
    }

    /// True if the handler is called only once, and the next signal has its default action.
    pub(in crate::os) fn is_for_once(&self) -> bool {
        self.0.sa_flags & libc::SA_RESETHAND != 0
    }
}

/// The current action for a signal.
pub(in crate::os) fn present(signal: c_int) -> Option<Present> {
    // SAFETY: a zeroed `sigaction` is valid; the call only fills it.
    unsafe {
        let mut present = std::mem::zeroed();
        if libc::sigaction(signal, null(), &raw mut present) == 0 { Some(Present(present)) } else { None }
    }
}

/// True if this handler is installed.
pub(in crate::os) fn is(signal: c_int, handler: Handler) -> bool {
    present(signal).is_some_and(|present| present.address() == handler as usize)
}

/// Installs `handler`. System calls restart after it. It runs on the current stack: the alternate stack that threads
/// keep for handlers is too small to start a thread on.
pub(in crate::os) fn set(signal: c_int, handler: Handler) -> bool {
    set_alone(signal, handler, &[])
}

/// Like [`set`], and blocks `others` while the handler runs.
pub(in crate::os) fn set_alone(signal: c_int, handler: Handler, others: &[c_int]) -> bool {
    // SAFETY: a zeroed `sigaction` is valid, with an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
    for &other in others {
        // SAFETY: the mask is valid.
        unsafe { libc::sigaddset(&raw mut action.sa_mask, other) };
    }
    put(signal, &action)
}

/// Installs `handler` in place of the current one, with its flags and mask: system calls are interrupted or restart as
/// before, and the stack and the blocked signals are those that the program chose. If the current one is to be called
/// only once, `handler` has to see to that, because it stays.
pub(in crate::os) fn set_around(signal: c_int, handler: Handler, before: &Present) -> bool {
    let mut action = before.0;
    action.sa_sigaction = handler as usize;
    action.sa_flags = action.sa_flags & !libc::SA_RESETHAND | libc::SA_SIGINFO;
    put(signal, &action)
}

/// Restores a former action.
pub(in crate::os) fn put_back(signal: c_int, before: &Present) -> bool {
    put(signal, &before.0)
}

pub(in crate::os) fn set_default(signal: c_int) -> bool {
    // SAFETY: a zeroed `sigaction` is valid, with an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = libc::SIG_DFL;
    put(signal, &action)
}

fn put(signal: c_int, action: &libc::sigaction) -> bool {
    // SAFETY: the handler is a constant of the system, or the program's own, or lives as long as the program and is
    // async-signal-safe.
    unsafe { libc::sigaction(signal, action, null_mut()) == 0 }
}

/// Unblocks the signal for this thread. False: the system refuses.
pub(in crate::os) fn unblock(signal: c_int) -> bool {
    // SAFETY: the set is emptied before it is used, and the former mask is not returned.
    unsafe {
        let mut set = std::mem::zeroed::<libc::sigset_t>();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, null_mut()) == 0
    }
}

/// Restores the signal mask that this thread had when the current handler was called.
pub(in crate::os) fn unblock_as_before(context: *const c_void) {
    // SAFETY: null, or the context that the system passes to a handler; the former mask is not returned.
    unsafe {
        if let Some(context) = context.cast::<libc::ucontext_t>().as_ref() {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const context.uc_sigmask, null_mut());
        }
    }
}

/// Ends the process as if there had never been a handler: by the signal itself, so that a waiting parent sees it.
pub(in crate::os) fn act_by_default(signal: c_int) {
    set_default(signal);
    let is_open = unblock(signal);
    // SAFETY: the calls take any number.
    unsafe {
        let is_sent = libc::raise(signal) == 0;
        // Some sandboxes refuse these two calls. Then another thread gets the signal. −1 would mean all processes.
        let process = libc::getpid();
        if !(is_open && is_sent) && process > 1 {
            libc::kill(process, signal);
        }
    }
}

/// True if this process itself sent the signal that a handler was called for.
pub(in crate::os) fn is_own(info: *const libc::siginfo_t) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    // SAFETY: null, or the information that the system passes to the handler of a signal that was sent.
    return unsafe { info.as_ref().is_some_and(|info| info.si_pid() == libc::getpid()) };
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    return {
        let _ = info;
        false
    };
}

/// True if this runs on an alternate signal stack of fewer bytes than this.
pub(in crate::os) fn is_on_small_stack(bytes: usize) -> bool {
    // SAFETY: a zeroed `stack_t` is valid; the call only fills it.
    let stack = unsafe {
        let mut stack = std::mem::zeroed::<libc::stack_t>();
        libc::sigaltstack(null(), &raw mut stack);
        stack
    };
    stack.ss_flags & libc::SS_ONSTACK != 0 && stack.ss_size < bytes
}

/// Milliseconds of a monotonic clock; never 0.
pub(in crate::os) fn milliseconds() -> u64 {
    // SAFETY: the call fills the value that it is given.
    let time = unsafe {
        let mut time = std::mem::zeroed::<libc::timespec>();
        libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time);
        time
    };
    (time.tv_sec as u64).wrapping_mul(1000).wrapping_add(time.tv_nsec as u64 / 1_000_000).max(1)
}

/// The id of this thread; 0: unknown.
pub(in crate::os) fn thread() -> u32 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the call has no preconditions.
    return unsafe { libc::syscall(libc::SYS_gettid) } as u32;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    return 0;
}

/// Sleeps for a few milliseconds.
pub(in crate::os) fn pause() {
    let time = libc::timespec { tv_sec: 0, tv_nsec: 2_000_000 };
    // SAFETY: the time is valid, and a null pointer means that the remaining time is not returned.
    unsafe { libc::nanosleep(&raw const time, null_mut()) };
}

/// The error number, which the interrupted code may be about to read.
pub(in crate::os) fn errno() -> c_int {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

pub(in crate::os) fn set_errno(errno: c_int) {
    #[cfg(any(target_os = "linux", target_os = "emscripten", target_os = "hurd", target_os = "redox"))]
    // SAFETY: the location belongs to this thread.
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
