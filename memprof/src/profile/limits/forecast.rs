//! The growth of the memory, and the time until it reaches the limit: where it grows by gigabytes each second, the
//! program is killed a few milliseconds after it has passed the threshold, before a report stands.

use std::time::Duration;

/// Time in which a report is made and written on a machine whose processors are all busy, and the most that it is given.
const LEADS: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(200)];
/// Time that a report is given, as a multiple of what the last one took.
const LEAD_TIMES: u32 = 2;
/// Least time between two looks that tell a rate.
const LEAST_STEP: Duration = Duration::from_millis(1);
/// A rate is that of the last time, or this part of the rate before: growth comes in steps.
const FADE: f64 = 0.5;

/// The rate of growth, from one look to the next.
#[derive(Debug)]
pub(super) struct Forecast {
    last: Option<(Duration, u64)>,
    /// Bytes per second.
    rate: f64,
    lead: Duration,
}

impl Forecast {
    pub(super) fn new() -> Self {
        Self { last: None, rate: 0.0, lead: LEADS[0] }
    }

    /// Looks at the memory. Returns the growth, in bytes per second.
    pub(super) fn look(&mut self, used: u64, now: Duration) -> f64 {
        let Some((at, before)) = self.last else {
            self.last = Some((now, used));
            return self.rate;
        };
        let step = now.saturating_sub(at);
        if step >= LEAST_STEP {
            let grown = used.saturating_sub(before) as f64 / step.as_secs_f64();
            self.rate = grown.max(self.rate * FADE);
            self.last = Some((now, used));
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
        assert_eq!(forecast.look(20 * MB, Duration::from_micros(200)), 0.0, "too soon to tell");
        forecast.look(20 * MB, at(10));
        assert_eq!(forecast.growth_meanwhile(), 50 * MB);
        // A pause halves the rate, and a fall is none.
        forecast.look(5 * MB, at(20));
        assert_eq!(forecast.growth_meanwhile(), 25 * MB);
        (3..20).for_each(|step| drop(forecast.look(5 * MB, at(step * 10))));
        assert!(forecast.growth_meanwhile() < MB);
        // 500 MB each second, and a report that takes 40 ms.
        forecast.note(at(4));
        forecast.look(15 * MB, at(210));
        let of_usual = forecast.growth_meanwhile();
        forecast.note(at(40));
        assert!((24 * MB..=26 * MB).contains(&of_usual) && forecast.growth_meanwhile() > of_usual * 3 / 2, "{of_usual}");
    }
}
