//! Unwinding of a thread's stack with a verified cache: frames that have not changed since the last capture are reused.
//!
//! A cached frame has the registers of a function and the two stack slots from which they were read. The frames further
//! out depend only on these registers, on the unwind tables, which for fixed modules never change, and on the two slots
//! of every frame further out. So if a frame has the registers of a cached one and none of those slots has changed,
//! everything further out is unchanged.
//!
//! Most code keeps other values in the frame pointer's register, for instance a loop counter. If no rule uses it until
//! it is next read from memory, it is not compared.
//!
//! Steps: compare the slots of the last stack, outermost first (four instructions for each word). If all are unchanged,
//! and the function is the same, so is the stack. Otherwise a remembered path (see `inner_path`) may lead to an
//! unchanged frame. Otherwise the frames further in are unwound.

use super::inner_path::{InnerPath, JoinedFrame, PATHS};
use super::modules;
use super::rule::{Caller, Fate, Registers, StackMemory, UnwindRule, alike};
use super::rule_cache;
use super::slot_check::{self, SlotCheck};
use crate::stack::tree::{Known, StackId, StackTree};

/// Stands for a stack that found the tree full. No frame has so large a number.
pub(super) const TREE_FULL: StackId = StackId::MAX;
/// Mark of frames in fixed modules whose rule depends on more memory. Modules have larger marks.
const READS_MORE: u32 = 2;

/// One frame of the last stack.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub(super) struct UnwindFrame {
    caller: Caller,
    /// The stack from this frame outwards.
    stack: StackId,
    /// Mark of its module. 0: its rule stays valid as long as the process lives, and depends only on the two slots.
    mark: u32,
    /// Changes when its registers, its stack, or a frame further out does.
    serial: u32,
    /// Number of checks of this frame and those further out.
    checks: u16,
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

/// One capture: the frames of the last stack, outermost first, and as much memory for new ones.
pub(super) struct Walk<'a> {
    pub(super) kept: &'a mut [UnwindFrame],
    pub(super) fresh: &'a mut [UnwindFrame],
    /// The slots of the lasting frames, outermost first: two for each frame at most.
    pub(super) checks: &'a mut [SlotCheck],
    pub(super) paths: &'a mut [InnerPath; PATHS],
    pub(super) state: &'a mut LastStack,
}

/// Summary of the last stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastStack {
    length: usize,
    /// Number of frames, from the outermost on, whose rules stay valid.
    lasting: usize,
    /// Number of checks of the lasting frames, and of their groups.
    checks: usize,
    groups: usize,
    /// True if there were more frames than can be kept: the outermost kept frame is not that of the stack.
    is_cut: bool,
    /// Registers of the function that captured it.
    start: Registers,
    start_fate: Fate,
    /// As [`UnwindFrame::is_used`].
    is_start_used: bool,
    stack: StackId,
    /// The last serial number of a frame.
    serial: u32,
    /// Number of paths remembered so far; it wraps.
    turn: u32,
}

impl LastStack {
    pub(super) const NOTHING: LastStack = LastStack {
        length: 0,
        lasting: 0,
        checks: 0,
        groups: 0,
        is_cut: false,
        start: Registers { stack: 0, address: 0, frame: 0 },
        start_fate: Fate::Lost,
        is_start_used: false,
        stack: 0,
        serial: 0,
        turn: 0,
    };

    /// Number of groups of its checks, and the stack pointer of the function that captured it: their slots are above.
    #[inline(always)]
    pub(super) fn checks(&self) -> (usize, usize) {
        (self.groups, self.start.stack)
    }

    /// The last stack, if a function with these registers has captured it, and the checks, all of which are unchanged,
    /// decide that it is still the same.
    #[inline(always)]
    pub(super) fn same(&self, start: Registers) -> Option<StackId> {
        let is_same = alike(self.start, start, self.is_start_used) && self.lasting == self.length;
        is_same.then_some(self.stack)
    }

    /// No stack. Paths remembered before lead to none of the frames that are captured from now on.
    pub(super) fn forgotten(self) -> LastStack {
        LastStack { serial: self.serial, turn: self.turn, ..Self::NOTHING }
    }
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
    /// Captures the stack of the function with these registers, without that function. `unchanged` is the number of
    /// checks whose words are in use and unchanged. 0: there is none.
    ///
    /// # Safety
    /// The frames were captured on this thread, and `stack` is its stack.
    pub(super) unsafe fn capture(
        &mut self,
        start: Registers,
        stack: &StackMemory,
        tree: &StackTree,
        unchanged: usize,
    ) -> StackId {
        let lasting = self.kept.get(..self.state.lasting).unwrap_or_default();
        let changed = lasting.iter().rev().take_while(|frame| usize::from(frame.checks) > unchanged).count();
        // The outermost changed frame can itself be joined: the frames further out have not changed.
        let joinable = (lasting.len() - changed + 1).min(lasting.len());
        let serial = |number: usize| lasting.get(number.wrapping_sub(1)).map(|frame| frame.serial);
        // SAFETY: as for the caller.
        match unsafe { InnerPath::find(self.paths, start, joinable, serial) } {
            Some(stack) => stack,
            None => self.capture_new(start, stack, tree, joinable),
        }
    }

    /// Captures a stack that joins the last one at one of its first `joinable` frames, or not at all.
    #[inline(never)]
    fn capture_new(&mut self, start: Registers, stack: &StackMemory, tree: &StackTree, joinable: usize) -> StackId {
        let (joined, fresh) = self.unwind(start, stack, joinable);
        let limit = self.kept.len();
        let (joined, fresh) = match joined + fresh {
            // For a cut stack, the frames further out than the kept ones are unknown.
            length if joined > 0 && self.state.is_cut && length < limit => self.unwind(start, stack, 0),
            _ => (joined, fresh),
        };
        self.state.stack = self.intern(joined, fresh, stack, tree);
        self.state.start = start;
        let innermost = self.state.length.checked_sub(1).and_then(|last| self.kept.get(last));
        self.state.is_start_used = is_used(self.state.start_fate, innermost.is_some_and(|frame| frame.is_used));
        if joined > 0 && !self.state.is_cut && self.state.lasting == self.state.length {
            self.remember(joined);
        }
        self.state.stack
    }

    /// Remembers the path of the last stack from the function that captured it to the frame that it has joined.
    fn remember(&mut self, joined: usize) {
        let Some(frame) = joined.checked_sub(1).and_then(|last| self.kept.get(last)) else { return };
        let outer = joined.checked_sub(2).and_then(|last| self.kept.get(last));
        let before = outer.map_or(0, |frame| usize::from(frame.checks));
        let Some(checks) = self.checks.get(before..self.state.checks) else { return };
        let start = (self.state.start, self.state.is_start_used);
        let end = JoinedFrame { joined, serial: frame.serial };
        self.state.turn = self.state.turn.wrapping_add(1);
        InnerPath::remember(self.paths, start, checks, end, self.state.stack, self.state.turn as usize);
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
                let fate = UnwindRule::fate(next.rule);
                *slot = UnwindFrame { caller, mark: next.mark, fate, is_used: true, ..UnwindFrame::default() };
            }
        }
        (0, self.fresh.len())
    }

    /// Replaces the frames that are gone by the new ones, and gives each its number.
    fn intern(&mut self, joined: usize, fresh: usize, stack: &StackMemory, tree: &StackTree) -> StackId {
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
        let outer = known.checked_sub(1).and_then(|last| self.kept.get(last));
        let (mut caller, mut is_outer_used) = outer.map_or((0, false), |frame| (frame.stack, frame.is_used));
        for frame in self.kept.iter_mut().take(length).skip(known) {
            frame.is_used = is_used(frame.fate, is_outer_used);
            is_outer_used = frame.is_used;
            let mark = if frame.mark == READS_MORE { 0 } else { frame.mark };
            let of = Known { caller, address: frame.caller.registers.address, mark };
            caller = if caller == TREE_FULL { TREE_FULL } else { tree.child(of).unwrap_or(TREE_FULL) };
            frame.stack = caller;
            self.state.serial = self.state.serial.wrapping_add(1);
            if self.state.serial == 0 {
                // The numbers begin again: paths with the same ones are older.
                *self.paths = [InnerPath::default(); PATHS];
            }
            frame.serial = self.state.serial;
        }
        // The joined frame may have other slots than before.
        self.check_from(known.saturating_sub(1), stack);
        caller
    }

    /// Makes the checks of the kept frames, from one on.
    fn check_from(&mut self, first: usize, stack: &StackMemory) {
        let first = first.min(self.state.lasting);
        let outer = first.checked_sub(1).and_then(|last| self.kept.get(last));
        let mut made = outer.map_or(0, |frame| usize::from(frame.checks));
        (self.state.lasting, self.state.checks) = (first, made);
        let mut above = match made.checked_sub(1).and_then(|last| self.checks.get(last)) {
            Some(check) => check.slot,
            None => usize::MAX,
        };
        for frame in self.kept.iter_mut().take(self.state.length).skip(first) {
            let Caller { address_slot, frame_slot, registers } = frame.caller;
            // The slots descend, so that one comparison tells if a slot and all further out are in use.
            if frame.mark != 0 || address_slot >= above {
                break;
            }
            let has_two = frame.is_used && frame_slot != address_slot;
            // There are two for each frame.
            let Some([check, other]) = self.checks.get_mut(made..).and_then(|rest| rest.first_chunk_mut()) else {
                break;
            };
            // With its signature, if it has one.
            let word = if cfg!(target_arch = "aarch64") { stack.word(address_slot) } else { None };
            *check = SlotCheck { slot: address_slot, value: word.unwrap_or(registers.address) };
            *other = SlotCheck { slot: frame_slot, value: registers.frame };
            made += if has_two { 2 } else { 1 };
            above = if has_two { frame_slot } else { address_slot };
            frame.checks = made as u16;
            self.state.lasting += 1;
        }
        self.state.checks = made;
        self.state.groups = slot_check::fill_up(self.checks, self.state.checks);
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
