//! The arithmetic of the overhead budget: the processor time that recording may take, and the change of the sampling
//! interval. It has no clock and no table, so that a test can simulate hours.
//!
//! Recording may take `percent` of the processor time of the process, or, if that is more, of one core's wall time. In
//! a program that mostly waits, it may take no more than a part of the processor time that the program uses: a quarter
//! until [`FEWEST`] of its live blocks have a record, and then a twelfth, so that most requests after a wait contain at
//! most a sample or two (a request of 61 blocks, 200 times a second: its median takes 2 of its time with all recorded,
//! 1.4 with a sample of 1 block in 30, 1.1 with 1 in 120). A program that is busy at least half of the time, or would
//! be if it did not have to share the processor, pays `percent` however few records it has: 400 of the 10,000 live
//! blocks of a JSON parser are 1 in 25, which takes 1.12 of its time instead of 1.07.
//!
//! Unspent time is kept for 100 ms only: a burst after an idle hour costs as much as a busy start.

use crate::os::threads::cpu_time::Switches;

/// Free spending at the start, nanoseconds: a short program is recorded in full. The unused part is lost in the first
/// seconds.
const GRANT: i64 = 50_000_000;
/// The time constant of that loss, nanoseconds.
const GRANTED_FOR: f64 = 3e9;
/// Wall time whose unspent allowance is kept, nanoseconds.
const KEPT: f64 = 100e6;
/// Records below which a waiting program gets the largest share.
const FEWEST: u64 = 400;
/// The largest share of the processor time of the last seconds below [`FEWEST`] records, and beyond.
const LARGEST_SHARE: f64 = 0.25;
const USUAL_SHARE: f64 = 0.08;
/// The time constant of the mean over the last seconds, nanoseconds.
const LATELY: f64 = 2e9;
/// Longest time with a meaningful rate, nanoseconds: in a longer one the program may have waited most of the time.
const LONGEST_SPAN: u64 = 1_000_000_000;
/// Wall time for which spending has to stay below half of the budget before the interval shrinks, nanoseconds.
const QUIET: u64 = 300_000_000;
/// Samples that the budget has to allow before spending says anything about the interval: a few more or less are
/// chance.
const EVIDENCE: f64 = 16.0;
/// Largest number of doublings and halvings of the interval at a time.
const MOST_DOUBLINGS: u32 = 6;
const MOST_HALVINGS: u32 = 3;

/// The time since the last review, in nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Elapsed {
    pub(crate) wall: u64,
    /// Processor time of all threads.
    pub(crate) processor: u64,
    /// Context switches of all threads. `None`: the system does not tell.
    pub(crate) switches: Option<Switches>,
    /// Time spent on recording.
    pub(crate) spent: u64,
    /// Cost of a usual sample.
    pub(crate) sample: u64,
}

/// The change of the sampling interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Stay,
    /// Number of doublings.
    Grow(u32),
    /// Number of halvings, if the table has capacity.
    Shrink(u32),
}

/// Account of one profile.
#[derive(Debug)]
pub(crate) struct Allowance {
    /// 0: recording has no budget.
    percent: f64,
    /// Nanoseconds that may still be spent; below 0: overdrawn.
    left: i64,
    /// Processor time per wall time, over the last seconds.
    load: f64,
    /// Since the interval changed: wall time, spending, and the sum of the allowances.
    since: u64,
    spent: f64,
    allowed: f64,
}

impl Allowance {
    pub(crate) const fn new(percent: u64) -> Self {
        Self { percent: percent as f64, left: GRANT, load: 0.0, since: 0, spent: 0.0, allowed: 0.0 }
    }

    /// Accounts for the time since the last review; `records` is the present number of records.
    pub(crate) fn look(&mut self, span: Elapsed, records: u64) -> Change {
        let (wall, spent) = (span.wall.max(1) as f64, span.spent as f64);
        let share = 1.0 - (-wall / LATELY).exp();
        let load = span.processor as f64 / wall;
        self.load += share * (load - self.load);
        let part = self.percent / 100.0;
        // The present load counts if the program has just become busy.
        let processor = self.load.max(load) * wall;
        let wanted = part * processor.max(wall);
        // A program that has to share the processor can use as little of it as one that waits.
        let gives_up = span.switches.is_none_or(|times| times.voluntary >= times.involuntary.max(1));
        let waits = self.load.max(load) < 0.5 && gives_up;
        let allowed = match records < FEWEST && waits {
            true => part.max(LARGEST_SHARE) * processor,
            false => wanted.min(part.max(USUAL_SHARE) * processor),
        };

        let kept = (part * KEPT) as i64;
        let after = self.left.saturating_sub(span.spent as i64);
        // The grant is not refilled. A debt beyond the kept amount is dropped: it can only be paid by sampling less.
        self.left = if after >= kept {
            kept + ((after - kept) as f64 * (-wall / GRANTED_FOR).exp()) as i64
        } else {
            after.saturating_add(allowed as i64).clamp(-kept, kept)
        };

        if span.wall > LONGEST_SPAN {
            // No rate is known, only whether little was spent.
            return self.changes(if is_low(spent, allowed) { Change::Shrink(1) } else { Change::Stay });
        }
        self.since = self.since.saturating_add(span.wall);
        self.spent += spent;
        self.allowed += allowed;
        let enough = EVIDENCE * span.sample as f64;
        if self.left < 0 && spent > allowed && self.spent > self.allowed && self.spent >= 0.5 * enough {
            let times = (spent / allowed.max(1.0)).min(self.spent / self.allowed.max(1.0));
            return self.changes(Change::Grow(doublings(times).clamp(1, MOST_DOUBLINGS)));
        }
        if self.since < QUIET || self.allowed < enough {
            return Change::Stay;
        }
        if is_low(self.spent, self.allowed) {
            let times = self.allowed / self.spent.max(1.0);
            return self.changes(Change::Shrink(doublings(times).clamp(1, MOST_HALVINGS)));
        }
        // Start again: old figures say nothing about the present.
        self.changes(Change::Stay)
    }

    /// Starts a new account for the interval.
    fn changes(&mut self, change: Change) -> Change {
        (self.since, self.spent, self.allowed) = (0, 0.0, 0.0);
        change
    }
}

/// True if so much is left that half the interval would not cost too much.
fn is_low(spent: f64, allowed: f64) -> bool {
    2.0 * spent < allowed
}

/// Whole doublings from 1 to `times`.
fn doublings(times: f64) -> u32 {
    times.max(1.0).log2() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn span(wall: u64, processor: u64, spent: u64) -> Elapsed {
        Elapsed { wall: wall * MS, processor: processor * MS, spent: spent * MS, switches: None, sample: 1000 }
    }

    /// A program that would spend this much on recording without a budget, nanoseconds per wall time, at one
    /// processor's `load`.
    struct Workload {
        load: f64,
        unlimited: f64,
    }

    /// An account, the interval in halvings of "everything", and all that was spent.
    struct Simulation {
        allowance: Allowance,
        doublings: f64,
        spent: u64,
        records: u64,
    }

    impl Simulation {
        fn new() -> Self {
            Self { allowance: Allowance::new(3), doublings: 0.0, spent: 0, records: 5000 }
        }

        /// Makes a review each 100 ms, or as soon as 5 ms were spent, as the budget does.
        fn run(&mut self, program: &Workload, seconds: u64) {
            let (mut wall, end) = (0, seconds * 1000 * MS);
            while wall < end {
                let rate = program.unlimited / self.doublings.exp2();
                let pause = ((5.0 * MS as f64 / rate.max(1e-9)) as u64).clamp(5 * MS, 100 * MS);
                let spent = (rate * pause as f64) as u64;
                let processor = (program.load * pause as f64) as u64 + spent;
                self.spent += spent;
                wall += pause;
                match self
                    .allowance
                    .look(Elapsed { wall: pause, processor, spent, switches: None, sample: 1000 }, self.records)
                {
                    Change::Stay => {}
                    Change::Grow(doublings) => self.doublings += f64::from(doublings),
                    Change::Shrink(halvings) => self.doublings = (self.doublings - f64::from(halvings)).max(0.0),
                }
            }
        }

        /// Milliseconds spent in this many seconds.
        fn spends(&mut self, program: &Workload, seconds: u64) -> u64 {
            let before = self.spent;
            self.run(program, seconds);
            (self.spent - before) / MS
        }
    }

    const BUSY: Workload = Workload { load: 1.0, unlimited: 0.6 };

    #[test]
    fn a_busy_program_pays_3_percent_once_it_has_started() {
        let mut simulation = Simulation::new();
        let start = simulation.spends(&BUSY, 1);
        assert!((50..=90).contains(&start), "{start} ms in the first second");
        let steady = simulation.spends(&BUSY, 10);
        assert!((150..=310).contains(&steady), "{steady} ms in ten seconds");
    }

    #[test]
    fn a_waiting_program_pays_a_quarter_of_its_processor_time_until_it_has_records() {
        let steady = |load, unlimited, records| {
            let mut simulation = Simulation { records, ..Simulation::new() };
            simulation.run(&Workload { load, unlimited }, 10);
            simulation.spends(&Workload { load, unlimited }, 10)
        };
        // A twelfth of it, and it would use a third.
        let spent = steady(0.2, 0.1, 5000);
        assert!((80..=180).contains(&spent), "{spent} ms");
        // A third of its own is a quarter of all.
        let spent = steady(0.2, 0.1, 100);
        assert!((250..=670).contains(&spent), "{spent} ms");
        // But not if it is busy.
        let spent = steady(1.0, 0.6, 100);
        assert!((150..=310).contains(&spent), "{spent} ms");
    }

    #[test]
    fn a_busy_program_that_shares_the_processor_does_not_wait() {
        let shared = |voluntary, involuntary| {
            let mut allowance = Allowance { left: 0, ..Allowance::new(3) };
            let switches = Some(Switches { voluntary, involuntary });
            // A tenth of the processor time is spent.
            let span = Elapsed { switches, ..span(100, 40, 4) };
            (0..10).map(|_| allowance.look(span, 100)).filter(|&change| matches!(change, Change::Grow(_))).count()
        };
        assert_eq!(shared(20, 3), 0);
        assert!(shared(0, 30) > 0);
        assert!(shared(0, 0) > 0);
    }

    #[test]
    fn what_costs_little_is_never_limited() {
        let mut simulation = Simulation::new();
        assert!(simulation.spends(&Workload { load: 1.0, unlimited: 0.02 }, 3600) > 0);
        assert_eq!(simulation.doublings, 0.0);
    }

    #[test]
    fn a_burst_after_an_idle_hour_costs_what_a_busy_start_costs() {
        let start = Simulation::new().spends(&BUSY, 1);
        let mut simulation = Simulation::new();
        simulation.run(&BUSY, 10);
        simulation.run(&Workload { load: 1e-4, unlimited: 5e-6 }, 3600);
        assert_eq!(simulation.doublings, 0.0, "everything is recorded again");
        let burst = simulation.spends(&BUSY, 1);
        assert!(burst <= start, "{burst} ms, {start} ms at the start");
    }

    #[test]
    fn an_hour_in_one_span_has_no_rate_and_leaves_nothing_to_spend() {
        let mut allowance = Allowance::new(3);
        allowance.left = 0;
        assert_eq!(allowance.look(span(3_600_000, 1000, 5000), 5000), Change::Stay);
        assert!(allowance.left <= 3 * MS as i64);
        assert_eq!(allowance.look(span(10, 10, 8), 5000), Change::Grow(4));
    }

    #[test]
    fn one_dear_span_is_paid_from_what_was_kept() {
        let mut allowance = Allowance::new(3);
        allowance.left = 3 * MS as i64;
        assert_eq!(allowance.look(span(100, 100, 5), 5000), Change::Stay);
        assert_eq!(allowance.look(span(100, 100, 5), 5000), Change::Grow(1));
    }

    #[test]
    fn a_quiet_time_makes_the_interval_shrink_step_by_step() {
        let mut allowance = Allowance::new(3);
        allowance.left = 0;
        let quiet = span(100, 100, 1);
        let changes: Vec<Change> = (0..6).map(|_| allowance.look(quiet, 5000)).collect();
        assert_eq!(changes[2], Change::Shrink(1));
        assert_eq!(changes[5], Change::Shrink(1));
        assert_eq!(changes.iter().filter(|&&change| change == Change::Stay).count(), 4);
        // Spending that is neither little nor too much changes nothing.
        assert!((0..50).all(|_| allowance.look(span(100, 100, 2), 5000) == Change::Stay));
    }
}
