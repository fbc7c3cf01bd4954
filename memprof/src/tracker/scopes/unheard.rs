//! A message on stderr for programs whose tracked functions run although no report will ever be written, if figures
//! were wanted.

use crate::os::process::{exit, kept_loaded, wanted};
use crate::os::terminal::stderr;
use crate::tracker::threads::installed;
use crate::tracker::threads::ledgers::REGISTRY;
use crate::tracker::threads::slots;
use crate::tracker::threads::thread;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Relaxed};

/// Set when the first scope is opened.
static WAS_SCOPE: AtomicBool = AtomicBool::new(false);
/// Set when a profile begins, with or without `enabled`: from then on the profile writes all messages.
static WAS_PROFILE: AtomicBool = AtomicBool::new(false);

const NOT_INSTALLED: &str = "memprof: nothing is counted: the global allocator of this program is not memprof's; put \
                             #[memprof::main] on `fn main`\n";
const NO_PROFILE: &str = "memprof: no report was written: no profile was started; put #[memprof::main] on `fn main`, or call \
                          Profiler::start\n";

/// Notes that a profile begins.
pub(crate) fn note_profile() {
    WAS_PROFILE.store(true, Relaxed);
}

/// Called with the first call of a path. Only the very first one of the process checks the state.
#[cold]
pub(crate) fn note_scope() {
    if WAS_SCOPE.load(Relaxed) || WAS_SCOPE.swap(true, AcqRel) || WAS_PROFILE.load(Relaxed) || !wanted::are_figures() {
        return;
    }
    // The standard library allocates before a program's main, and an installed tracker would have created a ledger
    // then. In a library, and on Windows, this may come before the first allocation.
    if !comes_early() && REGISTRY.iter().next().is_none() && thread::present().ledger().is_none() {
        stderr::write_all(NOT_INSTALLED.as_bytes());
    } else {
        exit::at_exit(at_exit);
    }
}

/// True if a scope may be opened before an installed tracker has seen an allocation.
fn comes_early() -> bool {
    cfg!(windows) || kept_loaded::is_library()
}

extern "C" fn at_exit() {
    if !WAS_PROFILE.load(Relaxed) && slots::begun() == 0 {
        let is_installed = !comes_early() || installed::is_installed();
        stderr::write_all(if is_installed { NO_PROFILE } else { NOT_INSTALLED }.as_bytes());
    }
}
