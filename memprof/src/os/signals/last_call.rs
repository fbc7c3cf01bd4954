//! The system call that a signal has interrupted, in a program that the signal ends.
//!
//! Without memprof such a call never returns: the process ends in it. If a handler returned, the call would fail with
//! `EINTR`, and the program would continue with its error handling while the report is written. So the handler waits
//! instead (see `signals`). It waits only at such calls: a thread that is interrupted elsewhere may hold a lock that
//! the report needs, such as the allocator's. No allocator waits in a call that fails with `EINTR` or restarts, except
//! for its own lock.

use libc::c_int;
use std::ffi::c_void;

pub(in crate::os) use imp::{is_interrupted, prepare};

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"), target_pointer_width = "64"))]
mod imp {
    use super::{c_int, c_void};
    use crate::os::memory::code::{self, Code, Interrupted, SYSTEM_CALL, code_at};

    /// The C library, and the module that contains memprof: libraries that make system calls themselves are linked into
    /// it.
    static CODE: [Code; 2] = [const { Code::new() }; 2];

    /// Finds the code whose calls are recognized. Not in a handler.
    pub(in crate::os) fn prepare() {
        let functions = [libc::getppid as *const (), prepare as *const ()];
        for (code, function) in CODE.iter().zip(functions) {
            if !code.is_known()
                && let Some(found) = code_at(function.addr())
            {
                code.set(found);
            }
        }
    }

    /// True if the signal has interrupted a call that waits, or the call has sent or unblocked it. `context` is the one
    /// that the system passed to the handler.
    pub(in crate::os) fn is_interrupted(signal: c_int, context: *const c_void) -> bool {
        let Some(interrupted) = code::interrupted(context) else { return false };
        CODE.iter().any(|code| {
            // The call restarts once the handler returns, or it has returned.
            code.has_system_call(interrupted.address)
                || code.has_system_call(interrupted.address.wrapping_sub(SYSTEM_CALL.len()))
                    && has_waited_or_sent(signal, &interrupted)
        })
    }

    fn has_waited_or_sent(signal: c_int, interrupted: &Interrupted) -> bool {
        if interrupted.result == -(libc::EINTR as isize) {
            return true;
        }
        interrupted.result == 0 && (has_sent(signal, interrupted) || has_unblocked(interrupted.address))
    }

    /// True after `kill`, `tgkill` and `sigqueue` with this process and signal.
    fn has_sent(signal: c_int, interrupted: &Interrupted) -> bool {
        let [process, second, third] = interrupted.arguments;
        let is_this_process = process == std::process::id() as usize || cfg!(target_arch = "aarch64");
        is_this_process && [second, third].contains(&(signal as usize))
    }

    /// True in the program's call that changes its mask. `fork` has its own calls, in which it holds the allocator's
    /// lock.
    fn has_unblocked(address: usize) -> bool {
        /// Upper bound of the function's length.
        const LONGEST: usize = 256;
        address.wrapping_sub(libc::pthread_sigmask as *const () as usize) < LONGEST
    }
}

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64"),
    target_pointer_width = "64"
)))]
mod imp {
    use super::{c_int, c_void};

    pub(in crate::os) fn prepare() {}

    pub(in crate::os) fn is_interrupted(_: c_int, _: *const c_void) -> bool {
        false
    }
}
