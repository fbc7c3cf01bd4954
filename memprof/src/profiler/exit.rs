//! The report at the end of the process, whichever way it ends.

use super::{finish, out_of_memory, running};
use crate::Error;
use crate::os::exit;
use crate::os::write_signals::Held;
use std::io::Write;
use std::panic::catch_unwind;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

/// The process that the profile was started in. A forked child is another one: the reports are its parent's.
static OWNER: AtomicU32 = AtomicU32::new(0);

/// Says that the profile that starts is this process's.
pub(super) fn own() {
    OWNER.store(std::process::id(), Relaxed);
}

/// Has the report written at `exit`, once for the process. False: the system does not take the handler.
pub(super) fn arm() -> bool {
    static ONCE: Once = Once::new();
    static ARMED: AtomicBool = AtomicBool::new(false);
    ONCE.call_once(|| ARMED.store(exit::at_exit(at_exit), Relaxed));
    ARMED.load(Relaxed)
}

extern "C" fn at_exit() {
    finish_unless_told_not_to();
}

/// Ends the profile, if one is running in this process and its configuration wants a report at the end. Whatever goes
/// wrong is said on stderr and nowhere else.
pub(super) fn finish_unless_told_not_to() {
    // This runs in destructors, perhaps of a thread that is panicking, and in `exit`: unwinding out of it would abort,
    // and so change the exit status.
    let _ = catch_unwind(finish_if_wanted);
}

fn finish_if_wanted() {
    // Asked before the lock is taken: a thread of the parent may have held it when a child was forked, and in the child
    // that thread does not exist to give it back.
    if OWNER.load(Relaxed) != std::process::id() {
        return;
    }
    {
        let mut running = running();
        let Some(profile) = running.as_ref() else { return };
        if !profile.config.memory_profiling.dump_on_exit {
            *running = None;
            return;
        }
    }
    let _held = Held::begin();
    match finish() {
        // Another thread was faster.
        Ok(_) | Err(Error::NotRunning) => {}
        Err(Error::OutOfMemory) => out_of_memory::say_instead_of_a_report(),
        Err(error) => {
            // Not `eprintln!`: it panics where stderr is closed.
            let _ = writeln!(std::io::stderr(), "memprof: {error}");
        }
    }
}
