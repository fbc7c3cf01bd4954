//! The worker threads of async runtimes during a test: their work is in no measurement.

use super::by_address::ByAddress;
use crate::tracker::paths::node::Node;
use crate::tracker::paths::reading::Reading;
use crate::tracker::readings::snapshot::Snapshot;
use crate::tracker::threads::ledger::Ledger;
use crate::tracker::threads::ledgers::every_node;

/// Prefixes of the names that runtimes give to their threads. Threads of a test harness have the names of the tests.
const RUNTIMES: [&str; 5] = ["tokio-", "async-std", "actix-", "smol-", "blocking-"];

/// Readings of all nodes outside measurements when a test began.
#[derive(Debug)]
pub(crate) struct Workers(ByAddress<Reading>);

impl Workers {
    /// `None`: the system has no memory for it.
    pub(crate) fn begin() -> Option<Self> {
        let snapshot = Snapshot::take_of(&is_outside);
        // Ledgers and nodes that are added meanwhile begin at 0.
        let before = nodes().map(|(_, node)| (address(node), snapshot.reading(node)));
        ByAddress::of(nodes().count(), before).map(Self)
    }

    /// Sum of the workers' figures since then, including their work for other tests that run at the same time.
    pub(crate) fn end(mut self) -> Reading {
        let snapshot = Snapshot::take_of(&is_outside);
        let of_workers = nodes().filter(|(ledger, _)| is_worker(ledger));
        of_workers.fold(Reading::default(), |sum, (_, node)| {
            let before = self.0.get(address(node)).copied().unwrap_or_default();
            sum.plus(&snapshot.reading(node).since(&before))
        })
    }
}

fn nodes() -> impl Iterator<Item = (&'static Ledger, &'static Node)> {
    every_node().filter(|(_, node)| is_outside(node))
}

fn is_outside(node: &Node) -> bool {
    node.measurement == 0
}

fn is_worker(ledger: &Ledger) -> bool {
    let name = ledger.last_name();
    RUNTIMES.iter().any(|runtime| name.starts_with(runtime))
}

fn address(node: &'static Node) -> usize {
    std::ptr::from_ref(node).addr()
}
