//! The open scopes of a future while it is dropped, in one word: the future has no space for two scopes.

use super::context::Entered;
use super::enter_exit::Open;
use crate::tracker::threads::frames::FrameId;
use crate::tracker::threads::thread;

/// A scope of the present thread, and the measurement around it, if that was entered right before the scope.
///
/// The scope's frame as a word. Its unused bits (a frame begins at a multiple of 8) say what is present.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept(u64);

impl Kept {
    pub(crate) const NONE: Kept = Kept(0);

    /// Set if there is a measurement around the scope.
    const MEASUREMENT: u64 = 4;

    #[inline(always)]
    pub(crate) fn new(measurement: Option<Entered>, scope: Option<Open>) -> Self {
        match (measurement, scope) {
            (None, None) => Self::NONE,
            (None, Some(scope)) => Self(scope.id.word(false)),
            // A measurement can only be found beneath the frame of its scope.
            (Some(measurement), Some(scope)) if scope.id.without_frame().is_none() => {
                measurement.leave_open();
                Self(scope.id.word(false) | Self::MEASUREMENT)
            }
            // Marked by the bit for panics, which is not needed here.
            (Some(measurement), _) => Self(measurement.leave_open().word(true)),
        }
    }

    /// True if there is a scope or a measurement.
    #[inline(always)]
    pub(crate) fn is_something(self) -> bool {
        self.0 != 0
    }

    /// The scope. `None`: there is none, or the thread is over and has closed it.
    #[inline(always)]
    pub(crate) fn scope(self) -> Option<Open> {
        match self.frame() {
            Some((id, false)) => Some(Open { ledger: thread::present().ledger()?, id }),
            _ => None,
        }
    }

    /// The measurement, which ends when this is dropped.
    #[inline(always)]
    pub(crate) fn measurement(self) -> Option<Entered> {
        let (id, alone) = self.frame()?;
        if !alone && self.0 & Self::MEASUREMENT == 0 {
            return None;
        }
        let ledger = thread::present().ledger()?;
        let id = if alone { id } else { ledger.frames().context_beneath(id)? };
        Some(Entered::of(Open { ledger, id }))
    }

    #[inline(always)]
    fn frame(self) -> Option<(FrameId, bool)> {
        if self.0 == 0 { None } else { Some(FrameId::from_word(self.0 & !Self::MEASUREMENT)) }
    }
}
