//! Programs that free what they made before, block by block: rings, caches, queues, and leaks beside work in flight.

use super::*;

/// A run of 10 seconds, whose blocks of 100 B each live from a moment to another.
struct Run {
    lives: Vec<(f64, f64)>,
    /// Probability that a block has a record.
    recorded: f64,
    readings: u32,
}

const END: f64 = 10.0;
const FOREVER: f64 = f64::INFINITY;

impl Run {
    fn new(lives: Vec<(f64, f64)>) -> Self {
        Self { lives, recorded: 1.0, readings: 32 }
    }

    /// First in, first out: blocks made at these moments, of which so many are live at each moment.
    fn fifo(made: &[f64], live: impl Fn(f64) -> f64) -> Self {
        let mut ends = vec![FOREVER; made.len()];
        let mut oldest = 0;
        for (number, &at) in made.iter().enumerate() {
            while oldest < number && (number - oldest) as f64 >= live(at) {
                ends[oldest] = at;
                oldest += 1;
            }
        }
        Self::new(made.iter().copied().zip(ends).collect())
    }

    /// The evidence that the profiler has of it.
    fn case(&self, random: &mut impl FnMut() -> f64) -> Case {
        let recorded: Vec<(f64, f64)> = self.lives.iter().copied().filter(|_| random() < self.recorded).collect();
        let weight = 1.0 / self.recorded;
        let live = |at: f64| recorded.iter().filter(move |life| life.0 <= at && life.1 > at);
        let count = live(END).count() as f64;
        Case {
            weight,
            error: 100.0 * weight * (count * (1.0 - self.recorded)).sqrt(),
            calls: self.lives.len() as u64,
            allocations: self.lives.len() as u64,
            chance: self.recorded,
            levels: evenly(self.readings, 0.0, END).map(|at| (at, 100.0 * weight * live(at).count() as f64)).collect(),
            ..Case::new(END, live(END).map(|life| life.0))
        }
    }
}

/// Moments of work at this rate per second, which changes at a moment, on a machine that sometimes stands still.
fn moments(before: f64, change: f64, after: f64, random: &mut impl FnMut() -> f64) -> Vec<f64> {
    let (mut at, mut made) = (0.0, Vec::new());
    while at < END {
        made.push(at);
        at += 1.0 / if at < change { before } else { after };
        if random() < 0.001 {
            at += 0.2 * random();
        }
    }
    made
}

#[test]
fn a_ring_that_is_full_does_not_grow_however_late_it_was_full() {
    let mut random = numbers(11);
    for (filled, recorded) in [(0.4, 1.0), (0.5, 1.0), (0.64, 1.0), (0.72, 1.0), (0.64, 0.2), (0.64, 0.05)] {
        let mut seen = 0;
        for turn in 0..60 {
            // After it was full, the program is up to twice as fast or as slow.
            let after = 300.0 * 2.0_f64.powf(2.0 * random() - 1.0);
            let made = moments(300.0, 10.0 * filled, after, &mut random);
            let places = made.iter().filter(|&&at| at < 10.0 * filled).count();
            let run = Run { recorded, readings: 17 + turn % 16, ..Run::fifo(&made, |_| places as f64) };
            seen += usize::from(run.case(&mut random).verdict().growth().is_some());
        }
        assert!(
            seen <= if filled > 0.7 {
                6
            } else if recorded < 1.0 {
                4
            } else {
                1
            },
            "{seen} of 60, full at {filled}, {recorded} recorded"
        );
    }
}

#[test]
fn a_queue_grows_at_its_net_rate() {
    let mut random = numbers(5);
    for (net, recorded) in [(1.0, 1.0), (0.8, 1.0), (0.54, 1.0), (0.4, 1.0), (1.0, 0.1), (0.54, 0.1), (0.4, 0.2)] {
        let mut rates = 0.0;
        for turn in 0..30 {
            let made = moments(400.0, 10.0, 400.0, &mut random);
            let (count, all) = (made.len() as f64 / END, made.len() as f64);
            let run = Run { recorded, readings: 17 + turn % 16, ..Run::fifo(&made, |at| net * count * at) };
            let case = Case { has_rising_net: true, ..run.case(&mut random) };
            let growth = case.verdict().growth().unwrap_or_else(|| panic!("{net}, {recorded}: {:?}", case.verdict()));
            let truth = 100.0 * net * count;
            let rate = growth.bytes / (END - growth.from);
            // The rise is the difference of two samples.
            let sample = ((1.0 - recorded) / (all * net * recorded)).sqrt();
            let error = 0.08 + 3.2 * sample * 1.0_f64.hypot(1.0 - net) / net;
            assert!((rate / truth - 1.0).abs() < error, "{net}, {recorded}: {rate}, not {truth}");
            rates += rate / truth / 30.0;
        }
        assert!((rates - 1.0).abs() < 0.08, "{net}, {recorded}: {rates} of the truth");
    }
}

#[test]
fn a_leak_beside_work_in_flight_is_growth() {
    let mut random = numbers(9);
    for recorded in [1.0, 0.2] {
        let mut seen = 0;
        for turn in 0..60 {
            // A tenth is never freed; the rest lives for up to half a second.
            let made = moments(200.0, 10.0, 200.0, &mut random);
            let life = |at: f64, leaks: bool, rest: f64| (at, if leaks { FOREVER } else { at + 0.5 * rest });
            let lives = made.iter().map(|&at| life(at, random() < 0.1, random())).collect();
            let run = Run { recorded, readings: 17 + turn % 16, ..Run::new(lives) };
            seen += usize::from(run.case(&mut random).verdict().growth().is_some());
        }
        // Of the sample, fifty blocks are live at the end.
        assert!(seen >= if recorded < 1.0 { 25 } else { 58 }, "{seen} of 60, {recorded} recorded");
    }
}

#[test]
fn a_cache_in_balance_does_not_grow() {
    let mut random = numbers(21);
    for (filled, recorded) in [(0.1, 1.0), (0.3, 1.0), (0.3, 0.1), (0.5, 0.1)] {
        let mut seen = 0;
        for turn in 0..60 {
            // Any entry is replaced, the old ones as well as the new ones.
            let made = moments(300.0, 10.0, 300.0, &mut random);
            let places = (made.len() as f64 * filled) as usize;
            let mut entries: Vec<usize> = Vec::new();
            let mut lives: Vec<(f64, f64)> = made.iter().map(|&at| (at, FOREVER)).collect();
            for (number, &at) in made.iter().enumerate() {
                if entries.len() < places {
                    entries.push(number);
                } else {
                    let place = (random() * places as f64) as usize % places;
                    lives[std::mem::replace(&mut entries[place], number)].1 = at;
                }
            }
            let run = Run { recorded, readings: 17 + turn % 16, ..Run::new(lives) };
            seen += usize::from(run.case(&mut random).verdict().growth().is_some());
        }
        assert!(seen <= 1, "{seen} of 60, full at {filled}, {recorded} recorded");
    }
}
