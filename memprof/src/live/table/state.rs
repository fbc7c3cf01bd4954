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
        (self.guards() < u16::MAX).then(|| Self(self.0 + (1 << 40)))
    }

    /// With one guard fewer.
    pub(crate) fn without_guard(self) -> Self {
        Self(if self.guards() > 0 { self.0 - (1 << 40) } else { self.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(state: TableState) -> (u8, usize, u16, u8) {
        (state.level(), state.swept(), state.guards(), state.period())
    }

    #[test]
    fn each_part_of_the_state_changes_alone() {
        for (level, period) in [(0, 0), (1, 255), (160, 7), (255, 128)] {
            let state = TableState::default().begin(level, period);
            assert_eq!((parts(state), state.is_exact()), ((level, 0, 0, period), level == 0));
            let swept = (0..1000).fold(state, |state, _| state.and_swept());
            assert_eq!(parts(swept), (level, 1000, 0, period));
            let guarded = swept.with_guard().and_then(TableState::with_guard).unwrap();
            assert_eq!(parts(guarded), (level, 1000, 2, period));
            // Another level starts another sweep; another period keeps the guards.
            assert_eq!(parts(guarded.at(9)), (9, 0, 2, period));
            assert_eq!(parts(guarded.begin(3, 77)), (3, 0, 2, 77));
            assert_eq!(guarded.without_guard().without_guard().without_guard(), swept);
        }
    }

    #[test]
    fn parts_at_their_limits_leave_their_neighbours_alone() {
        // Every part at its smallest and largest, with all combinations of the others.
        for level in [0, u8::MAX] {
            for swept in [0, u32::MAX] {
                for guards in [0, u16::MAX] {
                    for period in [0, u8::MAX] {
                        let word = u64::from(level) | u64::from(swept) << 8 | u64::from(guards) << 40;
                        let state = TableState(word | u64::from(period) << 56);
                        assert_eq!(parts(state), (level, swept as usize, guards, period));
                        assert_eq!(parts(state.at(7)), (7, 0, guards, period));
                        assert_eq!(parts(state.begin(7, 9)), (7, 0, guards, 9));
                        let fewer = state.without_guard();
                        assert_eq!(parts(fewer), (level, swept as usize, guards.saturating_sub(1), period));
                        let more = state.with_guard().map(parts);
                        assert_eq!(more, guards.checked_add(1).map(|guards| (level, swept as usize, guards, period)));
                        if swept == 0 {
                            assert_eq!(parts(state.and_swept()), (level, 1, guards, period));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn guards_do_not_run_over() {
        let full = TableState(u64::from(u16::MAX) << 40);
        assert_eq!((full.guards(), full.with_guard()), (u16::MAX, None));
        assert_eq!(full.without_guard().with_guard(), Some(full));
    }
}
