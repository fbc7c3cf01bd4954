//! Events of a test process: the allocations and frees of one test, followed one by one.
//!
//! ```text
//!              first event         EVENTS          a block of BYTES                  exit
//!   harness ──────────────► thread ──────► the test ───────────────► result is sent ──────►
//! ```
//!
//! The harness runs the test on a thread of its own, where it has allocations of its own before and after the test. The
//! caller knows how many come before; the first after it is the block in which the result is sent. The last block of
//! that size ends the test: the peak is that before it, and the changes after it are kept, so that the caller can tell
//! those of the harness from those of the test's thread-locals.
//!
//! Threads publish with each event, and so the peak is exact. The main thread, which has the harness, is not followed.

use super::ledger::Ledger;
use crate::tracker::paths::counters::Flow;
use std::ptr::null_mut;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicPtr, AtomicU64, AtomicUsize};

/// Changes after the test that are kept: more than the harness has.
const MOST_CHANGES: usize = 32;

/// True in a test process.
static IS_ON: AtomicBool = AtomicBool::new(false);
/// Ledger of the main thread.
static MAIN: AtomicPtr<Ledger> = AtomicPtr::new(null_mut());
/// Ledger of the thread that runs the test; null: it has not begun.
static TEST: AtomicPtr<Ledger> = AtomicPtr::new(null_mut());
/// Events of the harness before the test, on its thread.
static EVENTS_BEFORE: AtomicU64 = AtomicU64::new(0);
/// Size of the block in which the result is sent; 0: not known, and the changes are those from the first event on.
static MESSAGE_BYTES: AtomicI64 = AtomicI64::new(0);

/// Threads that were followed, that of the test among them.
static THREADS: AtomicU64 = AtomicU64::new(0);
/// Allocated − deallocated on all followed threads.
static NET: AtomicI64 = AtomicI64::new(0);
/// The highest value of [`NET`] since the test began.
static PEAK: AtomicI64 = AtomicI64::new(0);
/// Events on the thread of the test.
static EVENTS: AtomicU64 = AtomicU64::new(0);
/// State when the test began.
static NET_BEFORE: AtomicI64 = AtomicI64::new(0);
static ALLOCATED_BEFORE: [AtomicU64; 2] = [const { AtomicU64::new(0) }; 2];
static HAS_BEGUN: AtomicBool = AtomicBool::new(false);
/// [`PEAK`] before the last block of the size of the result.
static PEAK_AT_END: AtomicI64 = AtomicI64::new(0);
/// Changes of the net from that block on.
static CHANGES: [AtomicI64; MOST_CHANGES] = [const { AtomicI64::new(0) }; MOST_CHANGES];
static CHANGE_COUNT: AtomicUsize = AtomicUsize::new(0);

/// Follows the threads of this process from now on, all but this one, the main thread.
pub(crate) fn begin(main: Option<&'static Ledger>, events_before: u64, message_bytes: i64) {
    MAIN.store(main.map_or(null_mut(), |main| std::ptr::from_ref(main).cast_mut()), Relaxed);
    EVENTS_BEFORE.store(events_before, Relaxed);
    MESSAGE_BYTES.store(message_bytes, Relaxed);
    IS_ON.store(true, Release);
}

/// True if a ledger is that of the main thread of a test process.
pub(crate) fn is_main(ledger: &Ledger) -> bool {
    std::ptr::eq(MAIN.load(Relaxed), ledger)
}

/// True if the events of a ledger are followed.
#[inline]
pub(super) fn is_followed(ledger: &Ledger) -> bool {
    IS_ON.load(Relaxed) && !ledger.is_reporting() && !is_main(ledger)
}

/// Notes that a thread has taken a ledger. The first one after the main thread runs the test.
pub(super) fn begin_thread(ledger: &'static Ledger) {
    if is_followed(ledger) {
        follow_thread(ledger);
    }
}

#[cold]
#[inline(never)]
fn follow_thread(ledger: &'static Ledger) {
    ledger.followed.set(ledger.net());
    THREADS.fetch_add(1, Relaxed);
    let taken = std::ptr::from_ref(ledger).cast_mut();
    if TEST.compare_exchange(null_mut(), taken, AcqRel, Acquire) == Err(taken) {
        // Another thread has the ledger now.
        TEST.store(std::ptr::dangling_mut(), Relaxed);
    }
    ledger.hurry();
}

/// Follows the last event of a ledger. `allocated`: the allocations of the followed threads so far.
pub(super) fn follow(ledger: &Ledger, allocated: impl FnOnce() -> Flow) {
    let net = ledger.net();
    let moved = net.wrapping_sub(ledger.followed.replace(net));
    if moved == 0 {
        return;
    }
    let is_test = std::ptr::eq(TEST.load(Relaxed), ledger);
    if is_test {
        note(moved);
    }
    let net = NET.fetch_add(moved, Relaxed).wrapping_add(moved);
    if net > PEAK.load(Relaxed) {
        PEAK.fetch_max(net, Relaxed);
    }
    if is_test && EVENTS.fetch_add(1, Relaxed).wrapping_add(1) == EVENTS_BEFORE.load(Relaxed) {
        let allocated = allocated();
        for (to, from) in ALLOCATED_BEFORE.iter().zip([allocated.bytes, allocated.count]) {
            to.store(from, Relaxed);
        }
        NET_BEFORE.store(net, Relaxed);
        PEAK.store(net, Relaxed);
        HAS_BEGUN.store(true, Release);
    }
}

/// Notes an event of the test's thread, which is not counted yet.
fn note(moved: i64) {
    let message = MESSAGE_BYTES.load(Relaxed);
    if moved == message && HAS_BEGUN.load(Relaxed) {
        PEAK_AT_END.store(PEAK.load(Relaxed), Relaxed);
        CHANGE_COUNT.store(0, Relaxed);
    } else if message != 0 && CHANGE_COUNT.load(Relaxed) == 0 {
        return;
    }
    if let Some(slot) = CHANGES.get(CHANGE_COUNT.fetch_add(1, Relaxed)) {
        slot.store(moved, Relaxed);
    }
}

/// State of the events.
#[derive(Debug)]
pub(crate) struct TestEvents {
    /// Allocations of the followed threads before the test.
    pub(crate) allocated_before: Flow,
    /// Net of the followed threads before the test.
    pub(crate) net_before: i64,
    /// The highest net of the test above that.
    pub(crate) peak: i64,
    /// Number of threads that allocated or freed, that of the test among them.
    pub(crate) threads: u64,
}

impl TestEvents {
    pub(crate) fn now() -> Self {
        let [bytes, count] = ALLOCATED_BEFORE.each_ref().map(|figure| figure.load(Relaxed));
        let net_before = NET_BEFORE.load(Relaxed);
        let has_ended = MESSAGE_BYTES.load(Relaxed) != 0 && CHANGE_COUNT.load(Relaxed) > 0;
        let peak = if has_ended { &PEAK_AT_END } else { &PEAK };
        Self {
            allocated_before: Flow { bytes, count },
            net_before,
            peak: peak.load(Relaxed).wrapping_sub(net_before).max(0),
            threads: THREADS.load(Relaxed),
        }
    }

    /// Changes of the net on the test's thread after the test, the first of them that of the block with the result.
    pub(crate) fn changes_after() -> impl Iterator<Item = i64> {
        CHANGES.iter().take(CHANGE_COUNT.load(Relaxed)).map(|change| change.load(Relaxed))
    }
}
