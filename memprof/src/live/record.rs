//! What is known of one live block.

/// The sampling level of a record: the highest that it has been subject to since its block was made. At first that is the one
/// that its countdown was drawn at; whenever the table is thinned, at least that of the table.
///
/// It stands in the highest 10 bits of the word that holds the size. An exact record has zeros there, so that the path
/// which is taken most often writes the size as it is. No allocator can give 2^54 bytes: that is a fourth of the largest
/// address space there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Drawn(u16);

impl Drawn {
    /// Not chosen: every block got a record then.
    pub(crate) const CERTAIN: Drawn = Drawn(0);

    /// At this level of the interval (not 0), in this period of the table.
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

    /// Whether it was drawn in a period of the table that is over.
    pub(crate) fn is_from_before(self, period: u8) -> bool {
        !self.is_certain() && (self.0 >> 8) as u8 != period & 3
    }
}

/// A copy of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Bytes that were asked for.
    pub(crate) size: u64,
    /// Who allocated the block, as the tracker numbers it.
    pub(crate) owner: usize,
    /// When, in ticks of the coarse clock.
    pub(crate) ticks: u64,
    /// How likely it was to be here still.
    pub(crate) drawn: Drawn,
    /// The stack that it was made on, as `stack` numbers it; 0: not known.
    pub(crate) stack: u32,
    /// When it was last made larger by a reallocation, by [`coarse`] ticks; 0: never, or not known.
    pub(crate) grown: u32,
}

/// A moment in few bits: some milliseconds are told apart, and those of some months.
#[inline(always)]
pub(crate) fn coarse(ticks: u64) -> u32 {
    ((ticks >> COARSE_BITS) as u32).max(1)
}

/// What [`coarse`] leaves out.
pub(crate) const COARSE_BITS: u32 = 24;

/// Where the size ends and [`Drawn`] begins.
const SIZE_BITS: u32 = 54;

impl Record {
    /// The size and how the record was drawn, in one word.
    #[inline(always)]
    pub(crate) fn size_word(&self) -> u64 {
        self.size | u64::from(self.drawn.0) << SIZE_BITS
    }

    /// The stack and the last growth, in one word.
    #[inline(always)]
    pub(crate) fn stack_word(&self) -> u64 {
        u64::from(self.stack) | u64::from(self.grown) << 32
    }

    pub(crate) fn from_words(size_word: u64, owner: usize, ticks: u64, stack_word: u64) -> Self {
        let drawn = Drawn((size_word >> SIZE_BITS) as u16);
        let (stack, grown) = (stack_word as u32, (stack_word >> 32) as u32);
        Self { size: size_word & ((1 << SIZE_BITS) - 1), owner, ticks, drawn, stack, grown }
    }
}
