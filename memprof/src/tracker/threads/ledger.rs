//! The ledger: all counters of one thread. It lives in system memory, is never freed, and passes to another thread when
//! its thread is over.

use super::frames::Frames;
use super::mailbox::Mailbox;
use super::own_work::OwnWork;
use super::registry::{Link, Listed};
use crate::live;
use crate::os::memory::thread_stack::ThreadStack;
use crate::os::threads::thread_name::ThreadName;
use crate::stack::StackCapture;
use crate::tracker::carried::current::{CurrentWork, LabelBits, ThreadTotals};
use crate::tracker::paths::counters::{allocated_part, deallocated_part};
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
pub(super) const LEDGER_BYTES: usize = 16 * 1024;

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
    pub(super) publish_at: AtomicU64,
    /// Bytes deallocated at which the thread's net has to be published; 0 likewise.
    pub(super) publish_at_deallocated: AtomicU64,
    pub(super) published: AtomicI64,
    /// Bytes allocated when the thread last published.
    pub(super) published_allocated: AtomicU64,
    /// The next sample, while the live table is a sample.
    pub(crate) countdown: live::NextSample,
    /// Mask of the recorded allocations that take the slow path, see `records::needs_slow_path`.
    pub(crate) slow_path_mask: AtomicU64,
    /// The thread's share of the live table's capacity.
    pub(crate) share: live::Share,
    /// True if it is one of [`REPORTING`].
    pub(super) is_reporting: Cell<bool>,
    link: Link<Ledger>,
    /// Allocations that found the live table full.
    pub(crate) not_recorded: OwnerCounter,
    pub(crate) misplaced_guards: OwnerCounter,
    pub(crate) scopes_not_opened: OwnerCounter,
    /// Captures the stacks of recorded allocations.
    pub(crate) stacks: StackCapture,
    /// The stack of its thread.
    pub(crate) own_stack: ThreadStack,
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
    /// Its net after the last event that was followed, in a test process. For the owner alone.
    pub(super) followed: Cell<i64>,
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
    pub(super) const fn new() -> Self {
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
            share: live::Share::new(),
            is_reporting: Cell::new(false),
            link: Link { next: AtomicPtr::new(null_mut()), state: AtomicU32::new(0) },
            not_recorded: OwnerCounter::new(0),
            misplaced_guards: OwnerCounter::new(0),
            scopes_not_opened: OwnerCounter::new(0),
            stacks: StackCapture::new(),
            own_stack: ThreadStack::new(),
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
            followed: Cell::new(0),
        }
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

    /// Counts in the thread's totals what another ledger has counted so far, each figure as allocated or, if negative,
    /// as deallocated. For the owner alone.
    pub(super) fn count_handed_over(&self, bytes: i64, count: i64) {
        add!(self, Ledger, allocated, allocated_part(bytes), Relaxed);
        add!(self, Ledger, allocated_count, allocated_part(count), Relaxed);
        add!(self, Ledger, deallocated, deallocated_part(bytes), Relaxed);
    }

    /// Notes that an allocation found the live table full. For the owner alone.
    #[inline(always)]
    pub(crate) fn count_not_recorded(&self) {
        self.not_recorded.add(1);
    }

    /// The node that is charged. For the owner alone.
    #[inline(always)]
    pub(crate) fn node(&self) -> &'static Node {
        // SAFETY: `create` stores the root before the ledger is used, `charge` stores nodes; both live forever. This is
        // never called for the shared ledger.
        unsafe { &*self.node.load(Relaxed) }
    }

    /// Address of the node that is charged; that of the root outside every scope. Called by any thread.
    pub(crate) fn charged_address(&self) -> usize {
        self.node.load(Relaxed).addr()
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

    /// Lets the recorded allocations take the slow path, because the thread's work has labels now.
    #[inline(always)]
    pub(crate) fn record_labels(&self) {
        self.slow_path_mask.store(0, Relaxed);
    }

    /// Lets the recorded allocations take the slow path while the thread's work has labels. Called by any thread.
    #[inline]
    pub(crate) fn follow_labels(&self) {
        self.follow(self.work.label_bits());
    }

    /// As [`follow_labels`](Self::follow_labels), if the labels are known.
    #[inline(always)]
    pub(crate) fn follow(&self, labels: LabelBits) {
        let mask = if labels == 0 { live::slow_path_mask() } else { 0 };
        self.slow_path_mask.store(mask, Relaxed);
    }
}

const _: () = assert!(size_of::<Ledger>() + 16 * size_of::<Node>() <= LEDGER_BYTES);
const _: () = assert!(std::mem::offset_of!(Ledger, publish_at_deallocated) == 64);
