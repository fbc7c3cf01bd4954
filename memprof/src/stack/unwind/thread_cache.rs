//! The cache of one thread: its last stack, kept for the next capture.

use super::registers;
use super::rule::{Registers, StackMemory};
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
    kept: Cell<LastStack>,
    /// Memory for the frames of the last stack, and for as many new ones.
    frames: Cell<*mut UnwindFrame>,
    capacity: Cell<usize>,
}

impl ThreadCache {
    pub(in super::super) const fn new() -> Self {
        Self {
            bounds: Cell::new(None),
            is_asked: Cell::new(false),
            is_busy: Cell::new(false),
            until_check: Cell::new(CHECK_EVERY),
            kept: Cell::new(LastStack::NOTHING),
            frames: Cell::new(null_mut()),
            capacity: Cell::new(0),
        }
    }

    pub(in super::super) fn reset(&self) {
        self.bounds.set(None);
        self.is_asked.set(false);
        self.kept.set(LastStack::NOTHING);
    }

    /// Captures the stack of the caller. 0: there is none.
    #[inline(never)]
    pub(in super::super) fn capture(&self, limit: usize, counts: &Counts) -> StackId {
        let here = registers::here();
        if self.is_busy.replace(true) {
            Counts::add(&counts.not_captured);
            return 0;
        }
        let stack = self.capture_from(here, limit, counts);
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

    fn capture_from(&self, here: Registers, limit: usize, counts: &Counts) -> StackId {
        let Some(bounds) = self.bounds().filter(|bounds| bounds.holds(here.stack, RESERVE)) else { return 0 };
        // SAFETY: these are the bounds of this thread's stack, the stack pointer was read by the caller of this
        // function, and has just been found to lie within them.
        let stack = unsafe { StackMemory::above(here.stack, bounds) };
        let (Some((kept, fresh)), Some(tree)) = (self.frames(limit), tree()) else { return 0 };
        // SAFETY: only the owner calls this, one call at a time (see `is_busy`), and nobody else reads it meanwhile.
        let state = unsafe { &mut *self.kept.as_ptr() };
        let mut walk = Walk { kept, fresh, state };
        // SAFETY: `reset` has dropped the frames captured by previous owners of the ledger.
        let mut captured = unsafe { walk.capture(here, &stack, tree) };
        let left = self.until_check.get() - 1;
        if left == 0 {
            self.until_check.set(CHECK_EVERY);
            *walk.state = LastStack::NOTHING;
            // SAFETY: as above; there are no frames left.
            let in_full = unsafe { walk.capture(here, &stack, tree) };
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

    /// Memory for two stacks of `limit` frames.
    #[cfg_attr(not(debug_assertions), inline(always))]
    #[allow(clippy::mut_from_ref, reason = "the owner is one thread, and `is_busy` keeps it from being here twice")]
    fn frames(&self, limit: usize) -> Option<(&mut [UnwindFrame], &mut [UnwindFrame])> {
        if self.capacity.get() != limit && !self.reserve(limit) {
            return None;
        }
        let start = self.frames.get();
        // SAFETY: `reserve` has reserved twice `limit` frames here, zeroed, which is valid for frames. Only the owner
        // calls this, one call at a time (see `is_busy`), and the slices are gone before the next call.
        unsafe {
            Some((
                std::slice::from_raw_parts_mut(start, limit),
                std::slice::from_raw_parts_mut(start.add(limit), limit),
            ))
        }
    }

    #[cold]
    #[inline(never)]
    fn reserve(&self, limit: usize) -> bool {
        debug_assert!(limit <= MOST_FRAMES);
        let start = pages::reserve(2 * limit * size_of::<UnwindFrame>());
        if start.is_null() {
            return false;
        }
        let (former, capacity) = (self.frames.replace(start.cast()), self.capacity.replace(limit));
        if capacity > 0 {
            // SAFETY: it came from `pages::reserve` with this size, and nobody else refers to it.
            unsafe { pages::release(former.cast(), 2 * capacity * size_of::<UnwindFrame>()) };
        }
        self.kept.set(LastStack::NOTHING);
        true
    }
}
