//! The cost of recording, measured, and the sampling interval that keeps it within its [`Allowance`].
//!
//! Threads time some of the allocations that get a record: one in [`TIMED_EACH`] while every block gets one, each of a sample.
//! One that is timed stands for the others, and for their frees. No
//! measurement counts for more than four times the usual one, so that a thread which lost the processor in the middle of it
//! decides nothing.

use crate::live::sampling::allowance::{Allowance, Change, Elapsed};
use crate::live::sampling::sweep::SHARDS_AT_A_TIME;
use crate::live::table::Table;
use crate::os::clock::{self, Anchor};
use crate::os::cpu_time::{self, Switches};
use std::cell::UnsafeCell;
use std::sync::OnceLock;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU64};

/// One in so many is timed while the table is exact.
pub(crate) const TIMED_EACH: u64 = 64;
/// The most that is believed of one measurement, nanoseconds.
const OUTLIER: f64 = 20_000.0;
/// The most that is believed of one measurement, in usual ones.
const OUTLIER_TIMES: u64 = 4;
/// From one look to the next, nanoseconds.
const PAUSE: f64 = 100e6;
/// Spending after which a look is due before that, nanoseconds.
const DEAR: f64 = 5e6;
/// From one look to the next at least, nanoseconds: a shorter span has no rate.
const LEAST_PAUSE: f64 = 5e6;
/// The cost of a record in an exact table, in the time that was measured: to remove one costs no more than to make one.
const OF_EXACT: u64 = 2;
/// The cost of a sample beyond what is timed of it, nanoseconds: its removal, frees that look further in vain because of it, cold
/// caches and unpredicted branches. Measured: reading JSON takes 3 % longer at an interval of 32 KiB than with nothing
/// sampled, six times of the 0.13 µs that are timed.
const BESIDES: f64 = 600.0;
/// Shards that are swept for the short filter with each 64 KiB of a thread: 1,024 slots.
const SHARDS_WHEN_PUBLISHING: usize = 16;
/// The size of blocks, bytes, beyond which none is thought to be usual.
const USUAL: u64 = 1024;
/// The interval begins here where it grows for the budget: a smaller one would spare few blocks their record.
const LEAST_INTERVAL: u64 = 256;
/// True if there is a budget.
static IS_LIMITED: AtomicBool = AtomicBool::new(false);
/// When the first profile began, by both clocks.
static ORIGIN: OnceLock<Anchor> = OnceLock::new();
/// Ticks that recording has taken since the last look.
static SPENT: AtomicU64 = AtomicU64::new(0);
/// Ticks of a usual measurement: the median, followed in steps of an eighth.
static USUAL_TICKS: AtomicU64 = AtomicU64::new(0);
/// When the next look is due, in ticks, and when it is due if recording has been dear.
static NEXT_LOOK: AtomicU64 = AtomicU64::new(0);
static NEXT_IF_DEAR: AtomicU64 = AtomicU64::new(u64::MAX);
/// [`DEAR`], [`BESIDES`] and [`OUTLIER`] in ticks; 0 until a tick's length is known.
static DEAR_TICKS: AtomicU64 = AtomicU64::new(0);
static BESIDES_TICKS: AtomicU64 = AtomicU64::new(0);
static OUTLIER_TICKS: AtomicU64 = AtomicU64::new(0);

static BOOKS: Books = Books { is_open: AtomicBool::new(false), books: UnsafeCell::new(Book::new()) };

/// The account, and the clocks at the last look.
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

/// The book of whoever opens it. Nobody waits for it: a look that another thread is taking need not be taken again.
struct Books {
    is_open: AtomicBool,
    books: UnsafeCell<Book>,
}

// SAFETY: the cell is reached by `Books::with` alone, which lets one thread at a time in.
unsafe impl Sync for Books {}

impl Books {
    /// `None`: another thread has it.
    fn with<R>(&self, work: impl FnOnce(&mut Book) -> R) -> Option<R> {
        if self.is_open.swap(true, Acquire) {
            return None;
        }
        // SAFETY: `is_open` was false and is true now, so no other thread is in here until it is set back. `work` is one of the
        // closures below, none of which comes here again.
        let result = work(unsafe { &mut *self.books.get() });
        self.is_open.store(false, Release);
        Some(result)
    }
}

/// Begins anew with `percent` of the processor time from now on.
pub(crate) fn begin(percent: u64) {
    let now = *ORIGIN.get_or_init(Anchor::now);
    let now = if IS_LIMITED.load(Relaxed) || percent > 0 { Anchor::now() } else { now };
    SPENT.store(0, Relaxed);
    NEXT_LOOK.store(now.ticks(), Relaxed);
    NEXT_IF_DEAR.store(now.ticks(), Relaxed);
    let (processor, switches) = (cpu_time::of_process(), cpu_time::switches());
    // A thread that is taking the last look of the profile before is done at once.
    let open = || Book { allowance: Allowance::new(percent), at: Some(now), processor, switches };
    while BOOKS.with(|book| *book = open()).is_none() {
        std::thread::yield_now();
    }
    IS_LIMITED.store(percent > 0, Relaxed);
}

/// In a forked child, which has one thread: whoever was taking a look is gone.
pub(crate) fn recover() {
    BOOKS.is_open.store(false, Release);
}

/// True if recording has a budget, so that it has to be timed.
#[inline(always)]
pub(crate) fn is_limited() -> bool {
    IS_LIMITED.load(Relaxed)
}

/// Charges what a thread has timed for one allocation, from the tick `since`, that stands for `times` of them. True: the
/// interval has shrunk, and threads that wait for a distant sample had better draw another one.
pub(crate) fn spend(table: &Table, since: u64, times: u64) -> bool {
    if !is_limited() {
        return false;
    }
    let now = clock::ticks();
    let ticks = now.saturating_sub(since);
    let usual = USUAL_TICKS.load(Relaxed);
    let step = (usual / 8).max(1);
    // A median needs no sum: half of all measurements are above it. Two threads at once lose a step.
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

/// Takes a look if it is due: for a program that allocates without being sampled. As [`spend`]. Called once for 64 KiB of a
/// thread.
pub(crate) fn look_if_due(table: &Table) -> bool {
    if !is_limited() {
        return false;
    }
    // A table that has few records left is soon worth the short filter.
    table.list_more(SHARDS_WHEN_PUBLISHING);
    clock::ticks() >= NEXT_LOOK.load(Relaxed) && look(table)
}

/// [`OUTLIER`] in ticks. The first thread that asks measures a tick's length, from the start of the profile until now.
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

/// Looks how much was spent, and changes the interval accordingly.
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

/// The interval that an exact table goes on with: so many blocks fewer get a record as was too much. At an interval of n times
/// their size one in n does.
fn first_interval(table: &Table, doublings: u32) -> u64 {
    // A few large ones that stay say nothing of what comes and goes.
    let usual = (table.bytes() / table.len().max(1)).min(USUAL);
    usual.saturating_mul(1 << doublings).max(LEAST_INTERVAL)
}
