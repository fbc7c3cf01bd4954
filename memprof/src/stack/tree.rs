//! The stacks, each frame stored once: a tree of (caller, address), in one bounded table without locks.
//!
//! A stack is the number of its innermost frame. Frames are never removed: any later report may need a stack that was
//! captured once.

use crate::os::memory::pages;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize};

/// A frame in the tree; 0 stands for none.
pub(crate) type StackId = u32;

const EMPTY: usize = 0;
/// No code has this address.
const WRITING: usize = 1;
/// Maximum distance of a frame from the index of its hash. The table is at most three quarters full.
const STEPS: usize = 32;
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

static TREE: AtomicPtr<StackTree> = AtomicPtr::new(std::ptr::null_mut());

/// One frame of the stacks that lead through it.
struct StackNode {
    /// The return address.
    address: AtomicUsize,
    /// The caller's number, and above its bits the mark of the module.
    caller: AtomicU64,
}

/// All frames of all stacks.
pub(crate) struct StackTree {
    nodes: *const StackNode,
    length: usize,
    used: AtomicUsize,
}

// SAFETY: the nodes live as long as the tree and are accessed only through atomics.
unsafe impl Sync for StackTree {}

/// The address, caller and module of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) caller: StackId,
    /// Return address: where the function continues after its call.
    pub(crate) address: usize,
    /// Mark of the module of the address, if it can be unloaded; otherwise 0.
    pub(crate) mark: u32,
}

/// The tree in use.
#[inline(always)]
pub(crate) fn tree() -> Option<&'static StackTree> {
    // SAFETY: only `prepare` stores here, and it stores a complete tree that is never freed.
    unsafe { TREE.load(Acquire).as_ref() }
}

/// Creates the tree, once, for `frames` frames. Only outside allocations, one caller at a time. False: the system has
/// no memory for it.
pub(super) fn prepare(frames: usize) -> bool {
    tree().is_some()
        || StackTree::create(frames).is_some_and(|made| {
            TREE.store(std::ptr::from_ref(made).cast_mut(), Release);
            true
        })
}

impl StackTree {
    fn create(frames: usize) -> Option<&'static StackTree> {
        // Below 2^31, so that every number fits into an id, and above 16, so that the hash can be shifted.
        let length = frames.clamp(1 << 10, 1 << 30).checked_next_power_of_two()?;
        let header = size_of::<StackTree>().next_multiple_of(64);
        let start = pages::reserve(length.checked_mul(size_of::<StackNode>())?.checked_add(header)?);
        if start.is_null() {
            return None;
        }
        // SAFETY: the mapping holds the header and the nodes, each aligned; zeroed nodes are empty ones.
        unsafe {
            let tree = start.cast::<StackTree>();
            tree.write(StackTree { nodes: start.add(header).cast(), length, used: AtomicUsize::new(0) });
            Some(&*tree)
        }
    }

    #[inline(always)]
    fn node(&self, index: usize) -> &StackNode {
        // SAFETY: the length is a power of two, so the mask keeps the index below it.
        unsafe { &*self.nodes.add(index & (self.length - 1)) }
    }

    /// The stack with this frame above `of.caller`, added if it is new. `None`: the tree is full.
    ///
    /// Two threads that add the same frame at the same moment may both succeed: a report then finds two stacks with the
    /// same frames, and merges them.
    #[inline(always)]
    pub(super) fn child(&self, of: Known) -> Option<StackId> {
        let caller = u64::from(of.mark) << 32 | u64::from(of.caller);
        let hash = (of.address as u64 ^ u64::from(of.caller).rotate_left(40) ^ u64::from(of.mark)).wrapping_mul(GOLDEN);
        let first = (hash >> (64 - self.length.trailing_zeros())) as usize;
        for step in 0..STEPS {
            let index = first.wrapping_add(step) & (self.length - 1);
            let node = self.node(index);
            let mut address = node.address.load(Acquire);
            if address == EMPTY {
                match self.fill(node, of.address, caller) {
                    Filled::Yes => return Some(index as StackId + 1),
                    Filled::TreeFull => return None,
                    Filled::Lost(theirs) => address = theirs,
                }
            }
            if address == of.address && node.caller.load(Relaxed) == caller {
                return Some(index as StackId + 1);
            }
        }
        None
    }

    #[cold]
    fn fill(&self, node: &StackNode, address: usize, caller: u64) -> Filled {
        if self.used.load(Relaxed) >= self.length / 4 * 3 {
            return Filled::TreeFull;
        }
        match node.address.compare_exchange(EMPTY, WRITING, AcqRel, Acquire) {
            Ok(_) => {
                self.used.fetch_add(1, Relaxed);
                node.caller.store(caller, Relaxed);
                // Release: a thread that sees the address sees the caller.
                node.address.store(address, Release);
                Filled::Yes
            }
            Err(theirs) => Filled::Lost(theirs),
        }
    }

    /// The frame of a stack; `None` for 0 and for numbers that are no stack.
    pub(crate) fn get(&self, id: StackId) -> Option<Known> {
        let index = usize::try_from(id).ok()?.checked_sub(1).filter(|&index| index < self.length)?;
        let node = self.node(index);
        let address = node.address.load(Acquire);
        if address == EMPTY || address == WRITING {
            return None;
        }
        let caller = node.caller.load(Relaxed);
        Some(Known { caller: caller as u32, address, mark: (caller >> 32) as u32 })
    }

    /// The frames of a stack, innermost first.
    pub(crate) fn frames(&self, id: StackId) -> impl Iterator<Item = Known> + use<'_> {
        let mut next = id;
        std::iter::from_fn(move || {
            let known = self.get(next)?;
            next = known.caller;
            Some(known)
        })
    }
}

/// The outcome of filling an empty entry.
enum Filled {
    Yes,
    TreeFull,
    /// Another thread has filled it with this address.
    Lost(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(caller: StackId, address: usize) -> Known {
        Known { caller, address, mark: 0 }
    }

    #[test]
    fn a_stack_is_stored_once_and_found_again() {
        let tree = StackTree::create(1024).unwrap();
        let outer = tree.child(frame(0, 0x1000)).unwrap();
        let inner = tree.child(frame(outer, 0x2000)).unwrap();
        let other = tree.child(frame(0, 0x2000)).unwrap();
        let unloaded = tree.child(Known { mark: 7, ..frame(outer, 0x2000) }).unwrap();
        assert!(inner != other && inner != unloaded && tree.used.load(Relaxed) == 4);
        assert_eq!(tree.child(frame(outer, 0x2000)), Some(inner));
        assert_eq!(tree.frames(inner).map(|known| known.address).collect::<Vec<_>>(), [0x2000, 0x1000]);
        assert_eq!(tree.get(unloaded).unwrap().mark, 7);
        assert!(tree.get(0).is_none() && tree.get(u32::MAX).is_none() && tree.frames(0).next().is_none());
    }

    #[test]
    fn a_full_tree_still_finds_what_it_has() {
        let tree = StackTree::create(1024).unwrap();
        let added: Vec<_> = (2..2002_usize).map(|number| (number * 16, tree.child(frame(0, number * 16)))).collect();
        let kept = added.iter().filter(|(_, id)| id.is_some()).count();
        assert!(kept <= 768 && kept > 700, "{kept}");
        for (address, id) in added {
            assert_eq!(tree.child(frame(0, address)), id);
        }
    }

    #[test]
    fn threads_that_add_the_same_stacks_agree_on_their_frames() {
        let tree = StackTree::create(1 << 14).unwrap();
        let add = || {
            let mut caller = 0;
            for step in 2..2000_usize {
                caller = tree.child(frame(caller % 5, step % 700 * 8 + 16)).unwrap();
            }
            caller
        };
        let stacks: Vec<u32> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(add)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for stack in stacks {
            assert_eq!(tree.get(stack).unwrap().address, 1999 % 700 * 8 + 16);
        }
    }
}
