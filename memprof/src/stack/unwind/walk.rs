//! Unwinding a thread's stack, and taking over what has not changed since the last time: the verified cache.
//!
//! A remembered frame says which registers a function had and from which two places on the stack they came. What lies
//! further out depends on these registers, on the code's tables, which for fixed modules never change, and on the same
//! two places of every frame further out, and on nothing else. So where a frame has the registers of a remembered one, and
//! none of those places has changed, everything further out is as it was.
//!
//! Most code keeps other things in the frame pointer's register, a loop's counter for instance. Where no rule uses it until
//! it is next read from memory, it is not looked at.

use super::modules;
use super::rule::{Caller, Fate, Registers, StackMemory, UnwindRule};
use super::rule_cache;
use crate::stack::tree::{Known, StackId, StackTree};

/// What stands for a stack that found no room in the tree. No frame has so high a number.
pub(super) const TREE_FULL: StackId = StackId::MAX;
/// The mark of frames in fixed modules whose rule depends on more memory. Modules have larger ones.
const READS_MORE: u32 = 2;

/// One frame of the last stack.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct UnwindFrame {
    caller: Caller,
    /// The stack from this frame outwards.
    stack: StackId,
    /// Its module's mark. 0: its rule will hold as long as the process lives, and depends on nothing but the two places.
    mark: u32,
    /// What the function's own rule does with its frame pointer.
    fate: Fate,
    /// The frame pointer matters for what lies further out.
    is_used: bool,
}

impl UnwindFrame {
    #[inline(always)]
    fn is(&self, registers: Registers) -> bool {
        alike(self.caller.registers, registers, self.is_used)
    }
}

#[inline(always)]
fn alike(one: Registers, other: Registers, is_frame_used: bool) -> bool {
    one.stack == other.stack && one.address == other.address && (one.frame == other.frame || !is_frame_used)
}

/// The frames of the last stack, outermost first, and as much room again to unwind into.
pub(super) struct Walk<'a> {
    pub(super) kept: &'a mut [UnwindFrame],
    pub(super) fresh: &'a mut [UnwindFrame],
    pub(super) state: &'a mut LastStack,
}

/// How much of the last stack there is.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastStack {
    length: usize,
    /// So many, from the outermost on, have rules that last.
    lasting: usize,
    /// There were more frames than may be kept: the outermost that is kept is not the stack's.
    is_cut: bool,
    /// Where it was captured.
    start: Registers,
    start_fate: Fate,
    /// As [`UnwindFrame::is_used`].
    is_start_used: bool,
    stack: StackId,
}

impl LastStack {
    pub(super) const NOTHING: LastStack = LastStack {
        length: 0,
        lasting: 0,
        is_cut: false,
        start: Registers { stack: 0, address: 0, frame: 0 },
        start_fate: Fate::Lost,
        is_start_used: false,
        stack: 0,
    };
}

/// How a function is taken off, and whether that lasts: see [`UnwindFrame::mark`].
struct UnwindStep {
    rule: u64,
    mark: u32,
}

/// The step for a return address; `None`: no module is there.
#[inline(always)]
fn step(address: usize) -> Option<UnwindStep> {
    match rule_cache::find(address) {
        Some(rule) => Some(UnwindStep { rule, mark: 0 }),
        None => work_out(address),
    }
}

#[cold]
#[inline(never)]
fn work_out(address: usize) -> Option<UnwindStep> {
    let module = modules::find(address)?;
    let found = module.rule(address);
    let rule = found.and_then(UnwindRule::pack).unwrap_or(0);
    if found.is_some_and(UnwindRule::reads_more) {
        return Some(UnwindStep { rule, mark: module.mark.max(READS_MORE) });
    }
    if module.mark == 0 {
        rule_cache::keep(address, rule);
    }
    Some(UnwindStep { rule, mark: module.mark })
}

impl Walk<'_> {
    /// The stack of the function with these registers, without that function itself. 0: there is none.
    ///
    /// # Safety
    /// The frames were captured on this very thread, whose stack `stack` is.
    pub(super) unsafe fn capture(&mut self, start: Registers, stack: &StackMemory, tree: &StackTree) -> StackId {
        // A loop that allocates: the very stack of the last time. It is on its own because it is what most captures are.
        if alike(self.state.start, start, self.state.is_start_used) && self.state.lasting == self.state.length {
            let kept = self.kept.get(..self.state.length).unwrap_or_default();
            // SAFETY: as the caller vouches; captured at this very stack pointer, the frames' places are all above it.
            if kept.iter().all(|frame| unsafe { stack.still_holds(&frame.caller) }) {
                return self.state.stack;
            }
        }
        // SAFETY: as the caller vouches.
        let unchanged = unsafe { self.unchanged(stack) };
        // The outermost frame that has changed can itself be joined: what is further out has not.
        let joinable = (unchanged + 1).min(self.state.lasting);
        let (joined, fresh) = self.unwind(start, stack, joinable);
        let limit = self.kept.len();
        let (joined, fresh) = match joined + fresh {
            // Of a stack that was cut, what lies further out than the kept frames is not known.
            length if joined > 0 && self.state.is_cut && length < limit => self.unwind(start, stack, 0),
            _ => (joined, fresh),
        };
        self.state.stack = self.intern(joined, fresh, tree);
        self.state.start = start;
        let innermost = self.state.length.checked_sub(1).and_then(|last| self.kept.get(last));
        self.state.is_start_used = is_used(self.state.start_fate, innermost.is_some_and(|frame| frame.is_used));
        self.state.stack
    }

    /// How many remembered frames, from the outermost on, came from places that hold what they held.
    ///
    /// # Safety
    /// As for `capture`.
    #[inline(always)]
    unsafe fn unchanged(&self, stack: &StackMemory) -> usize {
        let lasting = self.kept.get(..self.state.lasting).unwrap_or_default();
        // SAFETY: as the caller vouches.
        let changed =
            lasting.iter().position(|frame| unsafe { !stack.uses(&frame.caller) || !stack.still_holds(&frame.caller) });
        changed.unwrap_or(lasting.len())
    }

    /// Unwinds until a frame is one of the first `joinable` remembered ones. Returns how many of those stay, and how many
    /// new ones there are, innermost first in `fresh`.
    fn unwind(&mut self, start: Registers, stack: &StackMemory, mut joinable: usize) -> (usize, usize) {
        let mut here = start;
        let Some(mut next) = step(here.address) else { return (0, 0) };
        self.state.start_fate = UnwindRule::fate(next.rule);
        for count in 0..self.fresh.len() {
            let Some(caller) = UnwindRule::unpack(next.rule).and_then(|rule| rule.apply(here, stack)) else {
                return (0, count);
            };
            here = caller.registers;
            while let Some(frame) = joinable.checked_sub(1).and_then(|last| self.kept.get_mut(last)) {
                if frame.is(here) {
                    // Another function may have been called, which keeps the same registers in other places.
                    frame.caller = caller;
                    if !frame.is_used {
                        frame.caller.ignore_frame_pointer();
                    }
                    return (joinable, count);
                }
                if frame.caller.registers.stack > here.stack {
                    break;
                }
                joinable -= 1;
            }
            let Some(known) = step(here.address) else { return (0, count) };
            next = known;
            if let Some(place) = self.fresh.get_mut(count) {
                *place =
                    UnwindFrame { caller, stack: 0, mark: next.mark, fate: UnwindRule::fate(next.rule), is_used: true };
            }
        }
        (0, self.fresh.len())
    }

    /// Puts the new frames in the place of those that are gone, and gives each its number.
    fn intern(&mut self, joined: usize, fresh: usize, tree: &StackTree) -> StackId {
        let limit = self.kept.len();
        let mut known = joined;
        if joined + fresh >= limit {
            // The innermost frames are kept; without the outermost ones all of them are other stacks.
            let too_many = joined + fresh - limit;
            if too_many > 0 || joined == 0 {
                self.kept.copy_within(too_many.min(joined)..joined, 0);
                known = 0;
                self.state.is_cut = true;
            }
        } else {
            self.state.is_cut = false;
        }
        let length = (joined + fresh).min(limit);
        let first_fresh = length - fresh.min(length);
        for (place, frame) in self.kept.iter_mut().take(length).skip(first_fresh).rev().zip(self.fresh.iter()) {
            *place = *frame;
        }
        self.state.length = length;
        let is_lasting = |frame: &UnwindFrame| frame.mark == 0;
        let lasting_before = self.state.lasting.min(known);
        let rest = self.kept.get(lasting_before..length).unwrap_or_default();
        self.state.lasting = lasting_before + rest.iter().take_while(|frame| is_lasting(frame)).count();
        let outer = known.checked_sub(1).and_then(|last| self.kept.get(last));
        let (mut caller, mut is_outer_used) = outer.map_or((0, false), |frame| (frame.stack, frame.is_used));
        for frame in self.kept.iter_mut().take(length).skip(known) {
            frame.is_used = is_used(frame.fate, is_outer_used);
            is_outer_used = frame.is_used;
            if !frame.is_used {
                frame.caller.ignore_frame_pointer();
            }
            let mark = if frame.mark == READS_MORE { 0 } else { frame.mark };
            let of = Known { caller, address: frame.caller.registers.address, mark };
            caller = if caller == TREE_FULL { TREE_FULL } else { tree.child(of).unwrap_or(TREE_FULL) };
            frame.stack = caller;
        }
        caller
    }
}

/// Whether a frame pointer matters further out than a function that has it, which does this with it.
#[inline(always)]
fn is_used(fate: Fate, is_callers_used: bool) -> bool {
    match fate {
        Fate::Used => true,
        Fate::Lost => false,
        Fate::Kept => is_callers_used,
    }
}
