//! The call tree of one ledger: a node for each path of sites, and the edges from nodes to their children.
//!
//! Nodes live in system memory and are never freed: a ledger's tree is bounded by the distinct call paths, and by
//! [`MAX_NODES`]. The owner alone changes the tree; others read the counters and the list of nodes.
//!
//! A signal handler may interrupt the owner at any instruction and change the tree as well. So memory is taken, and
//! nodes and edges are stored, by an exchange that fails if a handler has changed the same word meanwhile. A lost edge
//! costs a second node of the same path, and a report sums the nodes of a path.

use super::distribution::BucketPage;
use super::edges::Edges;
use super::items::ItemCounters;
use super::limits::LimitCounters;
use super::node::{CallSpread, Node};
use super::node_memory::NodeMemory;
use super::site::Site;
use std::cell::Cell;
use std::ptr::null;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Maximum number of call paths of one ledger. Paths beyond it are charged to one visible row.
pub(crate) const MAX_NODES: u32 = 16 * 1024;
/// Maximum number of pages of distributions, 152 bytes each. Values beyond it only count for the smallest and largest
/// call.
const MAX_PAGES: u32 = 8 * 1024;
/// Site of all paths beyond the bound.
pub(crate) static OTHER_PATHS: Site = Site::named("(other paths)", "", 0);

/// The nodes of one ledger except its root.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The newest node, head of the list that other threads walk.
    newest: AtomicPtr<Node>,
    nodes: Cell<u32>,
    memory: NodeMemory,
    edges: Edges,
    pages: Cell<u32>,
    other_paths: Cell<*const Node>,
}

impl Tree {
    pub(crate) const fn new() -> Self {
        Self {
            newest: AtomicPtr::new(std::ptr::null_mut()),
            nodes: Cell::new(0),
            memory: NodeMemory::new(),
            edges: Edges::new(),
            pages: Cell::new(0),
            other_paths: Cell::new(null()),
        }
    }

    /// Gives the tree its first chunk.
    ///
    /// # Safety
    /// `bytes` at `start` belong to the caller alone, hold some nodes, are aligned for one, and are never freed.
    pub(crate) unsafe fn init(&self, start: usize, bytes: usize) {
        // SAFETY: guaranteed by the caller.
        unsafe { self.memory.init(start, bytes) };
    }

    /// The newest node except the root; each knows the next older one.
    pub(crate) fn newest(&self) -> Option<&'static Node> {
        // SAFETY: only `make` stores here, and it stores a node that is never freed.
        unsafe { self.newest.load(Acquire).as_ref() }
    }

    /// The child of `parent` for `site`, if it has been entered before.
    ///
    /// Steps: one comparison if the last step from here was the same; otherwise a hash and (mostly) one probe of an
    /// open-addressed table.
    #[inline(always)]
    pub(crate) fn known_child(&self, parent: &'static Node, site: &'static Site) -> Option<&'static Node> {
        match parent.last_child(site) {
            Some(child) => Some(child),
            None => self.edges.get(parent, site),
        }
    }

    /// The child to which a known edge leads.
    #[inline(always)]
    pub(crate) fn step(&self, parent: &'static Node, site: &'static Site) -> Option<&'static Node> {
        self.edges.get(parent, site)
    }

    /// The child of `parent` for `site`, created if necessary; beyond the maximum number of paths, the node for all
    /// others. `None`: the system has no memory for either.
    pub(crate) fn child(
        &self,
        root: &'static Node,
        parent: &'static Node,
        site: &'static Site,
    ) -> Option<&'static Node> {
        let child = self.edges.get(parent, site).or_else(|| self.new_child(root, parent, site))?;
        parent.last_child.set(child);
        Some(child)
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn new_child(
        &self,
        root: &'static Node,
        parent: &'static Node,
        site: &'static Site,
    ) -> Option<&'static Node> {
        if parent.site().is_some_and(|its| std::ptr::eq(its, &raw const OTHER_PATHS)) {
            return Some(parent);
        }
        let has_capacity = self.edges.reserve();
        // A signal handler that has interrupted the growth of the table stores no edge: its next call gets another
        // node.
        if self.nodes.get() >= MAX_NODES || !(has_capacity || self.edges.is_growing()) {
            return self.other_paths(root, parent);
        }
        // Recursion folds into the node that the path already has for this site. Not across a measurement: its calls
        // would be charged outside of it.
        let known = std::iter::successors(Some(parent), |node| node.parent())
            .take_while(|node| !node.is_measurement())
            .find(|node| node.site().is_some_and(|its| std::ptr::eq(its, site)));
        // Without memory the path stays without a node for now, instead of being counted among the other paths forever.
        let child = known.or_else(|| self.make(parent, site, has_capacity))?;
        if has_capacity {
            self.edges.insert(parent, site, child);
        }
        Some(child)
    }

    /// The node for paths beyond the bound beneath `parent`: one for the whole tree, and one for each measurement, so
    /// that its figures stay correct.
    pub(crate) fn other_paths(&self, root: &'static Node, parent: &'static Node) -> Option<&'static Node> {
        if parent.measurement != 0 {
            let measurement =
                std::iter::successors(Some(parent), |node| node.parent()).find(|node| node.is_measurement())?;
            return self.edges.get(measurement, &OTHER_PATHS).or_else(|| {
                let node = if self.edges.reserve() { self.make(measurement, &OTHER_PATHS, true) } else { None }?;
                self.edges.insert(measurement, &OTHER_PATHS, node);
                Some(node)
            });
        }
        // SAFETY: null, or a node, and nodes are never freed.
        if let Some(node) = unsafe { self.other_paths.get().as_ref() } {
            return Some(node);
        }
        // A table that cannot grow has capacity for this one: it is half empty.
        if self.edges.is_empty() && !self.edges.reserve() {
            return None;
        }
        let node = self.make(root, &OTHER_PATHS, true)?;
        self.other_paths.set(node);
        Some(node)
    }

    /// Adds a call's figures to the distributions of its site; the owner alone calls this.
    #[inline(never)]
    pub(crate) fn record_call(&self, node: &'static Node, allocated: u64, peak: i64) {
        let Some(spread) = self.spread_of(node.first()) else { return node.count_unrecorded() };
        // A value of 0 is not recorded: the number of zeros is the remainder of the other counts.
        for (distribution, value) in [(&spread.allocated, allocated), (&spread.peak, peak.max(0) as u64)] {
            if value != 0 {
                distribution.add(value, || self.allocate_page());
            }
        }
    }

    fn spread_of(&self, first: &'static Node) -> Option<&'static CallSpread> {
        if let Some(spread) = first.spread() {
            return Some(spread);
        }
        let memory = self.memory.allocate::<CallSpread>();
        if memory.is_null() {
            return None;
        }
        // SAFETY: `allocate` returns memory that nobody else uses and that is never freed.
        let spread: &'static CallSpread = unsafe {
            memory.write(CallSpread::new());
            &*memory
        };
        match first.spread.compare_exchange(std::ptr::null_mut(), memory, Release, Acquire) {
            Ok(_) => Some(spread),
            // A signal handler was faster.
            Err(_) => first.spread(),
        }
    }

    /// Figures of the site's calls on this ledger with a budget or a window; the owner alone calls this. `None`: the
    /// system has no memory.
    #[cold]
    pub(crate) fn limit_counters(&self, node: &'static Node) -> Option<&'static LimitCounters> {
        let spread = self.spread_of(node.first())?;
        if let Some(limit_counters) = spread.limit_counters() {
            return Some(limit_counters);
        }
        self.hang(&spread.limit_counters, LimitCounters::new());
        spread.limit_counters()
    }

    /// Items of the calls of the site on this ledger; the owner alone calls this. `None`: the system has no memory.
    #[cold]
    pub(crate) fn item_counters(&self, node: &'static Node) -> Option<&'static ItemCounters> {
        let spread = self.spread_of(node.first())?;
        if let Some(item_counters) = spread.item_counters() {
            return Some(item_counters);
        }
        self.hang(&spread.item_counters, ItemCounters::new());
        spread.item_counters()
    }

    /// Stores a value in memory that is never freed, unless a signal handler was faster or there is no memory.
    fn hang<T>(&self, pointer: &AtomicPtr<T>, value: T) {
        let memory = self.memory.allocate::<T>();
        if !memory.is_null() {
            // SAFETY: `allocate` returns memory that nobody else uses.
            unsafe { memory.write(value) };
            // Release: a thread that finds it sees all of it. An error: a signal handler was faster.
            let _ = pointer.compare_exchange(std::ptr::null_mut(), memory, Release, Acquire);
        }
    }

    fn allocate_page(&self) -> *mut BucketPage {
        if self.pages.get() >= MAX_PAGES {
            return std::ptr::null_mut();
        }
        self.pages.set(self.pages.get() + 1);
        self.memory.allocate()
    }

    /// A new node, listed. `None`: the system has no memory. `has_capacity`: there is capacity for its edges.
    fn make(&self, parent: &'static Node, site: &'static Site, has_capacity: bool) -> Option<&'static Node> {
        let memory = self.memory.allocate::<Node>();
        if memory.is_null() {
            return None;
        }
        let first = self.edges.get(null(), site);
        let mut newest = self.newest.load(Relaxed);
        // SAFETY: `allocate` returns memory for a node that nobody else uses and that is never freed. Nobody else knows
        // it before it is listed.
        unsafe {
            memory.write(Node::beneath(parent, site, newest));
            (*memory).first.set(first.map_or(memory.cast_const(), std::ptr::from_ref));
            (*memory).last_child.set(memory);
        }
        self.nodes.set(self.nodes.get() + 1);
        // Release: a thread that finds the node in the list sees all of it.
        while let Err(present) = self.newest.compare_exchange(newest, memory, Release, Relaxed) {
            // A signal handler has listed a node meanwhile.
            newest = present;
            // SAFETY: as above.
            unsafe { (*memory).older = newest };
        }
        // SAFETY: it was written above, and is never freed.
        let node: &'static Node = unsafe { &*memory };
        if first.is_none() && has_capacity {
            self.edges.insert(null(), site, node);
        }
        Some(node)
    }
}
