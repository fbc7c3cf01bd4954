//! The cache of one thread: its last stack, kept for the next capture.

use super::inner_path::{InnerPath, PATHS};
use super::registers;
use super::rule::{Registers, StackMemory};
use super::slot_check::{self, SlotCheck, TOGETHER};
use super::walk::{LastStack, TREE_FULL, UnwindFrame, Walk};
use crate::os::memory::pages;
use crate::os::memory::stack_bounds::{self, StackBounds};
use crate::stack::tree::{StackId, tree};
use crate::stack::{Counts, MOST_FRAMES};
use std::cell::Cell;
use std::ptr::null_mut;

/// Stack memory that has to be left: a cold capture takes less than 4 KiB, and the system's signal frames need the
/// rest.
const RESERVE: usize = 32 * 1024;
/// Captures for each one that is unwound in full.
const CHECK_EVERY: u32 = 1024;

/// The last stack of a thread. For the thread that owns the ledger alone.
#[derive(Debug)]
pub(in super::super) struct ThreadCache {
    bounds: Cell<Option<StackBounds>>,
    is_asked: Cell<bool>,
    /// True during a capture: a signal handler may interrupt it, and asking the system for the bounds may allocate.
    is_busy: Cell<bool>,
    until_check: Cell<u32>,
    last: Cell<LastStack>,
    /// Memory for the parts of a [`Walk`].
    memory: Cell<*mut [InnerPath; PATHS]>,
    capacity: Cell<usize>,
}

/// Memory for paths, the checks of a stack of `limit` frames, and two of these stacks.
fn bytes_of(limit: usize) -> usize {
    size_of::<[InnerPath; PATHS]>() + checks_for(limit) * size_of::<SlotCheck>() + 2 * limit * size_of::<UnwindFrame>()
}

/// Checks of a stack of `limit` frames: two for each, in whole cache lines and whole groups.
#[inline(always)]
fn checks_for(limit: usize) -> usize {
    (2 * limit).next_multiple_of(TOGETHER)
}

const _: () = assert!((TOGETHER * size_of::<SlotCheck>()).is_multiple_of(align_of::<UnwindFrame>()));

/// The checks in the memory of a thread.
#[inline(always)]
fn checks_of(memory: *mut [InnerPath; PATHS]) -> *mut SlotCheck {
    memory.wrapping_add(1).cast()
}

impl ThreadCache {
    pub(in super::super) const fn new() -> Self {
        Self {
            bounds: Cell::new(None),
            is_asked: Cell::new(false),
            is_busy: Cell::new(false),
            until_check: Cell::new(CHECK_EVERY),
            last: Cell::new(LastStack::NOTHING),
            memory: Cell::new(null_mut()),
            capacity: Cell::new(0),
        }
    }

    pub(in super::super) fn reset(&self) {
        self.bounds.set(None);
        self.is_asked.set(false);
        self.last.set(self.last.get().forgotten());
    }

    /// Captures the stack of the caller. 0: there is none.
    #[inline(never)]
    pub(in super::super) fn capture(&self, limit: usize, counts: &Counts) -> StackId {
        let here = registers::here();
        if self.is_busy.replace(true) {
            Counts::add(&counts.not_captured);
            return 0;
        }
        let unchanged = self.unchanged(here, limit);
        // SAFETY: only the owner calls this, one call at a time (see `is_busy`).
        let last = unsafe { &*self.last.as_ptr() };
        let left = self.until_check.get() - 1;
        // A loop that allocates: the same stack as last time.
        if unchanged == last.checks().0 * TOGETHER
            && let Some(stack) = last.same(here)
            && left > 0
            && stack != 0
            && stack != TREE_FULL
        {
            self.until_check.set(left);
            self.is_busy.set(false);
            return stack;
        }
        self.capture_other(here, limit, counts, unchanged)
    }

    /// Number of checks of the last stack, from the outermost on, whose words are in use and unchanged.
    #[inline(always)]
    fn unchanged(&self, here: Registers, limit: usize) -> usize {
        if self.capacity.get() != limit {
            return 0;
        }
        // SAFETY: the memory for `limit` frames has this many checks, made on this thread: `reset` has dropped those
        // of previous owners of the ledger. Only the owner is here, one call at a time (see `is_busy`).
        unsafe {
            let (count, low) = (*self.last.as_ptr()).checks();
            let groups = std::slice::from_raw_parts(checks_of(self.memory.get()).cast(), count);
            // PERF: in a loop, and further in, all slots are in use.
            if here.stack <= low { slot_check::unchanged(groups, 0) } else { slot_check::unchanged(groups, here.stack) }
        }
    }

    /// Captures a stack that is not the last one.
    #[inline(never)]
    fn capture_other(&self, here: Registers, limit: usize, counts: &Counts, unchanged: usize) -> StackId {
        let stack = self.capture_from(here, limit, counts, unchanged);
        self.is_busy.set(false);
        match stack {
            0 => Counts::add(&counts.not_captured),
            TREE_FULL => {
                Counts::add(&counts.tree_full);
                return 0;
            }
            _ => {}
        }
        stack
    }

    fn capture_from(&self, here: Registers, limit: usize, counts: &Counts, unchanged: usize) -> StackId {
        let Some(bounds) = self.bounds().filter(|bounds| bounds.holds(here.stack, RESERVE)) else { return 0 };
        // SAFETY: these are the bounds of this thread's stack, the stack pointer was read by the caller of this
        // function, and has just been found to lie within them.
        let stack = unsafe { StackMemory::above(here.stack, bounds) };
        let (Some(mut walk), Some(tree)) = (self.walk(limit), tree()) else { return 0 };
        // SAFETY: `reset` has dropped the frames captured by previous owners of the ledger.
        let mut captured = unsafe { walk.capture(here, &stack, tree, unchanged) };
        let left = self.until_check.get() - 1;
        if left == 0 {
            self.until_check.set(CHECK_EVERY);
            *walk.state = walk.state.forgotten();
            // SAFETY: as above; there are no frames left.
            let in_full = unsafe { walk.capture(here, &stack, tree, 0) };
            if captured != in_full && !tree.frames(captured).eq(tree.frames(in_full)) {
                Counts::add(&counts.corrected);
            }
            captured = in_full;
        } else {
            self.until_check.set(left);
        }
        captured
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn bounds(&self) -> Option<StackBounds> {
        if !self.is_asked.get() {
            self.is_asked.set(true);
            self.bounds.set(stack_bounds::of_this_thread());
        }
        self.bounds.get()
    }

    /// A capture of at most `limit` frames. `None`: the system has no memory for it.
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn walk(&self, limit: usize) -> Option<Walk<'_>> {
        if self.capacity.get() != limit && !self.reserve(limit) {
            return None;
        }
        let paths = self.memory.get();
        // SAFETY: `reserve` has reserved `bytes_of(limit)` here, zeroed, which is valid for all of them, and each part
        // is aligned. Only the owner calls this, one call at a time (see `is_busy`), nobody else reads it meanwhile,
        // and the references are gone before the next call.
        unsafe {
            let checks = checks_of(paths);
            let kept = checks.add(checks_for(limit)).cast::<UnwindFrame>();
            Some(Walk {
                checks: std::slice::from_raw_parts_mut(checks, checks_for(limit)),
                kept: std::slice::from_raw_parts_mut(kept, limit),
                fresh: std::slice::from_raw_parts_mut(kept.add(limit), limit),
                paths: &mut *paths,
                state: &mut *self.last.as_ptr(),
            })
        }
    }

    #[cold]
    #[inline(never)]
    fn reserve(&self, limit: usize) -> bool {
        debug_assert!(limit <= MOST_FRAMES);
        let start = pages::reserve(bytes_of(limit));
        if start.is_null() {
            return false;
        }
        let (former, capacity) = (self.memory.replace(start.cast()), self.capacity.replace(limit));
        if capacity > 0 {
            // SAFETY: it came from `pages::reserve` with this size, and nobody else refers to it.
            unsafe { pages::release(former.cast(), bytes_of(capacity)) };
        }
        self.last.set(self.last.get().forgotten());
        true
    }
}
