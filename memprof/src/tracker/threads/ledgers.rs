//! All ledgers: those of the program, those on which threads report, and the shared one.

use super::ledger::{LEDGER_BYTES, Ledger};
use super::registry::Registry;
use crate::os::memory::pages;
use crate::tracker::paths::counters::{Counters, Flow};
use crate::tracker::paths::node::Node;
use std::ptr::null_mut;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicPtr, AtomicU32};

/// All ledgers of the program except the shared one.
pub(crate) static REGISTRY: Registry<Ledger> = Registry { head: AtomicPtr::new(null_mut()), free: AtomicU32::new(0) };

/// Ledgers on which threads count while they report; they are in no figure of the program.
pub(crate) static REPORTING: Registry<Ledger> = Registry { head: AtomicPtr::new(null_mut()), free: AtomicU32::new(0) };

/// The ledger of threads that have no ledger of their own any more because their thread-local state is gone.
pub(crate) static SHARED: Ledger = Ledger::new();

/// All ledgers of the program, the shared one last. Ledgers listed later are not included.
pub(crate) fn each_ledger() -> Ledgers {
    Ledgers { next: Some(REGISTRY.newest().unwrap_or(&SHARED)) }
}

/// All nodes of a ledger, the root last: a node comes before its parent.
pub(crate) fn each_node(ledger: &'static Ledger) -> LedgerNodes {
    let root = ledger.root();
    LedgerNodes { next: Some(ledger.tree().newest().unwrap_or(root)), root }
}

/// All nodes of the program, each with its ledger.
pub(crate) fn every_node() -> EveryNode {
    EveryNode { ledgers: each_ledger(), nodes: None }
}

/// Iterator of [`each_ledger`]. A type with a name and one `next`: chained adapters would be compiled for each use.
pub(crate) struct Ledgers {
    next: Option<&'static Ledger>,
}

impl Iterator for Ledgers {
    type Item = &'static Ledger;

    fn next(&mut self) -> Option<&'static Ledger> {
        let ledger = self.next?;
        self.next = if ledger.is_shared() { None } else { Some(Registry::after(ledger).unwrap_or(&SHARED)) };
        Some(ledger)
    }
}

/// Iterator of [`each_node`].
pub(crate) struct LedgerNodes {
    next: Option<&'static Node>,
    root: &'static Node,
}

impl Iterator for LedgerNodes {
    type Item = &'static Node;

    fn next(&mut self) -> Option<&'static Node> {
        let node = self.next?;
        self.next = if std::ptr::eq(node, self.root) { None } else { Some(node.older().unwrap_or(self.root)) };
        Some(node)
    }
}

/// Iterator of [`every_node`].
pub(crate) struct EveryNode {
    ledgers: Ledgers,
    nodes: Option<(&'static Ledger, LedgerNodes)>,
}

impl Iterator for EveryNode {
    type Item = (&'static Ledger, &'static Node);

    fn next(&mut self) -> Option<(&'static Ledger, &'static Node)> {
        loop {
            if let Some((ledger, nodes)) = &mut self.nodes
                && let Some(node) = nodes.next()
            {
                return Some((ledger, node));
            }
            let ledger = self.ledgers.next()?;
            self.nodes = Some((ledger, each_node(ledger)));
        }
    }
}

/// Allocations and deallocations of some ledgers, the shared one among them if it is wanted.
pub(crate) fn flows(wanted: &dyn Fn(&Ledger) -> bool) -> (Flow, Flow) {
    let sum = |read: fn(&Counters) -> Flow| {
        let mut sum = Flow::default();
        for ledger in each_ledger() {
            if wanted(ledger) {
                each_node(ledger).for_each(|node| sum = sum.plus(read(&node.counters)));
            }
        }
        sum
    };
    // Two passes (see `counters`): deallocations first.
    let deallocated = sum(Counters::read_deallocated);
    (sum(Counters::read_allocated), deallocated)
}

impl Ledger {
    /// Creates a ledger of the program, listed and taken. `None`: the system has no memory.
    pub(crate) fn create() -> Option<&'static Ledger> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let ledger = Self::make()?;
        let number = MADE.fetch_add(1, Relaxed);
        ledger.number.store(number, Relaxed);
        ledger.countdown.seed(number.into());
        REGISTRY.add(ledger);
        // After it is listed: a profile that starts meanwhile either finds the ledger or is seen here.
        ledger.publish(false);
        Some(ledger)
    }

    /// As [`create`](Self::create), for reporting.
    pub(crate) fn create_for_reporting() -> Option<&'static Ledger> {
        let ledger = Self::make()?;
        ledger.is_reporting.set(true);
        REPORTING.add(ledger);
        ledger.publish(false);
        Some(ledger)
    }

    fn make() -> Option<&'static Ledger> {
        let start = pages::reserve(LEDGER_BYTES);
        if start.is_null() {
            return None;
        }
        // Copied from a static, not built on the stack, which may have only a few kilobytes.
        static BLANK: Ledger = Ledger::new();
        let after = size_of::<Ledger>();
        // SAFETY: the mapping is larger than a ledger (see the assertion in `ledger.rs`), aligned to a page, not
        // shared, and never freed. Nobody changes the blank ledger, and all its parts may be copied.
        let ledger: &'static Ledger = unsafe {
            let ledger = start.cast::<Ledger>();
            ledger.copy_from_nonoverlapping(&raw const BLANK, 1);
            &*ledger
        };
        ledger.root().init();
        ledger.charge(ledger.root());
        // SAFETY: the rest of the mapping, which begins where a ledger ends, and a ledger is aligned as a node is.
        unsafe { ledger.tree().init(start.expose_provenance() + after, LEDGER_BYTES - after) };
        Some(ledger)
    }

    /// True if it is the shared ledger of threads that are over.
    pub(crate) fn is_shared(&self) -> bool {
        std::ptr::eq(self, &raw const SHARED)
    }
}
