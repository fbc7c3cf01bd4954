//! The stacks that tracked allocations were made on, without compiler flags.
//!
//! Steps of a capture: this function's registers; whether the stack pointer is within this thread's stack, with room to
//! spare; two loads for each frame that was there the last time too; for each frame that is new a rule, mostly worked out
//! before, and a look-up in the tree of stacks. No lock, no allocation; the memory is the system's, once for each ledger.

#[cfg(all(unix, not(target_vendor = "apple")))]
#[cfg_attr(not(feature = "backtraces"), allow(dead_code, reason = "nobody reads the files of modules"))]
pub(crate) mod identity;
mod tree;

#[cfg(not(all(
    any(target_os = "linux", target_os = "android", target_vendor = "apple"),
    any(target_arch = "x86_64", target_arch = "aarch64"),
    target_pointer_width = "64"
)))]
#[path = "platform.rs"]
mod system;
#[cfg(all(
    any(target_os = "linux", target_os = "android", target_vendor = "apple"),
    any(target_arch = "x86_64", target_arch = "aarch64"),
    target_pointer_width = "64"
))]
#[path = "unwind/mod.rs"]
mod system;

pub(crate) use system::{Image, images, mark_of};
pub(crate) use tree::{Known, StackId, tree};

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU32, AtomicU64};

/// The most frames of a stack; 0: none are captured.
static LIMIT: AtomicU32 = AtomicU32::new(0);

/// The most frames that can be asked for: what [`prepare`] takes.
pub(crate) const MOST_FRAMES: usize = 1024;

/// For each tracked allocation that there may be, so many frames of stacks are kept, each of 16 bytes. Allocations
/// mostly share their stacks, and stacks their outer frames.
const FRAMES_PER_ALLOCATION: usize = 4;

/// Has stacks captured, of at most `frames` frames each, and kept for up to `max` live allocations; 0 frames: none.
/// Outside of allocations, one caller at a time. Allocates. False: the system has no memory for it.
pub(crate) fn prepare(frames: usize, max: usize) -> bool {
    let frames = frames.min(MOST_FRAMES) as u32;
    if frames > 0 && (!tree::prepare(max.saturating_mul(FRAMES_PER_ALLOCATION)) || !system::prepare()) {
        return false;
    }
    LIMIT.store(frames, Relaxed);
    true
}

/// Whether stacks are captured.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn are_captured() -> bool {
    LIMIT.load(Relaxed) != 0
}

/// What a ledger needs to capture the stacks of its thread.
#[derive(Debug)]
pub(crate) struct StackCapture {
    thread_cache: system::ThreadCache,
    counts: Counts,
}

/// What is wrong with the stacks of a ledger's records.
#[derive(Debug)]
pub(crate) struct Counts {
    /// Allocations without a stack: it is not the thread's own, has no room left, or could not be unwound.
    pub(crate) not_captured: AtomicU64,
    /// Allocations without a stack because there was no room for one more.
    pub(crate) tree_full: AtomicU64,
    /// Stacks that were taken over from the last one and, when they were unwound in full, found to be different.
    pub(crate) corrected: AtomicU64,
}

impl Counts {
    /// Adds one. For the owner of the ledger alone.
    fn add(counter: &AtomicU64) {
        counter.store(counter.load(Relaxed).wrapping_add(1), Relaxed);
    }
}

impl StackCapture {
    pub(crate) const fn new() -> Self {
        let counts =
            Counts { not_captured: AtomicU64::new(0), tree_full: AtomicU64::new(0), corrected: AtomicU64::new(0) };
        Self { thread_cache: system::ThreadCache::new(), counts }
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The stack that this is called on; 0: there is none. For the owner of the ledger alone.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn capture(&self) -> StackId {
        match LIMIT.load(Relaxed) {
            0 => 0,
            limit => self.thread_cache.capture(limit as usize, &self.counts),
        }
    }

    /// Another thread has taken the ledger. For the owner of the ledger alone.
    pub(crate) fn begin(&self) {
        self.thread_cache.reset();
    }
}

#[cfg(test)]
mod tests;
