//! Entry and exit: opening and closing scopes on a ledger, the charged node, and the figures of a call.
//!
//! Entry: find the node, push a frame with the thread's current totals, charge the node. Exit: take the differences,
//! pop the frame, charge the previous node. Neither allocates, locks or panics.
//!
//! The fast path of each is a function without calls; the slow path is a tail call.

use super::unheard;
use crate::tracker::paths::node::Node;
use crate::tracker::paths::site::Site;
use crate::tracker::threads::frames::{Entry, ScopeFrame, ScopeKind, Tally};
use crate::tracker::threads::frames::{FrameId, Frameless};
use crate::tracker::threads::ledger::Ledger;
use crate::tracker::threads::ledgers::SHARED;
use crate::tracker::threads::thread::{self, CurrentThread};

/// An open scope. It may outlive its frame; closing it then does nothing. Two words: it is returned in registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub(crate) ledger: &'static Ledger,
    pub(crate) id: FrameId,
}

/// Figures of this thread while a scope was open.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Closed {
    pub(crate) node: &'static Node,
    /// Bytes allocated.
    pub(crate) allocated: u64,
    /// Allocations.
    pub(crate) count: u64,
    /// Allocated − deallocated, bytes.
    pub(crate) net: i64,
    /// Highest rise of the thread's net above its value at entry, bytes.
    pub(crate) peak: i64,
    /// True if no enclosing scope has the same site.
    pub(crate) outermost: bool,
    /// True if the thread was not panicking at entry and is panicking at exit.
    pub(crate) panicked: bool,
}

impl Open {
    /// No scope: closing it does nothing. PERF: a caller need not ask if there is one.
    pub(crate) const NOWHERE: Open = Open { ledger: &SHARED, id: FrameId::NOBODYS };

    /// Opens a scope of `site` on this thread. `None`: the thread is over, profiling is off, or there is no memory.
    #[inline(always)]
    pub(crate) fn here(site: &'static Site, kind: ScopeKind) -> Option<Open> {
        if !std::thread::panicking()
            && let Some((open, _)) = Self::on_fast_path(thread::present(), site, kind)
        {
            return Some(open);
        }
        Self::open_slow(site, kind, std::thread::panicking()).if_open()
    }

    /// The same where the thread is not panicking, for a caller that knows the thread; [nowhere](Self::NOWHERE) instead
    /// of `None`.
    #[inline(always)]
    pub(crate) fn calm_on(present: CurrentThread, site: &'static Site, kind: ScopeKind) -> Open {
        match Self::on_fast_path(present, site, kind) {
            Some((open, _)) => open,
            None => Self::open_slow(site, kind, false),
        }
    }

    /// Opens the scope of a poll on this thread, with the node that it charges. Its end knows by itself if the poll
    /// panics.
    #[inline(always)]
    pub(crate) fn for_poll(site: &'static Site) -> (Option<Open>, Option<&'static Node>) {
        match Self::on_fast_path(thread::present(), site, ScopeKind::Poll) {
            Some((open, node)) => (Some(open), Some(node)),
            None => {
                let open = Self::open_slow(site, ScopeKind::Poll, false).if_open();
                (open, open.and_then(Open::node))
            }
        }
    }

    fn if_open(self) -> Option<Open> {
        if self.id == FrameId::NOBODYS { None } else { Some(self) }
    }

    #[inline(always)]
    fn on_fast_path(present: CurrentThread, site: &'static Site, kind: ScopeKind) -> Option<(Open, &'static Node)> {
        if let Some(ledger) = present.ledger()
            && let before = ledger.node()
            && let Some(node) = ledger.tree().known_child(before, site)
            && ledger.frames().has_capacity()
        {
            return Some((ledger.open(before, node, kind, false), node));
        }
        None
    }

    /// Opens a scope where the fast path does not. A scope that is opened while the thread is panicking also ends on
    /// the slow path.
    #[cold]
    #[inline(never)]
    pub(crate) fn open_slow(site: &'static Site, kind: ScopeKind, panicking: bool) -> Open {
        unheard::note_scope();
        let Some(ledger) = thread::ledger() else { return Self::NOWHERE };
        ledger.catch_up();
        let before = ledger.node();
        let Some(node) = ledger.tree().child(ledger.root(), before, site) else {
            ledger.count_not_opened();
            return Self::NOWHERE;
        };
        if !ledger.reserve_frame() {
            return ledger.open_without_frame(node, kind, panicking);
        }
        let open = ledger.open(before, node, kind, panicking);
        if panicking {
            ledger.frames().mark(open.id);
        }
        open
    }

    /// Opens a scope that charges the node that is charged anyway, for its figures. `None`: there is no memory for it.
    #[inline(always)]
    pub(crate) fn at_present_node(ledger: &'static Ledger) -> Option<Open> {
        if ledger.frames().has_capacity() {
            let node = ledger.node();
            return Some(ledger.open(node, node, ScopeKind::Poll, false));
        }
        Self::at_present_node_slow(ledger)
    }

    #[cold]
    #[inline(never)]
    fn at_present_node_slow(ledger: &'static Ledger) -> Option<Open> {
        ledger.catch_up();
        let node = ledger.node();
        ledger.reserve_frame().then(|| ledger.open(node, node, ScopeKind::Poll, false))
    }

    /// The node that the scope charges; `None`: it is not the innermost scope of this thread any more.
    #[inline(always)]
    pub(crate) fn node(self) -> Option<&'static Node> {
        if !thread::present().is(self.ledger) {
            return None;
        }
        match self.ledger.frames().innermost(self.id) {
            Some(innermost) => Some(innermost.scope.node),
            None => self.id.without_frame().map(|frameless| frameless.node),
        }
    }

    /// Closes the scope. `None`: it belongs to another thread, which will close it, or it has already been closed with
    /// an enclosing scope. Both are counted as misplaced.
    #[inline(always)]
    pub(crate) fn close(self, is_call: bool, panicking: bool) -> Option<Closed> {
        match self.close_on_fast_path(thread::present(), is_call) {
            Some(closed) => Some(Closed { panicked: panicking, ..closed }),
            None => self.close_slow(panicking),
        }
    }

    /// As [`close`](Self::close), if it is the innermost scope of this thread, and the thread did not panic at its
    /// entry; without an answer if it panics now. `None`: nothing has happened, and [`close_slow`](Self::close_slow)
    /// closes it.
    #[inline(always)]
    pub(crate) fn close_on_fast_path(self, present: CurrentThread, is_call: bool) -> Option<Closed> {
        let ledger = self.ledger;
        if present.is(ledger)
            && let Some(innermost) = ledger.frames().innermost(self.id)
        {
            let frame = innermost.scope;
            let highest = ledger.high.get();
            let level = Level { totals: ledger.tally(), highest };
            // A signal handler that interrupts here opens its scopes inside this one, or beside it once the previous
            // node is charged.
            let node_before = frame.node_before;
            frame.node.leave();
            let closed = level.figures(frame, is_call, false);
            ledger.high.set(highest.max(frame.high_before));
            ledger.charge(node_before);
            innermost.pop(self.id);
            return Some(closed);
        }
        None
    }

    /// Records the figures of a call that has ended. Only the outermost call of a recursion counts: it includes the
    /// inner ones.
    #[inline(always)]
    pub(crate) fn record(self, node: &'static Node, outermost: bool, allocated: u64, peak: i64) {
        if outermost {
            node.record_peak(peak);
            // Not for 0, the figures of most calls of small functions: their number is the remainder.
            if allocated as i64 | peak != 0 {
                self.ledger.tree().record_call(node, allocated, peak);
            }
        } else {
            node.count_unrecorded();
        }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn close_slow(self, panicking: bool) -> Option<Closed> {
        let ledger = self.ledger;
        if self.id == FrameId::NOBODYS {
            return None;
        }
        if !thread::owns(ledger) {
            ledger.end_on_other_thread(self.id, panicking);
        } else if let Some(frameless) = self.id.without_frame() {
            if let Some(closed) = ledger.close_frameless(frameless, panicking) {
                return Some(closed);
            }
        } else if let Some(index) = ledger.frames().find(self.id) {
            return ledger.close_at(index, panicking);
        }
        if let Some(ledger) = thread::ledger() {
            ledger.misplaced_guards.add(1);
        }
        None
    }
}

impl Ledger {
    /// Totals of the thread up to now.
    #[inline(always)]
    pub(crate) fn tally(&self) -> Tally {
        Tally { net: self.net(), allocated: self.allocated.get(), count: self.allocated_count.get() }
    }

    #[inline(always)]
    pub(crate) fn open(
        &'static self,
        before: &'static Node,
        node: &'static Node,
        kind: ScopeKind,
        panicking: bool,
    ) -> Open {
        // A signal handler may call the same function in between: it leaves the count unchanged.
        let open_before = node.enter();
        if kind.is_call() {
            node.count_call();
        }
        self.push(Entry { kind, panicking, node, node_before: before, open_before })
    }

    /// Pushes the frame of a scope, and charges its node.
    #[inline(always)]
    pub(crate) fn push(&'static self, entry: Entry) -> Open {
        let mut net = 0;
        let id = self.frames().push(|id| {
            let totals = self.tally();
            net = totals.net;
            ScopeFrame::new(id, entry, self.high.get(), totals)
        });
        self.high.set(net);
        // Last: until here, calls of a signal handler belong to the previous function.
        self.charge(entry.node);
        Open { ledger: self, id }
    }

    /// Opens a scope without a frame, because there is no memory for one. Its work is charged to the enclosing scope.
    #[cold]
    fn open_without_frame(&'static self, node: &'static Node, kind: ScopeKind, panicking: bool) -> Open {
        if kind.is_call() {
            node.count_call();
            self.frames().note_frameless(node);
        }
        Open { ledger: self, id: FrameId::frameless(node, kind.is_call(), panicking) }
    }

    /// Closes a scope that was opened without a frame. Its figures are not known. `None`: it has already ended.
    #[cold]
    pub(crate) fn close_frameless(&self, scope: Frameless, panicking: bool) -> Option<Closed> {
        let Frameless { node, is_call, panicking_at_entry } = scope;
        if is_call {
            if !self.frames().end_frameless(node) {
                return None;
            }
            node.finish();
        }
        let panicked = panicking && !panicking_at_entry;
        Some(Closed { node, allocated: 0, count: 0, net: 0, peak: 0, outermost: false, panicked })
    }
}

/// Totals of a thread at the end of a scope, as the scope sees them: without the work of contexts above it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    pub(crate) totals: Tally,
    /// The highest net since the scope began.
    pub(crate) highest: i64,
}

impl Level {
    /// Figures of a scope that ends now.
    #[inline(always)]
    pub(crate) fn figures(self, frame: &ScopeFrame, is_call: bool, panicking: bool) -> Closed {
        let node = frame.node;
        if is_call {
            node.finish();
        }
        let Tally { net, allocated, count } = self.totals.minus(frame.at_entry);
        Closed {
            node,
            allocated,
            count,
            net,
            peak: self.highest.wrapping_sub(frame.at_entry.net),
            outermost: frame.open_before == 0,
            panicked: panicking && !frame.was_panicking_at_entry(),
        }
    }
}
