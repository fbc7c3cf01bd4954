//! Unwinding of a thread's stack with a verified cache: frames that have not changed since the last capture are reused.
//!
//! A cached frame has the registers of a function and the two stack slots from which they were read. The frames further
//! out depend only on these registers, on the unwind tables, which for fixed modules never change, and on the two slots
//! of every frame further out. So if a frame has the registers of a cached one and none of those slots has changed,
//! everything further out is unchanged.
//!
//! Most code keeps other values in the frame pointer's register, for instance a loop counter. If no rule uses it until
//! it is next read from memory, it is not compared.

use super::modules;
use super::rule::{Caller, Fate, Registers, StackMemory, UnwindRule};
use super::rule_cache;
use crate::stack::tree::{Known, StackId, StackTree};

/// Stands for a stack that found the tree full. No frame has so large a number.
pub(super) const TREE_FULL: StackId = StackId::MAX;
/// Mark of frames in fixed modules whose rule depends on more memory. Modules have larger marks.
const READS_MORE: u32 = 2;

/// One frame of the last stack.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct UnwindFrame {
    caller: Caller,
    /// The stack from this frame outwards.
    stack: StackId,
    /// Mark of its module. 0: its rule stays valid as long as the process lives, and depends only on the two slots.
    mark: u32,
    /// Fate of the function's frame pointer under its own rule.
    fate: Fate,
    /// True if the frame pointer matters for frames further out.
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

/// One capture: the frames of the last stack, outermost first, and as much memory for new ones.
pub(super) struct Walk<'a> {
    pub(super) kept: &'a mut [UnwindFrame],
    pub(super) fresh: &'a mut [UnwindFrame],
    pub(super) state: &'a mut LastStack,
}

/// Summary of the last stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastStack {
    length: usize,
    /// Number of frames, from the outermost on, whose rules stay valid.
    lasting: usize,
    /// True if there were more frames than can be kept: the outermost kept frame is not that of the stack.
    is_cut: bool,
    /// Registers of the function that captured it.
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

/// The packed rule of a function, and its mark: see [`UnwindFrame::mark`].
struct UnwindStep {
    rule: u64,
    mark: u32,
}

/// The step of a return address; `None`: it is in no module.
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
    let unpacked = module.rule(address);
    let rule = unpacked.and_then(UnwindRule::pack).unwrap_or(0);
    if unpacked.is_some_and(UnwindRule::reads_more) {
        return Some(UnwindStep { rule, mark: module.mark.max(READS_MORE) });
    }
    if module.mark == 0 {
        rule_cache::keep(address, rule);
    }
    Some(UnwindStep { rule, mark: module.mark })
}

impl Walk<'_> {
    /// Captures the stack of the function with these registers, without that function. 0: there is none.
    ///
    /// # Safety
    /// The frames were captured on this thread, and `stack` is its stack.
    pub(super) unsafe fn capture(&mut self, start: Registers, stack: &StackMemory, tree: &StackTree) -> StackId {
        // A loop that allocates: the same stack as last time. PERF: checked on its own, because most captures are like
        // this.
        if alike(self.state.start, start, self.state.is_start_used) && self.state.lasting == self.state.length {
            let kept = self.kept.get(..self.state.length).unwrap_or_default();
            // SAFETY: guaranteed by the caller; the frames were captured at the same stack pointer, so all their slots
            // are above it.
            if kept.iter().all(|frame| unsafe { stack.is_unchanged(&frame.caller) }) {
                return self.state.stack;
            }
        }
        // SAFETY: guaranteed by the caller.
        let unchanged = unsafe { self.unchanged(stack) };
        // The outermost changed frame can itself be joined: the frames further out have not changed.
        let joinable = (unchanged + 1).min(self.state.lasting);
        let (joined, fresh) = self.unwind(start, stack, joinable);
        let limit = self.kept.len();
        let (joined, fresh) = match joined + fresh {
            // For a cut stack, the frames further out than the kept ones are unknown.
            length if joined > 0 && self.state.is_cut && length < limit => self.unwind(start, stack, 0),
            _ => (joined, fresh),
        };
        self.state.stack = self.intern(joined, fresh, tree);
        self.state.start = start;
        let innermost = self.state.length.checked_sub(1).and_then(|last| self.kept.get(last));
        self.state.is_start_used = is_used(self.state.start_fate, innermost.is_some_and(|frame| frame.is_used));
        self.state.stack
    }

    /// Number of cached frames, from the outermost on, whose slots have not changed.
    ///
    /// # Safety
    /// As for `capture`.
    #[inline(always)]
    unsafe fn unchanged(&self, stack: &StackMemory) -> usize {
        let lasting = self.kept.get(..self.state.lasting).unwrap_or_default();
        // SAFETY: guaranteed by the caller.
        let changed = lasting
            .iter()
            .position(|frame| unsafe { !stack.uses(&frame.caller) || !stack.is_unchanged(&frame.caller) });
        changed.unwrap_or(lasting.len())
    }

    /// Unwinds until a frame is one of the first `joinable` cached ones. Returns the number of those that stay, and the
    /// number of new ones, which are innermost first in `fresh`.
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
                    // Another function may have been called that keeps the same registers in other slots.
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
            if let Some(slot) = self.fresh.get_mut(count) {
                *slot =
                    UnwindFrame { caller, stack: 0, mark: next.mark, fate: UnwindRule::fate(next.rule), is_used: true };
            }
        }
        (0, self.fresh.len())
    }

    /// Replaces the frames that are gone by the new ones, and gives each its number.
    fn intern(&mut self, joined: usize, fresh: usize, tree: &StackTree) -> StackId {
        let limit = self.kept.len();
        let mut known = joined;
        if joined + fresh >= limit {
            // The innermost frames are kept; without the outermost ones they all have other numbers.
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
        for (slot, frame) in self.kept.iter_mut().take(length).skip(first_fresh).rev().zip(self.fresh.iter()) {
            *slot = *frame;
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

/// True if a frame pointer matters further out than a function with this fate of it.
#[inline(always)]
fn is_used(fate: Fate, is_callers_used: bool) -> bool {
    match fate {
        Fate::Used => true,
        Fate::Lost => false,
        Fate::Kept => is_callers_used,
    }
}
