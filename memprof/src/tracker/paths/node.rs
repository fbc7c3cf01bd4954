//! A node: one call path of one ledger, with its counters.

use super::counters::Counters;
use super::distribution::NodeDistribution;
use super::items::ItemCounters;
use super::limits::LimitCounters;
use super::owner_counter::OwnerCounter;
use super::reading::{LastReading, Reallocations};
use super::site::Site;
use crate::tracker::sync::add;
use std::cell::Cell;
use std::ptr::null;
use std::sync::atomic::Ordering::Acquire;
use std::sync::atomic::{AtomicPtr, AtomicU64};

/// One call path of one ledger, with the figures of the time while it was the innermost.
///
/// PERF: an allocation and a call write only to the first 64 bytes, one cache line.
#[repr(C, align(64))]
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) counters: Counters,
    calls: OwnerCounter,
    finished: OwnerCounter,
    /// The highest peak of one call, plus one; 0 while no call has ended.
    peak_plus_one: OwnerCounter,
    /// Open scopes of the site, in the site's first node: more than one is a recursion.
    open: Cell<u32>,
    /// Calls of this node that are open without a frame.
    frameless: Cell<u32>,
    /// The first node of the same site in this tree, perhaps this node. It has the count of open scopes for all nodes
    /// of the site, because a recursion can return by another path. The root refers to itself.
    pub(crate) first: Cell<*const Node>,
    /// The node that was last entered from here, because most functions call the same ones again. Initially this node.
    /// One word, so that a signal handler can enter another node between any two instructions.
    pub(crate) last_child: Cell<*const Node>,
    /// Null: the root.
    site: *const Site,
    /// The innermost measurement that the path is in, from 1; 0: none. Stored here so that one load is enough.
    pub(crate) measurement: u8,
    reallocated_count: OwnerCounter,
    grown_bytes: OwnerCounter,
    copied_bytes: OwnerCounter,
    /// Distributions of the figures of the site's calls on this ledger; in the site's first node, null until a call had
    /// a figure other than 0.
    pub(crate) spread: AtomicPtr<CallSpread>,
    panicked: OwnerCounter,
    /// Calls that ended and are in no distribution: inner calls of a recursion, and calls whose end was never seen.
    unrecorded: OwnerCounter,
    /// Null: the root.
    parent: *const Node,
    /// The node created before this one.
    pub(crate) older: *const Node,
    /// Reading of the last snapshot; used by one reporter at a time.
    pub(crate) last_reading: LastReading,
}

impl Node {
    pub(crate) const fn root() -> Self {
        Self {
            counters: Counters::new(),
            reallocated_count: OwnerCounter::new(0),
            grown_bytes: OwnerCounter::new(0),
            copied_bytes: OwnerCounter::new(0),
            calls: OwnerCounter::new(0),
            finished: OwnerCounter::new(0),
            panicked: OwnerCounter::new(0),
            peak_plus_one: OwnerCounter::new(0),
            open: Cell::new(0),
            frameless: Cell::new(0),
            measurement: 0,
            first: Cell::new(null()),
            last_child: Cell::new(null()),
            site: null(),
            spread: AtomicPtr::new(std::ptr::null_mut()),
            unrecorded: OwnerCounter::new(0),
            parent: null(),
            older: null(),
            last_reading: LastReading::new(),
        }
    }

    /// A node beneath `parent`; `older` is the newest node so far.
    pub(crate) fn beneath(parent: &'static Node, site: &'static Site, older: *const Node) -> Self {
        let measurement = if site.measurement == 0 { parent.measurement } else { site.measurement };
        Self { site, parent, older, measurement, ..Self::root() }
    }

    pub(crate) fn site(&self) -> Option<&'static Site> {
        // SAFETY: null, or the site that `beneath` was given, which lives forever.
        unsafe { self.site.as_ref() }
    }

    pub(crate) fn parent(&self) -> Option<&'static Node> {
        // SAFETY: null, or a node of the same ledger, which is never freed.
        unsafe { self.parent.as_ref() }
    }

    /// Calls that have begun here so far.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.get()
    }

    /// Allocated − deallocated here so far, bytes. Made of two readings: while the owner works it can be off by the
    /// allocations between them.
    pub(crate) fn net(&self) -> i64 {
        let deallocated = self.counters.read_deallocated();
        self.counters.read_allocated().bytes.wrapping_sub(deallocated.bytes) as i64
    }

    /// True if it is the root of a measurement.
    pub(crate) fn is_measurement(&self) -> bool {
        self.site().is_some_and(|site| site.measurement != 0)
    }

    /// The node created before this one.
    pub(crate) fn older(&self) -> Option<&'static Node> {
        // SAFETY: null, or a node of the same ledger, which is never freed.
        unsafe { self.older.as_ref() }
    }

    /// The child for `site`, if it was the last one entered from here; the owner alone calls this.
    #[inline(always)]
    pub(crate) fn last_child(&self, site: &'static Site) -> Option<&'static Node> {
        // SAFETY: `init`, `Tree::make` and `Tree::child` store nodes, and those are never freed. This is never called
        // for the shared ledger.
        let last = unsafe { &*self.last_child.get() };
        if std::ptr::eq(last.site, site) { Some(last) } else { None }
    }

    /// Number of scopes of this node's site that are open on this thread; the owner alone calls this.
    #[inline(always)]
    fn open_scopes(&self) -> &Cell<u32> {
        // SAFETY: `Ledger::create` sets `first` of the root, `Tree::make` that of every other node before anyone can
        // reach it; all are nodes, and those are never freed. This is never called for the shared ledger.
        unsafe { &(*self.first.get()).open }
    }

    /// The first node of the same site in this ledger; the owner alone calls this.
    pub(crate) fn first(&self) -> &'static Node {
        // SAFETY: as in `open_scopes`.
        unsafe { &*self.first.get() }
    }

    /// Notes that a scope of this node's site opens, and returns the number of those that were open; the owner alone
    /// calls this.
    #[inline(always)]
    pub(crate) fn enter(&self) -> u32 {
        let open = self.open_scopes();
        let before = open.get();
        open.set(before.wrapping_add(1));
        before
    }

    /// Sets the number of open scopes of this node's site aside, when a context is entered; the owner alone calls this.
    pub(crate) fn set_open_scopes_aside(&self) {
        self.open_scopes().set(0);
    }

    /// Notes a call of this node that is open without a frame; the owner alone calls this.
    pub(crate) fn enter_frameless(&self) {
        self.frameless.set(self.frameless.get().wrapping_add(1));
    }

    /// Notes that such a call has ended. False: none was open.
    pub(crate) fn leave_frameless(&self) -> bool {
        let open = self.frameless.get();
        self.frameless.set(open.saturating_sub(1));
        open != 0
    }

    /// Notes that all such calls have ended, and returns their number.
    pub(crate) fn leave_all_frameless(&self) -> u32 {
        self.frameless.replace(0)
    }

    /// Notes that one scope of this node's site has closed; the owner alone calls this.
    #[inline(always)]
    pub(crate) fn leave(&self) {
        let open = self.open_scopes();
        open.set(open.get().wrapping_sub(1));
    }

    /// True if exactly one scope of this node's site is open on this thread; the owner alone calls this.
    pub(crate) fn is_open_once(&self) -> bool {
        self.open_scopes().get() == 1
    }

    /// Makes a root refer to itself.
    pub(crate) fn init(&'static self) {
        self.first.set(self);
        self.last_child.set(self);
    }

    /// Distributions of the site's calls on this ledger, if this is the site's first node and there are any.
    pub(crate) fn spread(&self) -> Option<&'static CallSpread> {
        // SAFETY: null, or stored by `Tree::spread_of`, and never freed.
        unsafe { self.spread.load(Acquire).as_ref() }
    }

    /// Calls that ended and are in no distribution.
    pub(crate) fn unrecorded(&self) -> u64 {
        self.unrecorded.get()
    }

    /// Counts a call that begins; the owner alone calls this.
    #[inline(always)]
    pub(crate) fn count_call(&self) {
        add!(self, Node, calls, 1, Relaxed);
    }

    /// Counts a call that has ended; the owner alone calls this.
    #[inline(always)]
    pub(crate) fn finish(&self) {
        // Release: a thread that sees the end of the call sees its beginning.
        add!(self, Node, finished, 1, Release);
    }

    /// Counts calls that have ended without figures; the owner alone calls this.
    pub(crate) fn finish_unrecorded(&self, calls: u64) {
        add!(self, Node, unrecorded, calls, Relaxed);
        add!(self, Node, finished, calls, Release);
    }

    /// Counts a call that has ended with a panic; the owner alone calls this.
    #[inline(always)]
    pub(crate) fn count_panic(&self) {
        add!(self, Node, panicked, 1, Relaxed);
    }

    /// Counts a call that is in no distribution; the owner alone calls this.
    #[inline]
    pub(crate) fn count_unrecorded(&self) {
        add!(self, Node, unrecorded, 1, Relaxed);
    }

    /// Calls that have ended here so far. A reader that sees the end of a call also sees its beginning.
    pub(crate) fn finished(&self) -> u64 {
        self.finished.get_acquire()
    }

    /// Calls that have ended here with a panic.
    pub(crate) fn panicked(&self) -> u64 {
        self.panicked.get()
    }

    /// The highest peak of one call here; `None`: no call has ended.
    pub(crate) fn peak(&self) -> Option<u64> {
        self.peak_plus_one.get().checked_sub(1)
    }

    /// Reallocations here so far.
    pub(crate) fn reallocations(&self) -> Reallocations {
        Reallocations {
            reallocated_count: self.reallocated_count.get(),
            grown_bytes: self.grown_bytes.get(),
            copied_bytes: self.copied_bytes.get(),
        }
    }

    /// As [`count_reallocated`](Self::count_reallocated), by any thread.
    pub(crate) fn count_reallocated_shared(&self, old: usize, new: usize) {
        let grown = new.saturating_sub(old) as u64;
        self.reallocated_count.add_shared(1);
        self.grown_bytes.add_shared(grown);
        self.copied_bytes.add_shared(if grown > 0 { old as u64 } else { 0 });
    }

    /// Counts a reallocation; the owner alone calls this.
    #[inline(always)]
    pub(crate) fn count_reallocated(&self, old: usize, new: usize) {
        let grown = new.saturating_sub(old) as u64;
        add!(self, Node, reallocated_count, 1, Relaxed);
        add!(self, Node, grown_bytes, grown, Relaxed);
        add!(self, Node, copied_bytes, if grown > 0 { old as u64 } else { 0 }, Relaxed);
    }

    /// Notes the peak of a call that has ended; the owner alone calls this. A negative one is none.
    #[inline(always)]
    pub(crate) fn record_peak(&self, peak: i64) {
        if peak >= self.peak_plus_one.get() as i64 {
            self.peak_plus_one.set((peak + 1) as u64);
        }
    }
}

impl Counters {
    /// Not in `counters.rs`: the loom models compile that file, and loom's atomics have no `const fn new`.
    pub(crate) const fn new() -> Self {
        Self {
            allocated_bytes: AtomicU64::new(0),
            allocated_count: AtomicU64::new(0),
            deallocated_bytes: AtomicU64::new(0),
            deallocated_count: AtomicU64::new(0),
        }
    }
}

/// Distributions of the figures of one site's calls on one ledger.
#[derive(Debug)]
pub(crate) struct CallSpread {
    /// Bytes allocated per call.
    pub(crate) allocated: NodeDistribution,
    /// Peak above entry per call, bytes.
    pub(crate) peak: NodeDistribution,
    /// Figures of calls with a budget or a window; null until there are any.
    pub(crate) limit_counters: AtomicPtr<LimitCounters>,
    /// Items of the calls; null until a call says how many it has.
    pub(crate) item_counters: AtomicPtr<ItemCounters>,
}

impl CallSpread {
    pub(crate) const fn new() -> Self {
        Self {
            allocated: NodeDistribution::new(),
            peak: NodeDistribution::new(),
            limit_counters: AtomicPtr::new(std::ptr::null_mut()),
            item_counters: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    /// Figures of calls with a budget or a window.
    pub(crate) fn limit_counters(&self) -> Option<&'static LimitCounters> {
        // SAFETY: null, or stored by `Tree::limit_counters`, and never freed.
        unsafe { self.limit_counters.load(Acquire).as_ref() }
    }

    /// Items of the calls.
    pub(crate) fn item_counters(&self) -> Option<&'static ItemCounters> {
        // SAFETY: null, or stored by `Tree::item_counters`, and never freed.
        unsafe { self.item_counters.load(Acquire).as_ref() }
    }
}
