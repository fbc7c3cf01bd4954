//! The distribution of a figure over calls: log-linear buckets, allocated when they are first hit.
//!
//! Each power of two has 16 buckets of equal width, and values below 16 have one each. A percentile is given as the
//! middle of its bucket, so it is off by at most 1/32 (3.1 %). The buckets of one power of two are a page; a function
//! whose calls are similar has one or two pages. The layout is that of HdrHistogram (Gil Tene), with pages instead of
//! one array.
//!
//! The owner alone writes; a reporter that reads meanwhile may see one call more in one figure than in another.

use super::owner_counter::OwnerCounter;
use std::ptr::null_mut;
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// Log2 of the number of buckets of a page.
const BITS: u32 = 4;
const BUCKETS: usize = 1 << BITS;
/// Maximum number of pages: one for the values below 16, one for each higher power of two.
const POWERS: usize = 64 - BITS as usize + 1;

/// Maximum number of buckets.
pub(crate) const ALL_BUCKETS: usize = POWERS * BUCKETS;

/// One bucket: its page and its index in the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bucket {
    power: usize,
    index: usize,
}

impl Bucket {
    /// The bucket that a value falls into.
    #[inline(always)]
    fn of(value: u64) -> Self {
        match value.checked_ilog2() {
            Some(log) if log >= BITS => {
                let shift = log - BITS;
                Self { power: shift as usize + 1, index: (value >> shift) as usize % BUCKETS }
            }
            _ => Self { power: 0, index: value as usize % BUCKETS },
        }
    }

    /// The number of the bucket, in the order of the values.
    fn number(self) -> usize {
        self.power * BUCKETS + self.index
    }
}

/// The value that represents the bucket of this number: its middle.
pub(crate) fn middle(number: usize) -> u64 {
    let (power, index) = (number / BUCKETS, (number % BUCKETS) as u64);
    match power.checked_sub(1) {
        None => index,
        Some(shift) => {
            let lowest = (BUCKETS as u64 + index) << shift;
            lowest + ((1u64 << shift) >> 1)
        }
    }
}

/// The buckets of one power of two.
#[derive(Debug)]
pub(crate) struct BucketPage {
    power: usize,
    /// The previous page of the same distribution.
    older: *const BucketPage,
    counts: [OwnerCounter; BUCKETS],
}

/// The distribution of the values of one figure that are not 0.
#[derive(Debug)]
pub(crate) struct NodeDistribution {
    newest: AtomicPtr<BucketPage>,
    /// Values for whose page there was no memory: only `min` and `max` include them.
    beyond: OwnerCounter,
    min: OwnerCounter,
    max: OwnerCounter,
}

impl NodeDistribution {
    pub(crate) const fn new() -> Self {
        Self {
            newest: AtomicPtr::new(null_mut()),
            beyond: OwnerCounter::new(0),
            min: OwnerCounter::new(u64::MAX),
            max: OwnerCounter::new(0),
        }
    }

    /// Adds a value; the owner alone calls this. `make` returns memory for a page, never freed, or null.
    pub(crate) fn add(&self, value: u64, make: impl FnOnce() -> *mut BucketPage) {
        self.min.lower_to(value);
        self.max.raise_to(value);
        let bucket = Bucket::of(value);
        match self.page(bucket.power).or_else(|| self.make_page(bucket.power, make)) {
            Some(page) => {
                if let Some(count) = page.counts.get(bucket.index % BUCKETS) {
                    count.add(1);
                }
            }
            None => self.beyond.add(1),
        }
    }

    /// The buckets that were hit, in no order: their numbers and counts.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (usize, u64)> {
        self.pages().flat_map(|page| {
            let number = |index| Bucket { power: page.power, index }.number();
            page.counts.iter().enumerate().map(move |(index, count)| (number(index), count.get()))
        })
    }

    /// Values that are in no bucket.
    pub(crate) fn beyond(&self) -> u64 {
        self.beyond.get()
    }

    /// The smallest and the largest value; without values the first is the larger one.
    pub(crate) fn extremes(&self) -> (u64, u64) {
        (self.min.get(), self.max.get())
    }

    fn pages(&self) -> impl Iterator<Item = &'static BucketPage> {
        // SAFETY: only `make_page` stores here, and it stores a page that is never freed; `older` of a page refers to
        // such a page too.
        let newest: Option<&'static BucketPage> = unsafe { self.newest.load(Acquire).as_ref() };
        // SAFETY: as above.
        std::iter::successors(newest, |page| unsafe { page.older.as_ref() })
    }

    fn page(&self, power: usize) -> Option<&'static BucketPage> {
        self.pages().find(|page| page.power == power)
    }

    #[cold]
    fn make_page(&self, power: usize, make: impl FnOnce() -> *mut BucketPage) -> Option<&'static BucketPage> {
        let page = make();
        if page.is_null() {
            return None;
        }
        let mut older = self.newest.load(Relaxed);
        // SAFETY: the caller gives aligned memory for one page that nobody else uses and that is never freed.
        unsafe { page.write(BucketPage { power, older, counts: [const { OwnerCounter::new(0) }; BUCKETS] }) };
        // Release: a thread that finds the page in the list sees all of it.
        while let Err(present) = self.newest.compare_exchange(older, page, Release, Relaxed) {
            // A signal handler has listed a page meanwhile.
            older = present;
            // SAFETY: nobody else knows the page yet.
            unsafe { (*page).older = older };
        }
        // SAFETY: it was written above, and is never freed.
        Some(unsafe { &*page })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_within_a_thirty_second_of_its_buckets_middle() {
        let mut last = 0;
        let all = (0..100_000).chain((17..64).flat_map(|log| {
            let power = 1u64 << log;
            [power - 1, power, power + 1, power + power / 3, power + (power - 1)]
        }));
        for value in all.chain([u64::MAX]) {
            let number = Bucket::of(value).number();
            assert!(number < ALL_BUCKETS && number >= last, "{value}");
            last = number;
            let off = middle(number).abs_diff(value) as f64;
            assert!(off <= value as f64 / 32.0, "{value} is off by {off}");
            assert!(value >= 16 || off == 0.0);
        }
    }

    fn page() -> *mut BucketPage {
        Box::into_raw(Box::new(std::mem::MaybeUninit::<BucketPage>::uninit())).cast()
    }

    #[test]
    fn without_memory_for_a_page_only_the_extremes_are_known() {
        let distribution = NodeDistribution::new();
        for value in [5, 5, 7] {
            distribution.add(value, page);
        }
        distribution.add(5000, null_mut);
        let hit: Vec<_> = distribution.buckets().filter(|&(_, count)| count > 0).collect();
        assert_eq!(hit, [(5, 2), (7, 1)]);
        assert_eq!((distribution.beyond(), distribution.extremes()), (1, (5, 5000)));
    }
}
