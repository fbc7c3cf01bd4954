//! The thread-local state: how a thread gets its ledger, and what happens to the ledger when the thread is over.
//!
//! ```text
//!             first allocation              thread over (after its Rust TLS destructors)
//!    NONE ───────────────────────► ledger ─────────────────────────────────────────────► RETIRED
//!    │ ▲ │  profiling is switched off
//!    │ │ └───────────────────────────► DISABLED ◄── (the thread that switches it off)
//!    └─┘ no memory for a ledger: this allocation counts in the shared one, the next asks again
//!
//!    ledger ──► PROBING ──► ledger   (while `probe` allocates one byte)
//!    any but DISABLED ──► reporting ledger ──► as before   (while the profiler works, see `reporting`)
//! ```

use super::ledger::Ledger;
use super::ledgers::{REGISTRY, REPORTING};
use super::{left_over, test_events};
use crate::live;
use crate::os::threads::thread_word::{self, thread_words};
use crate::os::threads::{thread_end, thread_name};
use std::marker::PhantomData;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::sync::atomic::{AtomicBool, compiler_fence, fence};

/// Values of the thread-local while there is no ledger. No ledger has such an address.
const NONE: usize = 0;
const RETIRED: usize = thread_word::WITHOUT_SLOT;
/// During one allocation, which shows if the tracker is installed, and over which allocator.
const PROBING: usize = 2;
/// PERF: the highest, so that one comparison tells this, a ledger and all others apart.
const DISABLED: usize = 3;

thread_words! {
    // Reading it is one instruction, never allocates and never fails, even during the end of the thread.
    static PRESENT;
    /// Value to which `PRESENT` returns after `PROBING`.
    static PROBED;
}

#[cfg(not(all(windows, target_env = "gnu")))]
thread_words! {
    /// The last ledger in `PRESENT`; 0: there was none.
    static LAST_LEDGER;
}

/// True once `enabled = false` has switched profiling off, before the body of main.
static OFF: AtomicBool = AtomicBool::new(false);

/// The value of the thread-local.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CurrentThread(usize);

impl CurrentThread {
    /// The ledger, if there is one. One comparison, because this is on the path of every allocation.
    #[inline(always)]
    pub(crate) fn ledger(self) -> Option<&'static Ledger> {
        // SAFETY: a value above DISABLED is the address of a ledger, stored by `take`, and ledgers are never freed.
        if self.0 > DISABLED { Some(unsafe { &*std::ptr::with_exposed_provenance(self.0) }) } else { None }
    }

    /// The ledger, if there is one, to count in after calls of foreign code.
    #[inline(always)]
    pub(crate) fn lasting_ledger(self) -> Option<LastingLedger> {
        let _ledger = self.ledger()?;
        Some(LastingLedger {
            #[cfg(all(windows, target_env = "gnu"))]
            ledger: _ledger,
            _here: PhantomData,
        })
    }

    /// True if profiling is off on this thread. A thread that starts later knows it after its first event.
    #[inline(always)]
    pub(crate) fn is_off(self) -> bool {
        self.0 == DISABLED
    }

    /// True if it is this ledger.
    #[inline(always)]
    pub(crate) fn is(self, ledger: &'static Ledger) -> bool {
        self.0 == std::ptr::from_ref(ledger).addr()
    }
}

/// The ledger of this thread, which has one when this is made. PERF: nothing is stored. The ledger is read anew, which
/// takes one instruction; to keep it during a call takes two, which save a register. Where that word is read by the
/// system, it is kept.
#[derive(Debug)]
pub(crate) struct LastingLedger {
    #[cfg(all(windows, target_env = "gnu"))]
    ledger: &'static Ledger,
    /// It stays on its thread.
    _here: PhantomData<*const ()>,
}

impl LastingLedger {
    /// The ledger. It is the thread's still: a thread keeps its ledger until it is over, and a thread that is over
    /// returns from no call. The exception is a thread that has switched profiling off meanwhile. No other thread takes
    /// its last ledger.
    #[inline(always)]
    pub(crate) fn get(self) -> &'static Ledger {
        #[cfg(all(windows, target_env = "gnu"))]
        return self.ledger;
        // SAFETY: the thread has had a ledger, so `LAST_LEDGER` is one, stored by `set_ledger`. It never becomes
        // anything else, and ledgers are never freed.
        #[cfg(not(all(windows, target_env = "gnu")))]
        return unsafe { &*std::ptr::with_exposed_provenance(LAST_LEDGER.get()) };
    }
}

/// Gives this thread a ledger.
fn set_ledger(ledger: &'static Ledger) {
    let ledger = std::ptr::from_ref(ledger).expose_provenance();
    // First: whoever finds a ledger in `PRESENT` finds one here.
    #[cfg(not(all(windows, target_env = "gnu")))]
    LAST_LEDGER.set(ledger);
    compiler_fence(SeqCst);
    PRESENT.set(ledger);
}

/// Sets a value that [`CurrentThread`] has had.
fn set_present(value: usize) {
    match CurrentThread(value).ledger() {
        Some(ledger) => set_ledger(ledger),
        None => PRESENT.set(value),
    }
}

/// The present value of the thread-local.
#[inline(always)]
pub(crate) fn present() -> CurrentThread {
    CurrentThread(PRESENT.get())
}

/// Target of the counts of a thread without a ledger.
pub(crate) enum Fallback {
    Ledger(&'static Ledger),
    /// As `Ledger`, and the inner allocator has to be noted.
    Probe(&'static Ledger),
    Shared,
    Nowhere,
}

/// Slow path of a thread without a ledger: takes one if the thread has had none.
#[cold]
#[inline(never)]
pub(crate) fn without_ledger() -> Fallback {
    match PRESENT.get() {
        NONE if OFF.load(Relaxed) => {
            PRESENT.set(DISABLED);
            Fallback::Nowhere
        }
        NONE => match take() {
            Some(ledger) => Fallback::Ledger(ledger),
            None => Fallback::Shared,
        },
        RETIRED => Fallback::Shared,
        PROBING => {
            set_present(PROBED.get());
            present().ledger().map_or(Fallback::Nowhere, Fallback::Probe)
        }
        // A ledger: taken since the caller asked, by a signal handler or in the inner allocator.
        _ => present().ledger().map_or(Fallback::Nowhere, Fallback::Ledger),
    }
}

/// This thread's ledger, taken if it has had none. `None`: the thread is over, or profiling is off.
#[inline(always)]
pub(crate) fn ledger() -> Option<&'static Ledger> {
    match present().ledger().or_else(probed) {
        Some(ledger) => Some(ledger),
        None => match without_ledger() {
            Fallback::Ledger(ledger) | Fallback::Probe(ledger) => Some(ledger),
            Fallback::Shared | Fallback::Nowhere => None,
        },
    }
}

/// The ledger in the middle of a probe: an inner allocator may have scopes of its own.
fn probed() -> Option<&'static Ledger> {
    if PRESENT.get() == PROBING { CurrentThread(PROBED.get()).ledger() } else { None }
}

/// True if this ledger is the thread's, also in the middle of a probe. For slow paths.
pub(crate) fn owns(ledger: &'static Ledger) -> bool {
    present().is(ledger) || probed().is_some_and(|probed| std::ptr::eq(probed, ledger))
}

fn take() -> Option<&'static Ledger> {
    let ledger = REGISTRY.adopt().or_else(Ledger::create)?;
    if let Some(taken) = present().ledger() {
        // Taken by a signal handler that has interrupted this.
        REGISTRY.release(ledger);
        return Some(taken);
    }
    ledger.threads_served.add(1);
    ledger.thread_id.store(thread_name::current_id(), Relaxed);
    ledger.note_name();
    ledger.stacks.begin();
    ledger.own_stack.note();
    set_ledger(ledger);
    test_events::begin_thread(ledger);
    // Last: on some systems this may itself allocate, and then it counts. If the end of the thread cannot be seen, the
    // ledger is kept forever; only its memory is lost.
    thread_end::arm(on_thread_end);
    Some(ledger)
}

#[cfg(unix)]
unsafe extern "C" fn on_thread_end(_: *mut std::ffi::c_void) {
    retire();
}

#[cfg(windows)]
fn on_thread_end() {
    retire();
}

fn retire() {
    if let Some(ledger) = present().ledger().filter(|ledger| ledger.is_reporting()) {
        set_present(left_over::end_of_thread(ledger));
    }
    if let Some(ledger) = present().ledger() {
        ledger.close_all_scopes();
        ledger.note_name();
        ledger.thread_id.store(0, Relaxed);
        ledger.publish(true);
        ledger.work().end(ledger.thread_totals());
        ledger.follow_labels();
        PRESENT.set(RETIRED);
        live::close(&ledger.share);
        REGISTRY.release(ledger);
    } else if PRESENT.get() == NONE {
        PRESENT.set(RETIRED);
    }
}

/// True if this thread can take a reporting ledger: it is not in the middle of a probe, and profiling is not off.
pub(crate) fn can_change() -> bool {
    !matches!(PRESENT.get(), PROBING | DISABLED)
}

/// Gives this thread a reporting ledger, even if the thread is over. Returns the previous value; `None`: the system has
/// no word for this thread.
pub(crate) fn change_to(ledger: &'static Ledger, is_threads_life: bool) -> Option<usize> {
    let before = PRESENT.get();
    set_ledger(ledger);
    if !present().is(ledger) {
        return None;
    }
    if is_threads_life {
        thread_end::arm(on_thread_end);
    }
    Some(before)
}

/// Restores the value that [`change_to`] has returned.
pub(crate) fn change_back(before: usize) {
    set_present(before);
}

/// True if this is the thread's ledger of the program, even while the thread reports.
pub(crate) fn has(ledger: &'static Ledger) -> bool {
    match present().ledger() {
        Some(own) if own.is_reporting() => CurrentThread(left_over::before(own)).is(ledger),
        _ => present().is(ledger),
    }
}

/// In a forked child, which has this thread alone: retires the ledgers of all others. Their figures stay, and no
/// thread counts in them any more. Returns true if there were any.
pub(crate) fn retire_others() -> bool {
    let mut were_any = false;
    for ledger in REPORTING.iter().filter(|ledger| !owns(ledger)) {
        REPORTING.abandon(ledger);
    }
    for ledger in REGISTRY.iter() {
        if has(ledger) || owns(ledger) {
            // The thread has another id in the child.
            ledger.thread_id.store(thread_name::current_id(), Relaxed);
        } else if REGISTRY.abandon(ledger) {
            ledger.close_all_scopes();
            ledger.thread_id.store(0, Relaxed);
            ledger.publish(true);
            were_any = true;
        }
    }
    were_any
}

/// Allocates one byte, by which an installed tracker notes its inner allocator. Only outside allocations.
pub(crate) fn probe() {
    if let Some(ledger) = ledger() {
        PROBED.set(std::ptr::from_ref(ledger).expose_provenance());
        PRESENT.set(PROBING);
        drop(std::hint::black_box(Box::new(0u8)));
        // No tracker has counted the byte.
        if PRESENT.get() == PROBING {
            set_present(PROBED.get());
        }
    }
}

/// Switches profiling off: the calling thread stops counting at once, and threads that start later never count.
pub(crate) fn disable() {
    OFF.store(true, Relaxed);
    PRESENT.set(DISABLED);
}

/// Records up to `max` live allocations from now on, on all threads, see `live::start_recording`. False: no memory for
/// the table.
pub(crate) fn start_recording(max: usize, fixed_interval: u64, budget_percent: u64) -> bool {
    if !live::start_recording(max, fixed_interval, budget_percent) {
        return false;
    }
    // Together with the fence of `Ledger::arm`.
    fence(SeqCst);
    for ledger in REGISTRY.iter().chain(REPORTING.iter()) {
        ledger.look_at_table();
    }
    true
}
