//! The profile in a forked child.
//!
//! The child has the counters, the live table and the profile, and one thread. It continues counting, and writes its
//! own reports, whose names contain its process id. It gets a thread for numbered reports and for signals only if a key
//! asks for them. Nothing is done for children that the system creates without notification, to run another program.

use crate::os::process::fork;
use crate::{collect, live, tracker};
use std::sync::Once;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

/// True if a child gets its own thread.
static HAS_BACKGROUND: AtomicBool = AtomicBool::new(false);

/// Registers the handler that runs in each child.
pub(crate) fn arm() {
    static ONCE: Once = Once::new();
    // If the system does not accept it, ledgers of threads that have ended are shown as if they were still running.
    ONCE.call_once(|| {
        let _ = fork::in_child(in_child);
    });
}

/// Sets whether a child gets its own thread.
pub(crate) fn has_background(it_has: bool) {
    HAS_BACKGROUND.store(it_has, Relaxed);
}

/// Runs before `fork` returns in the child, where nothing may allocate.
extern "C" fn in_child() {
    tracker::history::recover();
    collect::peak::recover();
    tracker::labels::recover();
    if tracker::retire_others() {
        live::recover();
    }
    collect::system::in_child();
    collect::peak::resume_in_child();
    #[cfg(all(unix, feature = "serve"))]
    crate::serve::in_child();
    #[cfg(unix)]
    threads::in_child(HAS_BACKGROUND.load(Relaxed));
}

#[cfg(unix)]
mod threads {
    use crate::os::signals;
    use crate::os::signals::abort_signal;
    use crate::profile::{background, exit};

    /// Resets the state of the parent's threads, and starts the child's own.
    pub(crate) fn in_child(has_background: bool) {
        abort_signal::in_child();
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
