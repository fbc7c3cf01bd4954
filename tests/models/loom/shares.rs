//! How capacity passes between the live table and the shares of threads.

use crate::capacity::Capacity;
use crate::share::{CLOSED, Share, Shares};
use crate::{in_threads, with_few_preemptions};
use loom::sync::atomic::{AtomicBool, AtomicI8, AtomicPtr, AtomicU32, AtomicUsize, Ordering::Relaxed};
use std::ptr::null_mut;

/// So that a share is opened, with 2.
const MAX: u64 = 130;
/// Records that fill a table but for 1 that is in no share, once a share is open.
const NEARLY: u64 = MAX - 4;

pub(crate) fn shares() -> &'static Shares {
    Box::leak(Box::new(Shares { head: AtomicPtr::new(null_mut()), open: AtomicUsize::new(0) }))
}

fn share() -> &'static Share {
    let word = AtomicI8::new(CLOSED);
    Box::leak(Box::new(Share { word, is_listed: AtomicBool::new(false), next: AtomicPtr::new(null_mut()) }))
}

/// A table whose records are only counted, and the shares of two threads.
struct Counted {
    capacity: Capacity,
    records: AtomicU32,
    one: &'static Share,
    other: &'static Share,
}

impl Counted {
    fn new() -> &'static Self {
        let capacity = Capacity::new(MAX, shares());
        Box::leak(Box::new(Self { capacity, records: AtomicU32::new(0), one: share(), other: share() }))
    }

    /// As for a record of a thread with this share. Returns the answer of [`Capacity::take`].
    fn insert(&self, share: &'static Share) -> Option<bool> {
        let taken = if share.take() {
            Some(false)
        } else {
            share.not_taken();
            self.capacity.take(Some(share))
        };
        if taken.is_some() {
            let before = self.records.fetch_add(1, Relaxed);
            assert!(u64::from(before) < MAX, "more records than the maximum");
        }
        taken
    }

    fn remove(&self, share: &'static Share) {
        self.records.fetch_sub(1, Relaxed);
        self.capacity.give_back(Some(share));
    }

    /// Checks that nothing was lost or made, and returns the capacity in shares.
    fn adds_up(&self) -> i64 {
        let in_shares = self.capacity.in_shares();
        let records = i64::from(self.records.load(Relaxed));
        assert_eq!(self.capacity.look().left + in_shares + records, MAX as i64);
        in_shares
    }
}

type Thread = Box<dyn FnOnce() + Send>;

#[test]
fn a_share_that_another_thread_closes_loses_nothing() {
    with_few_preemptions(|| {
        let table = Counted::new();
        assert_eq!(table.insert(table.one), Some(false));
        in_threads([
            Box::new(|| {
                // Empties it, and asks for more.
                (0..3).for_each(|_| assert_eq!(table.insert(table.one), Some(false)));
                table.remove(table.one);
            }) as Thread,
            Box::new(|| table.capacity.close_share(table.one)),
        ]);
        table.adds_up();
    });
}

#[test]
fn a_table_is_full_for_nobody_while_a_share_has_capacity() {
    with_few_preemptions(|| {
        let table = Counted::new();
        assert_eq!(table.insert(table.one), Some(false));
        for _ in 0..NEARLY {
            assert!(table.capacity.take(None).is_some());
            table.records.fetch_add(1, Relaxed);
        }
        // 1 is left in the word and 2 in the share.
        assert_eq!(table.adds_up(), 2);
        in_threads([
            Box::new(|| {
                assert_eq!(table.insert(table.other), Some(false));
                assert_eq!(table.insert(table.other), Some(false));
            }) as Thread,
            Box::new(|| {
                table.insert(table.one);
                table.remove(table.one);
            }),
        ]);
        table.adds_up();
    });
}

#[test]
fn no_share_stays_open_in_a_sample() {
    with_few_preemptions(|| {
        let table = Counted::new();
        in_threads([
            Box::new(|| {
                table.insert(table.one);
            }) as Thread,
            Box::new(|| table.capacity.mark_sampled(true)),
        ]);
        assert_eq!(table.adds_up(), 0, "capacity is in a share");
        let reading = table.capacity.look();
        assert_eq!(reading.unlisted(MAX), i64::from(table.records.load(Relaxed)));
        assert!(!table.one.take());
    });
}

#[test]
fn two_threads_open_their_shares_at_once() {
    with_few_preemptions(|| {
        let table = Counted::new();
        in_threads([
            Box::new(|| {
                table.insert(table.one);
                table.remove(table.one);
            }) as Thread,
            Box::new(|| {
                table.insert(table.other);
                table.remove(table.other);
            }),
        ]);
        table.adds_up();
        // What both have can be found.
        table.capacity.mark_sampled(true);
        assert_eq!(table.adds_up(), 0);
    });
}
