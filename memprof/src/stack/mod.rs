//! The stacks of recorded allocations, captured without compiler flags.
//!
//! Steps of a capture: read this function's registers; check that the stack pointer is within this thread's stack, with
//! space to spare; compare the words of the stack from which the previous capture was read; compare those of a
//! remembered path, if the stack is another one; for each new frame a rule, mostly from the cache, and a look-up in the
//! tree of stacks. No lock, no allocation; each ledger has system memory of its own.

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

/// Maximum number of frames of a stack; 0: none are captured.
static LIMIT: AtomicU32 = AtomicU32::new(0);

/// Largest number of frames that [`prepare`] accepts.
pub(crate) const MOST_FRAMES: usize = 1024;

/// Frames stored for each recorded allocation of the maximum, 16 bytes each. Allocations mostly share their stacks, and
/// stacks their outer frames.
const FRAMES_PER_ALLOCATION: usize = 4;

/// Starts to capture stacks of at most `frames` frames each, for up to `max` live allocations; 0 frames: none. Only
/// outside allocations, one caller at a time. Allocates. False: the system has no memory for it.
pub(crate) fn prepare(frames: usize, max: usize) -> bool {
    let frames = frames.min(MOST_FRAMES) as u32;
    if frames > 0 && (!tree::prepare(max.saturating_mul(FRAMES_PER_ALLOCATION)) || !system::prepare()) {
        return false;
    }
    LIMIT.store(frames, Relaxed);
    true
}

/// True if stacks are captured.
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn are_captured() -> bool {
    LIMIT.load(Relaxed) != 0
}

/// State of a ledger for capturing the stacks of its thread.
#[derive(Debug)]
pub(crate) struct StackCapture {
    thread_cache: system::ThreadCache,
    counts: Counts,
}

/// Counts of failed and corrected captures of a ledger.
#[derive(Debug)]
pub(crate) struct Counts {
    /// Allocations without a stack, because it is not the thread's own, is nearly used up, or could not be unwound.
    pub(crate) not_captured: AtomicU64,
    /// Allocations without a stack because the tree was full.
    pub(crate) tree_full: AtomicU64,
    /// Stacks reused from the previous capture that a full unwind found to be different.
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

    /// Captures the current stack; 0: there is none. For the owner of the ledger alone.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn capture(&self) -> StackId {
        match LIMIT.load(Relaxed) {
            0 => 0,
            limit => self.thread_cache.capture(limit as usize, &self.counts),
        }
    }

    /// Resets the state after another thread has taken the ledger. For the owner of the ledger alone.
    pub(crate) fn begin(&self) {
        self.thread_cache.reset();
    }
}

#[cfg(test)]
mod tests;
