//! Publishing: when a thread's net reaches the process, and the thresholds that lead an allocation or a free to it.
//!
//! A ledger has two thresholds that each allocation and free compares. They are the next publishing, the next sample of
//! the live table, or 0: the slow path each time, which is also how other threads reach the owner.

use super::ledger::{Ledger, PUBLISH_STEP};
use super::ledgers::{each_ledger, flows};
use super::{net_readings, published, test_events};
use crate::live;
use crate::os::clock;
use crate::tracker::sync::reaches;
use std::sync::atomic::Ordering::Relaxed;

/// Makes every thread draw its next sample again, because the interval has shrunk.
#[cold]
#[inline(never)]
pub(crate) fn hurry_all() {
    each_ledger().filter(|ledger| !ledger.is_shared()).for_each(Ledger::hurry);
}

impl Ledger {
    /// True if the net may have risen far enough to be published when `total` bytes are allocated, or a scope has ended
    /// on another thread.
    #[inline(always)]
    pub(crate) fn is_publishing_due_by_allocations(&self, total: u64) -> bool {
        reaches!(total, self, Ledger, publish_at)
    }

    /// True if the net may have fallen far enough to be published when `total` bytes are freed, or a scope has ended on
    /// another thread.
    #[inline(always)]
    pub(crate) fn is_publishing_due_by_deallocations(&self, total: u64) -> bool {
        reaches!(total, self, Ledger, publish_at_deallocated)
    }

    /// Publishes the thread's net if it has moved far enough, and sets the next thresholds. For the owner alone.
    pub(crate) fn publish(&self, however_little: bool) {
        if test_events::is_followed(self) && !self.follow_event() && !however_little {
            return;
        }
        self.settle_work();
        self.follow_labels();
        let net = self.net();
        let moved = net.wrapping_sub(self.published.load(Relaxed));
        let mut up = moved.max(0) as u64;
        let mut down = moved.min(0).unsigned_abs();
        let is_read = !self.is_reporting() && net_readings::is_due_for_publisher(clock::ticks());
        // Half a step is enough here: otherwise a net that hovers just below a whole one would lead here with nearly
        // every allocation.
        if however_little || is_read || up.max(down) >= PUBLISH_STEP / 2 {
            // An exchange, because a signal handler may have published meanwhile.
            let moved = net.wrapping_sub(self.published.swap(net, Relaxed));
            if !self.is_reporting() {
                published::move_net(moved);
            }
            (up, down) = (0, 0);
        }
        if net_readings::needs_publishers() && !self.is_reporting() {
            let allocated = self.allocated.get();
            published::move_allocated(allocated.wrapping_sub(self.published_allocated.swap(allocated, Relaxed)));
        }
        let mut at = self.allocated.get().wrapping_add(PUBLISH_STEP - up);
        let mut at_deallocated = self.deallocated.get().wrapping_add(PUBLISH_STEP - down);
        if test_events::is_followed(self) {
            (at, at_deallocated) = (0, 0);
        }
        self.arm(|| {
            self.publish_at.store(at, Relaxed);
            self.publish_at_deallocated.store(at_deallocated, Relaxed);
        });
        // The sampling interval follows the cost of recording, even if no sample comes for a long time.
        if live::table().is_some_and(live::look_if_due) {
            hurry_all();
        }
        if is_read {
            net_readings::visit();
        }
        self.notice_rise();
    }

    /// Follows the last event in a test process. True if there is anything else to do.
    #[cold]
    #[inline(never)]
    fn follow_event(&self) -> bool {
        test_events::follow(self, || flows(&|ledger| !test_events::is_main(ledger)).0);
        let moved = self.net().wrapping_sub(self.published.load(Relaxed)).unsigned_abs();
        moved >= PUBLISH_STEP / 2 || live::table().is_some() || net_readings::needs_publishers()
    }

    /// Publishes if a reading over time is due, and takes it. For the owner alone, after its allocation is counted.
    #[inline]
    pub(crate) fn publish_if_due(&self, ticks: u64) {
        if net_readings::is_due_for_publisher(ticks) {
            self.publish(false);
        }
    }

    /// Counts blocks that another ledger has counted so far, each figure as allocated or, if negative, as deallocated.
    /// For the owner alone.
    pub(crate) fn take_over(&'static self, bytes: i64, count: i64) {
        self.catch_up();
        self.count_handed_over(bytes, count);
        self.root().counters.add(bytes, count);
        self.high.set(self.high.get().max(self.net()));
        if let Some(table) = live::table() {
            // The next allocation must be no more likely to be sampled than any other. The distribution is memoryless,
            // so drawing again changes no probability.
            self.countdown.draw(self.allocated.get(), table);
        }
        self.publish(false);
    }

    /// Sets the thresholds again, because the next sample has changed. For the owner alone.
    pub(crate) fn rearm(&self) {
        self.arm(|| {});
    }

    /// Sets the thresholds, after `publishing` has set those of the next publishing. For allocations: 0 while every one
    /// is recorded, otherwise the next publishing or the next sample, whichever comes first. For frees: 0 while
    /// allocations are recorded, otherwise the next publishing.
    fn arm(&self, publishing: impl FnOnce()) {
        let table = live::table();
        let period = table.map(|table| table.state().period());
        let arm = || {
            publishing();
            let (at, at_deallocated) = (self.publish_at.load(Relaxed), self.publish_at_deallocated.load(Relaxed));
            let recorded = table.filter(|_| self.is_recorded());
            let sampling_at = recorded.map(|table| self.countdown.follow(self.allocated.get(), table).unwrap_or(0));
            self.allocation_threshold.store(sampling_at.unwrap_or(at).min(at), Relaxed);
            self.deallocation_threshold.store(if table.is_some() { 0 } else { at_deallocated }, Relaxed);
        };
        self.mailbox().arm(arm, || self.hurry());
        // `arm` has a fence. Together with that of `start_recording`: either we see the new table or period now, or its
        // stores to the thresholds come after ours.
        if live::table().map(|table| table.state().period()) != period {
            self.look_at_table();
        }
    }

    /// Makes the next allocation and free publish, and do whatever else is due. Called by any thread.
    pub(crate) fn hurry(&self) {
        self.publish_at.store(0, Relaxed);
        self.publish_at_deallocated.store(0, Relaxed);
        self.force_slow_path();
    }

    /// Makes the next allocation and free check the live table, which has changed, and set the thresholds again. Called
    /// by any thread.
    pub(crate) fn look_at_table(&self) {
        if self.is_reporting() { self.hurry() } else { self.force_slow_path() }
    }

    /// Makes each allocation and free check the live table. Called by any thread.
    pub(crate) fn force_slow_path(&self) {
        self.follow_labels();
        self.allocation_threshold.store(0, Relaxed);
        self.deallocation_threshold.store(0, Relaxed);
    }
}
