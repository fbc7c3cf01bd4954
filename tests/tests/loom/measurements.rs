//! One slot of measurements, which threads enter and other measurements take.

use crate::measurement_slot::MeasurementSlot;
use crate::{in_threads, with_few_preemptions};
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU64, Ordering};

/// A slot, and the counters of its nodes, which belong to the measurement that has it.
struct Measured {
    slot: MeasurementSlot,
    begun: AtomicU64,
    work: UnsafeCell<u64>,
}

// SAFETY: `work` is touched by the threads that the slot lets in; that this excludes all others is what the models
// check.
unsafe impl Sync for Measured {}
// SAFETY: as above.
unsafe impl Send for Measured {}

impl Measured {
    fn new() -> &'static Self {
        let zero = || AtomicU64::new(0);
        let slot = MeasurementSlot { serial: zero(), inside: zero(), missed: zero() };
        Box::leak(Box::new(Self { slot, begun: zero(), work: UnsafeCell::new(0) }))
    }

    fn take(&self) -> Option<u64> {
        self.slot.take(|| self.begun.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// A measurement: it reads at its beginning what earlier ones have counted.
    fn measure(&self) -> Option<u64> {
        let serial = self.take()?;
        let before = self.read();
        assert_ne!(serial, 0, "that would be no measurement");
        self.slot.release();
        Some(before)
    }

    /// Work of a thread, if the measurement with this serial number has not ended.
    fn work_for(&self, serial: u64) -> bool {
        let presence = self.slot.enter();
        let is_in = presence.serial() == serial;
        if is_in {
            // SAFETY: as for `Sync`. loom reports another thread in here.
            self.work.with_mut(|work| unsafe { *work += 1 });
        }
        is_in
    }

    /// As `work_for`, in a scope that keeps the presence.
    fn work_in_a_scope_for(&self, serial: u64) {
        let presence = self.slot.enter();
        if presence.serial() != serial {
            return;
        }
        presence.keep();
        // SAFETY: as for `Sync`.
        self.work.with_mut(|work| unsafe { *work += 1 });
        drop(self.slot.kept());
    }

    fn read(&self) -> u64 {
        // SAFETY: as for `Sync`.
        self.work.with(|work| unsafe { *work })
    }
}

#[test]
fn no_measurement_begins_while_a_thread_works_for_the_one_before() {
    with_few_preemptions(|| {
        let measured = Measured::new();
        let first = measured.take().expect("it is free");
        in_threads([
            Box::new(move || {
                measured.work_for(first);
            }) as Box<dyn FnOnce() + Send>,
            Box::new(|| measured.slot.release()),
            Box::new(|| {
                measured.measure();
            }),
        ]);
        assert_eq!(measured.slot.inside.load(Ordering::Relaxed), 0);
        assert_eq!(measured.measure(), Some(measured.read()), "the slot can be used again");
    });
}

#[test]
fn no_measurement_begins_while_a_scope_of_the_one_before_is_open() {
    with_few_preemptions(|| {
        let measured = Measured::new();
        let first = measured.take().expect("it is free");
        in_threads([
            Box::new(move || measured.work_in_a_scope_for(first)) as Box<dyn FnOnce() + Send>,
            Box::new(|| {
                measured.slot.release();
                measured.measure();
            }),
        ]);
        assert_eq!(measured.slot.inside.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn a_slot_is_of_one_measurement() {
    with_few_preemptions(|| {
        let measured = Measured::new();
        let take_and_work = || {
            if measured.take().is_some() {
                // SAFETY: as for `Sync`. loom reports the other one in here.
                measured.work.with_mut(|work| unsafe { *work += 1 });
            }
        };
        in_threads([Box::new(take_and_work) as Box<dyn FnOnce() + Send>, Box::new(take_and_work)]);
        assert_eq!(measured.read(), 1, "one of the two has it");
    });
}

#[test]
fn work_after_the_end_is_for_no_measurement() {
    loom::model(|| {
        let measured = Measured::new();
        let first = measured.take().expect("it is free");
        measured.slot.release();
        let second = measured.take().expect("nobody is inside");
        assert!(!measured.work_for(first) && measured.work_for(second));
    });
}
