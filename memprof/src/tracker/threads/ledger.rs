//! The ledger: all counters of one thread. It lives in system memory, is never freed, and passes to another thread when
//! its thread is over.

use super::frames::Frames;
use super::mailbox::Mailbox;
use super::net_readings;
use super::own_work::OwnWork;
use super::published;
use super::registry::{Link, Listed, Registry};
use crate::live;
use crate::os::clock;
use crate::os::memory::pages;
use crate::os::threads::thread_name::ThreadName;
use crate::stack::StackCapture;
use crate::tracker::carried::current::{CurrentWork, ThreadTotals};
use crate::tracker::paths::counters::Counters;
use crate::tracker::paths::node::Node;
use crate::tracker::paths::owner_counter::OwnerCounter;
use crate::tracker::paths::tree::Tree;
use crate::tracker::sync::add;
use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU32, AtomicU64};

/// Distance that a thread's net moves before it is published to the process.
pub(crate) const PUBLISH_STEP: u64 = 64 * 1024;
/// Bytes of a ledger and its first nodes.
const LEDGER_BYTES: usize = 16 * 1024;

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

/// Makes every thread draw its next sample again, because the interval has shrunk.
#[cold]
#[inline(never)]
pub(crate) fn hurry_all() {
    each_ledger().filter(|ledger| !ledger.is_shared()).for_each(Ledger::hurry);
}

impl Counters {
    pub(crate) const fn new() -> Self {
        Self {
            allocated_bytes: AtomicU64::new(0),
            allocated_count: AtomicU64::new(0),
            deallocated_bytes: AtomicU64::new(0),
            deallocated_count: AtomicU64::new(0),
        }
    }
}

/// All counters of one thread. PERF: the fast path of an allocation or free touches only its first 64 bytes.
///
/// The thread's totals serve the thread alone: scopes take their differences from them. Other threads read the nodes; a
/// second set of shared counters would cost two instructions for each allocation and free.
#[repr(C, align(64))]
#[derive(Debug)]
pub(crate) struct Ledger {
    /// Bytes that the thread has allocated.
    pub(crate) allocated: Cell<u64>,
    /// Number of allocations. The allocations of a call, for its budget, are a difference of two of these.
    pub(crate) allocated_count: Cell<u64>,
    /// Bytes that the thread has deallocated.
    pub(crate) deallocated: Cell<u64>,
    /// The highest net since the innermost open scope began.
    pub(crate) high: Cell<i64>,
    /// The node that is charged.
    node: AtomicPtr<Node>,
    /// Bytes allocated from which on an allocation takes the slow path; 0 while every allocation is recorded: each
    /// does.
    pub(crate) allocation_threshold: AtomicU64,
    /// Bytes deallocated from which on a free takes the slow path; 0 while allocations are recorded.
    pub(crate) deallocation_threshold: AtomicU64,
    /// Bytes allocated at which the thread's net has to be published; 0: a scope has ended on another thread.
    publish_at: AtomicU64,
    /// Bytes deallocated at which the thread's net has to be published; 0 likewise.
    publish_at_deallocated: AtomicU64,
    published: AtomicI64,
    /// Bytes allocated when the thread last published.
    published_allocated: AtomicU64,
    /// The next sample, while the live table is a sample.
    pub(crate) countdown: live::NextSample,
    /// Mask of the recorded allocations that take the slow path, see `records::needs_slow_path`.
    pub(crate) slow_path_mask: AtomicU64,
    /// True if it is one of [`REPORTING`].
    is_reporting: Cell<bool>,
    link: Link<Ledger>,
    /// Allocations that found the live table full.
    pub(crate) not_recorded: OwnerCounter,
    pub(crate) misplaced_guards: OwnerCounter,
    pub(crate) scopes_not_opened: OwnerCounter,
    /// Captures the stacks of recorded allocations.
    pub(crate) stacks: StackCapture,
    pub(crate) threads_served: OwnerCounter,
    /// The highest net of popped frames whose maximum was not handed down unchanged: the frames beneath a context do
    /// not count its work. For the owner alone.
    pub(crate) highest_handed_down: Cell<i64>,
    /// The system's number of the thread.
    pub(crate) thread_id: AtomicU32,
    /// The name of the last thread, in words: a reporter that reads it while the owner replaces it gets parts of both
    /// names.
    last_name: [AtomicU64; 4],
    root: Node,
    tree: Tree,
    frames: Frames,
    mailbox: Mailbox,
    own_work: OwnWork,
    work: CurrentWork,
    /// Number of the ledger, in the order of creation.
    pub(crate) number: AtomicU32,
}

// SAFETY: the thresholds, the node, the tree's list, its nodes' counters, the figures after `link` and the link itself,
// the name, the mailbox and the limit of the frames are atomics. Every `Cell`, `frames`, `stacks` and the rest of
// `tree` are touched only by the thread that has taken the ledger (taking acquires what the previous owner released);
// in the shared ledger nobody touches them. `is_reporting` is read by all and set before the ledger is listed.
unsafe impl Sync for Ledger {}

impl Listed for Ledger {
    fn link(&self) -> &Link<Ledger> {
        &self.link
    }
}

impl Ledger {
    const fn new() -> Self {
        Self {
            allocated: Cell::new(0),
            allocated_count: Cell::new(0),
            deallocated: Cell::new(0),
            high: Cell::new(0),
            node: AtomicPtr::new(null_mut()),
            allocation_threshold: AtomicU64::new(PUBLISH_STEP),
            deallocation_threshold: AtomicU64::new(PUBLISH_STEP),
            publish_at: AtomicU64::new(PUBLISH_STEP),
            publish_at_deallocated: AtomicU64::new(PUBLISH_STEP),
            published: AtomicI64::new(0),
            published_allocated: AtomicU64::new(0),
            countdown: live::NextSample::new(),
            slow_path_mask: AtomicU64::new(0),
            is_reporting: Cell::new(false),
            link: Link { next: AtomicPtr::new(null_mut()), state: AtomicU32::new(0) },
            not_recorded: OwnerCounter::new(0),
            misplaced_guards: OwnerCounter::new(0),
            scopes_not_opened: OwnerCounter::new(0),
            stacks: StackCapture::new(),
            threads_served: OwnerCounter::new(0),
            highest_handed_down: Cell::new(0),
            thread_id: AtomicU32::new(0),
            last_name: [const { AtomicU64::new(0) }; 4],
            root: Node::root(),
            tree: Tree::new(),
            frames: Frames::new(),
            mailbox: Mailbox::new(),
            own_work: OwnWork::new(),
            work: CurrentWork::new(),
            number: AtomicU32::new(0),
        }
    }

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
        // SAFETY: the mapping is larger than a ledger (see the assertion below), aligned to a page, not shared, and
        // never freed. Nobody changes the blank ledger, and all its parts may be copied.
        let ledger: &'static Ledger = unsafe {
            let ledger = start.cast::<Ledger>();
            ledger.copy_from_nonoverlapping(&raw const BLANK, 1);
            &*ledger
        };
        ledger.root.init();
        ledger.charge(&ledger.root);
        // SAFETY: the rest of the mapping, which begins where a ledger ends, and a ledger is aligned as a node is.
        unsafe { ledger.tree.init(start.expose_provenance() + after, LEDGER_BYTES - after) };
        Some(ledger)
    }

    pub(crate) fn root(&'static self) -> &'static Node {
        &self.root
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The open scopes. For the owner alone.
    pub(crate) fn frames(&self) -> &Frames {
        &self.frames
    }

    /// Words about scopes that have ended on other threads.
    #[inline(always)]
    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// Allocated − deallocated on this thread; negative if it frees blocks of others. For the owner alone.
    #[inline(always)]
    pub(crate) fn net(&self) -> i64 {
        self.allocated.get().wrapping_sub(self.deallocated.get()) as i64
    }

    /// Counts an allocation in the thread's totals. For the owner alone.
    #[inline(always)]
    pub(crate) fn count_allocated(&self, bytes: u64) {
        add!(self, Ledger, allocated, bytes, Relaxed);
        // One instruction; it is the only count of the allocations of a call, which a budget can limit.
        add!(self, Ledger, allocated_count, 1, Relaxed);
    }

    /// Counts a free in the thread's totals. For the owner alone.
    #[inline(always)]
    pub(crate) fn count_deallocated(&self, bytes: u64) {
        add!(self, Ledger, deallocated, bytes, Relaxed);
    }

    /// Notes that an allocation found the live table full. For the owner alone.
    #[inline(always)]
    pub(crate) fn count_not_recorded(&self) {
        self.not_recorded.add(1);
    }

    /// True if the net may have risen far enough to be published when `total` bytes are allocated, or a scope has ended
    /// on another thread.
    #[inline(always)]
    pub(crate) fn is_publishing_due_by_allocations(&self, total: u64) -> bool {
        total >= self.publish_at.load(Relaxed)
    }

    /// True if the net may have fallen far enough to be published when `total` bytes are freed, or a scope has ended on
    /// another thread.
    #[inline(always)]
    pub(crate) fn is_publishing_due_by_deallocations(&self, total: u64) -> bool {
        total >= self.publish_at_deallocated.load(Relaxed)
    }

    /// The node that is charged. For the owner alone.
    #[inline(always)]
    pub(crate) fn node(&self) -> &'static Node {
        // SAFETY: `create` stores the root before the ledger is used, `charge` stores nodes; both live forever. This is
        // never called for the shared ledger.
        unsafe { &*self.node.load(Relaxed) }
    }

    /// Charges `node` from now on. For the owner alone.
    #[inline(always)]
    pub(crate) fn charge(&self, node: &'static Node) {
        self.node.store(std::ptr::from_ref(node).cast_mut(), Relaxed);
    }

    /// The name of the last thread.
    pub(crate) fn last_name(&self) -> ThreadName {
        ThreadName::from_words(self.last_name.each_ref().map(|word| word.load(Relaxed)))
    }

    /// Notes the current name of the thread. For the owner alone.
    pub(crate) fn note_name(&self) {
        for (slot, word) in self.last_name.iter().zip(ThreadName::current().to_words()) {
            slot.store(word, Relaxed);
        }
    }

    /// True if it is the shared ledger of threads that are over.
    pub(crate) fn is_shared(&self) -> bool {
        std::ptr::eq(self, &raw const SHARED)
    }

    /// Publishes the thread's net if it has moved far enough, and sets the next thresholds. For the owner alone.
    pub(crate) fn publish(&self, however_little: bool) {
        self.settle_work();
        let net = self.net();
        let moved = net.wrapping_sub(self.published.load(Relaxed));
        let mut up = moved.max(0) as u64;
        let mut down = moved.min(0).unsigned_abs();
        let is_read = !self.is_reporting() && net_readings::is_due_for_publisher(clock::ticks());
        // Half a step is enough here: otherwise a net that hovers just below a whole one would lead here with nearly
        // every allocation.
        if however_little || is_read || up.max(down) >= PUBLISH_STEP / 2 {
            // An exchange, because a signal handler may have published meanwhile.
            let moved = net.wrapping_sub(self.published.swap(net, Relaxed));
            if !self.is_reporting() {
                published::move_net(moved);
            }
            (up, down) = (0, 0);
        }
        if net_readings::needs_publishers() && !self.is_reporting() {
            let allocated = self.allocated.get();
            published::move_allocated(allocated.wrapping_sub(self.published_allocated.swap(allocated, Relaxed)));
        }
        let at = self.allocated.get().wrapping_add(PUBLISH_STEP - up);
        let at_deallocated = self.deallocated.get().wrapping_add(PUBLISH_STEP - down);
        self.arm(|| {
            self.publish_at.store(at, Relaxed);
            self.publish_at_deallocated.store(at_deallocated, Relaxed);
        });
        // The sampling interval follows the cost of recording, even if no sample comes for a long time.
        if live::table().is_some_and(live::look_if_due) {
            hurry_all();
        }
        if is_read {
            net_readings::visit();
        }
    }

    /// Publishes if a reading over time is due, and takes it. For the owner alone, after its allocation is counted.
    #[inline]
    pub(crate) fn publish_if_due(&self, ticks: u64) {
        if net_readings::is_due_for_publisher(ticks) {
            self.publish(false);
        }
    }

    /// True if allocations of the thread get records. For the owner alone.
    pub(crate) fn is_recorded(&self) -> bool {
        !self.is_reporting()
    }

    /// True if it counts the profiler's own work. For the owner alone.
    pub(crate) fn is_reporting(&self) -> bool {
        self.is_reporting.get()
    }

    /// Its state while it counts the profiler's own work. For the owner alone.
    pub(crate) fn own_work(&self) -> &OwnWork {
        &self.own_work
    }

    /// The meters of its thread's present work. For the owner alone.
    #[inline(always)]
    pub(crate) fn work(&self) -> &CurrentWork {
        &self.work
    }

    /// Bytes that the thread has allocated and deallocated. For the owner alone.
    #[inline(always)]
    pub(crate) fn thread_totals(&self) -> ThreadTotals {
        (self.allocated.get(), self.deallocated.get())
    }

    /// Adds what the thread has done to the meters of its present work. For the owner alone.
    #[inline]
    pub(crate) fn settle_work(&self) {
        if !self.work.is_plain() {
            self.work.settle(self.thread_totals());
        }
    }

    /// Lets the recorded allocations take the slow path while the thread's work has labels. Called by any thread.
    #[inline]
    pub(crate) fn follow_labels(&self) {
        let mask = if self.work.labels() == 0 { live::slow_path_mask() } else { 0 };
        self.slow_path_mask.store(mask, Relaxed);
    }

    /// Counts blocks that another ledger has counted so far, each figure as allocated or, if negative, as deallocated.
    /// For the owner alone.
    pub(crate) fn take_over(&'static self, bytes: i64, count: i64) {
        self.catch_up();
        self.allocated.set(self.allocated.get().wrapping_add(bytes.max(0) as u64));
        self.allocated_count.set(self.allocated_count.get().wrapping_add(count.max(0) as u64));
        self.deallocated.set(self.deallocated.get().wrapping_add(bytes.min(0).unsigned_abs()));
        self.root.counters.add(bytes, count);
        self.high.set(self.high.get().max(self.net()));
        if let Some(table) = live::table() {
            // The next allocation must be no more likely to be sampled than any other. The distribution is memoryless,
            // so drawing again changes no probability.
            self.countdown.draw(self.allocated.get(), table);
        }
        self.publish(false);
    }

    /// Sets the thresholds again, because the next sample has changed. For the owner alone.
    pub(crate) fn rearm(&self) {
        self.arm(|| {});
    }

    /// Sets the thresholds, after `publishing` has set those of the next publishing. For allocations: 0 while every one
    /// is recorded, otherwise the next publishing or the next sample, whichever comes first. For frees: 0 while
    /// allocations are recorded, otherwise the next publishing.
    fn arm(&self, publishing: impl FnOnce()) {
        let table = live::table();
        let period = table.map(|table| table.state().period());
        self.follow_labels();
        let arm = || {
            publishing();
            let (at, at_deallocated) = (self.publish_at.load(Relaxed), self.publish_at_deallocated.load(Relaxed));
            let recorded = table.filter(|_| self.is_recorded());
            let sampling_at = recorded.map(|table| self.countdown.follow(self.allocated.get(), table).unwrap_or(0));
            self.allocation_threshold.store(sampling_at.unwrap_or(at).min(at), Relaxed);
            self.deallocation_threshold.store(if table.is_some() { 0 } else { at_deallocated }, Relaxed);
        };
        self.mailbox.arm(arm, || self.hurry());
        // `arm` has a fence. Together with that of `start_recording`: either we see the new table or period now, or its
        // stores to the thresholds come after ours.
        if live::table().map(|table| table.state().period()) != period {
            self.look_at_table();
        }
    }

    /// Makes the next allocation and free publish, and do whatever else is due. Called by any thread.
    pub(crate) fn hurry(&self) {
        self.publish_at.store(0, Relaxed);
        self.publish_at_deallocated.store(0, Relaxed);
        self.force_slow_path();
    }

    /// Makes the next allocation and free check the live table, which has changed, and set the thresholds again. Called
    /// by any thread.
    pub(crate) fn look_at_table(&self) {
        if self.is_reporting() { self.hurry() } else { self.force_slow_path() }
    }

    /// Makes each allocation and free check the live table. Called by any thread.
    pub(crate) fn force_slow_path(&self) {
        self.follow_labels();
        self.allocation_threshold.store(0, Relaxed);
        self.deallocation_threshold.store(0, Relaxed);
    }
}

const _: () = assert!(size_of::<Ledger>() + 16 * size_of::<Node>() <= LEDGER_BYTES);
const _: () = assert!(std::mem::offset_of!(Ledger, publish_at_deallocated) == 64);
