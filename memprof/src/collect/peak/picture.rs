//! One picture: what the heap was made of at one moment, in memory of its own.

use super::sums::PlaceSums;
use crate::collect::merge::address;
use crate::live::Table;
use crate::os::clock;
use crate::os::memory::mapped_vec::MappedVec;
use crate::tracker::{self, Ledger, Node, each_ledger, each_node};

/// Initial capacity for nodes and threads.
const FIRST_NODES: usize = 512;
const FIRST_THREADS: usize = 64;

/// Attempts while the table's interval changes.
const TRIES: usize = 3;

/// Figures of one node.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeFigures {
    /// Address of the node.
    pub(super) node: usize,
    /// Allocated − deallocated, bytes.
    pub(super) net: i64,
    /// Calls that had begun and not ended.
    pub(super) active: u64,
}

/// A thread with calls in flight.
#[derive(Clone, Copy, Debug)]
pub(super) struct ThreadInFlight {
    pub(super) ledger: &'static Ledger,
    /// Address of the node that the thread charged.
    pub(super) node: usize,
    /// Threads that the ledger had served, by which a later thread is known to be another one.
    pub(super) served: u64,
}

/// The parts of a picture, which is whole once [`end`](Picture::end) has been called.
#[derive(Debug)]
pub(super) struct Picture {
    /// Time, in ticks.
    pub(super) ticks: u64,
    /// Net of the process when the picture was begun and when it was whole, bytes.
    net_before: i64,
    net_after: i64,
    pub(super) sums: PlaceSums,
    pub(super) nodes: MappedVec<NodeFigures>,
    pub(super) threads: MappedVec<ThreadInFlight>,
    /// Sampling interval of new blocks, and the largest one of any block; 1: every block has a record.
    pub(super) interval: u64,
    pub(super) largest_interval: u64,
    /// Allocations so far that found the table full.
    pub(super) not_recorded: u64,
    /// Number of the table's state at the beginning.
    stamp: Option<u16>,
    /// Next slot to be read.
    next: usize,
    /// False if the system had no memory for a part.
    fits: bool,
}

/// Progress of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    Whole,
    /// There are more slots to read.
    Unfinished,
    /// The table's interval has changed, or there was no memory: begin again.
    Spoiled,
}

impl Picture {
    pub(super) const fn new() -> Self {
        Self {
            ticks: 0,
            net_before: 0,
            net_after: 0,
            sums: PlaceSums::new(),
            nodes: MappedVec::new(),
            threads: MappedVec::new(),
            interval: 1,
            largest_interval: 1,
            not_recorded: 0,
            stamp: None,
            next: 0,
            fits: true,
        }
    }

    /// Reserves the initial memory. False: the system has none.
    pub(super) fn prepare(&mut self) -> bool {
        self.sums.prepare() && self.nodes.reserve(FIRST_NODES) && self.threads.reserve(FIRST_THREADS)
    }

    /// The net that the picture shows: the heap was at least as high all the time.
    pub(super) fn net(&self) -> i64 {
        self.net_before.min(self.net_after)
    }

    /// Takes the picture, or so many slots of it. `is_begun`: the last call has left it unfinished.
    pub(super) fn take(&mut self, table: &Table, most_slots: usize, is_begun: bool) -> Progress {
        if is_begun {
            return self.read(table, most_slots);
        }
        // Levels of the table change at most ten times a second.
        for _ in 0..TRIES {
            self.begin();
            let progress = self.read(table, most_slots);
            if progress != Progress::Spoiled {
                return progress;
            }
        }
        Progress::Spoiled
    }

    /// Reads the counters and the calls in flight, first: they change fastest.
    fn begin(&mut self) {
        self.ticks = clock::ticks();
        self.net_before = tracker::net();
        self.fits = self.sums.clear();
        self.nodes.clear();
        self.threads.clear();
        (self.stamp, self.next) = (None, 0);
        for ledger in each_ledger() {
            let charged = ledger.charged_address();
            if !ledger.is_shared() && charged != address(ledger.root()) {
                let served = ledger.threads_served.get();
                self.fits &= self.threads.push(ThreadInFlight { ledger, node: charged, served });
            }
            for node in each_node(ledger) {
                self.add_node(node);
            }
        }
    }

    fn add_node(&mut self, node: &'static Node) {
        // The ends first: if the end of a call is seen, so is its beginning.
        let finished = node.finished();
        let (net, active) = (node.net(), node.calls().saturating_sub(finished));
        if (net, active) != (0, 0) {
            self.fits &= self.nodes.push(NodeFigures { node: address(node), net, active });
        }
    }

    /// Reads at most so many slots of the table.
    fn read(&mut self, table: &Table, most_slots: usize) -> Progress {
        let until = self.next.saturating_add(most_slots);
        let (sums, fits) = (&mut self.sums, &mut self.fits);
        let stamp = table.each_kept_in(self.next..until, |record, interval| *fits &= sums.add(record, interval));
        self.next = until;
        // The interval may have changed meanwhile.
        let now = table.each_kept_in(0..0, |_, _| {});
        if !self.fits || now != stamp || stamp != *self.stamp.get_or_insert(stamp) {
            return Progress::Spoiled;
        }
        if until < table.slots() {
            return Progress::Unfinished;
        }
        (self.interval, self.largest_interval) = table.intervals();
        self.not_recorded = each_ledger().map(|ledger| ledger.not_recorded.get()).sum();
        self.net_after = tracker::net();
        Progress::Whole
    }

    /// Distance that the net has moved from the beginning until now or, if it is whole, until its end.
    pub(super) fn moved(&self, now: i64) -> u64 {
        self.net_before.abs_diff(now)
    }
}
