//! From the begin of a measurement to its figures. Nothing in here allocates: a measurement can be within another one.

use super::by_address::ByAddress;
use crate::live;
use crate::tracker::paths::node::Node;
use crate::tracker::paths::reading::Reading;
use crate::tracker::paths::site::Site;
use crate::tracker::readings::snapshot::Snapshot;
use crate::tracker::scopes::context::CallPath;
use crate::tracker::scopes::enter_exit::Open;
use crate::tracker::threads::frames::FrameKind;
use crate::tracker::threads::installed;
use crate::tracker::threads::ledger::{Ledger, each_ledger, each_node};
use crate::tracker::threads::slots::{Rise, SlotGuard, is_within};
use crate::tracker::threads::thread;
use std::sync::atomic::Ordering::Relaxed;

/// Live allocations that a check for leaks tracks where no profile has said how many.
const MOST_RECORDS: usize = 100_000;

/// Why a measurement could not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    NotInstalled,
    /// Profiling is off on this thread, or the thread is over.
    Off,
    /// There are as many at once as there can be.
    AllTaken,
    /// The thread has had as many call paths as there can be.
    TooManyPaths,
    NoMemory,
    /// The live table is a sample, from which nothing can be said of single blocks.
    Sampled,
}

/// A measurement that has begun. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Measurement {
    slot: SlotGuard,
    root: CallPath,
    /// What the nodes of its site counted before.
    before: ByAddress<Reading>,
    /// How many allocations of each ledger had found no room in the live table.
    not_recorded: ByAddress<u64>,
    /// The blocks that were left of earlier measurements of the site, by their own address; `None`: leaks are not asked for.
    live: Option<ByAddress<live::Record>>,
    /// Keeps the live table exact as long as live blocks will be asked for.
    _exact: Option<live::ExactGuard>,
}

/// What a measurement's own work did so far, on the thread where it was.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MeasuredSpan {
    /// Allocated − freed, bytes.
    net: i64,
    /// The highest net above where it began, bytes.
    pub(crate) peak: i64,
}

/// A thread that is in a measurement, until this is dropped.
#[derive(Debug)]
pub(crate) struct Inside<'a> {
    open: Option<Open>,
    span: &'a mut MeasuredSpan,
}

impl Measurement {
    /// Begins, beneath where this thread is now. `leaks`: whether live blocks will be asked for; every allocation of the
    /// process is tracked from then on.
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

    /// Enters it on this thread. Where that fails its figures say so.
    pub(crate) fn enter<'a>(&self, span: &'a mut MeasuredSpan) -> Inside<'a> {
        Inside { open: self.root.enter_as(FrameKind::Measurement), span }
    }

    /// Reads the figures. The work on this thread has left it.
    pub(crate) fn end(self) -> Ended {
        let number = self.slot.number();
        Ended { snapshot: Snapshot::take_of(|node| is_within(node, number)), measurement: self }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let Some(Open { ledger, id }) = self.open else { return };
        // Not so in a thread that is over by now, and has closed it with all others.
        if thread::owns(ledger)
            && let Some(index) = ledger.frames().find(id)
        {
            let Rise { net, peak } = ledger.close_measurement_at(index);
            self.span.peak = self.span.peak.max(self.span.net.saturating_add(peak));
            self.span.net = self.span.net.saturating_add(net);
        }
    }
}

/// The nodes of a measurement, and the ledger of each.
fn nodes(number: u8) -> impl Iterator<Item = (&'static Ledger, &'static Node)> {
    each_ledger()
        .flat_map(|ledger| each_node(ledger).map(move |node| (ledger, node)))
        .filter(move |(_, node)| is_within(node, number))
}

fn address<T>(thing: &'static T) -> usize {
    std::ptr::from_ref(thing).addr()
}

fn readings(number: u8) -> Option<(ByAddress<Reading>, ByAddress<u64>)> {
    let snapshot = Snapshot::take_of(|node| is_within(node, number));
    // No node of this measurement can come meanwhile: nobody is in it. Ledgers can; they begin at 0.
    let before =
        ByAddress::of(nodes(number).count(), nodes(number).map(|(_, node)| (address(node), snapshot.reading(node))))?;
    let not_recorded = ByAddress::of(
        each_ledger().count(),
        each_ledger().map(|ledger| (address(ledger), ledger.not_recorded.load(Relaxed))),
    )?;
    Some((before, not_recorded))
}

/// The live blocks of earlier measurements of the same site, by their address.
fn left_over(number: u8) -> Option<ByAddress<live::Record>> {
    let table = live::table()?;
    let mut nodes = ByAddress::of(nodes(number).count(), nodes(number).map(|(_, node)| (address(node), ())))?;
    // Blocks can only be freed meanwhile: nobody is in the measurement. Pages that are not needed are never touched.
    let capacity = if nodes.is_empty() { 0 } else { table.len() as usize };
    let mut blocks = ByAddress::of(capacity, std::iter::empty())?;
    if capacity == 0 {
        return Some(blocks);
    }
    table.each(|key, record| {
        if nodes.get(record.owner).is_some() {
            blocks.push(key as usize, record);
        }
    });
    blocks.sort();
    Some(blocks)
}

/// The figures of a measurement that has ended; it gives its site back when it is dropped.
#[derive(Debug)]
pub(crate) struct Ended {
    snapshot: Snapshot,
    measurement: Measurement,
}

impl Ended {
    /// What each call path of each thread did. The sum is the figures of the whole.
    pub(crate) fn each(&mut self, mut see: impl FnMut(Option<&'static Site>, Reading)) {
        for (_, node) in nodes(self.measurement.slot.number()) {
            let reading = self.since(node);
            see(function(node), reading);
        }
    }

    /// What all of it did.
    pub(crate) fn sum(&mut self) -> Reading {
        let mut sum = Reading::default();
        self.each(|_, reading| sum = sum.plus(&reading));
        sum
    }

    fn since(&mut self, node: &'static Node) -> Reading {
        let before = self.measurement.before.get(address(node)).copied().unwrap_or_default();
        self.snapshot.reading(node).since(&before)
    }

    /// Entries that failed: what they did is in no figure.
    pub(crate) fn missed(&self) -> u64 {
        self.measurement.slot.missed()
    }

    /// Allocations that found no room for a record, on the threads that worked for the measurement while it ran.
    pub(crate) fn not_recorded(&mut self) -> u64 {
        let mut sum = 0;
        let mut last: Option<&'static Ledger> = None;
        for (ledger, node) in nodes(self.measurement.slot.number()) {
            let worked = self.since(node).allocated.count != 0;
            // The nodes of one ledger stand together.
            if worked && !last.is_some_and(|last| std::ptr::eq(last, ledger)) {
                let before = self.measurement.not_recorded.get(address(ledger)).copied().unwrap_or(0);
                sum += ledger.not_recorded.load(Relaxed).wrapping_sub(before);
                last = Some(ledger);
            }
        }
        sum
    }

    /// The blocks that were allocated in it and are live, by function: bytes and blocks. `None`: the system has no memory
    /// to find out.
    pub(crate) fn each_live(&mut self, mut see: impl FnMut(Option<&'static Site>, u64, u64)) -> Option<()> {
        let (table, before) = (live::table()?, self.measurement.live.as_mut()?);
        let number = self.measurement.slot.number();
        let mut live = ByAddress::of(nodes(number).count(), nodes(number).map(|(_, node)| (address(node), (0, 0))))?;
        table.each(|key, record| {
            // An older block is still the same one: another at its address would have another time.
            let is_older = before.get(key as usize).is_some_and(|older| *older == record);
            if !is_older && let Some((bytes, count)) = live.get(record.owner) {
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
}

/// The function of a node; `None`: a measurement's own, outside of every function.
fn function(node: &'static Node) -> Option<&'static Site> {
    node.site().filter(|_| !node.is_measurement())
}
