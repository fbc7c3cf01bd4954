//! The edges of a call tree: from a node, by a site, to a child. An open-addressed table in system memory.
//!
//! A signal handler may store edges between any two instructions of the owner. An entry is claimed by an exchange; a
//! table that grows is stored before its capacity, and the old ones are kept.

use super::node::Node;
use super::site::Site;
use crate::os::memory::pages;
use std::cell::Cell;
use std::ptr::null;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicPtr, compiler_fence};

/// Maximum number of edges from a node to a child, including folded recursions.
const MAX_EDGES: usize = 64 * 1024;

/// An edge from `parent` by `site` to `child`; from null, to the site's first node. All null: an empty entry.
struct Edge {
    parent: Cell<*const Node>,
    /// Stored first: it claims the entry.
    site: AtomicPtr<Site>,
    /// Stored last: until then the entry is empty to readers.
    child: Cell<*const Node>,
}

/// The table of edges at one moment.
#[derive(Clone, Copy)]
struct PresentEdge {
    entries: *const Edge,
    /// A power of two, or 0.
    capacity: usize,
}

impl PresentEdge {
    #[inline(always)]
    fn at(self, hash: usize) -> Option<&'static Edge> {
        // SAFETY: the mask keeps the index below the number of entries, a power of two. Tables are never released.
        if self.capacity == 0 { None } else { Some(unsafe { &*self.entries.add(hash & (self.capacity - 1)) }) }
    }

    /// Stores an edge in the first empty entry.
    fn put(self, parent: *const Node, site: &'static Site, child: &'static Node) {
        let mut hash = hash_of(parent, site);
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

/// The edges of one tree.
#[derive(Debug)]
pub(crate) struct Edges {
    entries: Cell<*const Edge>,
    /// A power of two, or 0. Never more than the number of entries.
    capacity: Cell<usize>,
    used: Cell<usize>,
    /// True while the table grows.
    grows: Cell<bool>,
}

impl Edges {
    pub(crate) const fn new() -> Self {
        Self { entries: Cell::new(null()), capacity: Cell::new(0), used: Cell::new(0), grows: Cell::new(false) }
    }

    /// True if a signal handler calls this and has interrupted the growth of the table.
    pub(crate) fn is_growing(&self) -> bool {
        self.grows.get()
    }

    /// True if there is no table yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.capacity.get() == 0
    }

    #[inline(always)]
    fn present(&self) -> PresentEdge {
        // The capacity first: the table read after it is the same one or a larger one.
        let capacity = self.capacity.get();
        compiler_fence(SeqCst);
        PresentEdge { entries: self.entries.get(), capacity }
    }

    /// The node to which a known edge leads.
    #[inline(always)]
    pub(crate) fn get(&self, parent: *const Node, site: &'static Site) -> Option<&'static Node> {
        let mut hash = hash_of(parent, site);
        let edges = self.present();
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

    /// Makes sure that the table of edges stays at most half full with the two edges that a new node can need. False:
    /// it cannot grow.
    pub(crate) fn reserve(&self) -> bool {
        let (used, capacity) = (self.used.get(), self.capacity.get());
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
        let (old, new) = (self.present(), PresentEdge { entries, capacity: larger });
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
        self.entries.set(entries);
        compiler_fence(SeqCst);
        self.capacity.set(larger);
        self.used.set(copied);
        compiler_fence(SeqCst);
        self.grows.set(false);
        true
    }

    /// Stores an edge. The caller has [reserved](Self::reserve) memory for it.
    pub(crate) fn insert(&self, parent: *const Node, site: &'static Site, child: &'static Node) {
        self.present().put(parent, site, child);
        self.used.set(self.used.get() + 1);
    }
}

#[inline(always)]
fn hash_of(parent: *const Node, site: *const Site) -> usize {
    // Nodes are 64 bytes apart and sites 8: each drops the bits that never differ.
    let mixed = (parent as u64 >> 6) ^ ((site as u64 >> 3) << 20);
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edge_is_found_however_often_the_table_grew() {
        static SITES: [Site; 2] = [const { Site::named("one", "", 0) }, const { Site::named("other", "", 0) }];
        let edges = Edges::new();
        let node = || -> &'static Node { Box::leak(Box::new(Node::root())) };
        assert!(edges.is_empty() && edges.get(null(), &SITES[0]).is_none());
        let mut known = Vec::new();
        for index in 0..1000 {
            let (parent, site, child) = (node(), &SITES[index % 2], node());
            assert!(edges.reserve(), "there is memory");
            edges.insert(parent, site, child);
            known.push((parent, site, child));
        }
        for (index, (parent, site, child)) in known.into_iter().enumerate() {
            assert!(edges.get(parent, site).is_some_and(|found| std::ptr::eq(found, child)));
            assert!(edges.get(parent, &SITES[(index + 1) % 2]).is_none(), "it was stored for the other site");
        }
        assert!(!edges.is_growing());
    }

    #[test]
    fn a_table_has_a_bound() {
        let edges = Edges::new();
        edges.capacity.set(2 * MAX_EDGES);
        edges.used.set(MAX_EDGES - 2);
        assert!(edges.reserve());
        edges.used.set(MAX_EDGES - 1);
        assert!(!edges.reserve(), "one more would be twice as large");
    }
}
