//! Measurements: what a piece of a program does, on whichever threads, while other threads do other things.
//!
//! A measurement is a root of its own in the call tree: a site that no function has. Whatever goes on beneath it belongs to it,
//! on this thread, and on others through contexts and futures that were made within it. The sites are few and are used again
//! and again, so nothing grows with the number of measurements; what nodes counted before is subtracted.
//!
//! ```text
//!          begin                                end, drop
//!   FREE ─────────► TAKEN (has a serial number) ─────────► FREE, but passed over while `inside` is not 0
//! ```
//!
//! Work that is still going on when its measurement ends must not be counted by the next one of the same site: a site
//! is not taken while a thread is inside, and contexts and futures know the serial number of their measurement.

use super::ledger::Ledger;
use crate::tracker::paths::node::Node;
use crate::tracker::paths::site::Site;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

/// Measurements that there can be at once, those with work left running among them.
pub(crate) const AT_ONCE: usize = 64;

static SITES: [Site; AT_ONCE] = {
    let mut sites = [const { Site::of_measurement(1) }; AT_ONCE];
    let mut index = 1;
    while index < AT_ONCE {
        sites[index] = Site::of_measurement(index as u8 + 1);
        index += 1;
    }
    sites
};

/// The site that stands for all of them.
fn first_site() -> &'static Site {
    &SITES[0]
}

/// The site that stands for this one in reports: all measurements are one row.
pub(crate) fn site_in_reports(site: &'static Site) -> &'static Site {
    if site.measurement == 0 { site } else { first_site() }
}

static SLOTS: [MeasurementSlot; AT_ONCE] = [const {
    MeasurementSlot {
        serial: AtomicU64::new(0),
        inside: AtomicU64::new(0),
        missed: AtomicU64::new(0),
        ledger: AtomicPtr::new(std::ptr::null_mut()),
        node: AtomicPtr::new(std::ptr::null_mut()),
    }
}; AT_ONCE];

/// How many measurements have begun.
static BEGUN: AtomicU64 = AtomicU64::new(0);

/// One of the measurements that there can be at once.
#[derive(Debug)]
struct MeasurementSlot {
    /// Of the measurement that has it; 0: free.
    serial: AtomicU64,
    /// Threads that have entered it, or are about to look whether they can.
    inside: AtomicU64,
    /// Entries that failed: what they did is in no figure.
    missed: AtomicU64,
    /// Where it began.
    ledger: AtomicPtr<Ledger>,
    node: AtomicPtr<Node>,
}

/// What one thread did between entering and leaving a measurement: its net, and the highest net above entry, bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rise {
    pub(crate) net: i64,
    pub(crate) peak: i64,
}

/// How many measurements have begun.
pub(crate) fn begun() -> u64 {
    BEGUN.load(SeqCst)
}

fn slot(number: u8) -> Option<&'static MeasurementSlot> {
    SLOTS.get(usize::from(number).wrapping_sub(1))
}

/// A measurement that has its site.
#[derive(Debug)]
pub(crate) struct SlotGuard {
    number: u8,
    serial: u64,
}

impl SlotGuard {
    /// Takes the first site that is free: so programs that measure one thing after the other need one, and have each
    /// call path once. `None`: there is none.
    pub(crate) fn take() -> Option<Self> {
        (1..=AT_ONCE as u8).find_map(|number| {
            let slot = slot(number)?;
            if slot.serial.load(Relaxed) != 0 || slot.inside.load(Relaxed) != 0 {
                return None;
            }
            let serial = BEGUN.fetch_add(1, SeqCst) + 1;
            slot.serial.compare_exchange(0, serial, SeqCst, Relaxed).ok()?;
            // In one order for all (SeqCst): whoever enters raises `inside` and then looks at the serial number. Either
            // it sees that this is not the measurement it means, or it is seen here.
            if slot.inside.load(SeqCst) != 0 {
                slot.serial.store(0, SeqCst);
                return None;
            }
            slot.missed.store(0, Relaxed);
            Some(Self { number, serial })
        })
    }

    pub(crate) fn site(&self) -> &'static Site {
        // A number is an index plus one.
        SITES.get(usize::from(self.number).wrapping_sub(1)).unwrap_or(first_site())
    }

    pub(crate) fn number(&self) -> u8 {
        self.number
    }

    /// Of all measurements that have begun, the how-many-eth it is.
    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }

    /// Says where it begins.
    pub(crate) fn begin_at(&self, ledger: &'static Ledger, node: &'static Node) {
        if let Some(slot) = slot(self.number) {
            slot.ledger.store(std::ptr::from_ref(ledger).cast_mut(), SeqCst);
            slot.node.store(std::ptr::from_ref(node).cast_mut(), SeqCst);
        }
    }

    /// Entries that failed so far.
    pub(crate) fn missed(&self) -> u64 {
        slot(self.number).map_or(0, |slot| slot.missed.load(SeqCst))
    }
}

impl Drop for SlotGuard {
    fn drop(&mut self) {
        if let Some(slot) = slot(self.number) {
            slot.serial.store(0, SeqCst);
        }
    }
}

/// The measurements that a path is in, the innermost first.
fn around(node: &Node) -> impl Iterator<Item = u8> {
    std::iter::successors(Some(node), |node| node.parent())
        .take_while(|node| node.measurement != 0)
        .filter(|node| node.is_measurement())
        .map(|node| node.measurement)
}

/// Whether a path is in a measurement. One load where it is not, or directly so.
pub(crate) fn is_within(node: &Node, number: u8) -> bool {
    node.measurement == number || node.measurement != 0 && around(node).any(|its| its == number)
}

/// Those measurements of a path that a thread enters with it: the others have ended. A bit for each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Joined {
    bits: u64,
    whole: bool,
}

impl Joined {
    /// Of a path that is in no measurement.
    pub(crate) const NONE: Joined = Joined { bits: 0, whole: true };

    /// Whether no measurement of the path has ended.
    pub(crate) fn is_whole(self) -> bool {
        self.whole
    }

    /// Whether a site of the path is to be entered.
    pub(crate) fn has(self, site: &Site) -> bool {
        site.measurement == 0 || self.bits & bit(site.measurement) != 0
    }

    /// The path was entered and charges `node`, or (`None`) was not entered at all: notes the measurements that miss it.
    pub(crate) fn check(self, node: Option<&'static Node>) {
        for number in (1..=AT_ONCE as u8).filter(|number| self.bits & bit(*number) != 0) {
            if !node.is_some_and(|node| is_within(node, number))
                && let Some(slot) = slot(number)
            {
                slot.missed.fetch_add(1, SeqCst);
                slot.inside.fetch_sub(1, SeqCst);
            }
        }
    }
}

fn bit(number: u8) -> u64 {
    1 << ((number - 1) % AT_ONCE as u8)
}

/// A thread is about to enter a path: which of its measurements are still those that were meant, of all that had begun
/// `by` then. [`leave`] is called with the node when it is left.
#[cold]
pub(crate) fn join(node: &Node, by: u64) -> Joined {
    let mut joined = Joined::NONE;
    for number in around(node) {
        let Some(slot) = slot(number) else { continue };
        slot.inside.fetch_add(1, SeqCst);
        let serial = slot.serial.load(SeqCst);
        if serial != 0 && serial <= by {
            joined.bits |= bit(number);
        } else {
            joined.whole = false;
            slot.inside.fetch_sub(1, SeqCst);
        }
    }
    joined
}

/// A thread leaves a path that it had entered.
pub(crate) fn leave(node: &Node) {
    for slot in around(node).filter_map(slot) {
        slot.inside.fetch_sub(1, SeqCst);
    }
}

/// The innermost measurement that a path is in and that has not ended: its number and its serial number. One that has ended,
/// and has left work running, has no serial number.
pub(crate) fn innermost(node: &Node) -> Option<(u8, u64)> {
    let serial = |number| slot(number).map_or(0, |slot| slot.serial.load(SeqCst));
    around(node).map(|number| (number, serial(number))).find(|(_, serial)| *serial != 0)
}

/// Keeps the site of a measurement from being taken by another one, until this is dropped.
#[derive(Debug)]
pub(crate) struct Visit(&'static MeasurementSlot);

impl Visit {
    /// `None`: there is no such number.
    pub(crate) fn new(number: u8) -> Option<Self> {
        let slot = slot(number)?;
        slot.inside.fetch_add(1, SeqCst);
        Some(Self(slot))
    }

    /// Serial number of the measurement that has the site; 0: none has.
    pub(crate) fn serial(&self) -> u64 {
        self.0.serial.load(SeqCst)
    }

    /// Where it began.
    pub(crate) fn beginning(&self) -> Option<(&'static Ledger, &'static Node)> {
        // SAFETY: `SlotGuard::begin_at` stores both before anything can be made within the measurement; they are a ledger and a
        // node, which are never freed.
        unsafe { self.0.ledger.load(SeqCst).as_ref().zip(self.0.node.load(SeqCst).as_ref()) }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, SeqCst);
    }
}
