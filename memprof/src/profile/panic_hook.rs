//! Messages and backtraces of panics, counted in a row of their own.
//!
//! A backtrace reads the symbols of the whole program, tens of megabytes, and the standard library keeps them. If they
//! were counted for the function that panicked, its row would show little else. So the program's panic hook, which
//! prints both, is counted in one row beside all open calls. A hook that the program installs later runs in front of
//! this one, and its allocations stay with the function. So does the payload, which is made before.

use crate::report::name::PANIC as PANIC_ROW;
use crate::tracker::{CallPath, Site};
use std::panic;
use std::sync::Once;

/// The row. No name of a Rust function has parentheses around it.
static PANIC: Site = Site::named(PANIC_ROW, "", 0);

/// Wraps the program's current hook in the row, once for the process.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    // A thread that is panicking cannot change the hook.
    if std::thread::panicking() {
        return;
    }
    ONCE.call_once(|| {
        let programs = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let _scope = CallPath::to(&PANIC).and_then(CallPath::enter_counted);
            programs(info);
        }));
    });
}
