//! Items of the open calls of a thread.

use crate::tracker::paths::items::ItemCounters;
use crate::tracker::paths::node::Node;
use crate::tracker::threads::ledger::Ledger;
use crate::tracker::threads::thread;

/// Adds items to the innermost tracked call of this thread. `outermost`: only if no other call of its site is open.
#[cold]
#[inline(never)]
pub(crate) fn add_items(items: u64, outermost: bool) {
    let Some(ledger) = thread::ledger() else { return };
    ledger.catch_up();
    let node = ledger.node();
    if node.site().is_none() || node.is_measurement() || outermost && !node.is_open_once() {
        return;
    }
    if let Some(counters) = ledger.tree().item_counters(node) {
        counters.add(items);
    }
}

impl Ledger {
    /// Begins to count the items of a call of the node's site. Returns those of the call around it so far.
    pub(crate) fn begin_items(&self, node: &'static Node) -> u64 {
        counters(node).map_or(0, |counters| counters.replace(0))
    }

    /// Returns the items of the call, and goes on with those of the call around it.
    pub(crate) fn end_items(&self, node: &'static Node, around: u64) -> u64 {
        counters(node).map_or(0, |counters| counters.replace(around))
    }

    /// Notes the peak of a call that has ended.
    pub(crate) fn record_items(&self, node: &'static Node, peak: u64, items: u64) {
        if let Some(counters) = counters(node) {
            counters.record_peak(peak, items);
        }
    }
}

fn counters(node: &'static Node) -> Option<&'static ItemCounters> {
    node.first().spread()?.item_counters()
}
