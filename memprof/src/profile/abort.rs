//! The report before `abort` ends the process.

#[cfg(unix)]
use crate::os::ending::{self, Work};

/// Has the report written before `abort` ends the process. False: the program has a handler of its own.
#[cfg(unix)]
pub(crate) fn catch(work: &'static Work) -> bool {
    ending::set_work(work);
    ending::catch_abort()
}

/// `abort` ends the process at once.
#[cfg(unix)]
pub(crate) fn release() {
    ending::release_abort();
}

/// As above. Elsewhere `abort` cannot be caught.
#[cfg(not(unix))]
pub(crate) fn release() {}
