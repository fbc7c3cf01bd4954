//! Slots of measurements: the sites that running measurements have taken, and the threads inside.
//!
//! A measurement is a root of its own in the call tree: a site that no function has. All work beneath it belongs to it,
//! on this thread and, through contexts and futures created in it, on others. There are few sites, which are reused, so
//! nothing grows with the number of measurements; earlier counts of the nodes are subtracted.
//!
//! Work that continues when its measurement ends must not count for the next measurement of the same site: a site is
//! not taken while a thread is inside, and contexts and futures know the serial number of their measurement.

use super::ledger::Ledger;
use super::measurement_slot::{MeasurementSlot, Presence};
use crate::tracker::paths::node::Node;
use crate::tracker::paths::site::Site;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;

/// Maximum number of measurements at once, including those that left work running.
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

/// The site that represents all of them.
fn first_site() -> &'static Site {
    &SITES[0]
}

/// The site that represents this one in reports: all measurements are one row.
pub(crate) fn site_in_reports(site: &'static Site) -> &'static Site {
    if site.measurement == 0 { site } else { first_site() }
}

static SLOTS: [NumberedSlot; AT_ONCE] = [const {
    NumberedSlot {
        slot: MeasurementSlot { serial: AtomicU64::new(0), inside: AtomicU64::new(0), missed: AtomicU64::new(0) },
        ledger: AtomicPtr::new(std::ptr::null_mut()),
        node: AtomicPtr::new(std::ptr::null_mut()),
    }
}; AT_ONCE];

/// Number of measurements that have begun.
static BEGUN: AtomicU64 = AtomicU64::new(0);

/// The slot with one number, and the place where its measurement began.
#[derive(Debug)]
struct NumberedSlot {
    slot: MeasurementSlot,
    ledger: AtomicPtr<Ledger>,
    node: AtomicPtr<Node>,
}

/// Figures of one thread between entering and leaving a measurement: its net, and the highest net above entry, bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rise {
    pub(crate) net: i64,
    pub(crate) peak: i64,
}

/// Number of measurements that have begun.
pub(crate) fn begun() -> u64 {
    BEGUN.load(SeqCst)
}

fn numbered(number: u8) -> Option<&'static NumberedSlot> {
    SLOTS.get(usize::from(number).wrapping_sub(1))
}

fn slot(number: u8) -> Option<&'static MeasurementSlot> {
    numbered(number).map(|numbered| &numbered.slot)
}

/// A slot taken by a measurement; dropping it releases the slot.
#[derive(Debug)]
pub(crate) struct SlotGuard {
    number: u8,
    serial: u64,
}

impl SlotGuard {
    /// Takes the first free slot: so a program that runs one measurement after the other needs one, and has each call
    /// path once. `None`: there is none.
    pub(crate) fn take() -> Option<Self> {
        (1..=AT_ONCE as u8).find_map(|number| {
            let serial = slot(number)?.take(|| BEGUN.fetch_add(1, SeqCst) + 1)?;
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

    /// Serial number of the measurement, from 1, among all that have begun.
    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }

    /// Sets the ledger and the node where the measurement begins.
    pub(crate) fn begin_at(&self, ledger: &'static Ledger, node: &'static Node) {
        if let Some(slot) = numbered(self.number) {
            slot.ledger.store(std::ptr::from_ref(ledger).cast_mut(), SeqCst);
            slot.node.store(std::ptr::from_ref(node).cast_mut(), SeqCst);
        }
    }

    /// Entries that failed so far.
    pub(crate) fn missed(&self) -> u64 {
        slot(self.number).map_or(0, MeasurementSlot::missed)
    }
}

impl Drop for SlotGuard {
    fn drop(&mut self) {
        if let Some(slot) = slot(self.number) {
            slot.release();
        }
    }
}

/// The measurements around a path, the innermost first.
fn around(node: &Node) -> impl Iterator<Item = u8> {
    std::iter::successors(Some(node), |node| node.parent())
        .take_while(|node| node.measurement != 0)
        .filter(|node| node.is_measurement())
        .map(|node| node.measurement)
}

/// True if a path is in a measurement. One load if the path is in none, or if this one is its innermost.
pub(crate) fn is_within(node: &Node, number: u8) -> bool {
    node.measurement == number || node.measurement != 0 && around(node).any(|its| its == number)
}

/// The measurements of a path that a thread has joined to enter it, a bit for each; the others have ended. If it is
/// dropped, the path was not entered: each of them has missed work, and is left.
#[derive(Debug)]
#[must_use]
pub(crate) struct Joined {
    bits: u64,
    whole: bool,
}

impl Joined {
    /// For a path that is in no measurement.
    pub(crate) const NONE: Joined = Joined { bits: 0, whole: true };

    /// Joins the measurements of a path, if they are still the same ones, of all that had begun `by` then.
    #[cold]
    pub(crate) fn join(path: &Node, by: u64) -> Self {
        let mut joined = Joined::NONE;
        for number in around(path) {
            let Some(slot) = slot(number) else { continue };
            let presence = slot.enter();
            let serial = presence.serial();
            if serial != 0 && serial <= by {
                presence.keep();
                joined.bits |= bit(number);
            } else {
                joined.whole = false;
            }
        }
        joined
    }

    /// True if no measurement of the path has ended.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// True if a site of the path is entered.
    pub(crate) fn has(&self, site: &Site) -> bool {
        site.measurement == 0 || self.bits & bit(site.measurement) != 0
    }

    /// Stays in the measurements around `node`, which the entered path charges, until [`leave`] is called with it. The
    /// others miss the work.
    #[inline]
    pub(crate) fn stay(mut self, node: &'static Node) {
        self.miss(Some(node));
    }

    #[inline]
    fn miss(&mut self, node: Option<&'static Node>) {
        let mut left = std::mem::take(&mut self.bits);
        // PERF: most paths are in no measurement, so the numbers are taken from the bits.
        while left != 0 {
            let number = left.trailing_zeros() as u8 + 1;
            left &= left - 1;
            if !node.is_some_and(|node| is_within(node, number))
                && let Some(slot) = slot(number)
            {
                slot.miss();
                drop(slot.kept());
            }
        }
    }
}

impl Drop for Joined {
    #[inline]
    fn drop(&mut self) {
        self.miss(None);
    }
}

fn bit(number: u8) -> u64 {
    1 << ((number - 1) % AT_ONCE as u8)
}

/// Leaves the measurements in which a scope [stayed](Joined::stay). Called with the node of its frame when it ends.
pub(crate) fn leave(node: &Node) {
    around(node).filter_map(slot).map(MeasurementSlot::kept).for_each(drop);
}

/// The innermost measurement around a path that has not ended: its number and its serial number. One that has ended and
/// left work running has no serial number.
pub(crate) fn innermost(node: &Node) -> Option<(u8, u64)> {
    let serial = |number| slot(number).map_or(0, MeasurementSlot::serial);
    around(node).map(|number| (number, serial(number))).find(|(_, serial)| *serial != 0)
}

/// Keeps the slot of a measurement from being taken by another one until this is dropped.
#[derive(Debug)]
pub(crate) struct Visit {
    slot: &'static NumberedSlot,
    presence: Presence<'static>,
}

impl Visit {
    /// `None`: there is no such number.
    pub(crate) fn new(number: u8) -> Option<Self> {
        let slot = numbered(number)?;
        Some(Self { slot, presence: slot.slot.enter() })
    }

    /// Serial number of the measurement that has the slot; 0: none has.
    pub(crate) fn serial(&self) -> u64 {
        self.presence.serial()
    }

    /// Ledger and node where the measurement began.
    pub(crate) fn beginning(&self) -> Option<(&'static Ledger, &'static Node)> {
        // SAFETY: `SlotGuard::begin_at` stores both before anything can be created in the measurement; they are a
        // ledger and a node, which are never freed.
        unsafe { self.slot.ledger.load(SeqCst).as_ref().zip(self.slot.node.load(SeqCst).as_ref()) }
    }
}
