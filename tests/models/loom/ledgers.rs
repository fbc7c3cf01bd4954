//! How a ledger passes from a finished thread to the next one, and how a reporter reads all of them.

use crate::counters::{Counters, Flow};
use crate::registry::{Link, Listed, Registry};
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
use loom::thread;

/// A ledger in small: shared counters, and something that its owner alone may touch.
struct Ledger {
    link: Link<Ledger>,
    counters: Counters,
    owned: UnsafeCell<u32>,
}

// SAFETY: `owned` is touched by the thread that has taken the ledger; that this excludes all others is what the models
// check.
unsafe impl Sync for Ledger {}

impl Listed for Ledger {
    fn link(&self) -> &Link<Ledger> {
        &self.link
    }
}

impl Ledger {
    fn new() -> &'static Self {
        let link = Link { next: AtomicPtr::new(std::ptr::null_mut()), state: AtomicU32::new(0) };
        Box::leak(Box::new(Self { link, counters: zero(), owned: UnsafeCell::new(0) }))
    }

    fn use_as_owner(&self) {
        // SAFETY: as for `Sync`. loom reports a second thread in here.
        self.owned.with_mut(|owned| unsafe { *owned += 1 });
    }
}

fn zero() -> Counters {
    Counters {
        allocated_bytes: AtomicU64::new(0),
        allocated_count: AtomicU64::new(0),
        deallocated_bytes: AtomicU64::new(0),
        deallocated_count: AtomicU64::new(0),
    }
}

fn registry() -> &'static Registry<Ledger> {
    Box::leak(Box::new(Registry { head: AtomicPtr::new(std::ptr::null_mut()), free: AtomicU32::new(0) }))
}

fn take(registry: &'static Registry<Ledger>) -> &'static Ledger {
    registry.adopt().unwrap_or_else(|| {
        let ledger = Ledger::new();
        registry.add(ledger);
        ledger
    })
}

/// A thread's use of its ledger, from its first allocation to its end.
fn live_and_die(registry: &'static Registry<Ledger>) {
    let ledger = take(registry);
    ledger.use_as_owner();
    ledger.counters.allocated(1);
    registry.release(ledger);
}

#[test]
fn a_ledger_has_one_owner_at_a_time_and_keeps_what_was_counted() {
    loom::model(|| {
        let registry = registry();
        // One ledger is free to begin with: both threads are after it.
        live_and_die(registry);
        let threads = [(); 2].map(|()| thread::spawn(move || live_and_die(registry)));
        for thread in threads {
            thread.join().unwrap();
        }
        let all: Vec<_> = registry.iter().collect();
        assert!(!all.is_empty() && all.len() <= 2, "never more ledgers than threads at once");
        assert_eq!(all.iter().map(|ledger| ledger.counters.read_allocated().count).sum::<u64>(), 3);
    });
}

#[test]
fn one_thread_after_the_other_needs_one_ledger() {
    loom::model(|| {
        let registry = registry();
        for _ in 0..3 {
            thread::spawn(move || live_and_die(registry)).join().unwrap();
        }
        assert_eq!(registry.iter().count(), 1);
    });
}

/// How a reporter reads.
type Reader = fn(&'static Registry<Ledger>) -> (Flow, Flow);

fn sum(registry: &'static Registry<Ledger>, read: fn(&Counters) -> Flow) -> Flow {
    registry.iter().map(|ledger| read(&ledger.counters)).fold(Flow::default(), Flow::plus)
}

fn frees_first(registry: &'static Registry<Ledger>) -> (Flow, Flow) {
    let freed = sum(registry, Counters::read_deallocated);
    (sum(registry, Counters::read_allocated), freed)
}

fn ledger_by_ledger(registry: &'static Registry<Ledger>) -> (Flow, Flow) {
    registry.iter().fold((Flow::default(), Flow::default()), |(allocated, freed), ledger| {
        (allocated.plus(ledger.counters.read_allocated()), freed.plus(ledger.counters.read_deallocated()))
    })
}

/// A new thread allocates a block and hands it to another, which existed before and frees it; meanwhile a third thread
/// reports. (Not the main thread: loom 0.7 does not try all orders of the main thread's reads while other threads run.)
fn block_handed_over(read: Reader) {
    loom::model(move || {
        let registry = registry();
        let handed_over: &'static AtomicBool = Box::leak(Box::new(AtomicBool::new(false)));
        let older = take(registry);
        let allocates = thread::spawn(move || {
            take(registry).counters.allocated(8);
            handed_over.store(true, Ordering::Release);
        });
        let frees = thread::spawn(move || {
            if handed_over.load(Ordering::Acquire) {
                older.counters.deallocated(8);
            }
        });
        let reports = thread::spawn(move || {
            let (allocated, freed) = read(registry);
            assert!(allocated.bytes >= freed.bytes && allocated.count >= freed.count, "{allocated:?} {freed:?}");
        });
        for thread in [allocates, frees, reports] {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_snapshot_in_two_passes_never_shows_more_freed_than_allocated() {
    block_handed_over(frees_first);
}

#[test]
#[should_panic(expected = "Flow")]
fn one_pass_would_show_more_freed_than_allocated() {
    block_handed_over(ledger_by_ledger);
}
