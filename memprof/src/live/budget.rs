//! What tracking may cost: a part of the processor time of the process, and a grant that lets short programs stay exact.
//!
//! Threads time one in [`TIMED_EACH`] of the allocations that get a record. It stands for all of them, and for their frees:
//! to take a record away costs no more than to make one.

use super::table::Table;
use crate::os::clock::Anchor;
use crate::os::cpu_time;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// One in so many is timed.
pub(crate) const TIMED_EACH: u64 = 64;
/// What a program may spend beyond its part, nanoseconds: 100 ms.
const GRANT: u64 = 100_000_000;
/// The most that is believed of one timing, nanoseconds: a thread that lost the processor meanwhile did not use it.
const OUTLIER: u64 = 20_000;
/// From one look at the budget to the next, nanoseconds: what a larger interval saves has to show first.
const PAUSE: u64 = 100_000_000;
/// The size of blocks, bytes, beyond which none is thought to be usual.
const USUAL: u64 = 1024;
/// How often the interval doubles at once, at most.
const MOST_DOUBLINGS: u32 = 6;
/// The interval begins here where it grows for the budget: a smaller one would spare few blocks their record.
const LEAST_INTERVAL: u64 = 256;

/// The part in percent; 0: tracking may cost what it costs.
static PERCENT: AtomicU64 = AtomicU64::new(0);
/// When the first profile began, by both clocks.
static ORIGIN: OnceLock<Anchor> = OnceLock::new();
/// Nanoseconds that tracking took in this profile.
static SPENT: AtomicU64 = AtomicU64::new(0);
/// Processor time when this profile began.
static CPU_AT_START: AtomicU64 = AtomicU64::new(0);
/// [`SPENT`] and the processor time at the last look.
static SPENT_BEFORE: AtomicU64 = AtomicU64::new(0);
static CPU_BEFORE: AtomicU64 = AtomicU64::new(0);
/// When the next look is due, nanoseconds after [`ORIGIN`].
static NEXT_LOOK: AtomicU64 = AtomicU64::new(0);

/// Begins anew with `percent` of the processor time from now on.
pub(super) fn begin(percent: u64) {
    let origin = ORIGIN.get_or_init(Anchor::now);
    let cpu = cpu_time::of_process();
    SPENT.store(0, Relaxed);
    SPENT_BEFORE.store(0, Relaxed);
    CPU_AT_START.store(cpu, Relaxed);
    CPU_BEFORE.store(cpu, Relaxed);
    NEXT_LOOK.store(nanos(origin, &Anchor::now()), Relaxed);
    PERCENT.store(percent, Relaxed);
}

fn nanos(origin: &Anchor, now: &Anchor) -> u64 {
    origin.elapsed_until(now).as_nanos() as u64
}

/// Notes what a thread has timed for one allocation, in ticks, for all that it stands for; lets the interval grow where they
/// are too many.
pub(crate) fn spend(table: &Table, ticks: u64) {
    let percent = PERCENT.load(Relaxed);
    let Some(origin) = ORIGIN.get().filter(|_| percent > 0) else { return };
    let now = Anchor::now();
    let timed = origin.nanos_of(ticks, &now).min(OUTLIER) * (2 * TIMED_EACH);
    let spent = SPENT.fetch_add(timed, Relaxed).wrapping_add(timed);
    let Some(beyond_grant) = spent.checked_sub(GRANT) else { return };
    let (wall, due) = (nanos(origin, &now), NEXT_LOOK.load(Relaxed));
    // One thread looks; the others have nothing to wait for.
    if wall < due || NEXT_LOOK.compare_exchange(due, wall + PAUSE, Relaxed, Relaxed).is_err() {
        return;
    }
    let cpu = cpu_time::of_process();
    let lately = Use {
        spent: spent.saturating_sub(SPENT_BEFORE.swap(spent, Relaxed)),
        cpu: cpu.saturating_sub(CPU_BEFORE.swap(cpu, Relaxed)),
    };
    let in_all = Use { spent: beyond_grant, cpu: cpu.saturating_sub(CPU_AT_START.load(Relaxed)) };
    if let Some(doublings) = too_much(in_all, lately, percent) {
        let least = if table.state().is_exact() { first_interval(table, doublings) } else { 0 };
        table.grow_for_budget(least, doublings);
    }
    table.list_more();
}

/// The interval that an exact table goes on with: half of it stays at most, and so many blocks fewer get a record as was too
/// much. At an interval of n times their size one in n does.
fn first_interval(table: &Table, doublings: u32) -> u64 {
    let half = (table.max.load(Relaxed) / 2).max(1);
    let bytes = table.bytes();
    // A few large ones that stay say nothing of what comes and goes.
    let usual = (bytes / table.tracked().max(1)).min(USUAL);
    (bytes / half).max(LEAST_INTERVAL).max(usual.saturating_mul(1 << doublings))
}

/// Nanoseconds of tracking, and of the whole process.
#[derive(Clone, Copy, Debug)]
struct Use {
    spent: u64,
    cpu: u64,
}

impl Use {
    /// How many times the budget it is, in whole numbers, if it is more.
    fn times_beyond(self, percent: u64) -> Option<u64> {
        let (spent, due) = (u128::from(self.spent) * 100, u128::from(self.cpu) * u128::from(percent));
        (spent > due).then(|| u64::try_from(spent / due.max(1)).unwrap_or(u64::MAX))
    }
}

/// How often the interval has to double, if tracking takes too much. What was spent long ago is no reason to track less now,
/// when it costs little, and a moment that is dear is none either: of both the smaller excess counts. To double once in 100 ms,
/// however far beyond it is, would take a second until a busy program pays what it was promised.
fn too_much(in_all: Use, lately: Use, percent: u64) -> Option<u32> {
    let times = in_all.times_beyond(percent)?.min(lately.times_beyond(percent)?);
    Some(times.max(2).ilog2().min(MOST_DOUBLINGS))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEAR: Use = Use { spent: 31, cpu: 1000 };

    #[test]
    fn the_past_alone_or_the_moment_alone_is_no_reason() {
        let cheap = Use { spent: 30, cpu: 1000 };
        assert_eq!(too_much(DEAR, DEAR, 3), Some(1));
        assert_eq!(too_much(DEAR, cheap, 3), None);
        assert_eq!(too_much(cheap, DEAR, 3), None);
    }

    #[test]
    fn what_is_far_beyond_grows_at_once_as_far_as_both_say() {
        let far = Use { spent: 500, cpu: 1000 };
        assert_eq!(too_much(far, far, 3), Some(4));
        assert_eq!(too_much(far, DEAR, 3), Some(1));
        assert_eq!(too_much(Use { spent: 130, cpu: 1000 }, far, 3), Some(2));
        assert_eq!(too_much(Use { spent: u64::MAX, cpu: 0 }, far, 3), Some(4));
        assert_eq!(too_much(Use { spent: u64::MAX, cpu: 0 }, Use { spent: 1, cpu: 0 }, 3), Some(MOST_DOUBLINGS));
    }
}
