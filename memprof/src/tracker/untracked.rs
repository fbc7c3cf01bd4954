//! Allocations of the profiler itself: counted like all others, but without records.
//!
//! Reading symbols for a report takes more blocks than the live table may hold. With records they would push out those of the
//! program, which is what the next report is to show.

use super::ledger::Ledger;
use super::thread;
use crate::live;

/// This thread's allocations get no records until this is dropped.
#[derive(Debug)]
pub(crate) struct Untracked(Option<&'static Ledger>);

impl Untracked {
    pub(crate) fn begin() -> Self {
        let ledger = thread::ledger();
        if let Some(ledger) = ledger {
            ledger.untracked.set(ledger.untracked.get() + 1);
            ledger.rearm();
        }
        Self(ledger)
    }
}

impl Drop for Untracked {
    fn drop(&mut self) {
        let Some(ledger) = self.0.filter(|ledger| thread::owns(ledger)) else { return };
        ledger.untracked.set(ledger.untracked.get().saturating_sub(1));
        if let Some(table) = live::table().filter(|_| ledger.is_tracked()) {
            // What the countdown would have chosen meanwhile must not fall to the next allocation. It has no memory, so that
            // drawing anew changes no chance.
            ledger.countdown.draw(ledger.allocated.get(), table);
        }
        ledger.rearm();
    }
}
