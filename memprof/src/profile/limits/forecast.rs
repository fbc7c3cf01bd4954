//! The growth of the memory, and the time until it reaches the limit: where it grows by gigabytes each second, the
//! program is killed a few milliseconds after it has passed the threshold, before a report stands.

use std::collections::VecDeque;
use std::time::Duration;

/// Time in which a report is made and written on a machine whose processors are all busy, and the most that it is
/// given. Without optimization it takes three times as long.
const LEADS: [Duration; 2] = [Duration::from_millis(50 * SLOWER), Duration::from_millis(200 * SLOWER)];
const SLOWER: u64 = if cfg!(debug_assertions) { 3 } else { 1 };
/// Time that a report is given, as a multiple of what the last one took.
const LEAD_TIMES: u32 = 2;
/// Time over which the rate is measured: growth comes in steps, and one step in a short time is no rate.
const SPAN: Duration = Duration::from_millis(10);
/// Number of looks that are remembered, and the least time between two of them.
const LOOKS: usize = 16;
const LEAST_STEP: Duration = Duration::from_millis(1);

/// The rate of growth.
#[derive(Debug)]
pub(super) struct Forecast {
    /// Times and bytes of the last looks, the latest last.
    looks: VecDeque<(Duration, u64)>,
    /// Bytes per second.
    rate: f64,
    lead: Duration,
}

impl Forecast {
    /// Allocates, here alone.
    pub(super) fn new() -> Self {
        Self { looks: VecDeque::with_capacity(LOOKS), rate: 0.0, lead: LEADS[0] }
    }

    /// Looks at the memory. Returns the growth, in bytes per second: since the latest look that is far enough away.
    pub(super) fn look(&mut self, used: u64, now: Duration) -> f64 {
        let age = |at: Duration| now.saturating_sub(at);
        let before = self.looks.iter().rev().find(|(at, _)| age(*at) >= SPAN);
        self.rate = before.map_or(0.0, |(at, before)| used.saturating_sub(*before) as f64 / age(*at).as_secs_f64());
        if self.looks.back().is_none_or(|(at, _)| age(*at) >= LEAST_STEP) {
            if self.looks.len() == LOOKS {
                self.looks.pop_front();
            }
            self.looks.push_back((now, used));
        }
        self.rate
    }

    /// Bytes by which the memory grows while a report is made.
    pub(super) fn growth_meanwhile(&self) -> u64 {
        // A cast from a float saturates.
        (self.rate * self.lead.as_secs_f64()) as u64
    }

    /// Notes the time that a report took until it stood.
    pub(super) fn note(&mut self, took: Duration) {
        self.lead = (took * LEAD_TIMES).clamp(LEADS[0], LEADS[1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1 << 20;

    #[test]
    fn fast_growth_is_seen_ahead() {
        let mut forecast = Forecast::new();
        let at = Duration::from_millis;
        assert_eq!(forecast.look(10 * MB, at(0)), 0.0);
        assert_eq!(forecast.look(20 * MB, at(2)), 0.0, "too soon to tell");
        // 1 GB each second, of which 50 ms are looked ahead, or 150.
        forecast.look(20 * MB, at(10));
        assert_eq!(forecast.growth_meanwhile(), 50 * MB * SLOWER);
        forecast.look(5 * MB, at(20));
        assert_eq!(forecast.growth_meanwhile(), 0, "a fall is none");
        // A report that takes long needs more time.
        forecast.note(at(4));
        forecast.look(15 * MB, at(30));
        assert_eq!(forecast.growth_meanwhile(), 50 * MB * SLOWER);
        forecast.note(at(60 * SLOWER));
        assert_eq!(forecast.growth_meanwhile(), 120 * MB * SLOWER);
    }

    #[test]
    fn a_step_is_no_fast_growth() {
        let mut forecast = Forecast::new();
        // 1 MB each 25 ms, with a look each millisecond.
        for now in 0..500_u64 {
            let rate = forecast.look(now / 25 * MB, Duration::from_millis(now));
            assert!(rate <= 101.0 * MB as f64, "{rate}");
        }
    }
}
