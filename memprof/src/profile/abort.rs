//! The report before `abort` ends the process.

#[cfg(unix)]
use crate::os::ending::{self, Work};

/// Writes the report before `abort` ends the process. False: the program has its own handler.
#[cfg(unix)]
pub(crate) fn catch(work: &'static Work) -> bool {
    ending::set_work(work);
    ending::catch_abort()
}

/// Lets `abort` end the process at once.
#[cfg(unix)]
pub(crate) fn release() {
    ending::release_abort();
}

/// Fallback for systems on which `abort` cannot be caught.
#[cfg(not(unix))]
pub(crate) fn release() {}
