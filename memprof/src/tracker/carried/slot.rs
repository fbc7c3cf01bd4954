//! The slot of a meter, or the link that joins a meter to those around it; and counted references to slots.

use super::pool::{ItemPool, Pooled};
use std::ptr::null_mut;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicI64, AtomicPtr, AtomicU32, AtomicU64, fence};

/// Meters that can be nested. The figures of a deeper one stay 0: settling visits each of them.
const MAX_NESTED: usize = 64;

/// A meter, or a link: a meter within others. One cache line.
#[repr(C, align(64))]
#[derive(Debug)]
pub(crate) struct CarriedSlot {
    /// Number of references; 0: the slot is free.
    references: AtomicU64,
    /// Bytes that the work has allocated.
    allocated: AtomicU64,
    /// Allocated − deallocated in the work, bytes.
    net: AtomicI64,
    /// The highest net, bytes.
    peak: AtomicI64,
    /// Visits of threads: their number in the upper half, the threads that are inside in the lower one.
    visits: AtomicU64,
    /// The meter of a link, which owns a reference to it; null: the slot is a meter.
    meter: AtomicPtr<CarriedSlot>,
    /// The slot around a link, which owns a reference to it.
    outer: AtomicPtr<CarriedSlot>,
    /// Number of the slot in the pool.
    number: AtomicU32,
    /// Number of the next free slot.
    next_free: AtomicU32,
}

const _: () = assert!(size_of::<CarriedSlot>() == 64);

static POOL: ItemPool<CarriedSlot> = ItemPool::new();

// SAFETY: all of its parts are atomics, and its size is 64.
unsafe impl Pooled for CarriedSlot {
    fn numbers(&self) -> (&AtomicU32, &AtomicU32) {
        (&self.number, &self.next_free)
    }
}

/// A counted reference to a slot.
#[derive(Debug)]
pub(crate) struct Carried(&'static CarriedSlot);

/// A thread's visit to a meter. It is the only one as long as no other was there at its beginning or has begun since.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MeterVisit {
    number: u64,
    was_alone: bool,
    net: i64,
}

/// Figures of a meter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MeterFigures {
    pub(crate) allocated: u64,
    pub(crate) net: i64,
    pub(crate) peak: i64,
}

const ONE_INSIDE: u64 = 1;
const ONE_VISIT: u64 = 1 << 32;

impl CarriedSlot {
    /// The slot of the meter itself.
    #[inline]
    fn meter(&'static self) -> &'static CarriedSlot {
        reference(self.meter.load(Relaxed)).unwrap_or(self)
    }

    /// The slots from this one outwards.
    #[inline]
    fn outwards(&'static self) -> impl Iterator<Item = &'static CarriedSlot> {
        std::iter::successors(Some(self), |slot| reference(slot.outer.load(Relaxed)))
    }

    #[inline]
    fn is(&self, other: &CarriedSlot) -> bool {
        std::ptr::eq(self, other)
    }

    /// Adds the bytes of a thread to every meter that the work carries.
    #[inline(always)]
    pub(super) fn add(&'static self, allocated: u64, deallocated: u64) {
        let by = allocated.wrapping_sub(deallocated) as i64;
        for slot in self.outwards() {
            let meter = slot.meter();
            meter.allocated.fetch_add(allocated, Relaxed);
            let net = meter.net.fetch_add(by, Relaxed).wrapping_add(by);
            meter.raise_peak(net);
        }
    }

    #[inline]
    fn raise_peak(&self, net: i64) {
        if net > self.peak.load(Relaxed) {
            self.peak.fetch_max(net, Relaxed);
        }
    }
}

#[inline]
fn reference(slot: *mut CarriedSlot) -> Option<&'static CarriedSlot> {
    // SAFETY: null, or the address of a slot: only `Carried::within` stores in a slot, and only references to slots.
    // Slots are never unmapped.
    unsafe { slot.as_ref() }
}

impl Carried {
    /// A new meter. `None`: the system has no memory.
    pub(crate) fn new() -> Option<Self> {
        let slot = POOL.take()?;
        slot.allocated.store(0, Relaxed);
        slot.net.store(0, Relaxed);
        slot.peak.store(0, Relaxed);
        slot.visits.store(0, Relaxed);
        slot.meter.store(null_mut(), Relaxed);
        slot.outer.store(null_mut(), Relaxed);
        slot.references.store(1, Relaxed);
        Some(Self(slot))
    }

    /// This meter within the work that carries `outer`. `None`: it is one of those already, there are too many, or the
    /// system has no memory.
    #[inline]
    pub(super) fn within(&self, outer: &'static CarriedSlot) -> Option<Self> {
        let mut depth = 0;
        for slot in outer.outwards() {
            depth += 1;
            if slot.meter().is(self.0) || depth == MAX_NESTED {
                return None;
            }
        }
        let link = Self::new()?;
        link.0.meter.store(self.clone().into_raw(), Relaxed);
        outer.references.fetch_add(1, Relaxed);
        link.0.outer.store(std::ptr::from_ref(outer).cast_mut(), Relaxed);
        Some(link)
    }

    /// The reference as a pointer, which owns it.
    #[inline]
    pub(super) fn into_raw(self) -> *mut CarriedSlot {
        let slot = std::ptr::from_ref(self.0).cast_mut();
        std::mem::forget(self);
        slot
    }

    /// The reference that a pointer from [`into_raw`](Self::into_raw) owns, if it is not null.
    #[inline]
    pub(super) fn from_raw(slot: *mut CarriedSlot) -> Option<Self> {
        reference(slot).map(Self)
    }

    /// Another reference to a slot that a pointer from [`into_raw`](Self::into_raw) owns.
    #[inline]
    pub(super) fn of(slot: &'static CarriedSlot) -> Self {
        slot.references.fetch_add(1, Relaxed);
        Self(slot)
    }

    /// Figures of the innermost meter.
    pub(crate) fn figures(&self) -> MeterFigures {
        let meter = self.0.meter();
        let net = meter.net.load(Relaxed);
        MeterFigures { allocated: meter.allocated.load(Relaxed), net, peak: meter.peak.load(Relaxed).max(net) }
    }

    /// Begins a visit to the innermost meter.
    #[inline(always)]
    pub(super) fn arrive(&self) -> MeterVisit {
        let meter = self.0.meter();
        let before = meter.visits.fetch_add(ONE_VISIT + ONE_INSIDE, Relaxed);
        MeterVisit {
            number: (before >> 32).wrapping_add(1) as u32 as u64,
            was_alone: before as u32 == 0,
            net: meter.net.load(Relaxed),
        }
    }

    /// Ends a visit to the innermost meter. If it was the only one, `rise` is the exact rise of the work's net in it.
    #[inline(always)]
    pub(super) fn leave(&self, visit: MeterVisit, rise: Option<i64>) {
        let meter = self.0.meter();
        let visits = meter.visits.fetch_sub(ONE_INSIDE, Relaxed);
        if let Some(rise) = rise
            && visit.was_alone
            && visits >> 32 == visit.number
        {
            meter.raise_peak(visit.net.saturating_add(rise));
        }
    }

    /// Begins a visit to every meter that the work carries: none of them has only one visitor from now on.
    #[inline]
    pub(super) fn arrive_at_all(&self) {
        for slot in self.0.outwards() {
            slot.meter().visits.fetch_add(ONE_VISIT + ONE_INSIDE, Relaxed);
        }
    }

    /// Ends the visits that [`arrive_at_all`](Self::arrive_at_all) began.
    #[inline]
    pub(super) fn leave_all(&self) {
        for slot in self.0.outwards() {
            slot.meter().visits.fetch_sub(ONE_INSIDE, Relaxed);
        }
    }
}

impl Clone for Carried {
    #[inline]
    fn clone(&self) -> Self {
        Self::of(self.0)
    }
}

impl Drop for Carried {
    #[inline(always)]
    fn drop(&mut self) {
        // Release: whoever gets the slot next comes after all uses of it.
        if self.0.references.fetch_sub(1, Release) == 1 {
            self.0.give_back();
        }
    }
}

impl CarriedSlot {
    /// Returns a slot to the pool that nobody refers to any more, and its own references.
    #[inline(never)]
    fn give_back(&'static self) {
        let mut next = Some(self);
        while let Some(slot) = next {
            // Together with the releases of the references.
            fence(Acquire);
            let outer = reference(slot.outer.load(Relaxed));
            let meter = reference(slot.meter.load(Relaxed));
            POOL.give_back(slot);
            // A meter has neither a meter nor an outer slot.
            if let Some(meter) = meter
                && meter.references.fetch_sub(1, Release) == 1
            {
                fence(Acquire);
                POOL.give_back(meter);
            }
            next = outer.filter(|outer| outer.references.fetch_sub(1, Release) == 1);
        }
    }
}
