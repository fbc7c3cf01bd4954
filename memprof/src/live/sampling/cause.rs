//! The causes of sampling: a full table or the overhead budget.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

static IS_FULL: AtomicBool = AtomicBool::new(false);
static IS_DEAR: AtomicBool = AtomicBool::new(false);

/// Causes of the interval's growth in this profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Causes {
    /// The table was full.
    pub(crate) is_full: bool,
    /// Recording took more than its budget.
    pub(crate) is_dear: bool,
}

/// Resets the causes: a profile has started.
pub(crate) fn begin() {
    IS_FULL.store(false, Relaxed);
    IS_DEAR.store(false, Relaxed);
}

/// Notes that the interval grows because the table is full.
pub(crate) fn note_full() {
    IS_FULL.store(true, Relaxed);
}

/// Notes that the interval grows because recording takes more than its budget.
pub(crate) fn note_dear() {
    IS_DEAR.store(true, Relaxed);
}

/// Causes of the interval's growth in this profile.
pub(crate) fn causes() -> Causes {
    Causes { is_full: IS_FULL.load(Relaxed), is_dear: IS_DEAR.load(Relaxed) }
}
