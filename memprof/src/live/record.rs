//! One record: the facts known about one live block.

/// The sampling level of a record: the highest level that it has been subject to since its block was allocated.
/// Initially the level at which its sample was drawn; whenever the table is thinned, at least the level of the table.
///
/// It is stored in the highest 10 bits of the word that holds the size. An exact record has zeros there, so that the
/// most frequent path writes the size unchanged. No allocator can return 2^54 bytes: that is a quarter of the largest
/// existing address space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Drawn(u16);

impl Drawn {
    /// Not sampled: every block got a record at that time.
    pub(crate) const CERTAIN: Drawn = Drawn(0);

    /// Drawn at this level of the interval (not 0), in this period of the table.
    pub(crate) fn at(level: u8, period: u8) -> Self {
        Self(u16::from(period & 3) << 8 | u16::from(level))
    }

    pub(crate) fn is_certain(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn level(self) -> u8 {
        self.0 as u8
    }

    /// The same record after it was thinned at `level`, in the present period.
    pub(crate) fn at_least(self, level: u8, period: u8) -> Self {
        if level > self.level() { Self::at(level, period) } else { self }
    }

    /// True if it was drawn in an earlier period of the table.
    pub(crate) fn is_from_before(self, period: u8) -> bool {
        !self.is_certain() && (self.0 >> 8) as u8 != period & 3
    }
}

/// A copy of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Requested size in bytes.
    pub(crate) size: u64,
    /// [Owner](Self::owner) of the block and [set of labels](Self::label_set), in one word.
    pub(crate) owner_word: usize,
    /// Time of the allocation, in ticks of the coarse clock.
    pub(crate) ticks: u64,
    /// Sampling level, from which follows how likely the record was to be kept.
    pub(crate) drawn: Drawn,
    /// Stack of the allocation, as `stack` numbers it; 0: not known.
    pub(crate) stack: u32,
    /// Time when a reallocation last grew it, in [`coarse`] ticks; 0: never, or not known.
    pub(crate) grown: u32,
}

/// A time in few bits: a resolution of some milliseconds, a range of some months.
#[inline(always)]
pub(crate) fn coarse(ticks: u64) -> u32 {
    ((ticks >> COARSE_BITS) as u32).max(1)
}

/// Low bits that [`coarse`] drops.
pub(crate) const COARSE_BITS: u32 = 24;

/// Bits of the size; [`Drawn`] is stored above them.
const SIZE_BITS: u32 = 54;

/// Bits of the owner, which is an address of the program; the number of the labels is stored above them.
const OWNER_BITS: u32 = 48;
const OWNER_MASK: usize = if usize::BITS > OWNER_BITS { ((1_u64 << OWNER_BITS) - 1) as usize } else { usize::MAX };

/// The number of a set of labels, at its place in the word of the owner. A smaller word has no place for it.
#[inline(always)]
pub(crate) fn label_bits(set: u16) -> u64 {
    u64::from(set) << OWNER_BITS
}

/// The number that [`label_bits`] has placed.
#[inline(always)]
pub(crate) fn label_set(bits: u64) -> u16 {
    (bits >> OWNER_BITS) as u16
}

impl Record {
    /// Size and sampling level, packed into one word.
    #[inline(always)]
    pub(crate) fn size_word(&self) -> u64 {
        self.size | u64::from(self.drawn.0) << SIZE_BITS
    }

    /// Owner of the block, as the tracker numbers it.
    #[inline(always)]
    pub(crate) fn owner(&self) -> usize {
        self.owner_word & OWNER_MASK
    }

    /// Number of the set of labels that the work carried; 0: none.
    pub(crate) fn label_set(&self) -> u16 {
        label_set((self.owner_word & !OWNER_MASK) as u64)
    }

    /// Stack and time of the last growth, packed into one word.
    #[inline(always)]
    pub(crate) fn stack_word(&self) -> u64 {
        u64::from(self.stack) | u64::from(self.grown) << 32
    }

    pub(crate) fn from_words(size_word: u64, owner_word: usize, ticks: u64, stack_word: u64) -> Self {
        let drawn = Drawn((size_word >> SIZE_BITS) as u16);
        let (stack, grown) = (stack_word as u32, (stack_word >> 32) as u32);
        Self { size: size_word & ((1 << SIZE_BITS) - 1), owner_word, ticks, drawn, stack, grown }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_survives_being_packed() {
        let levels = [Drawn::CERTAIN, Drawn::at(1, 0), Drawn::at(160, 3), Drawn::at(u8::MAX, u8::MAX)];
        for drawn in levels {
            for size in [0, 1, 4096, (1 << SIZE_BITS) - 1] {
                for (stack, grown) in [(0, 0), (1, 0), (0, 1), (u32::MAX, 0), (0, u32::MAX), (u32::MAX, u32::MAX)] {
                    let labels = label_bits(stack as u16) as usize;
                    let owner_word = OWNER_MASK | labels;
                    let record = Record { size, owner_word, ticks: u64::MAX, drawn, stack, grown };
                    let (size_word, stack_word) = (record.size_word(), record.stack_word());
                    assert_eq!(Record::from_words(size_word, record.owner_word, u64::MAX, stack_word), record);
                    assert!(!drawn.is_certain() || size_word == size);
                }
            }
        }
    }

    #[test]
    fn a_sampling_level_knows_its_period() {
        for period in 0..=u8::MAX {
            let drawn = Drawn::at(7, period);
            assert_eq!((drawn.level(), drawn.is_certain()), (7, false));
            assert!(!drawn.is_from_before(period) && drawn.is_from_before(period.wrapping_add(1)));
            assert!(!Drawn::CERTAIN.is_from_before(period));
            assert_eq!(drawn.at_least(7, period), drawn);
            assert_eq!(drawn.at_least(9, period), Drawn::at(9, period));
        }
    }

    #[test]
    fn a_coarse_time_is_never_0_and_keeps_the_order() {
        assert_eq!([0, 1, (1 << COARSE_BITS) - 1, 1 << COARSE_BITS].map(coarse), [1, 1, 1, 1]);
        assert_eq!([2 << COARSE_BITS, 9 << COARSE_BITS].map(coarse), [2, 9]);
    }
}
