//! What becomes of a profile in a forked child.
//!
//! The child has the counters, the live table and the profile, and one thread. It goes on counting, and leaves reports of its
//! own, whose names have its process id. It gets a thread for numbered reports and for signals only where a key asks for them.
//! Nothing is done for children that the system makes without telling, to run another program.

use crate::os::fork;
use crate::{live, tracker};
use std::sync::Once;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

/// True if a child gets a thread of its own.
static HAS_BACKGROUND: AtomicBool = AtomicBool::new(false);

/// Has each child told what it is.
pub(crate) fn arm() {
    static ONCE: Once = Once::new();
    // Where the system does not take it, ledgers of threads that are gone are shown as if those were still there.
    ONCE.call_once(|| {
        let _ = fork::in_child(in_child);
    });
}

/// Says whether a child gets a thread of its own.
pub(crate) fn has_background(it_has: bool) {
    HAS_BACKGROUND.store(it_has, Relaxed);
}

/// Before `fork` returns in the child, where nothing may be allocated.
extern "C" fn in_child() {
    tracker::history::recover();
    if tracker::retire_others() {
        live::recover();
    }
    #[cfg(unix)]
    threads::in_child(HAS_BACKGROUND.load(Relaxed));
}

#[cfg(unix)]
mod threads {
    use crate::os::{ending, signals};
    use crate::profile::{background, exit};

    /// Forgets what the parent's threads did, and begins the child's own.
    pub(crate) fn in_child(has_background: bool) {
        ending::in_child();
        exit::end_is_near(false);
        // Before the thread begins.
        signals::in_child(has_background);
        if !has_background {
            background::stay_without_in_child();
        } else if !background::start_in_child() {
            signals::in_child(false);
        }
    }
}
