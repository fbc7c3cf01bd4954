//! The registry: the list of all ledgers, and their passing from finished threads to new ones.
//!
//! The list only grows. A ledger is taken by one thread at a time; taking is a compare-exchange that acquires what the
//! previous owner released. `tests/models/loom` compiles this very file against loom's atomics.

use crate::tracker::sync::{AcqRel, Acquire, AtomicPtr, AtomicU32, Relaxed, Release};

const FREE: u32 = 0;
const TAKEN: u32 = 1;
/// The thread that had taken it is not in this process, see [`Registry::abandon`].
const ABANDONED: u32 = 2;

/// The link of an item in the list, and its state.
#[derive(Debug)]
pub(crate) struct Link<T> {
    pub(crate) next: AtomicPtr<T>,
    pub(crate) state: AtomicU32,
}

/// An item that the registry can list.
pub(crate) trait Listed: Sized + 'static {
    fn link(&self) -> &Link<Self>;
}

/// All ledgers of the process, the newest first.
#[derive(Debug)]
pub(crate) struct Registry<T> {
    pub(crate) head: AtomicPtr<T>,
    /// Number of free items, a hint that saves the search while there are none.
    pub(crate) free: AtomicU32,
}

impl<T: Listed> Registry<T> {
    /// Takes a ledger that a finished thread has left, if there is one. The search is bounded by the maximum number of
    /// threads alive at once.
    pub(crate) fn adopt(&self) -> Option<&'static T> {
        if self.free.load(Acquire) == 0 {
            return None;
        }
        self.iter().find(|item| {
            let state = &item.link().state;
            let taken = state.load(Relaxed) == FREE && state.compare_exchange(FREE, TAKEN, Acquire, Relaxed).is_ok();
            if taken {
                self.free.fetch_sub(1, Relaxed);
            }
            taken
        })
    }

    /// Lists a new ledger, taken by the caller.
    pub(crate) fn add(&self, item: &'static T) {
        item.link().state.store(TAKEN, Relaxed);
        let mut head = self.head.load(Relaxed);
        // Each failed exchange means that another thread has listed its ledger: the loop is bounded by the threads that
        // start at the same time.
        loop {
            item.link().next.store(head, Relaxed);
            let new = std::ptr::from_ref(item).cast_mut();
            match self.head.compare_exchange_weak(head, new, AcqRel, Relaxed) {
                Ok(_) => return,
                Err(present) => head = present,
            }
        }
    }

    /// Leaves a ledger to the next thread. The caller does not touch it afterwards.
    pub(crate) fn release(&self, item: &'static T) {
        // The hint is raised first: otherwise the decrement of an adopter could come before it and wrap.
        self.free.fetch_add(1, Relaxed);
        item.link().state.store(FREE, Release);
    }

    /// In a forked child: marks a ledger that a thread of the parent had taken. Nobody takes it any more, because that
    /// thread may have been in the middle of anything. False: it is free, or already marked.
    pub(crate) fn abandon(&self, item: &'static T) -> bool {
        item.link().state.compare_exchange(TAKEN, ABANDONED, Relaxed, Relaxed).is_ok()
    }

    /// All ledgers, taken or free.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'static T> + use<T> {
        std::iter::successors(self.newest(), |item| Self::after(item))
    }

    /// The first ledger of the list.
    pub(crate) fn newest(&self) -> Option<&'static T> {
        // SAFETY: only `add` stores here, and it stores a `&'static`.
        unsafe { self.head.load(Acquire).as_ref() }
    }

    /// The ledger that was listed before this one.
    pub(crate) fn after(item: &'static T) -> Option<&'static T> {
        // SAFETY: as in `newest`; the pointer does not change once the item is listed.
        unsafe { item.link().next.load(Relaxed).as_ref() }
    }
}
