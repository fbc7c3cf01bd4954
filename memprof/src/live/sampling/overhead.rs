//! The cost of recording, measured, and the sampling interval that keeps it within its [`Allowance`].
//!
//! Threads time some of the allocations that get a record: one in [`TIMED_EACH`] while every block gets one, all of
//! them in a sample. A timed allocation stands for the others and for their frees. No measurement counts for more than
//! four times the median, so that a thread that lost the processor in the middle of one decides nothing.

use crate::live::sampling::allowance::{Allowance, Change, Elapsed};
use crate::live::sampling::sweep::SHARDS_AT_A_TIME;
use crate::live::table::Table;
use crate::os::clock::{self, Anchor};
use crate::os::threads::cpu_time::{self, Switches};
use std::cell::UnsafeCell;
use std::sync::OnceLock;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};

/// Allocations for each one that is timed while the table is exact.
pub(crate) const TIMED_EACH: u64 = 64;
/// Cap of one measurement, nanoseconds.
const OUTLIER: f64 = 20_000.0;
/// Cap of one measurement, in multiples of the median.
const OUTLIER_TIMES: u64 = 4;
/// Time from one review to the next, nanoseconds.
const PAUSE: f64 = 100e6;
/// Spending after which an early review is due, nanoseconds.
const DEAR: f64 = 5e6;
/// Shortest time from one review to the next, nanoseconds: a shorter one gives no rate.
const LEAST_PAUSE: f64 = 5e6;
/// Cost of a record in an exact table, in multiples of the measured time: removing one costs no more than making one.
const OF_EXACT: u64 = 2;
/// Cost of a sample beyond the timed part, nanoseconds: its removal, frees that search the table in vain because of it,
/// cold caches and mispredicted branches. Measured: parsing JSON takes 3 % longer at an interval of 32 KiB than with no
/// samples, which is six times the 0.13 µs that are timed.
const BESIDES: f64 = 600.0;
/// Cap of the usual block size, bytes.
const USUAL: u64 = 1024;
/// First interval when the budget makes it grow: a smaller one would save few records.
const LEAST_INTERVAL: u64 = 256;
/// True if there is a budget.
static IS_LIMITED: AtomicBool = AtomicBool::new(false);
/// Start of the first profile, by both clocks.
static ORIGIN: OnceLock<Anchor> = OnceLock::new();
/// Ticks that recording has taken since the last review.
static SPENT: AtomicU64 = AtomicU64::new(0);
/// Median of the measurements in ticks, followed in steps of an eighth.
static USUAL_TICKS: AtomicU64 = AtomicU64::new(0);
/// Ticks at which the next review is due, and at which it is due if recording has been expensive.
static NEXT_LOOK: AtomicU64 = AtomicU64::new(0);
static NEXT_IF_DEAR: AtomicU64 = AtomicU64::new(u64::MAX);
/// [`DEAR`], [`BESIDES`] and [`OUTLIER`] in ticks; 0 until the length of a tick is known.
static DEAR_TICKS: AtomicU64 = AtomicU64::new(0);
static BESIDES_TICKS: AtomicU64 = AtomicU64::new(0);
static OUTLIER_TICKS: AtomicU64 = AtomicU64::new(0);

static BOOKS: Books = Books { is_open: AtomicBool::new(false), books: UnsafeCell::new(Book::new()) };

/// The account, and the clocks at the last review.
struct Book {
    allowance: Allowance,
    at: Option<Anchor>,
    processor: u64,
    switches: Option<Switches>,
}

impl Book {
    const fn new() -> Self {
        Self { allowance: Allowance::new(0), at: None, processor: 0, switches: None }
    }
}

/// A lock around the book that nobody waits for: a review that another thread is making need not be repeated.
struct Books {
    is_open: AtomicBool,
    books: UnsafeCell<Book>,
}

// SAFETY: the cell is accessed by `Books::with` alone, which admits one thread at a time.
unsafe impl Sync for Books {}

impl Books {
    /// Runs `work` on the book. `None`: another thread has it.
    fn with<R>(&self, work: impl FnOnce(&mut Book) -> R) -> Option<R> {
        if self.is_open.swap(true, Acquire) {
            return None;
        }
        // SAFETY: `is_open` was false and is true now, so no other thread is in here until it is reset. `work` is one
        // of the closures below, none of which calls this again.
        let result = work(unsafe { &mut *self.books.get() });
        self.is_open.store(false, Release);
        Some(result)
    }
}

/// Resets the account: recording may take `percent` of the processor time from now on.
pub(crate) fn begin(percent: u64) {
    let now = *ORIGIN.get_or_init(Anchor::now);
    let now = if IS_LIMITED.load(Relaxed) || percent > 0 { Anchor::now() } else { now };
    SPENT.store(0, Relaxed);
    NEXT_LOOK.store(now.ticks(), Relaxed);
    NEXT_IF_DEAR.store(now.ticks(), Relaxed);
    let (processor, switches) = (cpu_time::of_process(), cpu_time::switches());
    // A thread that is making the last review of the previous profile is done at once.
    let open = || Book { allowance: Allowance::new(percent), at: Some(now), processor, switches };
    while BOOKS.with(|book| *book = open()).is_none() {
        std::thread::yield_now();
    }
    IS_LIMITED.store(percent > 0, Relaxed);
}

/// In a forked child, which has one thread: the thread that was making a review does not exist.
pub(crate) fn recover() {
    BOOKS.is_open.store(false, Release);
}

/// True if recording has a budget and has to be timed.
#[inline(always)]
pub(crate) fn is_limited() -> bool {
    IS_LIMITED.load(Relaxed)
}

/// Charges the time that one allocation has taken since the tick `since`, and that stands for `times` of them. True:
/// the interval has shrunk, and threads whose next sample is far away should draw another one.
pub(crate) fn spend(table: &Table, since: u64, times: u64) -> bool {
    if !is_limited() {
        return false;
    }
    let now = clock::ticks();
    let ticks = now.saturating_sub(since);
    let usual = USUAL_TICKS.load(Relaxed);
    let step = (usual / 8).max(1);
    // A median needs no sum: half of all measurements are above it. Two threads at the same time lose a step.
    let next = if usual == 0 {
        ticks
    } else if ticks > usual {
        usual + step
    } else {
        usual.saturating_sub(step).max(1)
    };
    let outlier = outlier_ticks();
    USUAL_TICKS.store(next.min(outlier), Relaxed);
    let most = if times > 1 { usual.max(1).saturating_mul(OUTLIER_TIMES) } else { outlier };
    let believed = ticks.min(most).min(outlier);
    let charged =
        if times > 1 { believed.saturating_mul(OF_EXACT * times) } else { believed + BESIDES_TICKS.load(Relaxed) };
    let spent = SPENT.fetch_add(charged, Relaxed).wrapping_add(charged);
    let due = if spent >= DEAR_TICKS.load(Relaxed) { &NEXT_IF_DEAR } else { &NEXT_LOOK };
    now >= due.load(Relaxed) && look(table)
}

/// Lists some records, and makes a review if one is due, for a program that allocates without being sampled. Returns as
/// [`spend`]. Called once for each 64 KiB of a thread.
pub(crate) fn look_if_due(table: &Table) -> bool {
    table.list_some();
    if !is_limited() {
        return false;
    }
    clock::ticks() >= NEXT_LOOK.load(Relaxed) && look(table)
}

/// [`OUTLIER`] in ticks. The first caller measures the length of a tick, from the start of the profile until now.
fn outlier_ticks() -> u64 {
    match OUTLIER_TICKS.load(Relaxed) {
        0 => {
            let per_nano = ticks_per_nano(&Anchor::now()).unwrap_or(1.0);
            DEAR_TICKS.store((DEAR * per_nano) as u64, Relaxed);
            BESIDES_TICKS.store((BESIDES * per_nano) as u64, Relaxed);
            let ticks = ((OUTLIER * per_nano) as u64).max(1);
            OUTLIER_TICKS.store(ticks, Relaxed);
            ticks
        }
        ticks => ticks,
    }
}

fn ticks_per_nano(now: &Anchor) -> Option<f64> {
    let origin = ORIGIN.get()?;
    let (ticks, nanos) = (now.ticks().checked_sub(origin.ticks())?, origin.elapsed_until(now).as_nanos());
    (ticks > 0 && nanos > 0).then(|| ticks as f64 / nanos as f64)
}

/// Reviews the spending and changes the interval accordingly. As [`spend`].
fn look(table: &Table) -> bool {
    BOOKS.with(|book| look_into(book, table)).unwrap_or(false)
}

fn look_into(book: &mut Book, table: &Table) -> bool {
    let now = Anchor::now();
    let (Some(at), Some(per_nano)) = (book.at, ticks_per_nano(&now)) else { return false };
    let (processor, switches) = (cpu_time::of_process(), cpu_time::switches());
    let span = Elapsed {
        wall: at.elapsed_until(&now).as_nanos() as u64,
        processor: processor.saturating_sub(book.processor),
        switches: switches.zip(book.switches).map(|(now, before)| now.since(before)),
        spent: (SPENT.swap(0, Relaxed) as f64 / per_nano) as u64,
        sample: (USUAL_TICKS.load(Relaxed) as f64 / per_nano + BESIDES) as u64,
    };
    (book.at, book.processor, book.switches) = (Some(now), processor, switches);
    NEXT_LOOK.store(now.ticks() + (PAUSE * per_nano) as u64, Relaxed);
    NEXT_IF_DEAR.store(now.ticks() + (LEAST_PAUSE * per_nano) as u64, Relaxed);
    let is_finer = match book.allowance.look(span, table.len()) {
        Change::Stay => false,
        Change::Grow(doublings) => {
            let least = if table.state().is_exact() { first_interval(table, doublings) } else { 0 };
            table.coarsen(least, doublings);
            false
        }
        Change::Shrink(halvings) => table.refine(halvings),
    };
    table.list_more(SHARDS_AT_A_TIME);
    is_finer
}

/// The first interval after an exact table, chosen to reduce the number of records by the excess. At an interval of n
/// times their size, one block in n gets a record.
fn first_interval(table: &Table, doublings: u32) -> u64 {
    // A few large blocks that stay say nothing about those that come and go.
    let usual = (table.bytes() / table.len().max(1)).min(USUAL);
    usual.saturating_mul(1 << doublings).max(LEAST_INTERVAL)
}
