//! Messages and backtraces of panics: a row of their own.
//!
//! A backtrace reads the symbols of the whole program, tens of megabytes, and the standard library keeps them. Charged to the
//! function that panicked they would be all that its row shows. So what the program's panic hook does, which prints both, is
//! charged to one row beside everything that is open. A hook that the program sets later is in front of this one, and what it
//! does stays with the function; so does the payload, which is made before.

use crate::report::name::PANIC as PANIC_ROW;
use crate::tracker::{CallPath, Site};
use std::panic;
use std::sync::Once;

/// The row. No name of a Rust function has parentheses around it.
static PANIC: Site = Site::named(PANIC_ROW, "", 0);

/// Puts the row around the hook that the program has now, once for the process.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    // The hook cannot be changed by a thread that is panicking.
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
