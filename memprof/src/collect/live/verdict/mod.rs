//! The verdict on a group of live blocks: growing, kept, recent, or unknown.
//!
//! A leak leaves survivors all the time, or a block that is enlarged again and again. A cache, a static or a pool is
//! filled once. A queue and work in progress come and go. The rules, in this order; times are seconds of the run, and
//! `now` is its end:
//!
//! 1. **Unknown**: in a sample, fewer than [`FEWEST_SAMPLES`] effective samples, (Σw)²/Σw² of the weights. From
//!    [`FEWEST_CONFIRMED`] on growth is still found if the exact net of the call path has risen steadily: alone that is
//!    no growth, but together with survivors from the whole run it is. A group is also unknown if its survivors kept
//!    coming until fewer samples than three were due for the time since: then a missing sample is no pause. If the
//!    exact net of its call path has continued to rise, it is growing.
//! 2. **Growing by new blocks** (`births`): the time since the group's beginning (the birth that 5 % of the blocks
//!    precede) is cut into four quarters. Survivors come from at least three of them, including the last, and each half
//!    has at least a tenth. The pause since the newest is at most a tenth of the time, or three usual distances. A
//!    group that began in the last quarter of the run needs survivors in all four, and must not have been as high
//!    before. It is no growth if about as much is deallocated as allocated: if the readings rose by less than a quarter
//!    of the bytes made in the later half, plus two standard errors in a sample whose exact net did not rise; or if the
//!    straight line through the readings of the last third rises by less than a quarter of the bytes made in it, beyond
//!    its error: a ring that was filled for most of the run, and is full. Nor is it growth if each call in each quarter
//!    leaves at most two thirds of the survivors of the quarter before: a cache fills ever more slowly.
//! 3. **Growing, but the program rests** (`births`): survivors came until the program began to rest, or they come with
//!    its work, not counting the group's own. The program rests if it allocates little and takes little processor time:
//!    since the newest survivor at most a tenth of the work before, or in the later half at most half of that in the
//!    earlier one. Of the work in the later half at least half as much survived as before.
//! 4. **Growing by larger blocks** (`levels`): the level below which the group has not fallen since, from readings of
//!    its live bytes, has risen at least three times, in the first and in the last part of its life. The pause since
//!    the last rise is usual: at the mean rate less than three such rises were due. The readings are near that level (a
//!    random figure has a rising one too), and those of the first part are below the present one. Reallocation,
//!    replacement by a larger block (a hash table that doubles) and new blocks are equal to this rule.
//! 5. **Kept since start**: it began with the program, and nine tenths were made in the first quarter.
//! 6. **Recent**: nine tenths were made in the last quarter.
//! 7. **Unknown**: fewer than [`FEWEST_BLOCKS`] blocks whose making is not over (the next one is due), or so few blocks
//!    of a late group that keep coming and are hardly ever deallocated: that is no balance.
//! 8. **Kept**: made in a stretch that is over, or in balance. It says if the group grew until that stretch ended: by
//!    new blocks that kept coming, or by larger blocks of a function that is not called any more while the program
//!    continues to work.
//!
//! Finally a buffer and the blocks inside get one verdict (`container`).

mod activity;
mod births;
mod container;
mod levels;
mod line;

pub(super) use activity::{Activity, WorkDone};
pub(super) use births::{Birth, Births};
pub(super) use container::{JudgedGroup, agree};
pub(super) use levels::Levels;

use crate::report::data::{growth, verdict};

/// Fewer effective samples say nothing about a group in a sample.
const FEWEST_SAMPLES: f64 = 8.0;
/// The same if the exact net of the path has risen steadily: samples then only have to show that the blocks are still
/// there.
const FEWEST_CONFIRMED: usize = 4;
/// Fewer blocks than this show no rate.
const FEWEST_BLOCKS: usize = 5;
/// A group that is younger than this share of the run may be work in progress.
const YOUNG: f64 = 0.25;
/// The start, as a share of the run, and its limits in seconds. A later group did not begin with the program.
const START_SHARE: f64 = 0.1;
const START_AT_MOST: f64 = 1.0;
const START_AT_LEAST: f64 = 0.02;
/// A shorter run, in seconds, is all start: what it has made so far tells nothing of how it goes on.
const SHORTEST_RUN: f64 = 0.05;
/// The first part, as a share of the run.
const FIRST_PART: f64 = 0.25;
/// Nearly all of the blocks.
const NEARLY_ALL: f64 = 0.9;

/// A difference of fewer standard errors is chance.
const ERRORS: f64 = 2.0;
/// Fewer calls do not tell when the next one is due.
const FEWEST_CALLS: u64 = 8;
/// Much work: the work since the last growth, as a share of that during the growth; and as a multiple of the share that
/// the time suggests.
const MUCH_WORK: f64 = 0.5;
const STALLED: f64 = 4.0;
/// A function that was not called for a longer share of the group's life is left alone.
const LEFT_ALONE: f64 = 0.2;

/// Verdict of the data on a group of live blocks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    Growing(Growth),
    KeptSinceStart,
    /// With its growth, if it grew until its making was over.
    Kept(Option<Growth>),
    Recent,
    Unknown,
}

/// Growth of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Growth {
    pub(super) how: How,
    /// Its beginning.
    pub(super) from: f64,
    /// Its last step.
    pub(super) last: f64,
    /// Growth since it began, bytes.
    pub(super) bytes: f64,
}

/// Kind of growth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    NewBlocks,
    /// By reallocation, or a new one and a free.
    LargerBlocks,
}

impl How {
    /// As the report has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NewBlocks => growth::NEW_BLOCKS,
            Self::LargerBlocks => growth::LARGER_BLOCKS,
        }
    }
}

/// All that is known of a group.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    /// The allocations of its blocks.
    pub(super) births: Births,
    /// Its live bytes at moments of the run.
    pub(super) levels: Levels,
    /// Live bytes now, and their standard error.
    pub(super) bytes: f64,
    pub(super) error: f64,
    /// Effective samples.
    pub(super) effective: f64,
    /// True if most of the blocks have no record of their own.
    pub(super) is_thin: bool,
    /// Probability that a block like these gets a record now.
    pub(super) chance: f64,
    /// True if a large block was enlarged in the later half of its life, by its record.
    pub(super) was_enlarged_late: bool,
    /// True if any block was ever enlarged, by its record.
    pub(super) was_enlarged: bool,
    /// Blocks now.
    pub(super) count: f64,
    /// Calls of the function on this path so far; 0: outside every function.
    pub(super) calls: u64,
    /// The same at moments of the run.
    pub(super) calls_before: Levels,
    /// True if the net of its call path has risen steadily.
    pub(super) has_rising_net: bool,
    /// Allocations on this path so far.
    pub(super) allocations: u64,
    /// Activity of the process.
    pub(super) activity: &'a Activity,
    /// Seconds of the run.
    pub(super) now: f64,
}

impl Evidence<'_> {
    fn is_confirmed(&self) -> bool {
        self.is_thin && self.has_rising_net
    }

    /// True if the program did far more since the group's last growth than the time suggests: the machine stalled while
    /// the group grew.
    fn was_stalled(&self, from: f64, last: f64) -> bool {
        let pause = (self.now - last) / (last - from).max(f64::MIN_POSITIVE);
        let work = self.activity.share_since(from, last, self.now);
        work.is_some_and(|share| share > MUCH_WORK.max(STALLED * pause))
    }

    /// Calls of the group's function up to a moment; `None` if they are not known.
    fn calls_until(&self, seconds: f64) -> Option<f64> {
        self.calls_before.at(seconds, (self.now, self.calls as f64))
    }

    /// Calls of the group's function in each quarter between two moments; `None` if they are not known or too few to
    /// compare.
    fn calls_in_quarters(&self, from: f64, to: f64) -> Option<[f64; 4]> {
        let until =
            |quarter: f64| self.calls_before.at(from + (to - from) * quarter / 4.0, (self.now, self.calls as f64));
        let [begin, first, second, third] = [until(0.0)?, until(1.0)?, until(2.0)?, until(3.0)?];
        let calls = [first - begin, second - first, third - second, until(4.0)? - third];
        calls.iter().all(|&calls| calls >= 1.0).then_some(calls)
    }

    /// True if the group's function, which was called from time to time while the group grew, has not been called for a
    /// while since the last growth although the program continues to work.
    fn is_left_alone(&self, growth: &Growth) -> bool {
        // The first reading with all calls: one more may have begun before it.
        let Some(last) = self.calls_before.reached(self.calls as f64) else { return false };
        self.calls >= FEWEST_CALLS
            && growth.last <= last
            && self.now - last > LEFT_ALONE * (self.now - growth.from)
            && !self.activity.rests((growth.from, last), self.now, self.births.bytes(growth.from, last))
    }
}

impl Verdict {
    /// The verdict on a group.
    pub(super) fn of(group: &Evidence<'_>) -> Self {
        if group.now < SHORTEST_RUN {
            return Self::Recent;
        }
        let fewest = if group.is_confirmed() { FEWEST_CONFIRMED as f64 } else { FEWEST_SAMPLES };
        if group.is_thin && group.effective < fewest {
            return Self::Unknown;
        }
        if let Some(growth) = births::growth(group) {
            return Self::Growing(growth);
        }
        let by_levels = levels::growth(group);
        if let Some(growth) = by_levels.filter(|growth| !group.is_left_alone(growth)) {
            return Self::Growing(growth);
        }
        let is_too_thin = group.is_thin && group.effective < FEWEST_SAMPLES;
        if is_too_thin || births::may_go_on(group) {
            return Self::Unknown;
        }
        if by_levels.is_some() {
            return Self::Kept(by_levels);
        }
        let births = &group.births;
        let early = births.quantile_of_sizes(1.0 - NEARLY_ALL);
        let late = births.quantile_of_sizes(NEARLY_ALL);
        let start = (START_SHARE * group.now).clamp(START_AT_LEAST, START_AT_MOST);
        if early <= start && late <= FIRST_PART * group.now {
            Self::KeptSinceStart
        } else if births.quantile(1.0 - NEARLY_ALL) >= (1.0 - YOUNG) * group.now {
            Self::Recent
        } else if births::are_too_few(group) {
            Self::Unknown
        } else {
            Self::Kept(births::growth_until_newest(group))
        }
    }

    /// As the report has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Growing(_) => verdict::GROWING,
            Self::KeptSinceStart => verdict::KEPT_SINCE_START,
            Self::Kept(_) => verdict::KEPT,
            Self::Recent => verdict::RECENT,
            Self::Unknown => verdict::UNKNOWN,
        }
    }

    pub(super) fn growth(self) -> Option<Growth> {
        match self {
            Self::Growing(growth) => Some(growth),
            _ => None,
        }
    }

    /// Growth that is over.
    pub(super) fn past_growth(self) -> Option<Growth> {
        match self {
            Self::Kept(growth) => growth,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
