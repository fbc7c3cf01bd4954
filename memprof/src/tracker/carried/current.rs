//! The work that a ledger's thread is doing now.

use super::labels::{self, LabelId, LabelSet};
use super::slot::{Carried, CarriedSlot, MeterVisit};
use crate::live;
use std::ptr::null_mut;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicPtr, AtomicU64};

/// The slot that the thread's present work carries, and the thread's totals up to which it has been settled. For the
/// owner of the ledger alone, and the signal handlers that interrupt it.
#[derive(Debug)]
pub(crate) struct CurrentWork {
    /// Owns a reference; null: the work carries nothing.
    carried: AtomicPtr<CarriedSlot>,
    /// The set of labels that the work carries.
    labels: AtomicU64,
    allocated: AtomicU64,
    deallocated: AtomicU64,
}

/// A set of labels as [`live::label_bits`] has it. PERF: so that a record takes it as it is.
pub(crate) type LabelBits = u64;

/// Totals of a thread: allocated and deallocated bytes.
pub(crate) type ThreadTotals = (u64, u64);

/// The state to which a thread returns when it leaves a piece of work.
#[derive(Debug)]
pub(crate) struct LeftWork {
    before: Option<Carried>,
    labels_before: LabelSet,
    visit: Option<MeterVisit>,
}

impl CurrentWork {
    pub(crate) const fn new() -> Self {
        Self {
            carried: AtomicPtr::new(null_mut()),
            labels: AtomicU64::new(0),
            allocated: AtomicU64::new(0),
            deallocated: AtomicU64::new(0),
        }
    }

    /// True if the present work carries nothing.
    #[inline(always)]
    pub(crate) fn is_plain(&self) -> bool {
        // PERF: one comparison.
        self.carried.load(Relaxed).addr() as u64 | self.labels.load(Relaxed) == 0
    }

    /// The labels that the work carries. Read by any thread.
    #[inline(always)]
    pub(crate) fn labels(&self) -> LabelSet {
        live::label_set(self.labels.load(Relaxed))
    }

    /// The labels as a record has them.
    #[inline(always)]
    pub(crate) fn label_bits(&self) -> LabelBits {
        self.labels.load(Relaxed)
    }

    // Else its place depends on how the crate is divided for the compiler, and it may be a call.
    #[inline]
    fn slot(&self) -> Option<&'static CarriedSlot> {
        // SAFETY: null, or a slot, to which this owns a reference. Slots are never unmapped.
        unsafe { self.carried.load(Relaxed).as_ref() }
    }

    /// The state that the present work carries.
    #[inline]
    pub(crate) fn carried(&self) -> Option<Carried> {
        self.slot().map(Carried::of)
    }

    /// Adds what the thread has done since the last time to the meters and labels of its present work.
    #[inline(always)]
    pub(crate) fn settle(&self, totals: ThreadTotals) {
        if !self.is_settled(totals) {
            self.settle_difference(totals);
        }
    }

    /// True if the thread has done nothing since the last time.
    #[inline(always)]
    fn is_settled(&self, (allocated, deallocated): ThreadTotals) -> bool {
        self.allocated.load(Relaxed) == allocated && self.deallocated.load(Relaxed) == deallocated
    }

    #[inline]
    fn settle_difference(&self, (allocated, deallocated): ThreadTotals) {
        // Exchanges, because a signal handler may settle in between: then one of the two differences is negative, and
        // their sum is right.
        let allocated = allocated.wrapping_sub(self.allocated.swap(allocated, Relaxed));
        let deallocated = deallocated.wrapping_sub(self.deallocated.swap(deallocated, Relaxed));
        if allocated | deallocated == 0 {
            return;
        }
        if let Some(slot) = self.slot() {
            slot.add(allocated, deallocated);
        }
        if self.labels() != 0 {
            labels::add(self.labels(), allocated, deallocated);
        }
    }

    #[inline(always)]
    fn replace(&self, carried: Option<Carried>, totals: ThreadTotals) -> Option<Carried> {
        self.settle(totals);
        Carried::from_raw(self.carried.swap(carried.map_or(null_mut(), Carried::into_raw), Relaxed))
    }

    /// Enters a meter within the present work. `None`: nothing changes, see [`Carried::within`].
    #[inline(always)]
    pub(crate) fn enter_meter(&self, meter: &Carried, totals: ThreadTotals) -> Option<LeftWork> {
        let carried = match self.slot() {
            None => meter.clone(),
            Some(outer) => meter.within(outer)?,
        };
        // After settling: then the meter's net is known.
        let before = self.replace(Some(carried), totals);
        Some(LeftWork { before, labels_before: self.labels(), visit: Some(meter.arrive()) })
    }

    /// Leaves a meter. `rise`: the highest net of this thread in it, above its entry, if that is known.
    #[inline(always)]
    pub(crate) fn leave_meter(&self, left: &mut LeftWork, rise: Option<i64>, totals: ThreadTotals) {
        if let Some(present) = self.replace(left.before.take(), totals)
            && let Some(visit) = left.visit
        {
            present.leave(visit, rise);
        }
    }

    /// Replaces the present work by that of a context.
    #[inline]
    pub(crate) fn enter_context(&self, carried: Option<&Carried>, labels: LabelSet, totals: ThreadTotals) -> LeftWork {
        if let Some(carried) = carried {
            carried.arrive_at_all();
        }
        let before = self.replace(carried.cloned(), totals);
        LeftWork { before, labels_before: self.swap_labels(labels), visit: None }
    }

    /// Leaves the work of a context.
    #[inline]
    pub(crate) fn leave_context(&self, left: LeftWork, totals: ThreadTotals) {
        if let Some(present) = self.replace(left.before, totals) {
            present.leave_all();
        }
        self.swap_labels(left.labels_before);
    }

    /// Enters work with this label alone, if the present work carries nothing. PERF: without exchanges. A signal
    /// handler in between leaves everything as it was, and what it allocates may count in the label.
    #[inline(always)]
    pub(crate) fn enter_first_label(&self, label: LabelId, (allocated, deallocated): ThreadTotals) -> Option<()> {
        let labels = if self.is_plain() { label.alone()? } else { return None };
        self.allocated.store(allocated, Relaxed);
        self.deallocated.store(deallocated, Relaxed);
        self.labels.store(labels, Relaxed);
        Some(())
    }

    /// Leaves work with labels, if the thread has done nothing in it since it was last settled.
    #[inline(always)]
    pub(crate) fn leave_settled_label(&self, before: LabelBits, totals: ThreadTotals) -> Option<()> {
        if !self.is_settled(totals) {
            return None;
        }
        self.labels.store(before, Relaxed);
        Some(())
    }

    /// Enters work with one more label. Returns the labels to which the thread returns.
    pub(crate) fn enter_label(&self, label: LabelId, totals: ThreadTotals) -> LabelBits {
        self.change_labels(live::label_bits(label.with(self.labels())), totals)
    }

    /// Changes the labels, and returns the earlier ones.
    pub(crate) fn change_labels(&self, labels: LabelBits, totals: ThreadTotals) -> LabelBits {
        self.settle(totals);
        self.labels.swap(labels, Relaxed)
    }

    #[inline(always)]
    fn swap_labels(&self, labels: LabelSet) -> LabelSet {
        live::label_set(self.labels.swap(live::label_bits(labels), Relaxed))
    }

    /// Ends all work: the thread is over.
    pub(crate) fn end(&self, totals: ThreadTotals) {
        drop(self.replace(None, totals));
        self.labels.store(0, Relaxed);
    }
}
