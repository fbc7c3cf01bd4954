//! What the birth times of a group's live blocks say of it.
//!
//! A leak leaves survivors all the time: those that are live now were born over the whole run, the last part of it included.
//! A cache, a static or a pool is filled once: its blocks are old, and none came after. What is in use at the moment is young.
//!
//! The time from the birth of the oldest survivor to now is cut into four quarters of equal length. Growing is a group with
//! survivors from at least three of them, the last among them, neither half of the time with less than a tenth of all, and the
//! oldest of which is at least a quarter of the run old. Younger groups are recent; all others are kept since the start.

use crate::report::data::verdict;

/// Fewer survivors than this show no rate.
const FEWEST: u64 = 5;
/// Of all survivors, in each half of the time.
const LEAST_SHARE: f64 = 0.1;
/// Of the run: a group whose oldest block is younger may as well be what is being worked on.
const YOUNG: f64 = 0.25;

/// What the data says of a group of live blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Growing,
    KeptSinceStart,
    Recent,
}

impl Verdict {
    /// As the report has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Growing => verdict::GROWING,
            Self::KeptSinceStart => verdict::KEPT_SINCE_START,
            Self::Recent => verdict::RECENT,
        }
    }

    /// Of a group with these births, in a run of so many seconds; `oldest` is the age of its oldest block.
    pub(super) fn of(births: &Births, oldest: f64, run: f64) -> Self {
        if oldest < YOUNG * run {
            Self::Recent
        } else if births.keep_coming() {
            Self::Growing
        } else {
            Self::KeptSinceStart
        }
    }
}

/// When the live blocks of a group were made, between the birth of the oldest and now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Births {
    /// Records, however many blocks each stands for.
    records: u64,
    /// Blocks in each quarter of that time, oldest first: with their weights where sampled.
    quarters: [f64; 4],
}

impl Births {
    /// Adds a block that was made at `born`, between the moments `first` and `now`, and stands for `weight` blocks.
    pub(super) fn add(&mut self, born: u64, first: u64, now: u64, weight: f64) {
        let (since, whole) = (born.saturating_sub(first), now.saturating_sub(first).max(1));
        let quarter = (u128::from(since) * 4 / u128::from(whole)).min(3) as usize;
        self.records += 1;
        if let Some(quarter) = self.quarters.get_mut(quarter) {
            *quarter += weight;
        }
    }

    fn keep_coming(&self) -> bool {
        let [first, second, third, last] = self.quarters;
        let all = first + second + third + last;
        let hit = self.quarters.iter().filter(|&&quarter| quarter > 0.0).count();
        self.records >= FEWEST
            && hit >= 3
            && last > 0.0
            && first + second >= LEAST_SHARE * all
            && third + last >= LEAST_SHARE * all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of a group that was born at these moments of a run that is at 1,000 now and began at 0.
    fn verdict(born: impl IntoIterator<Item = u64>) -> Verdict {
        let born: Vec<u64> = born.into_iter().collect();
        let first = *born.iter().min().unwrap();
        let mut births = Births::default();
        born.iter().for_each(|&born| births.add(born, first, 1_000, 1.0));
        Verdict::of(&births, (1_000 - first) as f64, 1_000.0)
    }

    #[test]
    fn survivors_over_the_whole_run_are_growth() {
        assert_eq!(verdict((0..1_000).step_by(10)), Verdict::Growing);
        // Also where it began late, in bursts, or with few of them.
        assert_eq!(verdict((600..1_000).step_by(10)), Verdict::Growing);
        assert_eq!(verdict([0, 1, 2, 400, 401, 402, 900, 901]), Verdict::Growing);
        assert_eq!(verdict([0, 250, 500, 750, 990]), Verdict::Growing);
    }

    #[test]
    fn what_was_made_once_is_kept() {
        assert_eq!(verdict([3]), Verdict::KeptSinceStart);
        assert_eq!(verdict((0..200).chain([300])), Verdict::KeptSinceStart);
        // A cache that is filled first, and gets an entry now and then.
        assert_eq!(verdict((0..100).chain([400, 600, 800, 990])), Verdict::KeptSinceStart);
        // Four blocks show no rate.
        assert_eq!(verdict([0, 300, 600, 900]), Verdict::KeptSinceStart);
    }

    #[test]
    fn what_is_young_may_still_be_freed() {
        assert_eq!(verdict(900..1_000), Verdict::Recent);
        // A queue: most of what is in it has just come.
        assert_eq!(verdict((0..60).map(|n| 1_000 - n * n / 16)), Verdict::Recent);
        // The same with one straggler that is as old as the run.
        assert_eq!(verdict((0..60).map(|n| 1_000 - n * n / 16).chain([0])), Verdict::KeptSinceStart);
    }

    #[test]
    fn a_group_of_one_moment_and_a_clock_that_stands_still_divide_by_nothing() {
        let mut births = Births::default();
        births.add(5, 5, 5, 1.0);
        births.add(9, 5, 5, 1.0);
        assert_eq!(Verdict::of(&births, 0.0, 0.0), Verdict::KeptSinceStart);
    }
}
