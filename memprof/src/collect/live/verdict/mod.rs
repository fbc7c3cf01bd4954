//! The verdict on a group of live blocks: growing, kept, recent, or unknown.
//!
//! A leak leaves survivors all the time, or a block that is made larger again and again. A cache, a static or a pool is
//! filled once. A queue and what is being worked on come and go. The rules, in this order; times are seconds of the
//! run, `now` its end:
//!
//! 1. **Unknown**: in a sample, fewer than [`FEWEST_SAMPLES`] effective samples, (Σw)²/Σw² of the weights. Growth is
//!    still found from [`FEWEST_CONFIRMED`] on where the exact net of the call path has risen steadily: that a function
//!    makes more than it frees is no growth, but together with survivors from the whole run it is.
//!    Unknown, too, is a group whose survivors kept coming until fewer samples than three were due for the time since:
//!    no sample is no pause then. Where the exact net of its call path has gone on rising, it is growing.
//! 2. **Growing by new blocks** (`births`): the time since the group's beginning (the birth that 5 % of the blocks
//!    precede) is cut into four quarters. Survivors come from at least three of them, the last among them, and neither
//!    half has less than a tenth; the pause since the newest is no longer than a tenth of the time, or than three usual
//!    distances. A group that began in the last quarter of the run needs survivors in all four, and must not have been
//!    as high before. It is no growth where as much goes as comes: where the readings rose by less than a quarter of
//!    what was made in the later half, and two standard errors of a sample whose exact net did not rise. Nor is it
//!    growth where in each quarter at most two thirds of those of the quarter before survive each call: a cache fills
//!    ever more slowly.
//! 3. **Growing, but the program rests** (`births`): survivors came until the program began to rest, or they come as
//!    its work does, in which what the group has made itself does not count. It rests where it allocates little and
//!    takes little processor time: since the newest survivor at most a tenth of what it did before, or in the later
//!    half at most half of what it did in the earlier one. Of what it did in the later half at least half as much
//!    survived as before.
//! 4. **Growing by larger blocks** (`levels`): the level below which the group has not fallen since, from readings of
//!    its live bytes, has risen at least three times, in the first and in the last part of its life, and the pause
//!    since the last rise is no longer than usual: at the mean rate less than three such rises were due. The readings
//!    are near that level (a random figure has such a level that rises, too), and those of the first part are below the
//!    present one. Reallocation, replacement by a larger block (a hash table that doubles) and new blocks are all the
//!    same to this rule.
//! 5. **Kept since start**: it began with the program and nine tenths were made in the first quarter.
//! 6. **Recent**: nine tenths were made in the last quarter.
//! 7. **Unknown**: fewer than [`FEWEST_BLOCKS`] blocks whose making is not over (the next one is due), or so few of a
//!    late group that keep coming and of which hardly any was freed: that is no balance.
//! 8. **Kept**: made in a stretch that is over, or in balance. It says whether the group grew until that stretch ended:
//!    by new blocks that kept coming, or by larger blocks of a function that is not called any more while the program
//!    works on.
//!
//! In the end a buffer and the blocks that it holds get one verdict (`container`).

mod activity;
mod births;
mod container;
mod levels;

pub(super) use activity::{Activity, WorkDone};
pub(super) use births::{Birth, Births};
pub(super) use container::{JudgedGroup, agree};
pub(super) use levels::Levels;

use crate::report::data::{growth, verdict};

/// Fewer effective samples than this say nothing of a group that is a sample.
const FEWEST_SAMPLES: f64 = 8.0;
/// The same where the exact net of the path has risen steadily meanwhile: samples then only have to show that what came
/// is still there.
const FEWEST_CONFIRMED: usize = 4;
/// Fewer blocks than this show no rate.
const FEWEST_BLOCKS: usize = 5;
/// Of the run: a group that is younger may as well be what is being worked on.
const YOUNG: f64 = 0.25;
/// Of the run, and seconds: the start. What begins later did not begin with the program.
const START_SHARE: f64 = 0.1;
const START_AT_MOST: f64 = 1.0;
const START_AT_LEAST: f64 = 0.02;
/// Of the run: the first part.
const FIRST_PART: f64 = 0.25;
/// Of the blocks: nearly all of them.
const NEARLY_ALL: f64 = 0.9;

/// Standard errors: a difference of less is chance.
const ERRORS: f64 = 2.0;
/// Calls: fewer say nothing of when the next one is due.
const FEWEST_CALLS: u64 = 8;
/// Of the work while a group grew, since it grew last; and so many times what the time shows.
const MUCH_WORK: f64 = 0.5;
const STALLED: f64 = 4.0;
/// Of a group's life: a function that was not called for longer is left alone.
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

/// How a group grows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Growth {
    pub(super) how: How,
    /// When it began.
    pub(super) from: f64,
    /// When it last grew.
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
    /// When its blocks were made.
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
    /// How likely a block like these is to get a record now.
    pub(super) chance: f64,
    /// True if a large block of it was made larger in the later half of its life, as its record says.
    pub(super) was_enlarged_late: bool,
    /// True if any block of it was ever made larger, as its record says.
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
    /// How busy the process was.
    pub(super) activity: &'a Activity,
    /// Seconds of the run.
    pub(super) now: f64,
}

impl Evidence<'_> {
    fn is_confirmed(&self) -> bool {
        self.is_thin && self.has_rising_net
    }

    /// True if the program did far more since the group grew last than the time since then shows: it was the machine
    /// that stood still while the group grew.
    fn was_stalled(&self, from: f64, last: f64) -> bool {
        let pause = (self.now - last) / (last - from).max(f64::MIN_POSITIVE);
        let work = self.activity.share_since(from, last, self.now);
        work.is_some_and(|share| share > MUCH_WORK.max(STALLED * pause))
    }

    /// Calls of the group's function until a moment; `None` where they are not known.
    fn calls_until(&self, seconds: f64) -> Option<f64> {
        self.calls_before.at(seconds, (self.now, self.calls as f64))
    }

    /// Calls of the group's function in each quarter of the time between two moments; `None` where they are not known,
    /// or too few to compare.
    fn calls_in_quarters(&self, from: f64, to: f64) -> Option<[f64; 4]> {
        let until =
            |quarter: f64| self.calls_before.at(from + (to - from) * quarter / 4.0, (self.now, self.calls as f64));
        let [begin, first, second, third] = [until(0.0)?, until(1.0)?, until(2.0)?, until(3.0)?];
        let calls = [first - begin, second - first, third - second, until(4.0)? - third];
        calls.iter().all(|&calls| calls >= 1.0).then_some(calls)
    }

    /// True if the group's function, which was called now and then while the group grew, has not been called for a
    /// while since it grew last, although the program works on.
    fn is_left_alone(&self, growth: &Growth) -> bool {
        // The first reading with all calls: one more may have begun until then.
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
