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
pub(crate) fn each_ledger() -> impl Iterator<Item = &'static Ledger> {
    REGISTRY.iter().chain(std::iter::once(&SHARED))
}

/// All nodes of a ledger, the root last: a node comes before its parent.
pub(crate) fn each_node(ledger: &'static Ledger) -> impl Iterator<Item = &'static Node> {
    ledger.tree().nodes().chain(std::iter::once(ledger.root()))
}

/// Allocations and deallocations of some ledgers, the shared one among them if it is wanted.
pub(crate) fn flows(wanted: impl Fn(&Ledger) -> bool) -> (Flow, Flow) {
    let each_counters = || each_ledger().filter(|ledger| wanted(ledger)).flat_map(each_node).map(|node| &node.counters);
    // Two passes (see `counters`): deallocations first.
    let deallocated = each_counters().map(Counters::read_deallocated).fold(Flow::default(), Flow::plus);
    let allocated = each_counters().map(Counters::read_allocated).fold(Flow::default(), Flow::plus);
    (allocated, deallocated)
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
