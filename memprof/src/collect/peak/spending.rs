//! The time that pictures may take. It has no clock, so tests can simulate hours.

/// Time for pictures at the start, and the most that is kept, nanoseconds.
const GRANT: i64 = 50_000_000;
/// Share of the overhead budget that pictures may take.
const PART: f64 = 1.0 / 3.0;
/// Initial estimate of a picture's duration, nanoseconds. A single long one has lost the processor: at most twice the
/// usual duration is believed.
const FIRST_USUAL: u64 = 500_000;

/// The importance of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Importance {
    /// The heap may rise further, or there is a picture that is nearly as high.
    Usual,
    /// It may be the last chance for a picture of this height.
    High,
}

/// The account of one profile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spending {
    /// Share of one processor that pictures may take; 0: no limit.
    share: f64,
    /// Nanoseconds that may still be spent; below 0: overdrawn.
    left: i64,
    /// Time of the last look, nanoseconds.
    at: u64,
    usual: u64,
}

impl Spending {
    /// `percent`: the overhead budget; 0: no limit.
    pub(super) const fn new(percent: u64, now: u64) -> Self {
        Self { share: percent as f64 / 100.0 * PART, left: GRANT, at: now, usual: FIRST_USUAL }
    }

    /// True if there is a limit.
    pub(super) const fn is_limited(&self) -> bool {
        self.share > 0.0
    }

    /// Nanoseconds from `now` until a picture may be taken; 0: it may be taken now.
    pub(super) fn wait(&mut self, now: u64, importance: Importance) -> u64 {
        if !self.is_limited() {
            return 0;
        }
        let earned = now.saturating_sub(self.at) as f64 * self.share;
        self.at = now;
        // A cast from a float saturates.
        self.left = self.left.saturating_add(earned as i64).min(GRANT);
        let needed = if importance == Importance::High { 1 } else { GRANT / 2 };
        (needed.saturating_sub(self.left).max(0) as f64 / self.share).ceil() as u64
    }

    /// Charges a picture that took so many nanoseconds.
    pub(super) fn charge(&mut self, took: u64) {
        let believed = took.min(self.usual.saturating_mul(2));
        self.usual = believed.max(1);
        self.left = self.left.saturating_sub(believed as i64).max(-GRANT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Importance::{High, Usual};

    #[test]
    fn pictures_take_no_more_than_their_part_of_the_budget() {
        for took in [100_000, 1_000_000, 20_000_000] {
            let mut spending = Spending::new(3, 0);
            let (mut now, mut spent) = (0, 0);
            while now < 3_600_000_000_000 {
                now += 1_000_000;
                let wait = spending.wait(now, High);
                if wait == 0 {
                    spending.charge(took);
                    spent += took;
                    now += took;
                } else {
                    now += wait;
                }
            }
            let share = (spent as f64 - 2.0 * GRANT as f64) / now as f64;
            assert!(share < 0.0101, "{took}: {share}");
        }
    }

    #[test]
    fn the_usual_ones_leave_half_to_the_important_ones() {
        let mut spending = Spending::new(3, 0);
        let mut pictures = 0;
        while spending.wait(0, Usual) == 0 {
            spending.charge(500_000);
            pictures += 1;
        }
        assert_eq!((pictures, spending.wait(0, High)), (51, 0));
        let wait = spending.wait(0, Usual);
        assert!(wait > 0 && spending.wait(wait + 1_000, Usual) == 0);
    }

    #[test]
    fn a_picture_that_lost_the_processor_decides_nothing_and_0_is_no_limit() {
        let mut spending = Spending::new(3, 0);
        spending.charge(10_000_000_000);
        assert_eq!(spending.wait(0, Usual), 0);
        let mut unlimited = Spending::new(0, 0);
        (0..1000).for_each(|_| unlimited.charge(10_000_000));
        assert_eq!(unlimited.wait(0, Usual), 0);
    }
}
