//! The ledger: all that one thread counts. It lives in system memory, is never freed, and passes to the next thread
//! when its thread is over.

use super::frames::Frames;
use super::mailbox::Mailbox;
use super::net_readings;
use super::own_work::OwnWork;
use super::published;
use super::registry::{Link, Listed, Registry};
use crate::live;
use crate::os::thread_name::ThreadName;
use crate::os::{clock, pages};
use crate::stack::StackCapture;
use crate::tracker::paths::counters::Counters;
use crate::tracker::paths::node::Node;
use crate::tracker::paths::tree::Tree;
use crate::tracker::sync::add;
use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU32, AtomicU64};

/// How far a thread's net moves before it is published to the process.
pub(crate) const PUBLISH_STEP: u64 = 64 * 1024;
/// What a ledger and its first nodes take.
const LEDGER_BYTES: usize = 16 * 1024;

/// All ledgers of the program but the shared one.
pub(crate) static REGISTRY: Registry<Ledger> = Registry { head: AtomicPtr::new(null_mut()), free: AtomicU32::new(0) };

/// The ledgers on which threads count while they report; in no figure of the program.
pub(crate) static REPORTING: Registry<Ledger> = Registry { head: AtomicPtr::new(null_mut()), free: AtomicU32::new(0) };

/// Where threads count that have no ledger of their own any more: their thread-local state is gone.
pub(crate) static SHARED: Ledger = Ledger::new();

/// All ledgers of the program, the shared one last. One that is listed later is not in it.
pub(crate) fn each_ledger() -> impl Iterator<Item = &'static Ledger> {
    REGISTRY.iter().chain(std::iter::once(&SHARED))
}

/// All nodes of a ledger, the root last: a node stands before its parent.
pub(crate) fn each_node(ledger: &'static Ledger) -> impl Iterator<Item = &'static Node> {
    ledger.tree().nodes().chain(std::iter::once(ledger.root()))
}

/// Has every thread draw its next sample anew, because the interval has shrunk.
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

/// What one thread counts. The first 64 bytes are all that an ordinary allocation or free touches of it.
///
/// Its own totals serve the thread alone: scopes take their differences from them. What others read stands in the
/// nodes; a second set of shared counters would cost two instructions for each allocation and free.
#[repr(C, align(64))]
#[derive(Debug)]
pub(crate) struct Ledger {
    /// Bytes that the thread has allocated.
    pub(crate) allocated: Cell<u64>,
    /// How many allocations: what a call made is a difference of two of these, for its budget.
    pub(crate) allocated_count: Cell<u64>,
    /// Bytes that the thread has freed.
    pub(crate) deallocated: Cell<u64>,
    /// The highest net since the innermost open scope began.
    pub(crate) high: Cell<i64>,
    /// The node that is charged.
    node: AtomicPtr<Node>,
    /// Bytes allocated at which an allocation takes the long way; 0 while allocations are tracked: each does.
    pub(crate) allocation_threshold: AtomicU64,
    /// Bytes freed at which a free takes the long way; 0 while allocations are tracked.
    pub(crate) free_threshold: AtomicU64,
    /// Bytes allocated at which the thread's net has to be published; 0 where a scope has ended elsewhere.
    publish_at: AtomicU64,
    /// Bytes freed at which the thread's net has to be published; 0 likewise.
    publish_at_freed: AtomicU64,
    published: AtomicI64,
    /// Bytes allocated when the thread published last.
    published_allocated: AtomicU64,
    /// When the next sample is due, while the live table is one.
    pub(crate) countdown: live::NextSample,
    /// Which of the tracked allocations are special, see `records::is_special`.
    pub(crate) slow_path_mask: AtomicU64,
    /// True if it is one of [`REPORTING`].
    is_reporting: Cell<bool>,
    link: Link<Ledger>,
    /// Allocations that found no room in the live table.
    pub(crate) not_recorded: AtomicU64,
    pub(crate) misplaced_guards: AtomicU64,
    pub(crate) scopes_not_opened: AtomicU64,
    /// What captures the stacks of tracked allocations.
    pub(crate) stacks: StackCapture,
    pub(crate) threads_served: AtomicU64,
    /// The highest net that frames have seen which are gone, where what they have seen is not handed down as it was:
    /// the frames beneath a context do not count what it did. For the owner alone.
    pub(crate) highest_handed_down: Cell<i64>,
    /// The system's number of the thread.
    pub(crate) thread_id: AtomicU32,
    /// The name of the last thread, in words: a reporter may read it while the owner replaces it, and then gets parts of
    /// both.
    last_name: [AtomicU64; 4],
    root: Node,
    tree: Tree,
    frames: Frames,
    mailbox: Mailbox,
    own_work: OwnWork,
    /// Which ledger this is, in the order of their making.
    pub(crate) number: AtomicU32,
}

// SAFETY: the thresholds, the node, the tree's list, its nodes' counters, the figures after `place` and the place itself,
// the name, the late ends and what sends an entry the long way are atomics. All that is a `Cell`, `frames`, what captures
// stacks and the rest of `tree` are touched by the thread that has taken the ledger alone (taking acquires what the former
// owner released); of the shared ledger nobody touches them. `is_reporting` is read by all and set before the ledger is
// listed.
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
            free_threshold: AtomicU64::new(PUBLISH_STEP),
            publish_at: AtomicU64::new(PUBLISH_STEP),
            publish_at_freed: AtomicU64::new(PUBLISH_STEP),
            published: AtomicI64::new(0),
            published_allocated: AtomicU64::new(0),
            countdown: live::NextSample::new(),
            slow_path_mask: AtomicU64::new(0),
            is_reporting: Cell::new(false),
            link: Link { next: AtomicPtr::new(null_mut()), state: AtomicU32::new(0) },
            not_recorded: AtomicU64::new(0),
            misplaced_guards: AtomicU64::new(0),
            scopes_not_opened: AtomicU64::new(0),
            stacks: StackCapture::new(),
            threads_served: AtomicU64::new(0),
            highest_handed_down: Cell::new(0),
            thread_id: AtomicU32::new(0),
            last_name: [const { AtomicU64::new(0) }; 4],
            root: Node::root(),
            tree: Tree::new(),
            frames: Frames::new(),
            mailbox: Mailbox::new(),
            own_work: OwnWork::new(),
            number: AtomicU32::new(0),
        }
    }

    /// A new ledger of the program, listed and taken; `None` where the system has no memory.
    pub(crate) fn create() -> Option<&'static Ledger> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let ledger = Self::make()?;
        let number = MADE.fetch_add(1, Relaxed);
        ledger.number.store(number, Relaxed);
        ledger.countdown.seed(number.into());
        REGISTRY.add(ledger);
        // After it is listed: a profile that starts meanwhile either finds it, or is seen here.
        ledger.publish(false);
        Some(ledger)
    }

    /// The same for reporting.
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
        // Copied from there, not made on the stack: this may be one of a few kilobytes.
        static BLANK: Ledger = Ledger::new();
        let after = size_of::<Ledger>();
        // SAFETY: the mapping is larger than a ledger (see the assertion below), aligned to a page, nobody else's, and
        // never freed. Nobody changes the blank one, which has no part that may not be copied.
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

    /// What has ended on other threads.
    #[inline(always)]
    pub(crate) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// Allocated − deallocated on this thread; negative where it frees what others allocated. For the owner alone.
    #[inline(always)]
    pub(crate) fn net(&self) -> i64 {
        self.allocated.get().wrapping_sub(self.deallocated.get()) as i64
    }

    /// Counts an allocation in the thread's totals. For the owner alone.
    #[inline(always)]
    pub(crate) fn count_allocated(&self, bytes: u64) {
        add!(self, Ledger, allocated, bytes, Relaxed);
        // One instruction; nothing else tells how many allocations a call made, which a budget can limit.
        add!(self, Ledger, allocated_count, 1, Relaxed);
    }

    /// Counts a free in the thread's totals. For the owner alone.
    #[inline(always)]
    pub(crate) fn count_deallocated(&self, bytes: u64) {
        add!(self, Ledger, deallocated, bytes, Relaxed);
    }

    /// Notes that an allocation found no room in the live table. For the owner alone.
    #[inline(always)]
    pub(crate) fn count_not_recorded(&self) {
        self.not_recorded.store(self.not_recorded.load(Relaxed).wrapping_add(1), Relaxed);
    }

    /// Whether the net may have risen far enough to be published when `total` bytes are allocated, or a scope has ended
    /// elsewhere.
    #[inline(always)]
    pub(crate) fn is_publishing_due_by_allocations(&self, total: u64) -> bool {
        total >= self.publish_at.load(Relaxed)
    }

    /// Whether the net may have fallen far enough to be published when `total` bytes are freed, or a scope has ended
    /// elsewhere.
    #[inline(always)]
    pub(crate) fn is_publishing_due_by_frees(&self, total: u64) -> bool {
        total >= self.publish_at_freed.load(Relaxed)
    }

    /// The node that is charged. For the owner alone.
    #[inline(always)]
    pub(crate) fn node(&self) -> &'static Node {
        // SAFETY: `create` stores the root before the ledger is used, `charge` stores nodes; both live for ever. The
        // shared ledger is never asked.
        unsafe { &*self.node.load(Relaxed) }
    }

    /// Makes `node` the one that is charged. For the owner alone.
    #[inline(always)]
    pub(crate) fn charge(&self, node: &'static Node) {
        self.node.store(std::ptr::from_ref(node).cast_mut(), Relaxed);
    }

    /// The name of the last thread.
    pub(crate) fn last_name(&self) -> ThreadName {
        ThreadName::from_words(self.last_name.each_ref().map(|word| word.load(Relaxed)))
    }

    /// Notes what the thread is called now. For the owner alone.
    pub(crate) fn note_name(&self) {
        for (slot, word) in self.last_name.iter().zip(ThreadName::current().to_words()) {
            slot.store(word, Relaxed);
        }
    }

    /// Whether it is the one of threads that are over.
    pub(crate) fn is_shared(&self) -> bool {
        std::ptr::eq(self, &raw const SHARED)
    }

    /// Publishes the thread's net if it has moved far enough, and sets the next thresholds. For the owner alone.
    pub(crate) fn publish(&self, however_little: bool) {
        let net = self.net();
        let moved = net.wrapping_sub(self.published.load(Relaxed));
        let mut up = moved.max(0) as u64;
        let mut down = moved.min(0).unsigned_abs();
        let is_read = !self.is_reporting() && net_readings::is_due_for_publisher(clock::ticks());
        // Half a step is enough once we are here: a net that hovers just below a whole one would else lead here with
        // nearly every allocation.
        if however_little || is_read || up.max(down) >= PUBLISH_STEP / 2 {
            // Exchanged: a signal handler may have published meanwhile.
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
        let at_freed = self.deallocated.get().wrapping_add(PUBLISH_STEP - down);
        self.arm(|| {
            self.publish_at.store(at, Relaxed);
            self.publish_at_freed.store(at_freed, Relaxed);
        });
        // The sampling interval follows what recording costs, also where no sample comes for long.
        if live::table().is_some_and(live::look_if_due) {
            hurry_all();
        }
        if is_read {
            net_readings::visit();
        }
    }

    /// Publishes where a reading over time is due, and has it taken. For the owner alone, once what it does is counted.
    #[inline]
    pub(crate) fn publish_if_due(&self, ticks: u64) {
        if net_readings::is_due_for_publisher(ticks) {
            self.publish(false);
        }
    }

    /// Whether what the thread allocates gets records. For the owner alone.
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

    /// Counts blocks that another ledger has counted so far, each figure as allocated or, where negative, as freed. For the
    /// owner alone.
    pub(crate) fn take_over(&'static self, bytes: i64, count: i64) {
        self.catch_up();
        self.allocated.set(self.allocated.get().wrapping_add(bytes.max(0) as u64));
        self.allocated_count.set(self.allocated_count.get().wrapping_add(count.max(0) as u64));
        self.deallocated.set(self.deallocated.get().wrapping_add(bytes.min(0).unsigned_abs()));
        self.root.counters.add(bytes, count);
        self.high.set(self.high.get().max(self.net()));
        if let Some(table) = live::table() {
            // The next allocation is no more likely to be a sample than any other. The countdown has no memory, so that
            // drawing anew changes no chance.
            self.countdown.draw(self.allocated.get(), table);
        }
        self.publish(false);
    }

    /// Sets the thresholds anew: the countdown of samples has changed. For the owner alone.
    pub(crate) fn rearm(&self) {
        self.arm(|| {});
    }

    /// Sets the thresholds after `publishing` has set those of the next publishing. Of allocations: each while every one is
    /// tracked, else the next publishing or the next sample, whichever comes first. Of frees: each while allocations are
    /// tracked, else the next publishing.
    fn arm(&self, publishing: impl FnOnce()) {
        let table = live::table();
        let period = table.map(|table| table.state().period());
        self.slow_path_mask.store(live::slow_path_mask(), Relaxed);
        let arm = || {
            publishing();
            let (at, at_freed) = (self.publish_at.load(Relaxed), self.publish_at_freed.load(Relaxed));
            let recorded = table.filter(|_| self.is_recorded());
            let sampling_at = recorded.map(|table| self.countdown.follow(self.allocated.get(), table).unwrap_or(0));
            self.allocation_threshold.store(sampling_at.unwrap_or(at).min(at), Relaxed);
            self.free_threshold.store(if table.is_some() { 0 } else { at_freed }, Relaxed);
        };
        self.mailbox.arm(arm, || self.hurry());
        // In `arm` there is a fence. Together with that of `start_recording`: either we see the new table or period now, or
        // its stores to the thresholds come after ours.
        if live::table().map(|table| table.state().period()) != period {
            self.look_at_table();
        }
    }

    /// Has the next allocation and free publish, and do what else is due. Called by any thread.
    pub(crate) fn hurry(&self) {
        self.publish_at.store(0, Relaxed);
        self.publish_at_freed.store(0, Relaxed);
        self.force_slow_path();
    }

    /// The live table has changed: the next allocation and free look at it, and set the thresholds anew. Called by any thread.
    pub(crate) fn look_at_table(&self) {
        if self.is_reporting() { self.hurry() } else { self.force_slow_path() }
    }

    /// Has each allocation and free look at the live table. Called by any thread.
    pub(crate) fn force_slow_path(&self) {
        self.slow_path_mask.store(live::slow_path_mask(), Relaxed);
        self.allocation_threshold.store(0, Relaxed);
        self.free_threshold.store(0, Relaxed);
    }
}

const _: () = assert!(size_of::<Ledger>() + 16 * size_of::<Node>() <= LEDGER_BYTES);
const _: () = assert!(std::mem::offset_of!(Ledger, publish_at_freed) == 64);
