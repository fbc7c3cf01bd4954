//! Work of the profiler itself, counted on ledgers of its own: no figure of the program has it.
//!
//! ```text
//!             begin                        end
//!   program's ledger ──► reporting ledger ─────► program's ledger, which is given what is left
//!   (no ledger)      ──► reporting ledger, until the thread is over       (the profiler's own threads)
//! ```
//!
//! A thread that reports counts on another ledger meanwhile. Its own stands still: no scope, budget, window, measurement or
//! peak sees the work, and the hot path has no question more. Blocks that are left at the end belong to the program from then
//! on (a `Report` that it holds, buffers of the standard library): they are charged to its root in one go, beside all open
//! scopes, as bytes and blocks, so that freeing them balances. Blocks of the program that were freed meanwhile likewise.
//!
//! The profiler's own threads have no ledger of the program's. What they leave waits until a thread of the program has
//! reported, so that the exact peak of a program with one thread stays that thread's.

use super::contexts::CallPath;
use super::counters::{Counters, Flow};
use super::ledger::{Ledger, REPORTING, SHARED, each_node};
use super::{published, thread};
use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI64, AtomicU64};

/// Bytes and blocks that were left by reporting and are not charged to the program yet.
static LEFT_BYTES: AtomicI64 = AtomicI64::new(0);
static LEFT_COUNT: AtomicI64 = AtomicI64::new(0);
/// Everything that the program was charged with so far, as allocations and as frees.
static HANDED_OVER: Counters = Counters::new();
/// The highest net of one piece of work, bytes.
static PEAK: AtomicU64 = AtomicU64::new(0);

/// State of a reporting ledger. For the owner alone.
#[derive(Debug)]
pub(super) struct OwnWork {
    /// Value of the thread-local that the thread goes back to.
    before: Cell<usize>,
    /// Scopes that are open, one within the other; the life of the profiler's own thread is the outermost.
    depth: Cell<u32>,
    is_threads_life: Cell<bool>,
    /// Net of the ledger that has left it so far: bytes and blocks.
    left_bytes: Cell<i64>,
    left_count: Cell<i64>,
}

impl OwnWork {
    pub(super) const fn new() -> Self {
        Self {
            before: Cell::new(0),
            depth: Cell::new(0),
            is_threads_life: Cell::new(false),
            left_bytes: Cell::new(0),
            left_count: Cell::new(0),
        }
    }
}

/// Allocations and frees of this thread are the profiler's until this is dropped. They get no records.
#[derive(Debug)]
#[must_use]
pub(crate) struct Reporting {
    /// `None`: profiling is off on this thread, or there is no memory for a ledger: then the work is the program's.
    ledger: Option<&'static Ledger>,
    /// It ends on the thread where it began.
    _here: PhantomData<*const ()>,
}

impl Reporting {
    pub(crate) fn begin() -> Self {
        Self { ledger: enter(false), _here: PhantomData }
    }

    /// Makes this thread the profiler's own, until it is over. To be called before the thread allocates anything.
    pub(crate) fn begin_thread() {
        enter(true);
    }
}

impl Drop for Reporting {
    fn drop(&mut self) {
        let Some(ledger) = self.ledger.filter(|ledger| thread::owns(ledger)) else { return };
        let work = ledger.own_work();
        work.depth.set(work.depth.get().saturating_sub(1));
        match (work.depth.get(), work.is_threads_life.get()) {
            (0, _) => end(ledger),
            (1, true) => leave(ledger),
            _ => {}
        }
    }
}

/// Begins a scope on this thread's reporting ledger.
fn enter(is_threads_life: bool) -> Option<&'static Ledger> {
    if is_threads_life && thread::present().ledger().is_none() {
        // The thread has no ledger of the program's, and takes none.
        return change(true);
    }
    let present = thread::ledger();
    if let Some(ledger) = present.filter(|ledger| ledger.is_reporting()) {
        let work = ledger.own_work();
        if work.depth.get() == 1 && work.is_threads_life.get() {
            ledger.high.set(ledger.net());
        }
        work.depth.set(work.depth.get().saturating_add(1));
        return Some(ledger);
    }
    if let Some(ledger) = present {
        ledger.catch_up();
        // The process's peak is known up to here, and nothing moves it until the end.
        ledger.publish(true);
    }
    change(is_threads_life)
}

/// Changes this thread's ledger for a reporting one.
fn change(is_threads_life: bool) -> Option<&'static Ledger> {
    if !thread::can_change() {
        return None;
    }
    let ledger = REPORTING.adopt().or_else(Ledger::create_for_reporting)?;
    let Some(before) = thread::change_to(ledger, is_threads_life) else {
        REPORTING.release(ledger);
        return None;
    };
    let work = ledger.own_work();
    work.before.set(before);
    work.depth.set(1);
    work.is_threads_life.set(is_threads_life);
    ledger.high.set(ledger.net());
    Some(ledger)
}

/// Ends the work on a ledger: the thread goes back to the one it had, and gives it what is left.
fn end(ledger: &'static Ledger) {
    leave(ledger);
    thread::change_back(ledger.own_work().before.get());
    REPORTING.release(ledger);
    give();
}

/// State that the thread of a reporting ledger goes back to.
pub(super) fn before(ledger: &'static Ledger) -> usize {
    ledger.own_work().before.get()
}

/// The thread is over, in whichever scope. Returns what it goes back to.
pub(super) fn end_of_thread(ledger: &'static Ledger) -> usize {
    leave(ledger);
    let before = ledger.own_work().before.get();
    REPORTING.release(ledger);
    before
}

/// Puts the net of a ledger among what is left.
fn leave(ledger: &'static Ledger) {
    let work = ledger.own_work();
    let peak = ledger.high.get().wrapping_sub(work.left_bytes.get());
    PEAK.fetch_max(peak.max(0) as u64, Relaxed);
    let (allocated, freed) = flows(ledger);
    let bytes = allocated.bytes.wrapping_sub(freed.bytes) as i64;
    let count = allocated.count.wrapping_sub(freed.count) as i64;
    LEFT_BYTES.fetch_add(bytes.wrapping_sub(work.left_bytes.replace(bytes)), Relaxed);
    LEFT_COUNT.fetch_add(count.wrapping_sub(work.left_count.replace(count)), Relaxed);
}

/// Charges the program, on this thread, with what is left.
fn give() {
    let (bytes, count) = (LEFT_BYTES.swap(0, Relaxed), LEFT_COUNT.swap(0, Relaxed));
    if (bytes, count) == (0, 0) {
        return;
    }
    match thread::ledger() {
        Some(ledger) => {
            let entered = CallPath::to_root(ledger).enter();
            ledger.take_over(bytes, count);
            drop(entered);
        }
        // The thread is over, or nothing is counted on it.
        None => {
            SHARED.root().counters.add_shared(bytes, count);
            published::move_net(bytes);
        }
    }
    HANDED_OVER.add_shared(bytes, count);
}

/// Allocations and frees of a ledger.
fn flows(ledger: &'static Ledger) -> (Flow, Flow) {
    let sum = |read: fn(&Counters) -> Flow| {
        each_node(ledger).map(|node| read(&node.counters)).fold(Flow::default(), Flow::plus)
    };
    (sum(Counters::read_allocated), sum(Counters::read_deallocated))
}

/// Everything that was charged to the program so far: allocations, and frees.
pub(super) fn handed_over() -> (Flow, Flow) {
    let freed = HANDED_OVER.read_deallocated();
    (HANDED_OVER.read_allocated(), freed)
}

/// The profiler's own ordinary allocations, without what the program has been given of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnFigures {
    pub(crate) allocated_bytes: u64,
    pub(crate) allocated_count: u64,
    /// The highest net of one piece of work that has ended, bytes.
    pub(crate) peak_bytes: u64,
}

impl OwnFigures {
    /// Those of now. Does not allocate.
    pub(crate) fn now() -> Self {
        let all = REPORTING.iter().map(|ledger| flows(ledger).0).fold(Flow::default(), Flow::plus);
        let (given, _) = handed_over();
        Self {
            allocated_bytes: all.bytes.saturating_sub(given.bytes),
            allocated_count: all.count.saturating_sub(given.count),
            peak_bytes: PEAK.load(Relaxed),
        }
    }
}
