//! Heap that a program has reserved and does not touch, as a vector's capacity: the kernel counts it only when it is
//! touched. What has just been allocated may be touched at once, so it counts for a while.

use std::time::Duration;

/// Half of the time after which memory is untouched, and the least one.
const PERIOD: Duration = Duration::from_millis(500);

/// The least excess of the heap over the resident memory, in the present period and the one before.
#[derive(Debug, Default)]
pub(super) struct UntouchedHeap {
    before: u64,
    present: u64,
    begun: Duration,
}

impl UntouchedHeap {
    /// Looks at the excess. Returns the untouched bytes.
    pub(super) fn look(&mut self, excess: u64, now: Duration) -> u64 {
        if now.saturating_sub(self.begun) >= PERIOD {
            (self.before, self.present, self.begun) = (self.present.min(excess), excess, now);
        }
        self.present = self.present.min(excess);
        self.before.min(self.present)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_untouched_after_a_while() {
        let mut heap = UntouchedHeap::default();
        let looks = (0..20).map(|at| heap.look(if at < 3 { 0 } else { 100 }, PERIOD / 4 * at));
        let untouched: Vec<u64> = looks.collect();
        let first = untouched.iter().position(|bytes| *bytes > 0).unwrap();
        assert!((7..=12).contains(&first), "{untouched:?}");
        assert!(untouched[first..].iter().all(|bytes| *bytes == 100), "{untouched:?}");
        // It is touched, wholly or in part, or freed.
        assert_eq!(heap.look(30, PERIOD * 5), 30);
        assert_eq!(heap.look(90, PERIOD * 5), 30, "more of it is new");
        assert_eq!(heap.look(0, PERIOD * 5), 0);
    }

    #[test]
    fn a_heap_that_is_touched_as_it_grows_has_none() {
        let mut heap = UntouchedHeap::default();
        for at in 0..1000 {
            let untouched = heap.look(u64::from(at % 50 > 0) * 1000, Duration::from_millis(at));
            assert_eq!(untouched, 0, "{at}");
        }
    }
}
