//! Course of the memory, by parts: heap, other memory of the process, other processes. It tells which of them grew
//! before a report.

use super::memory_in_use::MemoryFigures;
use std::time::Duration;

/// Number of points that are remembered, and their first distance. When there are so many, every second one is
/// dropped, and the distance doubles.
const POINTS: usize = 64;
const FIRST_STEP: Duration = Duration::from_millis(5);
/// Part of the present memory, in tenths, at which a growth begins.
const BEFORE_TENTHS: u64 = 9;

/// The memory at one time.
#[derive(Clone, Copy, Debug)]
struct MemoryParts {
    heap: u64,
    rest: u64,
    others: u64,
}

impl MemoryParts {
    fn of(figures: &MemoryFigures) -> Self {
        Self { heap: figures.heap - figures.untouched, rest: figures.rest(), others: figures.others.unwrap_or(0) }
    }

    fn sum(&self) -> u64 {
        self.heap.saturating_add(self.rest).saturating_add(self.others)
    }
}

/// The parts of the memory over the run.
#[derive(Debug)]
pub(super) struct Course {
    points: Vec<(Duration, MemoryParts)>,
    step: Duration,
}

/// The rise of the parts since the memory was nine tenths of what it is, bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RiseOfParts {
    pub(super) time: Duration,
    pub(super) heap: i64,
    pub(super) rest: i64,
    pub(super) others: i64,
}

impl Course {
    /// Allocates, here alone.
    pub(super) fn new() -> Self {
        Self { points: Vec::with_capacity(POINTS), step: FIRST_STEP }
    }

    /// Notes the memory, if the last point is far enough away.
    pub(super) fn note(&mut self, figures: &MemoryFigures, now: Duration) {
        if self.points.last().is_some_and(|(at, _)| now.saturating_sub(*at) < self.step) {
            return;
        }
        if self.points.len() == POINTS {
            let mut number = 0;
            self.points.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.step *= 2;
        }
        self.points.push((now, MemoryParts::of(figures)));
    }

    /// The rise until now. `None`: the memory has not grown.
    pub(super) fn rise(&self, figures: &MemoryFigures, now: Duration) -> Option<RiseOfParts> {
        let present = MemoryParts::of(figures);
        let most = u128::from(present.sum()) * u128::from(BEFORE_TENTHS) / 10;
        let (at, before) = self.points.iter().rev().find(|(_, parts)| u128::from(parts.sum()) <= most)?;
        let rise = |before: u64, now: u64| i64::try_from(i128::from(now) - i128::from(before)).unwrap_or(i64::MAX);
        Some(RiseOfParts {
            time: now.saturating_sub(*at),
            heap: rise(before.heap, present.heap),
            rest: rise(before.rest, present.rest),
            others: rise(before.others, present.others),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(heap: u64, resident: u64, others: u64) -> MemoryFigures {
        MemoryFigures { heap, resident: Some(resident), others: Some(others), ..MemoryFigures::default() }
    }

    #[test]
    fn the_part_that_grows_is_told() {
        let mut course = Course::new();
        let second = Duration::from_secs(1);
        for at in 0..1000_u64 {
            // The heap has grown long ago, then memory outside of it does.
            course.note(&figures(at.min(500), at.max(20), 100), second * at as u32);
        }
        let rise = course.rise(&figures(500, 1000, 100), second * 1000).unwrap();
        assert!(rise.heap == 0 && rise.others == 0 && (110..160).contains(&rise.rest), "{rise:?}");
        assert!(rise.time >= second * 110 && rise.time < second * 160, "{rise:?}");
        assert!(course.points.len() <= POINTS && course.points.capacity() == POINTS);
        let rise = course.rise(&figures(500, 1000, 400), second * 1000).unwrap();
        assert!(rise.others == 300 && rise.rest < 10, "{rise:?}");
        assert_eq!(course.rise(&figures(0, 20, 0), second * 1000), None);
        assert_eq!(Course::new().rise(&figures(9, 9, 9), second), None);
    }
}
