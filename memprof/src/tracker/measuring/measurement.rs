//! One measurement, from its beginning to its figures. Nothing in here allocates, because a measurement can be inside
//! another one.

use super::by_address::ByAddress;
use crate::live;
use crate::tracker::paths::node::Node;
use crate::tracker::paths::reading::Reading;
use crate::tracker::paths::site::Site;
use crate::tracker::readings::snapshot::Snapshot;
use crate::tracker::scopes::context::CallPath;
use crate::tracker::scopes::enter_exit::Open;
use crate::tracker::threads::frames::ScopeKind;
use crate::tracker::threads::installed;
use crate::tracker::threads::ledger::Ledger;
use crate::tracker::threads::ledgers::{each_ledger, every_node};
use crate::tracker::threads::slots::{Rise, SlotGuard, is_within};
use crate::tracker::threads::thread;

/// Live allocations that a check for leaks records if no profile has set a maximum.
const MOST_RECORDS: usize = 100_000;

/// Reason why a measurement could not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    NotInstalled,
    /// Profiling is off on this thread, or the thread is over.
    Off,
    /// The maximum number of measurements is running.
    AllTaken,
    /// The thread has the maximum number of call paths.
    TooManyPaths,
    NoMemory,
    /// The live table is a sample, which does not have every block.
    Sampled,
}

/// A measurement that has begun. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Measurement {
    slot: SlotGuard,
    root: CallPath,
    /// Readings of the nodes of its site at the beginning.
    before: ByAddress<Reading>,
    /// Allocations of each ledger that had found the live table full at the beginning.
    not_recorded: ByAddress<u64>,
    /// Blocks left by earlier measurements of the site, by their address; `None`: leaks are not checked.
    live: Option<ByAddress<live::Record>>,
    /// Keeps the live table exact as long as leaks are checked.
    _exact: Option<live::ExactGuard>,
}

/// Net and peak of a measurement's own work so far, on its thread.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MeasuredSpan {
    /// Allocated − deallocated, bytes.
    net: i64,
    /// The highest net above its beginning, bytes.
    pub(crate) peak: i64,
}

/// The presence of a thread in a measurement, until this is dropped.
#[derive(Debug)]
pub(crate) struct Inside<'a> {
    open: Option<Open>,
    span: &'a mut MeasuredSpan,
}

impl Measurement {
    /// Begins a measurement beneath the current node of this thread. `leaks`: leaks will be checked, and every
    /// allocation of the process is recorded from then on.
    pub(crate) fn begin(leaks: bool) -> Result<Self, Refused> {
        let ledger = thread::ledger().ok_or(Refused::Off)?;
        ledger.catch_up();
        if !installed::is_installed() {
            return Err(Refused::NotInstalled);
        }
        if leaks && live::table().is_none() && !thread::start_recording(MOST_RECORDS, 0, 0) {
            return Err(Refused::NoMemory);
        }
        let exact = if leaks { Some(live::ExactGuard::acquire().ok_or(Refused::Sampled)?) } else { None };
        let slot = SlotGuard::take().ok_or(Refused::AllTaken)?;
        let node = ledger.tree().child(ledger.root(), ledger.node(), slot.site()).ok_or(Refused::NoMemory)?;
        if node.measurement != slot.number() {
            return Err(Refused::TooManyPaths);
        }
        slot.begin_at(ledger, node);
        let root = CallPath::to_measurement(ledger, node, slot.serial());
        let (before, not_recorded) = readings(slot.number()).ok_or(Refused::NoMemory)?;
        let live = if leaks { Some(left_over(slot.number()).ok_or(Refused::NoMemory)?) } else { None };
        Ok(Self { slot, root, before, not_recorded, live, _exact: exact })
    }

    /// Enters it on this thread. If that fails, its figures say so.
    pub(crate) fn enter<'a>(&self, span: &'a mut MeasuredSpan) -> Inside<'a> {
        Inside { open: self.root.enter_as(ScopeKind::Measurement), span }
    }

    /// Visits the live blocks that were allocated in it, by function: bytes and blocks. `None`: the system has no
    /// memory for that, or leaks are not checked.
    pub(crate) fn each_live(&mut self, mut see: impl FnMut(Option<&'static Site>, u64, u64)) -> Option<()> {
        let (table, before) = (live::table()?, self.live.as_mut()?);
        let number = self.slot.number();
        let mut live = ByAddress::of(nodes(number).count(), nodes(number).map(|(_, node)| (address(node), (0, 0))))?;
        table.each(|key, record| {
            // An older block still has the same record: another block at its address would have another time.
            let is_older = before.get(key as usize).is_some_and(|older| *older == record);
            if !is_older && let Some((bytes, count)) = live.get(record.owner()) {
                *bytes += record.size;
                *count += 1;
            }
        });
        for (_, node) in nodes(number) {
            if let Some(&mut (bytes, count)) = live.get(address(node))
                && count != 0
            {
                see(function(node), bytes, count);
            }
        }
        Some(())
    }

    /// Reads the figures, after the work on this thread has left it.
    pub(crate) fn end(self) -> Ended {
        let number = self.slot.number();
        Ended { snapshot: Snapshot::take_of(&|node| is_within(node, number)), measurement: self }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let Some(Open { ledger, id }) = self.open else { return };
        // A thread that is over by now has already closed it with all others.
        if thread::owns(ledger)
            && let Some(index) = ledger.frames().find(id)
            && let Some(Rise { net, peak }) = ledger.close_measurement_at(index)
        {
            self.span.peak = self.span.peak.max(self.span.net.saturating_add(peak));
            self.span.net = self.span.net.saturating_add(net);
        }
    }
}

/// The nodes of a measurement, and the ledger of each.
fn nodes(number: u8) -> impl Iterator<Item = (&'static Ledger, &'static Node)> {
    every_node().filter(move |(_, node)| is_within(node, number))
}

fn address<T>(thing: &'static T) -> usize {
    std::ptr::from_ref(thing).addr()
}

fn readings(number: u8) -> Option<(ByAddress<Reading>, ByAddress<u64>)> {
    let snapshot = Snapshot::take_of(&|node| is_within(node, number));
    // No node of this measurement can be added meanwhile, because nobody is in it. Ledgers can; they begin at 0.
    let before =
        ByAddress::of(nodes(number).count(), nodes(number).map(|(_, node)| (address(node), snapshot.reading(node))))?;
    let not_recorded =
        ByAddress::of(each_ledger().count(), each_ledger().map(|ledger| (address(ledger), ledger.not_recorded.get())))?;
    Some((before, not_recorded))
}

/// Live blocks of earlier measurements of the same site, by their address.
fn left_over(number: u8) -> Option<ByAddress<live::Record>> {
    let table = live::table()?;
    let mut nodes = ByAddress::of(nodes(number).count(), nodes(number).map(|(_, node)| (address(node), true)))?;
    // Blocks can only be freed meanwhile, because nobody is in the measurement. Unused pages are never touched.
    let capacity = if nodes.is_empty() { 0 } else { table.most() as usize };
    let mut blocks = ByAddress::of(capacity, std::iter::empty())?;
    if capacity == 0 {
        return Some(blocks);
    }
    table.each(|key, record| {
        if nodes.get(record.owner()).is_some() {
            blocks.push(key as usize, record);
        }
    });
    blocks.sort();
    Some(blocks)
}

/// Figures of a measurement that has ended; dropping it releases its site.
#[derive(Debug)]
pub(crate) struct Ended {
    snapshot: Snapshot,
    measurement: Measurement,
}

impl Ended {
    /// Visits the figures of each call path of each thread. Their sum is the whole measurement.
    pub(crate) fn each(&mut self, mut see: impl FnMut(Option<&'static Site>, Reading)) {
        for (_, node) in nodes(self.measurement.slot.number()) {
            let reading = self.since(node);
            see(function(node), reading);
        }
    }

    /// Figures of the whole measurement.
    pub(crate) fn sum(&mut self) -> Reading {
        let mut sum = Reading::default();
        self.each(|_, reading| sum = sum.plus(&reading));
        sum
    }

    fn since(&mut self, node: &'static Node) -> Reading {
        let before = self.measurement.before.get(address(node)).copied().unwrap_or_default();
        self.snapshot.reading(node).since(&before)
    }

    /// Entries that failed: their work is in no figure.
    pub(crate) fn missed(&self) -> u64 {
        self.measurement.slot.missed()
    }

    /// Allocations that found the live table full, on the threads that worked for the measurement while it ran.
    pub(crate) fn not_recorded(&mut self) -> u64 {
        let mut sum = 0;
        let mut last: Option<&'static Ledger> = None;
        for (ledger, node) in nodes(self.measurement.slot.number()) {
            let worked = self.since(node).allocated.count != 0;
            // The nodes of one ledger are adjacent.
            if worked && !last.is_some_and(|last| std::ptr::eq(last, ledger)) {
                let before = self.measurement.not_recorded.get(address(ledger)).copied().unwrap_or(0);
                sum += ledger.not_recorded.get().wrapping_sub(before);
                last = Some(ledger);
            }
        }
        sum
    }

    /// As [`Measurement::each_live`].
    pub(crate) fn each_live(&mut self, see: impl FnMut(Option<&'static Site>, u64, u64)) -> Option<()> {
        self.measurement.each_live(see)
    }
}

/// The function of a node; `None`: the measurement's own work, outside every function.
fn function(node: &'static Node) -> Option<&'static Site> {
    node.site().filter(|_| !node.is_measurement())
}
