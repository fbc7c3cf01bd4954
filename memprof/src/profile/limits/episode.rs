//! When a report is due: once each time that the memory reaches the threshold, and at new highs of the heap.
//!
//! ```text
//!            memory ≥ threshold: report                    heap ≥ mark + 10 % and 1 MB: report, the mark is the heap
//!   ARMED ────────────────────────────► IN EPISODE        each hour: the mark is 0
//!     ▲                                     │
//!     └─────────────────────────────────────┘
//!        memory < threshold − 5 %
//! ```
//!
//! Reports take at most a twentieth of the time: the next one waits until then, and the memory is looked at again.
//! A report below the threshold, because the memory grows too fast, is no episode.

use std::time::Duration;

/// Part of the threshold that the memory falls below it before the next report is due.
const FALL_PART: u64 = 20;
/// Least pause after a report, as a multiple of the time that it took, and in itself.
const PAUSE: u32 = 20;
const LEAST_PAUSE: Duration = Duration::from_secs(1);
const LEAST_AFTER_EARLY: Duration = Duration::from_millis(100);

/// Least rise of the heap above its last high: a part of it, and bytes.
const HIGH_PART: u64 = 10;
const LEAST_RISE: u64 = 1 << 20;
/// Longest pause between two reports of a new high. In a young program it is half of its run.
const PAUSE_OF_HIGHS: Duration = Duration::from_secs(10);
/// Time after which the high starts anew.
const RESET: Duration = Duration::from_secs(3600);

/// A threshold, and the episodes above it.
#[derive(Debug, Default)]
pub(super) struct Episode {
    is_in: bool,
    /// Earliest time of the next report, since the watch began.
    next: Duration,
}

impl Episode {
    /// Looks at the memory. True: a report is due.
    pub(super) fn look(&mut self, used: u64, threshold: u64, now: Duration) -> bool {
        if self.is_in {
            self.is_in = used >= threshold.saturating_sub(threshold / FALL_PART);
        }
        !self.is_in && used >= threshold && now >= self.next
    }

    /// Notes that a report was written, from `begun` to `now`. `is_early`: the memory is still below the threshold, so
    /// the episode has yet to begin.
    pub(super) fn begin(&mut self, is_early: bool, begun: Duration, now: Duration) {
        self.is_in = !is_early;
        let least = if is_early { LEAST_AFTER_EARLY } else { LEAST_PAUSE };
        self.next = now + (now.saturating_sub(begun) * PAUSE).max(least);
    }

    /// True if the memory is watched for the next episode.
    pub(super) fn is_armed(&self, now: Duration) -> bool {
        !self.is_in && now >= self.next
    }
}

/// The highs of the heap.
#[derive(Debug)]
pub(super) struct Highs {
    mark: u64,
    /// Time of the last reset, and the earliest time of the next report, since the watch began.
    reset: Duration,
    next: Duration,
}

impl Highs {
    /// Begins with this heap.
    pub(super) fn new(heap: u64) -> Self {
        Self { mark: heap, reset: Duration::ZERO, next: Duration::ZERO }
    }

    /// Looks at the heap. True: a report is due.
    pub(super) fn look(&mut self, heap: u64, now: Duration) -> bool {
        if now.saturating_sub(self.reset) >= RESET {
            (self.reset, self.mark) = (now, 0);
        }
        now >= self.next && heap >= self.due()
    }

    /// The heap at which the next report is due.
    pub(super) fn due(&self) -> u64 {
        self.mark.saturating_add((self.mark / HIGH_PART).max(LEAST_RISE))
    }

    /// Notes that a report of this heap was written, from `begun` to `now`.
    pub(super) fn begin(&mut self, heap: u64, begun: Duration, now: Duration) {
        self.mark = heap;
        let pause = (now / 2).clamp(LEAST_PAUSE, PAUSE_OF_HIGHS);
        self.next = now + pause.max(now.saturating_sub(begun) * PAUSE);
    }

    /// True if a report may be written now.
    pub(super) fn is_armed(&self, now: Duration) -> bool {
        now >= self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The looks, one a second, that are followed by a report.
    fn reports(used: &[u64], threshold: u64) -> Vec<usize> {
        let mut episode = Episode::default();
        let mut reports = Vec::new();
        for (at, &used) in used.iter().enumerate() {
            let now = SECOND * at as u32;
            if episode.look(used, threshold, now) {
                episode.begin(false, now, now);
                reports.push(at);
            }
        }
        reports
    }

    #[test]
    fn one_report_an_episode() {
        assert_eq!(reports(&[0, 99, 100, 120, 99, 96, 150, 100], 100), [2]);
        assert_eq!(reports(&[100, 94, 100, 96, 94, 99, 101], 100), [0, 2, 6]);
        assert!(reports(&[99, 98, 99], 100).is_empty());
        // 5 % of a small threshold is nothing: it falls below.
        assert_eq!(reports(&[3, 3, 2, 3], 3), [0, 3]);
        assert_eq!(reports(&[u64::MAX, 0, u64::MAX], u64::MAX), [0, 2]);
    }

    #[test]
    fn reports_take_a_twentieth_of_the_time() {
        let mut episode = Episode::default();
        assert!(episode.look(100, 100, SECOND));
        episode.begin(false, SECOND, SECOND * 2);
        assert!(!episode.look(0, 100, SECOND * 3) && !episode.look(100, 100, SECOND * 21));
        assert!(!episode.is_armed(SECOND * 21) && episode.is_armed(SECOND * 22));
        assert!(episode.look(100, 100, SECOND * 22), "it is still there");
    }

    #[test]
    fn an_early_report_is_no_episode() {
        let mut episode = Episode::default();
        assert!(episode.look(60, 60, SECOND));
        episode.begin(true, SECOND, SECOND);
        assert!(!episode.look(60, 60, SECOND), "not again at once");
        assert!(episode.look(100, 100, SECOND * 2), "the threshold itself");
    }

    #[test]
    fn a_threshold_may_move() {
        let mut episode = Episode::default();
        assert!(!episode.look(80, 100, SECOND) && episode.look(80, 70, SECOND), "others have taken more");
        episode.begin(false, SECOND, SECOND);
        assert!(!episode.look(80, 100, SECOND * 9), "the limit was raised");
        assert!(episode.look(80, 80, SECOND * 10));
        assert!(Episode::default().look(0, 0, SECOND), "nothing is left");
    }

    #[test]
    fn a_new_high_is_a_tenth_and_a_megabyte_above_the_last() {
        const MB: u64 = 1 << 20;
        let mut highs = Highs::new(50 * MB);
        assert!(!highs.look(54 * MB, SECOND) && highs.look(55 * MB, SECOND));
        highs.begin(55 * MB, SECOND, SECOND);
        assert!(!highs.look(100 * MB, SECOND * 3 / 2), "at most one a second");
        assert!(highs.look(100 * MB, SECOND * 2));
        highs.begin(100 * MB, SECOND * 60, SECOND * 60);
        assert!(!highs.look(200 * MB, SECOND * 69) && highs.look(200 * MB, SECOND * 70));
        assert!(!Highs::new(MB / 2).look(MB, SECOND), "less than a megabyte");
        // Each hour anew.
        assert!(!highs.look(90 * MB, SECOND * 3599) && highs.look(90 * MB, SECOND * 3600));
        highs.begin(90 * MB, SECOND * 3600, SECOND * 3600);
        assert!(!highs.look(95 * MB, SECOND * 7000));
    }

    #[test]
    fn a_growing_heap_makes_few_reports() {
        let mut highs = Highs::new(0);
        // 1 MB each millisecond for a minute.
        let reports = (0..60_000_u32).filter(|&at| {
            let now = Duration::from_millis(at.into());
            let heap = u64::from(at) << 20;
            let is_due = highs.look(heap, now);
            if is_due {
                highs.begin(heap, now, now + Duration::from_millis(10));
            }
            is_due
        });
        let count = reports.count();
        assert!((5..=20).contains(&count), "{count}");
    }
}
