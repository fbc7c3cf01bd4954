//! The measurement in which a future was created: the future keeps it and enters it again on any thread.

use super::context::{CallPath, Entered};
use crate::tracker::threads::slots::{self, Visit};
use crate::tracker::threads::thread::{self, CurrentThread};

/// The measurement in which a future was created, in 5 bytes, for which a future has space.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Within {
    number: u8,
    /// The lowest bits of the measurement's serial number.
    serial: [u8; 4],
}

impl Within {
    pub(crate) const NOWHERE: Within = Within { number: 0, serial: [0; 4] };

    /// The innermost measurement of this thread.
    #[inline]
    pub(crate) fn here_on(present: CurrentThread) -> Option<Self> {
        let node = present.ledger()?.node();
        if node.measurement == 0 { None } else { Some(Self::of(slots::innermost(node))) }
    }

    fn of(measurement: Option<(u8, u64)>) -> Self {
        measurement.map_or(Self::NOWHERE, |(number, serial)| Self { number, serial: lowest(serial) })
    }

    /// Enters the measurement on this thread, unless the thread is already in it or it has ended. `None`: nothing was
    /// entered.
    #[inline(always)]
    pub(crate) fn enter(self) -> Option<Entered> {
        if self.number == 0 { None } else { self.enter_slow() }
    }

    #[cold]
    #[inline(never)]
    fn enter_slow(self) -> Option<Entered> {
        let visit = Visit::new(self.number)?;
        let serial = visit.serial();
        if serial == 0 || lowest(serial) != self.serial {
            return None;
        }
        if thread::ledger().is_some_and(|ledger| slots::is_within(ledger.node(), self.number)) {
            return None;
        }
        let (ledger, node) = visit.beginning()?;
        CallPath::to_measurement(ledger, node, serial).enter()
    }
}

fn lowest(serial: u64) -> [u8; 4] {
    (serial as u32).to_ne_bytes()
}
