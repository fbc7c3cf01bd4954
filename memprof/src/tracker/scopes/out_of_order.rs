//! Ends of scopes out of order: other scopes are open above, guards were forgotten, contexts were entered.
//!
//! The frames beneath a context do not count its work. When it ends, a frame with the amount of its work replaces it
//! (`FrameKind::Subtracted`). This frame lies above the one in which the context was entered, so that scope takes this
//! path when it ends, and hands the amount down to the next frame. Frames above which no context was entered pay
//! nothing for this.

use super::enter_exit::{Closed, Level};
use crate::tracker::threads::frames::AtIndex;
use crate::tracker::threads::frames::{FrameSlot, OpenFrame, ScopeFrame, ScopeKind, SubtractedFrame, Tally};
use crate::tracker::threads::ledger::Ledger;
use crate::tracker::threads::slots::{self, Rise};

/// Summary of the frames above a scope.
struct Above {
    /// Work of contexts; `None`: none was entered.
    foreign: Option<Tally>,
    /// The highest net since the scope began, without the work of contexts.
    highest: i64,
}

impl Ledger {
    fn above(&self, frames: &[FrameSlot]) -> Above {
        let mut foreign: Option<Tally> = None;
        let mut highest = i64::MIN;
        for slot in frames {
            let so_far = foreign.unwrap_or_default();
            match slot.get() {
                OpenFrame::Vacant => {}
                OpenFrame::Subtracted(frame) => {
                    highest = highest.max(frame.highest.wrapping_sub(so_far.net));
                    foreign = Some(so_far.plus(frame.work));
                }
                OpenFrame::Scope(scope) => {
                    highest = highest.max(scope.high_before.wrapping_sub(so_far.net));
                    // Everything above it happened in it.
                    if scope.kind() == ScopeKind::Context {
                        return Above { foreign: Some(so_far.plus(self.since(scope))), highest };
                    }
                }
            }
        }
        let so_far = foreign.unwrap_or_default();
        Above { foreign, highest: highest.max(self.high.get().wrapping_sub(so_far.net)) }
    }

    /// Work of this thread since a scope began.
    fn since(&self, scope: &ScopeFrame) -> Tally {
        self.tally().minus(scope.at_entry)
    }

    /// Closes the scope at an index of the stack, whatever is open above it. `None`: there is none.
    pub(crate) fn close_at(&'static self, index: usize, panicking: bool) -> Option<Closed> {
        let _pinned = self.frames().pin();
        let AtIndex { scope, above, .. } = self.frames().at(index)?;
        let scope = *scope;
        let Above { foreign, highest } = self.above(above);
        let level = Level { totals: self.tally().minus(foreign.unwrap_or_default()), highest };
        if scope.is_block()
            && let Some(next) = above.iter_mut().filter_map(FrameSlot::scope_mut).find(|scope| scope.is_open())
        {
            // Scopes that began in the block are still open and stay. When they end, the node charged before the block
            // is charged.
            next.node_before = scope.node_before;
            if scope.id.is_marked() {
                next.mark();
            }
            hand_up(above, scope.high_before);
            // A context has set aside the counts of the scopes beneath, and will count those that are still open.
            if !above.iter().filter_map(FrameSlot::scope).any(ScopeFrame::sets_aside) {
                scope.node.leave();
            }
            self.frames().end(index);
        } else {
            // Scopes that are open above were forgotten, because a function's body and a poll end last. Scopes above a
            // block have no frame and stay open.
            if !scope.is_block() {
                self.close_forgotten(index + 1);
            }
            scope.node.leave();
            self.charge(scope.node_before);
            self.take_off(index, foreign, highest.max(scope.high_before));
        }
        Some(level.figures(&scope, scope.kind().is_call(), panicking))
    }

    /// Ends the context at an index of the stack.
    pub(crate) fn close_context_at(&'static self, index: usize) {
        let _pinned = self.frames().pin();
        self.close_forgotten(index + 1);
        let Some(AtIndex { beneath, scope, .. }) = self.frames().at(index) else { return };
        let scope = *scope;
        slots::leave(scope.node);
        count_again(beneath);
        self.charge(scope.node_before);
        self.take_off(index, Some(self.since(&scope)), scope.high_before);
    }

    /// Ends the measurement at an index of the stack. Returns its net on this thread, and the highest net above entry;
    /// `None`: there is none.
    pub(crate) fn close_measurement_at(&'static self, index: usize) -> Option<Rise> {
        let _pinned = self.frames().pin();
        self.close_forgotten(index + 1);
        let AtIndex { beneath, scope, above } = self.frames().at(index)?;
        let scope = *scope;
        let Above { foreign, highest } = self.above(above);
        slots::leave(scope.node);
        count_again(beneath);
        self.charge(scope.node_before);
        self.take_off(index, foreign, highest.max(scope.high_before));
        Some(Rise {
            net: self.since(&scope).minus(foreign.unwrap_or_default()).net,
            peak: highest.wrapping_sub(scope.at_entry.net),
        })
    }

    /// Ends the forgotten scopes from an index of the stack upwards. Their frames stay.
    fn close_forgotten(&self, first: usize) {
        if self.frames().are_frameless_above(first) {
            self.close_forgotten_frameless();
        }
        let mut rest = self.frames().all();
        while rest.len() > first
            && let Some((slot, beneath)) = rest.split_last()
        {
            rest = beneath;
            let Some(scope) = slot.open_scope() else { continue };
            if scope.sets_aside() {
                slots::leave(scope.node);
                count_again(beneath);
                continue;
            }
            scope.node.leave();
            if scope.kind().is_call() {
                scope.node.finish();
                scope.node.count_unrecorded();
            }
        }
    }

    /// Ends the calls that are open without a frame.
    #[cold]
    fn close_forgotten_frameless(&self) {
        let mut next = self.tree().newest();
        while let Some(node) = next {
            node.finish_unrecorded(node.leave_all_frameless().into());
            next = node.older();
        }
        self.frames().reset_frameless();
    }

    /// Pops a frame and everything above it. The frame beneath receives the highest net so far and the amount that it
    /// must not count, both without the amount already subtracted.
    fn take_off(&'static self, index: usize, foreign: Option<Tally>, highest: i64) {
        let frames = self.frames();
        let beneath = frames.all().get(..index).unwrap_or_default();
        let has_ended = |slot: &&FrameSlot| slot.scope().is_some_and(|scope| !scope.is_open());
        let first = beneath.len() - beneath.iter().rev().take_while(has_ended).count();
        let Some(work) = foreign else {
            self.high.set(highest);
            frames.truncate(first);
            return frames.mark_innermost_if_frameless(first);
        };
        let highest_of_all = self.highest_of(frames.all().get(first..).unwrap_or_default());
        self.highest_handed_down.set(highest_of_all);
        frames.truncate(first);
        match frames.all_mut().last_mut() {
            None => return self.high.set(highest_of_all),
            Some(last) => match last.subtracted_mut() {
                Some(last) => last.subtract(work, highest),
                None => frames.push_subtracted(SubtractedFrame::new(work, highest)),
            },
        }
        frames.mark_innermost_if_frameless(first);
        // The frame above knows the earlier maximum; the present net is valid for both.
        self.high.set(self.net());
    }

    /// Closes all scopes of a thread that is over, and charges the root.
    pub(crate) fn close_all_scopes(&'static self) {
        self.catch_up();
        let _pinned = self.frames().pin();
        self.close_forgotten(0);
        self.high.set(self.highest_net());
        self.frames().truncate(0);
        self.charge(self.root());
    }

    /// The highest net of the thread so far. For the owner alone.
    pub(crate) fn highest_net(&self) -> i64 {
        self.highest_of(self.frames().all())
    }

    /// The highest net of the thread since the first of these frames began.
    fn highest_of(&self, frames: &[FrameSlot]) -> i64 {
        let known = self.high.get().max(self.highest_handed_down.get());
        frames.iter().filter_map(FrameSlot::scope).map(|scope| scope.high_before).fold(known, i64::max)
    }
}

/// Hands the thread's highest net before an ended block to the first frame above that is still in use.
fn hand_up(above: &mut [FrameSlot], high_before: i64) {
    for slot in above {
        if let Some(scope) = slot.scope_mut() {
            if scope.is_open() {
                return scope.high_before = scope.high_before.max(high_before);
            }
        } else if let Some(subtracted) = slot.subtracted_mut() {
            return subtracted.highest = subtracted.highest.max(high_before);
        }
    }
}

/// The open scopes beneath a context, down to the next one.
fn beneath_context(frames: &[FrameSlot]) -> impl Iterator<Item = &ScopeFrame> {
    let scopes = frames.iter().rev().filter_map(FrameSlot::scope);
    scopes.take_while(|scope| !scope.sets_aside()).filter(|scope| scope.is_open())
}

/// Sets the counts of open scopes aside when a context is entered: calls in it are not inner calls of a recursion that
/// began beneath.
pub(crate) fn set_counts_aside(beneath: &[FrameSlot]) {
    beneath_context(beneath).for_each(|scope| scope.node.set_open_scopes_aside());
}

/// Restores the counts of open scopes when a context has ended.
fn count_again(beneath: &[FrameSlot]) {
    for scope in beneath_context(beneath) {
        scope.node.enter();
    }
}
