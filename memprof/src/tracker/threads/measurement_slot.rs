//! One slot of measurements: the measurement that has it, and the threads inside.
//!
//! ```text
//!          take                                 release
//!   FREE ─────────► TAKEN (has a serial number) ─────────► FREE, but not taken while `inside` is not 0
//! ```
//!
//! A thread enters first and then asks which measurement it is in; a measurement takes the slot first and then asks if
//! a thread is inside. So one of the two sees the other, and work of one measurement never counts for the next.
//! `tests/models/loom` compiles this very file against loom's atomics.

use crate::tracker::sync::{AcqRel, Acquire, AtomicU64, Relaxed, Release, SeqCst, fence};

/// The slot of one measurement.
#[derive(Debug)]
pub(crate) struct MeasurementSlot {
    /// Serial number of the measurement that has the slot; 0: free.
    pub(crate) serial: AtomicU64,
    /// Threads that have entered it or are about to check if they can.
    pub(crate) inside: AtomicU64,
    /// Entries that failed: their work is in no figure.
    pub(crate) missed: AtomicU64,
}

impl MeasurementSlot {
    /// Takes the slot and returns the serial number of the measurement, which `draw` has drawn. `None`: another
    /// measurement has it, or a thread is inside.
    pub(crate) fn take(&self, draw: impl FnOnce() -> u64) -> Option<u64> {
        if self.serial() != 0 || self.inside.load(Relaxed) != 0 {
            return None;
        }
        let serial = draw();
        self.serial.compare_exchange(0, serial, AcqRel, Relaxed).ok()?;
        // Together with the fence of `enter`: either that thread sees that this is not its measurement, or it is seen
        // here.
        fence(SeqCst);
        // Acquire: the work of threads that have left is complete.
        if self.inside.load(Acquire) != 0 {
            self.release();
            return None;
        }
        self.missed.store(0, Relaxed);
        Some(serial)
    }

    /// Ends the measurement that has the slot.
    pub(crate) fn release(&self) {
        self.serial.store(0, Release);
    }

    /// Serial number of the measurement that has the slot; 0: none has.
    pub(crate) fn serial(&self) -> u64 {
        self.serial.load(Acquire)
    }

    /// Enters the slot: no other measurement takes it until the presence is dropped.
    pub(crate) fn enter(&self) -> Presence<'_> {
        self.inside.fetch_add(1, Relaxed);
        // Together with the fence of `take`.
        fence(SeqCst);
        Presence { slot: self }
    }

    /// The presence that was [kept](Presence::keep), to be dropped.
    pub(crate) fn kept(&self) -> Presence<'_> {
        Presence { slot: self }
    }

    /// Counts an entry that failed.
    pub(crate) fn miss(&self) {
        self.missed.fetch_add(1, Relaxed);
    }

    /// Entries that failed so far.
    pub(crate) fn missed(&self) -> u64 {
        self.missed.load(Relaxed)
    }
}

/// A thread in a slot. Dropping it leaves the slot.
#[derive(Debug)]
#[must_use]
pub(crate) struct Presence<'s> {
    slot: &'s MeasurementSlot,
}

impl Presence<'_> {
    /// Serial number of the measurement that the thread is in; 0: it has ended.
    pub(crate) fn serial(&self) -> u64 {
        self.slot.serial()
    }

    /// Leaves the slot only when [`kept`](MeasurementSlot::kept) is dropped: the presence is that of an open scope.
    pub(crate) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Presence<'_> {
    fn drop(&mut self) {
        self.slot.inside.fetch_sub(1, Release);
    }
}
