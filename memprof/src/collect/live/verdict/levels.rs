//! Growth by larger blocks: the live bytes of a group at moments of the run.

use super::{ERRORS, Evidence, FEWEST_BLOCKS, FEWEST_CALLS, Growth, How, YOUNG, births};

/// Fewer readings than this show no growth.
const FEWEST: usize = 6;
/// Moments that stand for readings, where there are none.
const MOMENTS: u32 = 32;
/// Readings before a group that began late in the run.
const FEWEST_BEFORE: usize = 4;
/// Rises beyond the first appearance.
const FEWEST_RISES: usize = 3;
/// Minimum rise, as a share of the present bytes.
const LEAST_RISE: f64 = 0.05;
/// Minimum share of the present bytes that was gained in the first and in the last part of the group's life.
const LEAST_SHARE: f64 = 0.1;
/// Length of these parts, as a share of the life. A little more than half is the last part, so that it always contains
/// the last doubling of a table.
const PART: f64 = 0.4;
/// Largest ratio of the levels to the levels below which they have not fallen since, minus 1.
const NOISE: f64 = 0.25;
/// Number of rises as large as the last one that may be overdue.
const DUE: f64 = 3.0;
/// A pause of at most this share of the time of growth means nothing.
const SHORT_PAUSE: f64 = 0.2;
/// A pause of more than this share of the time of growth is one, whatever the calls show.
const UNEVEN: f64 = 1.4;
/// Minimum share of the calls of that time that must have happened since. With fewer, the function is hardly called any
/// more.
const LEAST_CALLS: f64 = 0.75;
/// Blocks made within this share of the interval of readings were made at once.
const BURST: f64 = 0.4;
/// A group that reached this share of its present bytes before may fall again.
const AS_HIGH: f64 = 0.5;
/// Minimum share of the run. Shorter growth looks the same as work in progress.
const SHORTEST: f64 = 0.05;

/// Readings of one figure, oldest first: seconds of the run, and the value.
#[derive(Debug, Default)]
pub(crate) struct Levels(Vec<(f64, f64)>);

impl Levels {
    pub(crate) fn new(levels: Vec<(f64, f64)>) -> Self {
        Self(levels)
    }

    /// The last reading at a moment or before it.
    pub(super) fn last_until(&self, seconds: f64) -> Option<(f64, f64)> {
        self.0.iter().rev().find(|level| level.0 <= seconds).copied()
    }

    /// The figure at a moment, interpolated between the readings around it; the last one is the present. `None` without
    /// readings.
    pub(super) fn at(&self, seconds: f64, present: (f64, f64)) -> Option<f64> {
        let after = self.0.partition_point(|level| level.0 <= seconds);
        let right = self.0.get(after).copied().unwrap_or(present);
        let left = after.checked_sub(1).map_or(Some((0.0, 0.0)), |left| self.0.get(left).copied())?;
        let part = ((seconds - left.0) / (right.0 - left.0).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
        (!self.0.is_empty()).then_some(left.1 + (right.1 - left.1) * part)
    }

    /// The first reading at which a figure that never falls had its present value. `None` if it had it from the first
    /// one on.
    pub(super) fn reached(&self, present: f64) -> Option<f64> {
        let below = self.0.iter().rposition(|level| level.1 < present)?;
        self.0.get(below + 1).map(|level| level.0)
    }

    /// The highest reading before a moment; `None` if there are too few.
    pub(super) fn highest_until(&self, seconds: f64) -> Option<f64> {
        let before: Vec<f64> = self.0.iter().filter(|level| level.0 < seconds).map(|level| level.1).collect();
        (before.len() >= FEWEST_BEFORE).then(|| before.iter().copied().fold(0.0, f64::max))
    }

    /// The readings between two moments; the present one is not among them.
    pub(super) fn between(&self, from: f64, to: f64) -> impl Iterator<Item = (f64, f64)> {
        self.0.iter().copied().filter(move |level| level.0 >= from && level.0 < to)
    }

    /// The highest reading between two moments.
    fn highest_between(&self, from: f64, to: f64) -> f64 {
        self.0.iter().filter(|level| level.0 >= from && level.0 <= to).map(|level| level.1).fold(0.0, f64::max)
    }

    /// The level below which the figure has not fallen since, at each reading and at the end.
    fn floors(&self, now: f64, present: f64) -> Vec<(f64, f64)> {
        let mut floors = vec![(now, present)];
        let mut lowest = present;
        for &(at, level) in self.0.iter().rev().filter(|level| level.0 < now) {
            lowest = lowest.min(level);
            floors.push((at, lowest));
        }
        floors.reverse();
        floors
    }
}

/// True if a group grows by larger blocks.
pub(super) fn growth(group: &Evidence<'_>) -> Option<Growth> {
    let has_readings = group.levels.0.len() >= FEWEST;
    if !has_readings && let Some(growth) = by_the_record(group) {
        return Some(growth);
    }
    // If each block has a record: blocks that were made until a moment and are live now were live then.
    let floors = match has_readings {
        true => group.levels.floors(group.now, group.bytes),
        false if group.is_thin || group.was_enlarged || group.births.len() < FEWEST_BLOCKS => return None,
        false => Levels(group.births.levels(MOMENTS, group.now)).floors(group.now, group.bytes),
    };
    let least = (LEAST_RISE * group.bytes).max(ERRORS * group.error);
    let mut rises: Vec<(f64, f64)> = Vec::new();
    let mut height = 0.0;
    for &(at, floor) in &floors {
        if floor - height >= least && floor > 0.0 {
            rises.push((at, floor - height));
            height = floor;
        }
    }
    let (&(from, beginning), &(last, step)) = rises.first().zip(rises.last())?;
    let (life, pause) = (group.now - from, group.now - last);
    // Readings can be late. The record of an enlarged block knows when it was made.
    let began = if group.was_enlarged_late { from.min(group.births.quantile(0.0)) } else { from };
    let rate = group.bytes / (last - began).max(f64::MIN_POSITIVE);
    let goes_on = is_due_later(group, (began, last), pause)
        && rate * pause <= DUE * step
        && (group.was_enlarged_late || !is_by_the_machine(group, &floors, (began, last), step));
    let at = |part: f64| floors.iter().rev().find(|floor| floor.0 <= from + life * part).map_or(0.0, |floor| floor.1);
    let least = LEAST_SHARE * group.bytes;
    let highest = group.levels.highest_between(from, from + life * PART);
    // Both levels of a sample are as uncertain as the present one.
    let rose = group.bytes - at(PART).max(highest) - ERRORS * group.error;
    let in_both_parts = at(1.0 - PART) >= least && rose >= least;
    // A table can double more than once between two readings. The record of its block shows that it was enlarged
    // lately.
    let fewest = if group.was_enlarged_late { FEWEST_RISES - 1 } else { FEWEST_RISES };
    let grows = rises.len() > fewest
        && goes_on
        && in_both_parts
        && !is_noise(group, &floors, from)
        && !may_fall_again(group, from);
    let bytes = group.bytes - beginning;
    let (new, of_them) = group.births.made_since(from);
    let how = if new >= FEWEST_BLOCKS && of_them >= bytes / 2.0 { How::NewBlocks } else { How::LargerBlocks };
    // A reading is later than the blocks that it shows.
    let latest = group.births.latest();
    let pause = (group.now - latest) / (latest - from).max(f64::MIN_POSITIVE);
    let at_once = group.births.densest(0.0, group.now / group.levels.0.len().max(MOMENTS as usize) as f64);
    let is_late = pause > SHORT_PAUSE && group.bytes * pause > DUE * at_once;
    let is_no_growth = || is_late || births::falls_off(group) || births::is_in_balance(group);
    let grows = grows && (how == How::LargerBlocks || !is_no_growth());
    grows.then_some(Growth { how, from, last, bytes })
}

/// True if the pause since the last rise is no longer than the growth before it, as for something that doubles. A
/// machine does not always run at the same speed, so the calls of the function also count if they continue.
fn is_due_later(group: &Evidence<'_>, (began, last): (f64, f64), pause: f64) -> bool {
    let grew = last - began;
    if pause <= grew || pause > UNEVEN * grew {
        return pause <= grew;
    }
    let Some((before, until)) = group.calls_until(began).zip(group.calls_until(last)) else { return false };
    let (calls, since) = (until - before, group.calls as f64 - until);
    calls >= FEWEST_CALLS as f64 && (LEAST_CALLS * calls..=calls).contains(&since)
}

/// True if the pause since the last rise only looks usual because the machine had stalled: the readings around the rise
/// are far apart, or the program did far more since than the time suggests.
fn is_by_the_machine(group: &Evidence<'_>, floors: &[(f64, f64)], (began, last): (f64, f64), step: f64) -> bool {
    let (pause, grew) = (group.now - last, last - began);
    let was_stalled = group.was_stalled(began, last);
    if was_stalled || pause <= SHORT_PAUSE * grew {
        return was_stalled;
    }
    // An even gain between two readings is not a step. The time of an enlargement is stored coarsely, so twice the time
    // of the rise is checked.
    let before = floors.iter().rev().find(|floor| floor.0 < last).map_or(0.0, |floor| floor.0);
    let distance = last - before;
    let step = step.min(group.births.densest(before - distance, BURST * distance));
    group.bytes * pause / grew.max(f64::MIN_POSITIVE) > DUE * step
}

/// True if the levels fluctuate. The level below which a random figure has not fallen since rises too, but the figure
/// is mostly far above it.
fn is_noise(group: &Evidence<'_>, floors: &[(f64, f64)], from: f64) -> bool {
    let sum = |levels: &[(f64, f64)]| -> f64 {
        levels.iter().filter(|level| level.0 >= from && level.0 < group.now).map(|level| level.1).sum()
    };
    sum(&group.levels.0) > (1.0 + NOISE) * sum(floors)
}

/// True if a group that has grown for less than half of the run was as high before: it is emptied from time to time. A
/// group that began in the last quarter must show that it never was.
fn may_fall_again(group: &Evidence<'_>, from: f64) -> bool {
    let life = group.now - from;
    let highest = group.levels.highest_until(from);
    let was_as_high = highest.is_some_and(|highest| highest > AS_HIGH * group.bytes);
    if life >= YOUNG * group.now {
        return life < group.now / 2.0 && was_as_high;
    }
    was_as_high || highest.is_none() || life < SHORTEST * group.now || group.calls < FEWEST_CALLS
}

/// Growth by the record of the largest block: it was enlarged in the later half of its life.
fn by_the_record(group: &Evidence<'_>) -> Option<Growth> {
    let from = group.births.quantile(0.0);
    let is_old = group.now - from >= YOUNG * group.now;
    (group.was_enlarged_late && is_old).then_some(Growth {
        how: How::LargerBlocks,
        from,
        last: group.now,
        bytes: group.bytes,
    })
}
