//! The state of the table, from exact to sampled, in one word, so that threads agree on all of it.

/// The state of the table at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TableState(pub(crate) u64);

impl TableState {
    /// The first state of a period, with the same guards.
    pub(crate) fn begin(self, level: u8, period: u8) -> Self {
        Self(self.0 & 0xFFFF << 40 | u64::from(level) | u64::from(period) << 56)
    }

    /// True if every block gets a record.
    #[inline(always)]
    pub(crate) fn is_exact(self) -> bool {
        // The lowest byte, so that it is one instruction.
        self.0 as u8 == 0
    }

    /// The level that every record of the table is subject to. 0: exact; 1: a sample from which nothing has been
    /// discarded yet.
    pub(crate) fn level(self) -> u8 {
        self.0 as u8
    }

    /// Number of shards swept at this level.
    pub(crate) fn swept(self) -> usize {
        (self.0 >> 8) as u32 as usize
    }

    /// Number of guards that keep the table exact.
    pub(crate) fn guards(self) -> u16 {
        (self.0 >> 40) as u16
    }

    /// Period of the profile: a sample drawn in another period does not count in this one.
    pub(crate) fn period(self) -> u8 {
        (self.0 >> 56) as u8
    }

    /// One more shard was swept.
    pub(crate) fn and_swept(self) -> Self {
        Self(self.0 + (1 << 8))
    }

    /// At another level, with no shard swept.
    pub(crate) fn at(self, level: u8) -> Self {
        Self(self.0 & !0xFF_FFFF_FFFF | u64::from(level))
    }

    /// With one guard more; `None` if there are as many as can be counted.
    pub(crate) fn with_guard(self) -> Option<Self> {
        (self.guards() < u16::MAX).then_some(Self(self.0 + (1 << 40)))
    }

    /// With one guard fewer.
    pub(crate) fn without_guard(self) -> Self {
        Self(if self.guards() > 0 { self.0 - (1 << 40) } else { self.0 })
    }
}
