//! Work of the profiler itself, counted on separate ledgers: it is in no figure of the program.
//!
//! ```text
//!             begin                        end
//!   program's ledger ──► reporting ledger ─────► program's ledger, which is given what is left
//!   (no ledger)      ──► reporting ledger, until the thread is over       (the profiler's own threads)
//! ```
//!
//! A thread that reports counts on another ledger meanwhile. Its own ledger does not change: no scope, budget, window,
//! measurement or peak includes the work, and the hot path needs no extra check. Blocks left at the end belong to the
//! program from then on (a `Report` that it holds, buffers of the standard library). They are charged to its root at
//! once, outside all open scopes, as bytes and blocks, so that freeing them balances. The same holds for blocks of the
//! program that were freed meanwhile.
//!
//! The profiler's own threads have no ledger of the program. Blocks that they leave are charged when a thread of the
//! program reports, so that the peak of a program with one thread stays exact.

use super::context::CallPath;
use super::work::CarriedGuard;
use crate::tracker::threads::ledger::Ledger;
use crate::tracker::threads::ledgers::{REPORTING, SHARED};
use crate::tracker::threads::left_over;
use crate::tracker::threads::published;
use crate::tracker::threads::thread;
use std::marker::PhantomData;

/// Counts allocations and frees of this thread as the profiler's until this is dropped. They get no records.
#[derive(Debug)]
#[must_use]
pub(crate) struct ReportingGuard {
    /// `None`: profiling is off on this thread, or there is no memory for a ledger; then the work counts as the
    /// program's.
    ledger: Option<&'static Ledger>,
    /// It ends on the thread where it began.
    _here: PhantomData<*const ()>,
}

impl ReportingGuard {
    pub(crate) fn begin() -> Self {
        Self { ledger: enter(false), _here: PhantomData }
    }

    /// Makes this thread one of the profiler, until it is over. Called before the thread allocates anything.
    pub(crate) fn begin_thread() {
        enter(true);
    }
}

impl Drop for ReportingGuard {
    fn drop(&mut self) {
        let Some(ledger) = self.ledger.filter(|ledger| thread::owns(ledger)) else { return };
        let work = ledger.own_work();
        work.depth.set(work.depth.get().saturating_sub(1));
        match (work.depth.get(), work.is_threads_life.get()) {
            (0, _) => end(ledger),
            (1, true) => left_over::leave(ledger),
            _ => {}
        }
    }
}

/// Begins a scope on this thread's reporting ledger.
fn enter(is_threads_life: bool) -> Option<&'static Ledger> {
    if is_threads_life && thread::present().ledger().is_none() {
        // The thread has no ledger of the program, and takes none.
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
        // The peak of the process is known up to here and does not move until the end.
        ledger.publish(true);
    }
    change(is_threads_life)
}

/// Replaces this thread's ledger by a reporting one.
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

/// Ends the work on a ledger: the thread returns to its previous one, which is charged with the remaining blocks.
fn end(ledger: &'static Ledger) {
    left_over::leave(ledger);
    thread::change_back(ledger.own_work().before.get());
    REPORTING.release(ledger);
    give();
}

/// Charges the program, on this thread, with the remaining blocks.
fn give() {
    let (bytes, count) = left_over::take();
    if (bytes, count) == (0, 0) {
        return;
    }
    match thread::ledger() {
        Some(ledger) => {
            let entered = CallPath::to_root(ledger).enter();
            let work = CarriedGuard::enter(None, 0);
            ledger.take_over(bytes, count);
            drop(work);
            drop(entered);
        }
        // The thread is over, or nothing is counted on it.
        None => {
            SHARED.root().counters.add_shared(bytes, count);
            published::move_net(bytes);
        }
    }
    left_over::note_handed_over(bytes, count);
}
