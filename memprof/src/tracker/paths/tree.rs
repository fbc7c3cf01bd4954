//! The call tree of one ledger: a node for each path of sites, and the edges from nodes to their children.
//!
//! Nodes live in system memory and are never freed: a ledger's tree is bounded by the distinct call paths, and by
//! [`MAX_NODES`]. The owner alone changes the tree; others read the counters and the list of nodes.
//!
//! A signal handler may interrupt the owner at any instruction and change the tree as well. So memory is taken, and
//! nodes and edges are stored, by an exchange that fails if a handler has changed the same word meanwhile. A lost edge
//! costs a second node of the same path, and a report sums the nodes of a path.

use super::distribution::BucketPage;
use super::limits::LimitCounters;
use super::node::{CallSpread, Node};
use super::site::Site;
use crate::os::memory::pages;
use std::cell::Cell;
use std::ptr::null;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicPtr, AtomicUsize, compiler_fence};

/// Maximum number of call paths of one ledger. Paths beyond it are charged to one visible row.
pub(crate) const MAX_NODES: u32 = 16 * 1024;
/// Maximum number of edges from a node to a child, including folded recursions.
const MAX_EDGES: usize = 64 * 1024;
/// Maximum number of pages of distributions, 152 bytes each. Values beyond it only count for the smallest and largest
/// call.
const MAX_PAGES: u32 = 8 * 1024;
/// Bytes requested from the system at once.
const CHUNK: usize = 64 * 1024;

/// Site of all paths beyond the bound.
pub(crate) static OTHER_PATHS: Site = Site::named("(other paths)", "", 0);

/// An edge from `parent` by `site` to `child`; from null, to the site's first node. All null: an empty entry.
struct Edge {
    parent: Cell<*const Node>,
    /// Stored first: it claims the entry.
    site: AtomicPtr<Site>,
    /// Stored last: until then the entry is empty to readers.
    child: Cell<*const Node>,
}

/// A table of edges.
#[derive(Clone, Copy)]
struct Edges {
    entries: *const Edge,
    /// A power of two, or 0.
    capacity: usize,
}

impl Edges {
    #[inline(always)]
    fn at(self, hash: usize) -> Option<&'static Edge> {
        // SAFETY: the mask keeps the index below the number of entries, a power of two. Tables are never released.
        if self.capacity == 0 { None } else { Some(unsafe { &*self.entries.add(hash & (self.capacity - 1)) }) }
    }

    /// Stores an edge in the first empty entry.
    fn put(self, parent: *const Node, site: &'static Site, child: &'static Node) {
        let mut hash = Tree::hash(parent, site);
        let own = std::ptr::from_ref(site).cast_mut();
        while let Some(edge) = self.at(hash) {
            if edge.site.compare_exchange(std::ptr::null_mut(), own, Relaxed, Relaxed).is_ok() {
                edge.parent.set(parent);
                compiler_fence(SeqCst);
                edge.child.set(child);
                return;
            }
            hash = hash.wrapping_add(1);
        }
    }
}

/// Header of a chunk of memory from which the tree allocates.
struct Chunk {
    free_from: AtomicUsize,
    free_to: usize,
}

impl Chunk {
    /// Turns memory that nobody else uses into a chunk.
    ///
    /// # Safety
    /// `bytes` at `start` belong to the caller alone, are larger than the header, and are aligned for it.
    unsafe fn init(start: usize, bytes: usize) -> *mut Chunk {
        let memory = std::ptr::with_exposed_provenance_mut::<Chunk>(start);
        // SAFETY: guaranteed by the caller.
        unsafe {
            memory.write(Chunk { free_from: AtomicUsize::new(start + size_of::<Chunk>()), free_to: start + bytes });
        };
        memory
    }
}

/// The nodes of one ledger except its root.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The newest node, head of the list that other threads walk.
    newest: AtomicPtr<Node>,
    nodes: Cell<u32>,
    /// The chunk from which memory is allocated.
    chunk: AtomicPtr<Chunk>,
    edges: Cell<*const Edge>,
    /// A power of two, or 0. Never more than the number of entries.
    edge_capacity: Cell<usize>,
    edges_used: Cell<usize>,
    /// True while the table of edges grows.
    grows: Cell<bool>,
    pages: Cell<u32>,
    other_paths: Cell<*const Node>,
}

impl Tree {
    pub(crate) const fn new() -> Self {
        Self {
            newest: AtomicPtr::new(std::ptr::null_mut()),
            nodes: Cell::new(0),
            chunk: AtomicPtr::new(std::ptr::null_mut()),
            edges: Cell::new(null()),
            edge_capacity: Cell::new(0),
            edges_used: Cell::new(0),
            grows: Cell::new(false),
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
        self.chunk.store(unsafe { Chunk::init(start, bytes) }, Relaxed);
    }

    /// All nodes except the root, the newest first.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &'static Node> + use<> {
        // SAFETY: only `make` stores here, and it stores a node that is never freed.
        let newest: Option<&'static Node> = unsafe { self.newest.load(Acquire).as_ref() };
        std::iter::successors(newest, |node| node.older())
    }

    #[inline(always)]
    fn edges(&self) -> Edges {
        // The capacity first: the table read after it is the same one or a larger one.
        let capacity = self.edge_capacity.get();
        compiler_fence(SeqCst);
        Edges { entries: self.edges.get(), capacity }
    }

    #[inline(always)]
    fn hash(parent: *const Node, site: *const Site) -> usize {
        // Nodes are 64 bytes apart and sites 8: each drops the bits that never differ.
        let mixed = (parent as u64 >> 6) ^ ((site as u64 >> 3) << 20);
        (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize
    }

    /// The child of `parent` for `site`, if it has been entered before.
    ///
    /// Steps: one comparison if the last step from here was the same; otherwise a hash and (mostly) one probe of an
    /// open-addressed table.
    #[inline(always)]
    pub(crate) fn known_child(&self, parent: &'static Node, site: &'static Site) -> Option<&'static Node> {
        match parent.last_child(site) {
            Some(child) => Some(child),
            None => self.step(parent, site),
        }
    }

    /// The child of `parent` for `site`, created if necessary; beyond the maximum number of paths, the node for all
    /// others. `None`: the system has no memory for either.
    pub(crate) fn child(
        &self,
        root: &'static Node,
        parent: &'static Node,
        site: &'static Site,
    ) -> Option<&'static Node> {
        let child = self.step(parent, site).or_else(|| self.new_child(root, parent, site))?;
        parent.last_child.set(child);
        Some(child)
    }

    /// The node to which a known edge leads.
    #[inline(always)]
    pub(crate) fn step(&self, parent: *const Node, site: &'static Site) -> Option<&'static Node> {
        let mut hash = Self::hash(parent, site);
        let edges = self.edges();
        // The table is at most half full, or three quarters in a handler, so there is an empty entry to stop at.
        loop {
            let edge = edges.at(hash)?;
            // SAFETY: null, or a node, and nodes are never freed.
            let child = unsafe { edge.child.get().as_ref() }?;
            if std::ptr::eq(edge.site.load(Relaxed), site) && std::ptr::eq(edge.parent.get(), parent) {
                return Some(child);
            }
            hash = hash.wrapping_add(1);
        }
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
        let has_capacity = self.reserve_edges();
        // A signal handler that has interrupted the growth of the table stores no edge: its next call gets another
        // node.
        if self.nodes.get() >= MAX_NODES || !(has_capacity || self.grows.get()) {
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
            self.remember(parent, site, child);
        }
        Some(child)
    }

    /// The node for paths beyond the bound beneath `parent`: one for the whole tree, and one for each measurement, so
    /// that its figures stay correct.
    pub(crate) fn other_paths(&self, root: &'static Node, parent: &'static Node) -> Option<&'static Node> {
        if parent.measurement != 0 {
            let measurement =
                std::iter::successors(Some(parent), |node| node.parent()).find(|node| node.is_measurement())?;
            return self.step(measurement, &OTHER_PATHS).or_else(|| {
                let node = if self.reserve_edges() { self.make(measurement, &OTHER_PATHS, true) } else { None }?;
                self.remember(measurement, &OTHER_PATHS, node);
                Some(node)
            });
        }
        // SAFETY: null, or a node, and nodes are never freed.
        if let Some(node) = unsafe { self.other_paths.get().as_ref() } {
            return Some(node);
        }
        // A table that cannot grow has capacity for this one: it is half empty.
        if self.edge_capacity.get() == 0 && !self.reserve_edges() {
            return None;
        }
        let node = self.make(root, &OTHER_PATHS, true)?;
        self.other_paths.set(node);
        Some(node)
    }

    /// Allocates memory for a `T` that nobody else uses and that is never freed; null: the system has no memory.
    fn allocate<T>(&self) -> *mut T {
        loop {
            let present = self.chunk.load(Relaxed);
            // SAFETY: `init` and this function store chunks, and those are never freed. The shared ledger never
            // allocates.
            let chunk = unsafe { &*present };
            let from = chunk.free_from.load(Relaxed);
            let at = from.next_multiple_of(align_of::<T>());
            if at + size_of::<T>() <= chunk.free_to {
                // It fails if a signal handler has allocated meanwhile.
                if chunk.free_from.compare_exchange(from, at + size_of::<T>(), Relaxed, Relaxed).is_ok() {
                    return std::ptr::with_exposed_provenance_mut(at);
                }
                continue;
            }
            let start = pages::reserve(CHUNK);
            if start.is_null() {
                return std::ptr::null_mut();
            }
            // SAFETY: the mapping was just made with this size and begins at a page.
            let next = unsafe { Chunk::init(start.expose_provenance(), CHUNK) };
            if self.chunk.compare_exchange(present, next, Relaxed, Relaxed).is_err() {
                // SAFETY: nobody else knows it.
                unsafe { pages::release(start, CHUNK) };
            }
        }
    }

    /// Adds a call's figures to the distributions of its site; the owner alone calls this.
    #[inline(never)]
    pub(crate) fn record_call(&self, node: &'static Node, allocated: u64, peak: u64) {
        let Some(spread) = self.spread_of(node.first()) else { return node.count_unrecorded() };
        // A value of 0 is not recorded: the number of zeros is the remainder of the other counts.
        for (distribution, value) in [(&spread.allocated, allocated), (&spread.peak, peak)] {
            if value != 0 {
                distribution.add(value, || self.allocate_page());
            }
        }
    }

    fn spread_of(&self, first: &'static Node) -> Option<&'static CallSpread> {
        if let Some(spread) = first.spread() {
            return Some(spread);
        }
        let memory = self.allocate::<CallSpread>();
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
        let memory = self.allocate::<LimitCounters>();
        if memory.is_null() {
            return None;
        }
        // SAFETY: `allocate` returns memory that nobody else uses and that is never freed.
        let limit_counters: &'static LimitCounters = unsafe {
            memory.write(LimitCounters::new());
            &*memory
        };
        // Release: a thread that finds it sees all of it.
        match spread.limit_counters.compare_exchange(std::ptr::null_mut(), memory, Release, Acquire) {
            Ok(_) => Some(limit_counters),
            // A signal handler was faster.
            Err(_) => spread.limit_counters(),
        }
    }

    fn allocate_page(&self) -> *mut BucketPage {
        if self.pages.get() >= MAX_PAGES {
            return std::ptr::null_mut();
        }
        self.pages.set(self.pages.get() + 1);
        self.allocate()
    }

    /// A new node, listed. `None`: the system has no memory. `has_capacity`: there is capacity for its edges.
    fn make(&self, parent: &'static Node, site: &'static Site, has_capacity: bool) -> Option<&'static Node> {
        let memory = self.allocate::<Node>();
        if memory.is_null() {
            return None;
        }
        let first = self.step(null(), site);
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
            self.remember(null(), site, node);
        }
        Some(node)
    }

    /// Makes sure that the table of edges stays at most half full with the two edges that a new node can need. False:
    /// it cannot grow.
    fn reserve_edges(&self) -> bool {
        let (used, capacity) = (self.edges_used.get(), self.edge_capacity.get());
        if (used + 2) * 2 <= capacity {
            return true;
        }
        if self.grows.get() {
            // A signal handler has interrupted this very function.
            return (used + 2) * 4 <= capacity * 3;
        }
        let larger = (capacity * 2).max(128);
        if larger > MAX_EDGES * 2 {
            return false;
        }
        let entries = pages::reserve(larger * size_of::<Edge>()).cast::<Edge>();
        if entries.is_null() {
            return false;
        }
        self.grows.set(true);
        compiler_fence(SeqCst);
        let (old, new) = (self.edges(), Edges { entries, capacity: larger });
        let mut copied = 0;
        for index in 0..old.capacity {
            let Some(edge) = old.at(index) else { break };
            // SAFETY: filled edges refer to nodes and sites, which are never freed.
            if let (Some(site), Some(child)) = unsafe { (edge.site.load(Relaxed).as_ref(), edge.child.get().as_ref()) }
            {
                new.put(edge.parent.get(), site, child);
                copied += 1;
            }
        }
        // The larger table is stored before the larger capacity. The old one is kept, because an interrupted search may
        // still use it. All old tables together are smaller than the new one.
        self.edges.set(entries);
        compiler_fence(SeqCst);
        self.edge_capacity.set(larger);
        self.edges_used.set(copied);
        compiler_fence(SeqCst);
        self.grows.set(false);
        true
    }

    fn remember(&self, parent: *const Node, site: &'static Site, child: &'static Node) {
        self.edges().put(parent, site, child);
        self.edges_used.set(self.edges_used.get() + 1);
    }
}
