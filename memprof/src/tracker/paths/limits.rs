//! Limits of the calls of a function: a budget for each call, and a window, the figures of the whole process during the
//! call.
//!
//! Both are set function by function; other functions pay nothing for them.

use crate::os::threads::thread_name::ThreadName;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::fence;

/// Limits of one call, and what else is noted about it. A limit that is `None` is not set.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Bytes allocated.
    pub(crate) max_allocated: Option<u64>,
    /// Peak above entry, bytes.
    pub(crate) max_peak: Option<u64>,
    /// Allocated − deallocated, bytes.
    pub(crate) max_net: Option<u64>,
    /// Allocations.
    pub(crate) max_count: Option<u64>,
    /// Allocated − deallocated of a call for each of its items, bytes.
    pub(crate) max_per_item: Option<u64>,
    /// True if a call beyond a limit panics at its end.
    pub(crate) panics: bool,
    /// True if each call takes the difference of two readings of the process.
    pub(crate) window: bool,
}

impl Limits {
    /// No limit.
    pub const NOTHING: Self = Self {
        max_allocated: None,
        max_peak: None,
        max_net: None,
        max_count: None,
        max_per_item: None,
        panics: false,
        window: false,
    };

    /// Sets `max_allocated`.
    pub const fn max_allocated(self, bytes: u64) -> Self {
        Self { max_allocated: Some(bytes), ..self }
    }

    /// Sets `max_peak`.
    pub const fn max_peak(self, bytes: u64) -> Self {
        Self { max_peak: Some(bytes), ..self }
    }

    /// Sets `max_net`.
    pub const fn max_net(self, bytes: u64) -> Self {
        Self { max_net: Some(bytes), ..self }
    }

    /// Sets `max_count`.
    pub const fn max_count(self, count: u64) -> Self {
        Self { max_count: Some(count), ..self }
    }

    /// Sets `max_per_item`.
    pub const fn max_per_item(self, bytes: u64) -> Self {
        Self { max_per_item: Some(bytes), ..self }
    }

    /// Sets `on_violation = "panic"`.
    pub const fn panics(self) -> Self {
        Self { panics: true, ..self }
    }

    /// Sets `window = "process"`.
    pub const fn window(self) -> Self {
        Self { window: true, ..self }
    }

    /// True if there is a budget.
    pub(crate) fn has_budget(&self) -> bool {
        let limits = [self.max_allocated, self.max_peak, self.max_net, self.max_count, self.max_per_item];
        limits.iter().any(Option::is_some)
    }

    /// Factor by which a call exceeded the limit that it exceeded most; `None`: it exceeded none.
    pub(crate) fn excess(&self, figures: &Figures) -> Option<f64> {
        let limits = [
            (self.max_allocated, figures.allocated),
            (self.max_peak, figures.peak),
            // A negative net, from freeing blocks of others, exceeds no limit.
            (self.max_net, figures.net.max(0) as u64),
            (self.max_count, figures.count),
            (self.max_of_items(figures), figures.net.max(0) as u64),
        ];
        limits
            .into_iter()
            .filter_map(|(limit, figure)| limit.filter(|&limit| figure > limit).map(|limit| (limit, figure)))
            // A limit of 0 is exceeded by as many times as there are bytes.
            .map(|(limit, figure)| figure as f64 / limit.max(1) as f64)
            .reduce(f64::max)
    }
}

impl Limits {
    /// The limit of all items of a call together; `None`: there is none, or the call had no items.
    fn max_of_items(&self, figures: &Figures) -> Option<u64> {
        self.max_per_item.filter(|_| figures.items > 0).map(|limit| limit.saturating_mul(figures.items))
    }

    /// True if a call exceeded the limit per item.
    pub(crate) fn excess_per_item(&self, figures: &Figures) -> bool {
        self.max_of_items(figures).is_some_and(|limit| figures.net.max(0) as u64 > limit)
    }
}

/// Figures of one call on its own thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Bytes allocated.
    pub(crate) allocated: u64,
    /// Allocations.
    pub(crate) count: u64,
    /// Peak above entry, bytes.
    pub(crate) peak: u64,
    /// Allocated − deallocated, bytes.
    pub(crate) net: i64,
    /// Items; 0: the call said none.
    pub(crate) items: u64,
}

/// Bytes that the process has allocated and deallocated at one moment, or between two moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) allocated: u64,
    pub(crate) deallocated: u64,
}

impl Moment {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            allocated: self.allocated.wrapping_add(other.allocated),
            deallocated: self.deallocated.wrapping_add(other.deallocated),
        }
    }
}

/// Figures of the calls of one site with limits, on one ledger.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LimitFigures {
    /// Calls beyond their budget.
    pub(crate) violations: u64,
    /// Factor by which the worst one exceeded its limit.
    pub(crate) worst_excess: f64,
    pub(crate) worst: Figures,
    pub(crate) thread: ThreadName,
    pub(crate) thread_id: u32,
    /// Calls with a window that have ended.
    pub(crate) window_calls: u64,
    pub(crate) window: Moment,
}

const WORDS: usize = 15;

impl LimitFigures {
    fn to_words(self) -> [u64; WORDS] {
        let [a, b, c, d] = self.thread.to_words();
        let Figures { allocated, count, peak, net, items } = self.worst;
        let Moment { allocated: window_allocated, deallocated: window_deallocated } = self.window;
        let excess = self.worst_excess.to_bits();
        let id = self.thread_id.into();
        let calls = self.window_calls;
        [
            self.violations,
            excess,
            allocated,
            count,
            peak,
            net as u64,
            items,
            a,
            b,
            c,
            d,
            id,
            calls,
            window_allocated,
            window_deallocated,
        ]
    }

    fn from_words(words: [u64; WORDS]) -> Self {
        let [
            violations,
            excess,
            allocated,
            count,
            peak,
            net,
            items,
            a,
            b,
            c,
            d,
            id,
            window_calls,
            window_allocated,
            window_deallocated,
        ] = words;
        Self {
            violations,
            worst_excess: f64::from_bits(excess),
            worst: Figures { allocated, count, peak, net: net as i64, items },
            thread: ThreadName::from_words([a, b, c, d]),
            thread_id: id as u32,
            window_calls,
            window: Moment { allocated: window_allocated, deallocated: window_deallocated },
        }
    }
}

/// [`LimitFigures`] that one thread writes and others read, all of one moment (a sequence lock with one writer).
#[derive(Debug)]
pub(crate) struct LimitCounters {
    /// Odd while the owner writes.
    changes: AtomicU64,
    words: [AtomicU64; WORDS],
}

impl LimitCounters {
    pub(crate) fn new() -> Self {
        Self { changes: AtomicU64::new(0), words: LimitFigures::default().to_words().map(AtomicU64::new) }
    }

    fn words(&self) -> [u64; WORDS] {
        self.words.each_ref().map(|word| word.load(Relaxed))
    }

    /// Changes it; the owner alone calls this.
    pub(crate) fn change(&self, change: impl FnOnce(&mut LimitFigures)) {
        let mut figures_so_far = LimitFigures::from_words(self.words());
        change(&mut figures_so_far);
        let changes = self.changes.load(Relaxed);
        self.changes.store(changes.wrapping_add(1), Relaxed);
        // A reader that sees one of the new words sees the odd number, or a later one, when it reads the number again.
        fence(Release);
        for (word, new) in self.words.iter().zip(figures_so_far.to_words()) {
            word.store(new, Relaxed);
        }
        self.changes.store(changes.wrapping_add(2), Release);
    }

    /// The figures so far. `None`: the owner stayed in the middle of a change during all tries; in a forked child it
    /// may do so forever.
    pub(crate) fn read(&self) -> Option<LimitFigures> {
        const TRIES: u32 = 1_000;
        for attempt in 0..TRIES {
            let before = self.changes.load(Acquire);
            let words = self.words();
            fence(Acquire);
            if before.is_multiple_of(2) && self.changes.load(Relaxed) == before {
                return Some(LimitFigures::from_words(words));
            }
            if attempt % 16 == 15 {
                std::thread::yield_now();
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_furthest_beyond_a_limit_by_its_factor() {
        let limits = Limits::NOTHING.max_allocated(100).max_net(0).max_count(2);
        let figures = |allocated, count, net| Figures { allocated, count, peak: 1_000_000, net, items: 0 };
        assert_eq!(limits.excess(&figures(100, 2, -5)), None);
        assert_eq!(limits.excess(&figures(300, 4, 0)), Some(3.0));
        assert_eq!(limits.excess(&figures(300, 4, 7)), Some(7.0));
        assert_eq!(Limits::NOTHING.window().excess(&figures(u64::MAX, 9, 9)), None);
    }

    #[test]
    fn a_limit_per_item_is_that_of_all_items() {
        let limits = Limits::NOTHING.max_per_item(100);
        assert!(limits.has_budget());
        let excess = |net, items| limits.excess(&Figures { net, items, ..Figures::default() });
        assert_eq!((excess(1000, 10), excess(1001, 10)), (None, Some(1.001)));
        assert_eq!((excess(i64::MAX, 0), excess(-5, 1), excess(i64::MAX, u64::MAX)), (None, None, None));
    }

    #[test]
    fn what_is_read_while_it_changes_is_of_one_moment() {
        let counters: &'static LimitCounters = Box::leak(Box::new(LimitCounters::new()));
        let writer = std::thread::spawn(move || {
            for round in 1..=50_000u64 {
                counters.change(|figures_so_far| {
                    figures_so_far.violations = round;
                    figures_so_far.worst =
                        Figures { allocated: round, count: round, peak: round, net: round as i64, items: 0 };
                    figures_so_far.window = Moment { allocated: round, deallocated: round };
                });
            }
        });
        let mut last = 0;
        while last < 50_000 {
            let Some(figures_so_far) = counters.read() else { continue };
            let round = figures_so_far.violations;
            assert!(round >= last);
            last = round;
            assert_eq!(
                figures_so_far.worst,
                Figures { allocated: round, count: round, peak: round, net: round as i64, items: 0 }
            );
            assert_eq!(figures_so_far.window, Moment { allocated: round, deallocated: round });
        }
        writer.join().unwrap();
    }
}
