//! The reference tracker: an allocator that charges each request to where its thread stands, as simply as can be.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::RefCell;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI64, AtomicU64};

use memprof_tests::Flow;

use crate::book::{MAX_PATHS, PathId, ROOT};

/// A request for so many bytes is refused.
pub(crate) const REFUSED: usize = 54_321;

/// Bytes and blocks allocated and freed on a call path, and the live ones of those allocated there.
struct Counters {
    allocated: AtomicU64,
    allocations: AtomicU64,
    freed: AtomicU64,
    frees: AtomicU64,
    retained: AtomicI64,
}

static COUNTERS: [Counters; MAX_PATHS] = [const {
    Counters {
        allocated: AtomicU64::new(0),
        allocations: AtomicU64::new(0),
        freed: AtomicU64::new(0),
        frees: AtomicU64::new(0),
        retained: AtomicI64::new(0),
    }
}; MAX_PATHS];

/// Flow of a path.
pub(crate) fn flow(path: PathId) -> Flow {
    let counters = &COUNTERS[path];
    Flow {
        allocated: counters.allocated.load(Relaxed),
        allocations: counters.allocations.load(Relaxed),
        freed: counters.freed.load(Relaxed),
        frees: counters.frees.load(Relaxed),
    }
}

/// Bytes that were allocated on a path and are live.
pub(crate) fn retained(path: PathId) -> i64 {
    COUNTERS[path].retained.load(Relaxed)
}

/// An open scope of a thread. It has what happened in it and in all above it, up to the next context.
#[derive(Clone, Copy)]
pub(crate) struct Frame {
    pub(crate) path: PathId,
    /// `None`: a context.
    pub(crate) site: Option<usize>,
    pub(crate) allocated: u64,
    pub(crate) net: i64,
    pub(crate) highest: i64,
}

/// The open scopes of one thread.
pub(crate) struct Stack {
    frames: [Frame; 128],
    depth: usize,
}

thread_local! {
    // Without a destructor, so that it is there as long as the thread allocates.
    static STACK: RefCell<Stack> = const {
        let nothing = Frame { path: ROOT, site: None, allocated: 0, net: 0, highest: 0 };
        RefCell::new(Stack { frames: [nothing; 128], depth: 0 })
    };
}

/// With the scopes of this thread; `work` does not allocate.
pub(crate) fn with_stack<R>(work: impl FnOnce(&mut Stack) -> R) -> R {
    STACK.with(|stack| work(&mut stack.borrow_mut()))
}

impl Stack {
    /// Current path of the thread.
    pub(crate) fn path(&self) -> PathId {
        self.frames[..self.depth].last().map_or(ROOT, |frame| frame.path)
    }

    /// The scopes above the innermost context.
    fn counting(&mut self) -> impl Iterator<Item = &mut Frame> {
        self.frames[..self.depth].iter_mut().rev().take_while(|frame| frame.site.is_some())
    }

    /// True if no scope of the site is open, except beneath a context.
    pub(crate) fn is_outermost(&mut self, site: usize) -> bool {
        self.counting().all(|frame| frame.site != Some(site))
    }

    pub(crate) fn push(&mut self, path: PathId, site: Option<usize>) {
        self.frames[self.depth] = Frame { path, site, allocated: 0, net: 0, highest: 0 };
        self.depth += 1;
    }

    pub(crate) fn pop(&mut self) -> Frame {
        self.depth -= 1;
        self.frames[self.depth]
    }

    fn moved(&mut self, allocated: usize, freed: usize) {
        // A reallocation allocates first.
        for frame in self.counting() {
            frame.allocated += allocated as u64;
            frame.net += allocated as i64 - freed as i64;
            frame.highest = frame.highest.max(frame.net);
        }
    }
}

fn count(allocated: Option<usize>, freed: Option<usize>) -> PathId {
    with_stack(|stack| {
        stack.moved(allocated.unwrap_or(0), freed.unwrap_or(0));
        let path = stack.path();
        if let Some(bytes) = allocated {
            COUNTERS[path].allocated.fetch_add(bytes as u64, Relaxed);
            COUNTERS[path].allocations.fetch_add(1, Relaxed);
            COUNTERS[path].retained.fetch_add(bytes as i64, Relaxed);
        }
        if let Some(bytes) = freed {
            COUNTERS[path].freed.fetch_add(bytes as u64, Relaxed);
            COUNTERS[path].frees.fetch_add(1, Relaxed);
        }
        path
    })
}

/// The reference, as the inner allocator of the tracker. Before each block stands who owns it.
#[derive(Debug)]
pub(crate) struct Reference;

/// The layout with room for the owner, and where the block begins in it.
fn with_owner(layout: Layout) -> Option<(Layout, usize)> {
    let before = layout.align().max(16);
    let whole = Layout::from_size_align(layout.size().checked_add(before)?, before).ok()?;
    Some((whole, before))
}

fn take(layout: Layout, zeroed: bool) -> *mut u8 {
    let Some((whole, before)) = with_owner(layout).filter(|_| layout.size() != REFUSED) else {
        return std::ptr::null_mut();
    };
    // SAFETY: the size is not 0, and the block begins within what was taken.
    unsafe {
        let start = if zeroed { System.alloc_zeroed(whole) } else { System.alloc(whole) };
        if start.is_null() { start } else { start.add(before) }
    }
}

/// Notes the owner of a block.
///
/// # Safety
/// The block came from `take`.
unsafe fn own(block: *mut u8, owner: PathId) {
    // SAFETY: there are 16 bytes or more before the block.
    unsafe { block.sub(8).cast::<usize>().write(owner) };
}

/// Gives a block back, which its owner retains no more.
///
/// # Safety
/// The block came from `take` with this layout, and has an owner.
unsafe fn give(block: *mut u8, layout: Layout) {
    // SAFETY: the owner stands before the block, and the whole was taken with this layout.
    unsafe {
        let owner = block.sub(8).cast::<usize>().read();
        COUNTERS[owner].retained.fetch_sub(layout.size() as i64, Relaxed);
        if let Some((whole, before)) = with_owner(layout) {
            System.dealloc(block.sub(before), whole);
        }
    }
}

// SAFETY: every block comes from the system's allocator and goes back to it with the layout it was asked for with.
unsafe impl GlobalAlloc for Reference {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let block = take(layout, false);
        if !block.is_null() {
            // SAFETY: `take` has just made it.
            unsafe { own(block, count(Some(layout.size()), None)) };
        }
        block
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let block = take(layout, true);
        if !block.is_null() {
            // SAFETY: `take` has just made it.
            unsafe { own(block, count(Some(layout.size()), None)) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(None, Some(layout.size()));
        // SAFETY: the caller gives back what it got here.
        unsafe { give(block, layout) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller vouches that the new size fits the alignment.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        let moved = take(new_layout, false);
        if !moved.is_null() {
            // SAFETY: both blocks are at least as long as the shorter one, and the old one goes back as it came.
            unsafe {
                moved.copy_from_nonoverlapping(block, layout.size().min(new_size));
                own(moved, count(Some(new_size), Some(layout.size())));
                give(block, layout);
            }
        }
        moved
    }
}
