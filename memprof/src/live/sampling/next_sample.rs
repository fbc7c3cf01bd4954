//! The next sample of a thread.

use crate::live::probability::Random;
use crate::live::record::Drawn;
use crate::live::table::Table;
use std::cell::Cell;

/// The countdown, in allocated bytes, to the next sample of a thread. For the owner of a ledger alone.
#[derive(Debug)]
pub(crate) struct NextSample {
    /// Position of the next sample point in the thread's allocated bytes.
    due_at: Cell<u64>,
    /// Level and period of the table when it was drawn; level 0: it was not drawn.
    level: Cell<u8>,
    period: Cell<u8>,
    random: Random,
}

impl NextSample {
    pub(crate) const fn new() -> Self {
        Self { due_at: Cell::new(0), level: Cell::new(0), period: Cell::new(0), random: Random::new() }
    }

    /// Seeds the random numbers, differently for each thread.
    pub(crate) fn seed(&self, seed: u64) {
        self.random.seed(seed);
    }

    /// Position of the next sample point, if it was drawn for the table's current period.
    pub(crate) fn due_at(&self, table: &Table) -> Option<u64> {
        let state = table.state();
        let is_valid = self.level.get() > 0 && !state.is_exact() && self.period.get() == state.period();
        is_valid.then_some(self.due_at.get())
    }

    /// Sampling level of the allocation that ends at byte `total`; `None`: it is not chosen. Without a sample point
    /// nothing is decided yet: then it is certain, and the table decides whether it keeps the record.
    pub(crate) fn choose(&self, total: u64, table: &Table) -> Option<Drawn> {
        match self.due_at(table) {
            Some(due_at) if total < due_at => None,
            Some(_) => Some(Drawn::at(self.level.get(), self.period.get())),
            None => Some(Drawn::CERTAIN),
        }
    }

    /// Draws the next sample point after byte `total`, with the table's current interval.
    pub(crate) fn draw(&self, total: u64, table: &Table) {
        let (state, level) = table.drawing();
        self.level.set(level);
        self.period.set(state.period());
        if level > 0 {
            self.due_at.set(total.saturating_add(self.random.bytes_to_next(table.interval_at(level))));
        }
    }

    /// Position of the next sample point, as [`due_at`](Self::due_at). If the interval has changed since it was drawn
    /// and no sample up to byte `total` is due, it is drawn again. The distribution is memoryless, so this changes no
    /// probability.
    pub(crate) fn follow(&self, total: u64, table: &Table) -> Option<u64> {
        let (state, level) = table.drawing();
        if level == 0 || self.level.get() == 0 || self.period.get() != state.period() {
            return None;
        }
        if self.level.get() != level && total < self.due_at.get() {
            self.draw(total, table);
        }
        Some(self.due_at.get())
    }
}
