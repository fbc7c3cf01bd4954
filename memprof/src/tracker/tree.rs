//! The call tree of one ledger: a node for each path of sites, and how to get from a node to its child.
//!
//! Nodes live in system memory and are never freed: a ledger's tree is bounded by the distinct call paths, and by
//! [`MAX_NODES`]. The owner alone changes the tree; others read the counters and the list of nodes.

use super::distribution::Page;
use super::ledger::Ledger;
use super::node::{CallSpread, Node};
use super::site::Site;
use super::watch::Watched;
use crate::os::pages;
use std::cell::Cell;
use std::ptr::null;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Call paths of one ledger. What comes beyond is charged to one visible row.
pub(crate) const MAX_NODES: u32 = 16 * 1024;
/// Remembered steps from a node to a child, folded recursions among them.
const MAX_EDGES: usize = 64 * 1024;
/// Pages of distributions, 152 bytes each. What comes beyond has a smallest and a largest call only.
const MAX_PAGES: u32 = 8 * 1024;
/// How much is asked of the system at once.
const CHUNK: usize = 64 * 1024;

/// Stands for all paths beyond the bound.
pub(super) static OTHER_PATHS: Site = Site::named("(other paths)", "", 0);

/// A remembered step: from `parent` by `site` to `child`; from null, to the site's first node. All null: an empty place.
struct Edge {
    parent: Cell<*const Node>,
    site: Cell<*const Site>,
    child: Cell<*const Node>,
}

/// The nodes of one ledger, but for its root.
#[derive(Debug)]
pub(crate) struct Tree {
    /// The newest node; others walk the list.
    newest: AtomicPtr<Node>,
    nodes: Cell<u32>,
    free_from: Cell<usize>,
    free_to: Cell<usize>,
    edges: Cell<*const Edge>,
    /// A power of two, or 0.
    edge_room: Cell<usize>,
    edges_used: Cell<usize>,
    pages: Cell<u32>,
    other_paths: Cell<*const Node>,
}

impl Tree {
    pub(super) const fn new() -> Self {
        Self {
            newest: AtomicPtr::new(std::ptr::null_mut()),
            nodes: Cell::new(0),
            free_from: Cell::new(0),
            free_to: Cell::new(0),
            edges: Cell::new(null()),
            edge_room: Cell::new(0),
            edges_used: Cell::new(0),
            pages: Cell::new(0),
            other_paths: Cell::new(null()),
        }
    }

    /// Gives the tree its first memory: `bytes` at `start`, which nobody else uses and which is never freed.
    pub(super) fn found(&self, start: usize, bytes: usize) {
        self.free_from.set(start);
        self.free_to.set(start + bytes);
    }

    /// All nodes but the root, the newest first.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &'static Node> + use<> {
        // SAFETY: only `make` stores here, and what it stores is a node that is never freed.
        let newest: Option<&'static Node> = unsafe { self.newest.load(Acquire).as_ref() };
        std::iter::successors(newest, |node| node.older())
    }

    #[inline(always)]
    fn edge_at(&self, hash: usize) -> Option<&Edge> {
        let room = self.edge_room.get();
        // SAFETY: the mask keeps the index below the number of places, a power of two.
        if room == 0 { None } else { Some(unsafe { &*self.edges.get().add(hash & (room - 1)) }) }
    }

    #[inline(always)]
    fn hash(parent: *const Node, site: *const Site) -> usize {
        // Nodes are 64 bytes apart and sites 8: each loses the bits that never differ.
        let mixed = (parent as u64 >> 6) ^ ((site as u64 >> 3) << 20);
        (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize
    }

    /// The child of `parent` for `site`, if it was entered before.
    ///
    /// Steps: one compare where the last step from here was the same; else a hash and (mostly) one look at an open-addressed
    /// table.
    #[inline(always)]
    pub(super) fn known_child(&self, parent: &'static Node, site: &'static Site) -> Option<&'static Node> {
        match parent.last_child(site) {
            Some(child) => Some(child),
            None => self.step(parent, site),
        }
    }

    /// The child of `parent` for `site`; where there are as many paths as there can be, the node for all others. `None`
    /// where the system has no memory for either.
    pub(super) fn child(
        &self,
        ledger: &'static Ledger,
        parent: &'static Node,
        site: &'static Site,
    ) -> Option<&'static Node> {
        let child = self.step(parent, site).or_else(|| self.new_child(ledger, parent, site))?;
        parent.last_site.set(site);
        parent.last_child.set(child);
        Some(child)
    }

    /// Where a remembered step leads.
    #[inline(always)]
    pub(super) fn step(&self, parent: *const Node, site: &'static Site) -> Option<&'static Node> {
        let mut hash = Self::hash(parent, site);
        // The table is at most half full, so there is an empty place to stop at.
        loop {
            let edge = self.edge_at(hash)?;
            // SAFETY: null, or a node, and nodes are never freed.
            let child = unsafe { edge.child.get().as_ref() }?;
            if std::ptr::eq(edge.site.get(), site) && std::ptr::eq(edge.parent.get(), parent) {
                return Some(child);
            }
            hash = hash.wrapping_add(1);
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn new_child(
        &self,
        ledger: &'static Ledger,
        parent: &'static Node,
        site: &'static Site,
    ) -> Option<&'static Node> {
        if parent.site().is_some_and(|its| std::ptr::eq(its, &raw const OTHER_PATHS)) {
            return Some(parent);
        }
        if self.nodes.get() >= MAX_NODES || !self.make_room_for_edges() {
            return self.other_paths(ledger, parent);
        }
        // Recursion folds into the node that the path already has for this site. Not across a measurement: what is called in
        // it would be charged outside of it.
        let known = std::iter::successors(Some(parent), |node| node.parent())
            .take_while(|node| !node.is_measurement())
            .find(|node| node.site().is_some_and(|its| std::ptr::eq(its, site)));
        // No memory now: the path has no node yet, rather than to be among the other ones for ever.
        let child = known.or_else(|| self.make(parent, site))?;
        self.remember(parent, site, child);
        Some(child)
    }

    /// The node for what is beyond the bound and would be beneath `parent`: one for the whole tree, and one for each
    /// measurement, whose figures stay true.
    pub(super) fn other_paths(&self, ledger: &'static Ledger, parent: &'static Node) -> Option<&'static Node> {
        if parent.measurement != 0 {
            let measurement =
                std::iter::successors(Some(parent), |node| node.parent()).find(|node| node.is_measurement())?;
            return self.step(measurement, &OTHER_PATHS).or_else(|| {
                let node = if self.make_room_for_edges() { self.make(measurement, &OTHER_PATHS) } else { None }?;
                self.remember(measurement, &OTHER_PATHS, node);
                Some(node)
            });
        }
        // SAFETY: null, or a node, and nodes are never freed.
        if let Some(node) = unsafe { self.other_paths.get().as_ref() } {
            return Some(node);
        }
        // A table that cannot grow has room for this one: it is half empty.
        if self.edge_room.get() == 0 && !self.make_room_for_edges() {
            return None;
        }
        let node = self.make(ledger.root(), &OTHER_PATHS)?;
        self.other_paths.set(node);
        Some(node)
    }

    /// Room for a `T` that nobody else uses and that is never freed; null where the system has no memory.
    fn room_for<T>(&self) -> *mut T {
        let mut at = self.free_from.get().next_multiple_of(align_of::<T>());
        if at + size_of::<T>() > self.free_to.get() {
            at = pages::reserve(CHUNK).expose_provenance();
            if at == 0 {
                return std::ptr::null_mut();
            }
            self.free_to.set(at + CHUNK);
        }
        self.free_from.set(at + size_of::<T>());
        std::ptr::with_exposed_provenance_mut(at)
    }

    /// Adds a call's figures to the distributions of its site; the owner alone calls this.
    #[inline(never)]
    pub(super) fn record_call(&self, node: &'static Node, allocated: u64, peak: u64) {
        let Some(spread) = self.spread_of(node.first()) else { return node.count_unrecorded() };
        // A value of 0 is not recorded: how many there were is what the other counts leave.
        for (distribution, value) in [(&spread.allocated, allocated), (&spread.peak, peak)] {
            if value != 0 {
                distribution.add(value, || self.room_for_page());
            }
        }
    }

    fn spread_of(&self, first: &'static Node) -> Option<&'static CallSpread> {
        if let Some(spread) = first.spread() {
            return Some(spread);
        }
        let place = self.room_for::<CallSpread>();
        if place.is_null() {
            return None;
        }
        // SAFETY: `room_for` gives room that nobody else uses and that is never freed.
        let spread: &'static CallSpread = unsafe {
            place.write(CallSpread::new());
            &*place
        };
        first.spread.store(place, Release);
        Some(spread)
    }

    /// Where the site's calls on this ledger are noted that have a budget or a window; the owner alone calls this. `None`
    /// where the system has no memory.
    #[cold]
    pub(super) fn watched(&self, node: &'static Node) -> Option<&'static Watched> {
        let spread = self.spread_of(node.first())?;
        if let Some(watched) = spread.watched() {
            return Some(watched);
        }
        let place = self.room_for::<Watched>();
        if place.is_null() {
            return None;
        }
        // SAFETY: `room_for` gives room that nobody else uses and that is never freed.
        let watched: &'static Watched = unsafe {
            place.write(Watched::new());
            &*place
        };
        // Release: whoever finds it sees it whole.
        spread.seen.store(place, Release);
        Some(watched)
    }

    fn room_for_page(&self) -> *mut Page {
        if self.pages.get() >= MAX_PAGES {
            return std::ptr::null_mut();
        }
        self.pages.set(self.pages.get() + 1);
        self.room_for()
    }

    /// A new node, listed; `None` where the system has no memory.
    fn make(&self, parent: &'static Node, site: &'static Site) -> Option<&'static Node> {
        let place = self.room_for::<Node>();
        if place.is_null() {
            return None;
        }
        // SAFETY: `room_for` gives room for a node that nobody else uses and that is never freed.
        let node: &'static Node = unsafe {
            let newest = self.newest.load(Relaxed);
            place.write(Node::beneath(parent, site, newest));
            &*place
        };
        match self.step(null(), site) {
            Some(first) => node.first.set(first),
            None => {
                node.first.set(node);
                self.remember(null(), site, node);
            }
        }
        self.nodes.set(self.nodes.get() + 1);
        // Release: whoever finds the node in the list sees it whole.
        self.newest.store(place, Release);
        Some(node)
    }

    /// Makes sure that the table of edges stays at most half full with the two that a new node can need. False: it cannot
    /// grow.
    fn make_room_for_edges(&self) -> bool {
        let room = self.edge_room.get();
        if (self.edges_used.get() + 2) * 2 <= room {
            return true;
        }
        let larger = (room * 2).max(128);
        if larger > MAX_EDGES * 2 {
            return false;
        }
        let places = pages::reserve(larger * size_of::<Edge>()).cast::<Edge>();
        if places.is_null() {
            return false;
        }
        let (old, old_room) = (self.edges.get(), room);
        self.edges.set(places);
        self.edge_room.set(larger);
        self.edges_used.set(0);
        for index in 0..old_room {
            // SAFETY: the old table has `old_room` places, and nobody but this thread uses it. Filled edges lead to
            // nodes and sites, which are never freed.
            unsafe {
                let edge = &*old.add(index);
                if let (Some(site), Some(child)) = (edge.site.get().as_ref(), edge.child.get().as_ref()) {
                    self.remember(edge.parent.get(), site, child);
                }
            }
        }
        if !old.is_null() {
            // SAFETY: the old table came from `reserve` with this size and is no longer referred to.
            unsafe { pages::release(old.cast_mut().cast(), old_room * size_of::<Edge>()) };
        }
        true
    }

    fn remember(&self, parent: *const Node, site: &'static Site, child: &'static Node) {
        let mut hash = Self::hash(parent, site);
        while let Some(edge) = self.edge_at(hash) {
            if edge.child.get().is_null() {
                edge.parent.set(parent);
                edge.site.set(site);
                edge.child.set(child);
                self.edges_used.set(self.edges_used.get() + 1);
                return;
            }
            hash = hash.wrapping_add(1);
        }
    }
}

/// All nodes of a ledger, the root last: a node stands before its parent.
pub(crate) fn each_node(ledger: &'static Ledger) -> impl Iterator<Item = &'static Node> {
    ledger.tree().nodes().chain(std::iter::once(ledger.root()))
}
