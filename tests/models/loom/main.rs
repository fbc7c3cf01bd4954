//! Models of the lock-free data that threads share: how a ledger passes from a finished thread to the next one, why two
//! passes make a consistent snapshot, how a thread learns of its scopes that end on other threads, how a measurement
//! takes a slot that threads enter, how a slot of the live table is swept, freed and copied at the same time, how frees
//! switch to another filter, and how capacity passes between the table and the shares of threads. loom tries every
//! order of the atomic operations that the memory model allows.
//!
//! The modules are the library's own files, compiled against loom's atomics.
#![allow(missing_docs, dead_code)]

mod sync {
    pub(crate) use loom::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release, SeqCst};
    pub(crate) use loom::sync::atomic::{
        AtomicBool, AtomicI8, AtomicI64, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence,
    };

    /// A load and a store.
    macro_rules! add {
        ($owner:expr, $Owner:ty, $field:ident, $by:expr, $order:ident) => {
            $owner.$field.store($owner.$field.load(Relaxed).wrapping_add($by), loom::sync::atomic::Ordering::$order)
        };
    }
    pub(crate) use add;
}

/// Paths by which the files import each other.
mod tracker {
    pub(crate) use crate::sync;
}
mod live {
    pub(crate) use crate::{hash, record, sync};
}

#[path = "../../../memprof/src/live/table/capacity.rs"]
mod capacity;
#[path = "../../../memprof/src/live/filter/choice.rs"]
mod choice;
#[path = "../../../memprof/src/tracker/paths/counters.rs"]
mod counters;
#[path = "../../../memprof/src/live/filter/counting.rs"]
mod counting;
#[path = "../../../memprof/src/live/hash.rs"]
mod hash;
#[path = "../../../memprof/src/tracker/threads/mailbox_words.rs"]
mod mailbox_words;
#[path = "../../../memprof/src/tracker/threads/measurement_slot.rs"]
mod measurement_slot;
#[path = "../../../memprof/src/live/record.rs"]
mod record;
#[path = "../../../memprof/src/tracker/threads/registry.rs"]
mod registry;
#[path = "../../../memprof/src/live/table/share.rs"]
mod share;
#[path = "../../../memprof/src/live/table/slot.rs"]
mod slot;

mod filters;
mod ledgers;
mod mail;
mod measurements;
mod shares;
mod slots;

use loom::thread;

fn in_threads(threads: impl IntoIterator<Item = Box<dyn FnOnce() + Send>>) {
    let threads: Vec<_> = threads.into_iter().map(thread::spawn).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// All orders would take minutes.
fn with_few_preemptions(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(model);
}
