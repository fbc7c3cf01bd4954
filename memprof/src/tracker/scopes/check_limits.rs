//! Checks of calls against their limits when they end, and the window of the whole process.

use super::enter_exit::Open;
use crate::os::threads::thread_name::{self, ThreadName};
use crate::tracker::paths::counters::Flow;
use crate::tracker::paths::limits::{Figures, Limits, Moment};
use crate::tracker::paths::node::Node;
use crate::tracker::readings::totals;
use crate::tracker::threads::left_over;

impl Limits {
    /// Checks a call that has ended against its budget, and notes its window. True: it exceeded a limit.
    pub(crate) fn check(&self, open: Open, node: &'static Node, figures: Figures, started: Option<Moment>) -> bool {
        let excess = self.excess(&figures);
        let window = started.filter(|_| self.window).map(Moment::until_now);
        if excess.is_none() && window.is_none() {
            return false;
        }
        if let Some(counters) = open.ledger.tree().limit_counters(node) {
            counters.change(|figures_so_far| {
                if let Some(excess) = excess {
                    figures_so_far.violations = figures_so_far.violations.wrapping_add(1);
                    // Of two equal ones the first is kept, so that it does not depend on how long the program runs.
                    if excess > figures_so_far.worst_excess {
                        figures_so_far.worst_excess = excess;
                        figures_so_far.worst = figures;
                        figures_so_far.thread = ThreadName::current();
                        figures_so_far.thread_id = thread_name::current_id();
                    }
                }
                if let Some(window) = window {
                    figures_so_far.window_calls = figures_so_far.window_calls.wrapping_add(1);
                    figures_so_far.window = figures_so_far.window.plus(window);
                }
            });
        }
        excess.is_some()
    }
}

impl Moment {
    /// The present moment. Walks over the nodes of all ledgers.
    #[cold]
    pub(crate) fn now() -> Self {
        let (allocated, deallocated): (Flow, Flow) = totals::flows();
        // Blocks left by a report belong to the program, but no call has allocated or freed them.
        let (given, taken) = left_over::handed_over();
        Self {
            allocated: allocated.bytes.wrapping_sub(given.bytes),
            deallocated: deallocated.bytes.wrapping_sub(taken.bytes),
        }
    }

    fn until_now(self) -> Self {
        let now = Self::now();
        // While a block is being handed over, a figure can seem to fall.
        let later = |now: u64, then: u64| (now.wrapping_sub(then) as i64).max(0) as u64;
        Self { allocated: later(now.allocated, self.allocated), deallocated: later(now.deallocated, self.deallocated) }
    }
}
