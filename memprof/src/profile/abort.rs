//! The report before `abort` ends the process.

#[cfg(unix)]
use crate::os::signals::abort_signal::{self, Work};

/// Writes the report before `abort` ends the process. False: the program has its own handler.
#[cfg(unix)]
pub(crate) fn catch(work: &'static Work) -> bool {
    abort_signal::set_work(work);
    abort_signal::catch_abort()
}

/// Lets `abort` end the process at once.
#[cfg(unix)]
pub(crate) fn release() {
    abort_signal::release_abort();
}

/// Fallback for systems on which `abort` cannot be caught.
#[cfg(not(unix))]
pub(crate) fn release() {}
