//! Call paths as contexts: captured on one thread and entered again on any thread.

use super::enter_exit::Open;
use super::out_of_order;
use crate::tracker::paths::node::Node;
use crate::tracker::paths::site::Site;
use crate::tracker::paths::tree::OTHER_PATHS;
use crate::tracker::threads::frames::FrameId;
use crate::tracker::threads::frames::{Entry, ScopeKind};
use crate::tracker::threads::ledger::Ledger;
use crate::tracker::threads::slots::{self, Joined};
use crate::tracker::threads::thread;

/// A captured position in a thread's call tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallPath {
    ledger: &'static Ledger,
    node: &'static Node,
    /// Measurements begun until the capture: only these are meant by the path.
    by: u64,
}

// SAFETY: a ledger is `Sync`. The parts of the node that are not atomics are touched by the owner of the ledger alone:
// `enter` checks if this thread is the owner, and if not reads only the node's site and parent, which never change once
// the node can be reached. Neither is ever freed.
unsafe impl Send for CallPath {}
// SAFETY: as above; it is `Copy`, so sharing it is sending it.
unsafe impl Sync for CallPath {}

/// An entered path. It ends on the thread where it began.
#[derive(Debug)]
pub(crate) struct Entered(Open);

impl CallPath {
    /// The current path of this thread. `None`: the thread is over, or profiling is off.
    #[inline]
    pub(crate) fn here() -> Option<Self> {
        let ledger = thread::ledger()?;
        ledger.catch_up();
        let node = ledger.node();
        let by = if node.measurement == 0 { 0 } else { slots::begun() };
        Some(Self { ledger, node, by })
    }

    /// The root of a ledger: outside every function.
    pub(crate) fn to_root(ledger: &'static Ledger) -> Self {
        Self { ledger, node: ledger.root(), by: 0 }
    }

    /// A path of this one site, independent of the open scopes of this thread.
    pub(crate) fn to(site: &'static Site) -> Option<Self> {
        let ledger = thread::ledger()?;
        ledger.catch_up();
        let node = ledger.tree().child(ledger.root(), ledger.root(), site)?;
        Some(Self { ledger, node, by: 0 })
    }

    /// The root of a measurement.
    pub(crate) fn to_measurement(ledger: &'static Ledger, node: &'static Node, serial: u64) -> Self {
        Self { ledger, node, by: serial }
    }

    /// Charges the same path on this thread from now on. `None`: the thread is over, profiling is off, or there is no
    /// memory.
    pub(crate) fn enter(self) -> Option<Entered> {
        self.enter_as(ScopeKind::Context).map(Entered)
    }

    /// As [`enter`](Self::enter), counted as a call even if there is no memory to enter it. The call is in no
    /// distribution.
    pub(crate) fn enter_counted(self) -> Option<Entered> {
        let entered = self.enter();
        let node = match &entered {
            Some(entered) => entered.0.ledger.node(),
            None => self.node_here(thread::ledger()?, &Joined::NONE)?,
        };
        node.count_call();
        node.count_unrecorded();
        node.finish();
        entered
    }

    /// The node of the path on a ledger.
    fn node_here(self, ledger: &'static Ledger, joined: &Joined) -> Option<&'static Node> {
        if std::ptr::eq(ledger, self.ledger) && joined.is_whole() {
            Some(self.node)
        } else {
            same_path(ledger, self.node, joined)
        }
    }

    pub(crate) fn enter_as(self, kind: ScopeKind) -> Option<Open> {
        // Measurements cost a path outside them one comparison.
        let joined = if self.node.measurement == 0 { Joined::NONE } else { Joined::join(self.node, self.by) };
        let (open, node) = self.enter_path(kind, &joined)?;
        joined.stay(node);
        Some(open)
    }

    fn enter_path(self, kind: ScopeKind, joined: &Joined) -> Option<(Open, &'static Node)> {
        let ledger = thread::ledger()?;
        ledger.catch_up();
        let Some(node) = self.node_here(ledger, joined) else {
            ledger.count_not_opened();
            return None;
        };
        let frames = ledger.frames();
        if !ledger.reserve_frame() {
            return None;
        }
        let _pinned = frames.pin();
        out_of_order::set_counts_aside(frames.all());
        let open = ledger.push(Entry { kind, panicking: false, node, node_before: ledger.node(), open_before: 0 });
        Some((open, node))
    }
}

impl Entered {
    /// A path that was [left open](Self::leave_open) on this thread.
    pub(crate) fn of(open: Open) -> Self {
        Self(open)
    }

    /// Leaves the path open.
    pub(crate) fn leave_open(self) -> FrameId {
        let id = self.0.id;
        std::mem::forget(self);
        id
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let Open { ledger, id } = self.0;
        // A thread that is over by now has already closed it with all others.
        if thread::present().is(ledger)
            && let Some(index) = ledger.frames().find(id)
        {
            ledger.close_context_at(index);
        }
    }
}

/// The node of the same path in the tree of another ledger, created if necessary. `None`: the system has no memory for
/// it.
///
/// A measurement that has ended meanwhile is skipped: another one may have its site by now.
///
/// Steps: a hash and (mostly) one probe of a table for each site of the path.
fn same_path(ledger: &'static Ledger, other: &'static Node, joined: &Joined) -> Option<&'static Node> {
    // The path is known from its end and walked from its root, in parts, because there is no memory to reverse it as a
    // whole.
    const AT_ONCE: usize = 32;
    let upwards = || {
        std::iter::successors(Some(other), |node| node.parent()).filter_map(Node::site).filter(|site| joined.has(site))
    };
    let tree = ledger.tree();
    let mut missing = upwards().count();
    let mut node = ledger.root();
    while missing > 0 {
        let part = missing.min(AT_ONCE);
        let mut sites = [&OTHER_PATHS; AT_ONCE];
        for (slot, site) in sites.iter_mut().take(part).rev().zip(upwards().skip(missing - part)) {
            *slot = site;
        }
        for site in sites.into_iter().take(part) {
            node = if std::ptr::eq(site, &raw const OTHER_PATHS) {
                tree.other_paths(ledger.root(), node)?
            } else {
                tree.step(node, site).or_else(|| tree.new_child(ledger.root(), node, site))?
            };
        }
        missing -= part;
    }
    Some(node)
}
