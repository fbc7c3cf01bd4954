//! Programs whose tracked functions run, and where nobody will ever see a figure: a word on stderr, if figures were wanted.

use crate::os::{exit, kept_loaded, stderr, wanted};
use crate::tracker::threads::installed;
use crate::tracker::threads::ledger::REGISTRY;
use crate::tracker::threads::slots;
use crate::tracker::threads::thread;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Relaxed};

/// Set once a scope was opened.
static WAS_SCOPE: AtomicBool = AtomicBool::new(false);
/// Set once a profile has begun, with or without `enabled`: it says everything itself.
static WAS_PROFILE: AtomicBool = AtomicBool::new(false);

const NOT_INSTALLED: &str = "memprof: nothing is counted: the global allocator of this program is not memprof's; put \
                             #[memprof::main] on `fn main`\n";
const NO_PROFILE: &str = "memprof: no report was written: no profile was started; put #[memprof::main] on `fn main`, or call \
                          Profiler::start\n";

/// Says that a profile begins.
pub(crate) fn note_profile() {
    WAS_PROFILE.store(true, Relaxed);
}

/// The first call of a path. Only the very first one of the process looks around.
#[cold]
pub(crate) fn note_scope() {
    if WAS_SCOPE.load(Relaxed) || WAS_SCOPE.swap(true, AcqRel) || WAS_PROFILE.load(Relaxed) || !wanted::are_figures() {
        return;
    }
    // Before a program's main the standard library has allocated. A tracker would have made a ledger for that. In a library
    // this may come before its first allocation.
    if !kept_loaded::is_library() && REGISTRY.iter().next().is_none() && thread::present().ledger().is_none() {
        stderr::write_all(NOT_INSTALLED.as_bytes());
    } else {
        exit::at_exit(at_exit);
    }
}

extern "C" fn at_exit() {
    if !WAS_PROFILE.load(Relaxed) && slots::begun() == 0 {
        let is_installed = !kept_loaded::is_library() || installed::is_installed();
        stderr::write_all(if is_installed { NO_PROFILE } else { NOT_INSTALLED }.as_bytes());
    }
}
