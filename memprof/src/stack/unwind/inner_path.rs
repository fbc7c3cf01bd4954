//! Innermost frames of earlier stacks, so that call paths that alternate are not unwound each time.
//!
//! The last stack alone serves a loop that allocates in one place. Code that allocates in several places, such as a
//! parser, returns to a few frames and calls out of them again by the same few paths. Such a path is remembered by the
//! words of the stack from the function that captures it to a frame of the last stack, at which it was joined.

use super::rule::{Registers, alike};
use super::slot_check::{self, SlotCheck, TOGETHER};
use crate::stack::tree::StackId;

/// Words of a path: 10 frames with a frame pointer, 20 without.
const WORDS: usize = 20;
/// Paths with the same or a colliding stack pointer.
const WAYS: usize = 8;
/// Paths of a thread, 6 KiB: with 64 frames, all memory of a thread's stacks is 16 KiB.
pub(super) const PATHS: usize = 2 * WAYS;
/// 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The frames between a capturing function and a frame of the last stack. All zeros: none.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub(super) struct InnerPath {
    /// Registers of the function that captured it.
    start: Registers,
    /// The whole stack.
    stack: StackId,
    /// Serial number of the frame that it joins.
    serial: u32,
    /// Number of frames from the outermost to that one.
    joined: u16,
    /// Number of groups of checks.
    groups: u8,
    /// True if the frame pointer of the capturing function matters.
    is_start_used: bool,
    /// The words, outermost first.
    checks: [SlotCheck; WORDS],
}

/// The end of a path in the last stack.
#[derive(Clone, Copy, Debug)]
pub(super) struct JoinedFrame {
    /// Number of frames from the outermost to the one that is joined.
    pub(super) joined: usize,
    pub(super) serial: u32,
}

/// The paths that a function with these registers may have captured.
#[inline(always)]
fn of(paths: &mut [InnerPath; PATHS], start: Registers) -> &mut [InnerPath] {
    let hash = (start.stack as u64).wrapping_mul(GOLDEN) >> (64 - (PATHS / WAYS).trailing_zeros());
    let first = hash as usize * WAYS;
    paths.get_mut(first..first + WAYS).unwrap_or_default()
}

impl InnerPath {
    /// The stack of a function with these registers, if a path that joins at one of the first `joinable` frames leads
    /// to it. `serial` is that of a frame, by its number from 1.
    ///
    /// # Safety
    /// The function runs on this thread, and so did those that captured the paths whose serial numbers are in use.
    #[inline(always)]
    pub(super) unsafe fn find(
        paths: &mut [InnerPath; PATHS],
        start: Registers,
        joinable: usize,
        serial: impl Fn(usize) -> Option<u32>,
    ) -> Option<StackId> {
        let path = of(paths, start).iter().find(|path| {
            alike(path.start, start, path.is_start_used)
                && usize::from(path.joined) <= joinable
                && serial(usize::from(path.joined)) == Some(path.serial)
                // SAFETY: the slots were read on this thread's stack, above the same stack pointer.
                && unsafe { path.is_unchanged() }
        });
        path.map(|path| path.stack)
    }

    /// True if the words have their values.
    ///
    /// # Safety
    /// The slots are on this thread's stack.
    #[inline(always)]
    unsafe fn is_unchanged(&self) -> bool {
        let groups = self.checks.as_chunks().0.get(..usize::from(self.groups)).unwrap_or_default();
        // SAFETY: guaranteed by the caller; the slots were read, so they are aligned.
        unsafe { slot_check::unchanged(groups, 0) == groups.len() * TOGETHER }
    }

    /// Remembers the path from a function with these registers. `turn` chooses which one of those with which it
    /// collides is replaced.
    pub(super) fn remember(
        paths: &mut [InnerPath; PATHS],
        (start, is_start_used): (Registers, bool),
        checks: &[SlotCheck],
        end: JoinedFrame,
        stack: StackId,
        turn: usize,
    ) {
        let Ok(joined) = u16::try_from(end.joined) else { return };
        let Some(path) = of(paths, start).get_mut(turn % WAYS) else { return };
        if let Some(kept) = path.checks.get_mut(..checks.len()) {
            kept.copy_from_slice(checks);
            path.groups = slot_check::fill_up(&mut path.checks, checks.len()) as u8;
            (path.start, path.is_start_used, path.stack) = (start, is_start_used, stack);
            (path.joined, path.serial) = (joined, end.serial);
        }
    }
}

#[cfg(test)]
mod tests;
