//! A clock that is cheap enough to read for every recorded allocation.
//!
//! `Instant::now` costs as much as the record that the time is for. The processor's own counter is one instruction. The
//! length of a tick is computed when a report is written, from two readings of both clocks.

use std::time::{Duration, Instant};

/// The processor's tick counter. If it goes backwards, no harm is done: ages are clamped at 0.
#[inline(always)]
pub(crate) fn ticks() -> u64 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: RDTSC exists on every x86_64 processor and only reads a counter.
    unsafe {
        core::arch::x86_64::_rdtsc()
    }
    #[cfg(target_arch = "aarch64")]
    {
        let ticks: u64;
        // SAFETY: user space may read the virtual counter on every system that Rust supports.
        unsafe { core::arch::asm!("mrs {}, cntvct_el0", out(reg) ticks, options(nomem, nostack, preserves_flags)) };
        ticks
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        // The fallback is expensive but correct: nanoseconds since the first reading.
        static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        START.get_or_init(Instant::now).elapsed().as_nanos() as u64
    }
}

/// One moment by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anchor {
    ticks: u64,
    instant: Instant,
}

impl Anchor {
    pub(crate) fn now() -> Self {
        Self { ticks: ticks(), instant: Instant::now() }
    }

    pub(crate) fn ticks(&self) -> u64 {
        self.ticks
    }

    pub(crate) fn elapsed_until(&self, later: &Anchor) -> Duration {
        later.instant.saturating_duration_since(self.instant)
    }

    /// Seconds from `ticks` to `now`. The length of a tick is measured between `self` and `now`.
    pub(crate) fn age_seconds(&self, ticks: u64, now: &Anchor) -> f64 {
        now.ticks.saturating_sub(ticks) as f64 * self.seconds_per_tick(now)
    }

    /// 0 if no time has passed.
    fn seconds_per_tick(&self, now: &Anchor) -> f64 {
        let span_ticks = now.ticks.saturating_sub(self.ticks);
        if span_ticks == 0 { 0.0 } else { self.elapsed_until(now).as_secs_f64() / span_ticks as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_follow_the_wall_clock() {
        let start = Anchor::now();
        std::thread::sleep(Duration::from_millis(20));
        let middle = ticks();
        std::thread::sleep(Duration::from_millis(20));
        let now = Anchor::now();
        let total = start.elapsed_until(&now).as_secs_f64();
        let age = start.age_seconds(middle, &now);
        assert!(age > 0.0 && age < total, "{age} of {total}");
        assert_eq!(start.age_seconds(u64::MAX, &now), 0.0);
    }
}
