//! Ends of scopes out of order: other scopes are open above, guards were forgotten, contexts were entered.
//!
//! The frames beneath a context do not count its work. When it ends, a frame with the amount of its work replaces it
//! (`FrameKind::Subtracted`). This frame lies above the one in which the context was entered, so that scope takes this
//! path when it ends, and hands the amount down to the next frame. Frames above which no context was entered pay
//! nothing for this.

use super::enter_exit::{Closed, Level};
use crate::tracker::threads::frames::{Foreign, FrameKind, ScopeFrame};
use crate::tracker::threads::ledger::Ledger;
use crate::tracker::threads::slots::{self, Rise};

/// Summary of the frames above a frame.
struct Above {
    /// Work of contexts; `None`: none was entered.
    foreign: Option<Foreign>,
    /// The highest net since the frame began, without the work of contexts.
    highest: i64,
}

impl Ledger {
    fn above(&self, frames: &[ScopeFrame]) -> Above {
        let mut foreign: Option<Foreign> = None;
        let mut highest = i64::MIN;
        for frame in frames.iter().filter(|frame| !frame.is_vacant()) {
            let so_far = foreign.unwrap_or_default();
            highest = highest.max(frame.high_before.wrapping_sub(so_far.net));
            match frame.state.kind {
                FrameKind::Subtracted => foreign = Some(so_far.and(frame.totals())),
                // Everything above it happened in it.
                FrameKind::Context => return Above { foreign: Some(so_far.and(self.since(frame))), highest },
                _ => {}
            }
        }
        let so_far = foreign.unwrap_or_default();
        Above { foreign, highest: highest.max(self.high.get().wrapping_sub(so_far.net)) }
    }

    /// Allocations and net since a frame was pushed.
    fn since(&self, frame: &ScopeFrame) -> Foreign {
        let entry = frame.totals();
        Foreign {
            allocated: self.allocated.get().wrapping_sub(entry.allocated),
            count: self.allocated_count.get().wrapping_sub(entry.count),
            net: self.net().wrapping_sub(entry.net),
        }
    }

    /// Closes the scope at an index of the stack, whatever is open above it.
    pub(crate) fn close_at(&'static self, index: usize, panicking: bool) -> Closed {
        let _pinned = self.frames().pin();
        let all = self.frames().all();
        let (upto, above) = all.split_at_mut(index + 1);
        let frame = upto[index];
        let Above { foreign, highest } = self.above(above);
        let subtract = foreign.unwrap_or_default();
        let level = Level {
            allocated: self.allocated.get().wrapping_sub(subtract.allocated),
            count: self.allocated_count.get().wrapping_sub(subtract.count),
            net: self.net().wrapping_sub(subtract.net),
            highest,
        };
        if frame.is_block()
            && let Some(next) = above.iter_mut().find(|frame| frame.is_open())
        {
            // Scopes that began in the block are still open and stay. When they end, the node charged before the block
            // is charged.
            next.node_before = frame.node_before;
            if frame.id.is_marked() {
                next.mark();
            }
            if let Some(heir) = above.iter_mut().find(|frame| !frame.state.ended && !frame.is_vacant()) {
                heir.high_before = heir.high_before.max(frame.high_before);
            }
            // A context has set aside the counts of the scopes beneath, and will count those that are still open.
            if !above.iter().any(ScopeFrame::sets_aside) {
                frame.node.leave();
            }
            self.frames().end(index);
        } else {
            // Scopes that are open above were forgotten, because a function's body and a poll end last. Scopes above a
            // block have no frame and stay open.
            if !frame.is_block() {
                self.close_forgotten(index + 1);
            }
            frame.node.leave();
            self.charge(frame.node_before);
            self.take_off(index, foreign, highest.max(frame.high_before));
        }
        level.figures(&frame, panicking)
    }

    /// Ends the context at an index of the stack.
    pub(crate) fn close_context_at(&'static self, index: usize) {
        let _pinned = self.frames().pin();
        self.close_forgotten(index + 1);
        let all = self.frames().all();
        let frame = all[index];
        slots::leave(frame.node);
        count_again(&all[..index]);
        self.charge(frame.node_before);
        self.take_off(index, Some(self.since(&frame)), frame.high_before);
    }

    /// Ends the measurement at an index of the stack. Returns its net on this thread, and the highest net above entry.
    pub(crate) fn close_measurement_at(&'static self, index: usize) -> Rise {
        let _pinned = self.frames().pin();
        self.close_forgotten(index + 1);
        let all = self.frames().all();
        let frame = all[index];
        let Above { foreign, highest } = self.above(&all[index + 1..]);
        let subtract = foreign.unwrap_or_default();
        slots::leave(frame.node);
        count_again(&all[..index]);
        self.charge(frame.node_before);
        self.take_off(index, foreign, highest.max(frame.high_before));
        let entry = frame.totals();
        Rise {
            net: self.net().wrapping_sub(subtract.net).wrapping_sub(entry.net),
            peak: highest.wrapping_sub(entry.net),
        }
    }

    /// Ends the forgotten scopes from an index of the stack upwards. Their frames stay.
    fn close_forgotten(&self, first: usize) {
        if self.frames().are_frameless_above(first) {
            self.close_forgotten_frameless();
        }
        let all = self.frames().all();
        for index in (first..all.len()).rev() {
            let frame = &all[index];
            if !frame.is_open() {
                continue;
            }
            if frame.sets_aside() {
                slots::leave(frame.node);
                count_again(&all[..index]);
                continue;
            }
            frame.node.leave();
            let closed = Level { allocated: 0, count: 0, net: 0, highest: 0 }.figures(frame, false);
            if frame.state.kind.is_call() {
                closed.node.count_unrecorded();
            }
        }
    }

    /// Ends the calls that are open without a frame.
    #[cold]
    fn close_forgotten_frameless(&self) {
        for node in self.tree().nodes() {
            let forgotten = u64::from(node.frameless.replace(0));
            node.finish_unrecorded(forgotten);
        }
        self.frames().reset_frameless();
    }

    /// Pops a frame and everything above it. The frame beneath receives the highest net so far and the amount that it
    /// must not count, both without the amount already subtracted.
    fn take_off(&'static self, index: usize, foreign: Option<Foreign>, highest: i64) {
        let frames = self.frames();
        let ended_beneath = frames.all()[..index].iter().rev().take_while(|frame| frame.state.ended).count();
        let first = index - ended_beneath;
        let Some(foreign) = foreign else {
            self.high.set(highest);
            frames.truncate(first);
            return frames.mark_innermost_if_frameless(first);
        };
        let highest_of_all = self.highest_of(&frames.all()[first..]);
        self.highest_handed_down.set(highest_of_all);
        frames.truncate(first);
        match frames.all().last_mut() {
            None => return self.high.set(highest_of_all),
            Some(last) if last.is_subtracted() => last.subtract(foreign, highest),
            Some(_) => frames.push(ScopeFrame::subtracted(foreign, highest, self.root())),
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
    fn highest_of(&self, frames: &[ScopeFrame]) -> i64 {
        let known = self.high.get().max(self.highest_handed_down.get());
        frames
            .iter()
            .filter(|frame| !frame.is_subtracted() && !frame.is_vacant())
            .map(|frame| frame.high_before)
            .fold(known, i64::max)
    }
}

/// The open frames beneath a context, down to the next one.
fn beneath_context(frames: &[ScopeFrame]) -> impl Iterator<Item = &ScopeFrame> {
    frames.iter().rev().take_while(|frame| !frame.sets_aside()).filter(|frame| frame.is_open())
}

/// Sets the counts of open scopes aside when a context is entered: calls in it are not inner calls of a recursion that
/// began beneath.
pub(crate) fn set_counts_aside(beneath: &[ScopeFrame]) {
    beneath_context(beneath).for_each(|frame| frame.node.open_scopes().set(0));
}

/// Restores the counts of open scopes when a context has ended.
fn count_again(beneath: &[ScopeFrame]) {
    for frame in beneath_context(beneath) {
        let open = frame.node.open_scopes();
        open.set(open.get().wrapping_add(1));
    }
}
