//! The reports that answers are made from: once for requests at the same time, and at most once a second.

use crate::Error;
use crate::os::process::fork_lock::ForkLock;
use crate::report::Report;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Makes a report of the running profile, with or without the names of stacks.
pub(super) type Maker = fn(has_names: bool) -> Result<Report, Error>;

static MAKER: ForkLock<Maker> = ForkLock::new();
static NAMED: ForkLock<SharedReport> = ForkLock::new();
static PLAIN: ForkLock<SharedReport> = ForkLock::new();
/// The first readings of differences that were asked for: one for each length.
static FIRSTS: ForkLock<Vec<First>> = ForkLock::new();

/// Time for which a report answers further requests.
const FRESH: Duration = Duration::from_secs(1);
/// Time for which the first reading of a difference is kept beyond the difference.
const GRACE: Duration = Duration::from_secs(120);
/// Most lengths of differences at once. A further one replaces the oldest.
const LENGTHS: usize = 8;

#[derive(Debug)]
struct SharedReport {
    /// The process whose figures these are.
    process: u32,
    made: Instant,
    report: Arc<Report>,
}

#[derive(Debug)]
struct First {
    process: u32,
    taken: Instant,
    seconds: u64,
    report: Arc<Report>,
}

/// Result of a request for a difference.
pub(super) enum BothReadings {
    /// The first reading is taken: ask again in so many seconds.
    Wait(u64),
    Both(Arc<Report>, Arc<Report>),
}

pub(super) fn set_maker(maker: Maker) {
    MAKER.lock().put(maker);
}

/// Removes everything that belongs to the profile before.
pub(super) fn forget() {
    drop((NAMED.lock().take(), PLAIN.lock().take(), FIRSTS.lock().take()));
}

/// The report with the names of stacks.
pub(super) fn named() -> Result<Arc<Report>, Error> {
    shared(&NAMED, true)
}

/// The report without the names of stacks.
pub(super) fn plain() -> Result<Arc<Report>, Error> {
    shared(&PLAIN, false)
}

fn shared(place: &ForkLock<SharedReport>, has_names: bool) -> Result<Arc<Report>, Error> {
    let maker = MAKER.lock().get().copied().ok_or(Error::NotRunning)?;
    let process = std::process::id();
    // Requests at the same time wait here, and have the report of the first.
    let mut held = place.lock();
    if let Some(shared) = held.get().filter(|shared| shared.process == process && shared.made.elapsed() < FRESH) {
        return Ok(Arc::clone(&shared.report));
    }
    // The memory of the last one is free for the next.
    drop(held.take());
    let report = Arc::new(maker(has_names)?);
    held.put(SharedReport { process, made: Instant::now(), report: Arc::clone(&report) });
    Ok(report)
}

/// The two readings of a difference over these seconds, once the later one is due. Requests for other lengths have
/// readings of their own.
pub(super) fn over(seconds: u64) -> Result<BothReadings, Error> {
    let mut held = FIRSTS.lock();
    let mut firsts = held.take().map(|firsts| *firsts).unwrap_or_default();
    let result = both(&mut firsts, seconds);
    held.put(firsts);
    result
}

fn both(firsts: &mut Vec<First>, seconds: u64) -> Result<BothReadings, Error> {
    let process = std::process::id();
    let is_kept =
        |first: &First| first.process == process && first.taken.elapsed() <= Duration::from_secs(first.seconds) + GRACE;
    firsts.retain(is_kept);
    let Some(index) = firsts.iter().position(|first| first.seconds == seconds) else {
        let report = named()?;
        if firsts.len() >= LENGTHS {
            firsts.remove(0);
        }
        firsts.push(First { process, taken: Instant::now(), seconds, report });
        return Ok(BothReadings::Wait(seconds));
    };
    let taken = firsts.get(index).map_or(Duration::ZERO, |first| first.taken.elapsed());
    let left = Duration::from_secs(seconds).saturating_sub(taken);
    if !left.is_zero() {
        return Ok(BothReadings::Wait(left.as_secs() + 1));
    }
    let last = named()?;
    Ok(BothReadings::Both(firsts.remove(index).report, last))
}
