//! Figures of a test process, written when it ends. `cargo memprof test` makes a row of them.

use super::totals;
use crate::os::process::exit;
use crate::os::process::test_start::TestStart;
use crate::tracker::threads::test_events::{self, TestEvents};
use crate::tracker::threads::{installed, thread};
use std::ffi::c_char;
use std::fmt::Write;
use std::sync::OnceLock;

static START: OnceLock<TestStart> = OnceLock::new();

/// The system calls the functions in these sections before main. Miri, which knows few of its calls, calls none.
#[used]
#[cfg_attr(all(unix, not(any(target_vendor = "apple", miri))), unsafe(link_section = ".init_array"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func,mod_init_funcs"))]
#[cfg_attr(all(windows, not(miri)), unsafe(link_section = ".CRT$XCU"))]
static BEFORE_MAIN: Initializer = before_main;

#[cfg(all(unix, any(target_env = "gnu", target_vendor = "apple")))]
type Initializer = extern "C" fn(i32, *mut *const c_char);
#[cfg(not(all(unix, any(target_env = "gnu", target_vendor = "apple"))))]
type Initializer = extern "C" fn();

/// These systems pass the program's arguments.
#[cfg(all(unix, any(target_env = "gnu", target_vendor = "apple")))]
extern "C" fn before_main(_: i32, arguments: *mut *const c_char) {
    begin(Some(arguments));
}

#[cfg(not(all(unix, any(target_env = "gnu", target_vendor = "apple"))))]
extern "C" fn before_main() {
    begin(None);
}

fn begin(arguments: Option<*mut *const c_char>) {
    let Some(start) = TestStart::find(arguments) else { return };
    test_events::begin(thread::ledger(), start.events_before, start.message_bytes);
    if START.set(start).is_ok() {
        exit::at_exit(write);
    }
}

extern "C" fn write() {
    let Some(start) = START.get() else { return };
    let (allocated, deallocated) = totals::of_followed();
    let events = TestEvents::now();
    let net = allocated.bytes.wrapping_sub(deallocated.bytes) as i64;
    let allocated = allocated.minus(events.allocated_before);
    let is_installed = installed::is_installed();
    let mut text = format!(
        "installed {is_installed}\nallocated_bytes {}\nallocated_count {}\nnet_bytes {}\npeak_bytes {}\nthreads {}\nafter",
        allocated.bytes,
        allocated.count,
        net.wrapping_sub(events.net_before),
        events.peak,
        events.threads,
    );
    for change in TestEvents::changes_after() {
        let _ = write!(text, " {change}");
    }
    text.push('\n');
    start.write(&text);
}
