//! When a thread's next sample is due.

use crate::live::probability::Random;
use crate::live::record::Drawn;
use crate::live::table::Table;
use std::cell::Cell;

/// How many bytes a thread will allocate until its next sample. For the owner of a ledger alone.
#[derive(Debug)]
pub(crate) struct NextSample {
    /// Which of the thread's bytes the next arrow hits.
    due_at: Cell<u64>,
    /// The level and the period of the table that it was drawn in; level 0: it was not drawn.
    level: Cell<u8>,
    period: Cell<u8>,
    random: Random,
}

impl NextSample {
    pub(crate) const fn new() -> Self {
        Self { due_at: Cell::new(0), level: Cell::new(0), period: Cell::new(0), random: Random::new() }
    }

    /// Makes its random numbers others than those of the other threads.
    pub(crate) fn seed(&self, seed: u64) {
        self.random.seed(seed);
    }

    /// Which byte the next arrow hits, if it was drawn for the table's present period.
    pub(crate) fn due_at(&self, table: &Table) -> Option<u64> {
        let state = table.state();
        let is_valid = self.level.get() > 0 && !state.is_exact() && self.period.get() == state.period();
        is_valid.then_some(self.due_at.get())
    }

    /// Whether the allocation that ends at byte `total` is chosen, and how. Without a countdown nothing has decided about
    /// it yet: then it is certain, and what the table keeps of it is for the table to say.
    pub(crate) fn choose(&self, total: u64, table: &Table) -> Option<Drawn> {
        match self.due_at(table) {
            Some(due_at) if total < due_at => None,
            Some(_) => Some(Drawn::at(self.level.get(), self.period.get())),
            None => Some(Drawn::CERTAIN),
        }
    }

    /// Draws the next one after byte `total`, by the table's present interval.
    pub(crate) fn draw(&self, total: u64, table: &Table) {
        let (state, level) = table.drawing();
        self.level.set(level);
        self.period.set(state.period());
        if level > 0 {
            self.due_at.set(total.saturating_add(self.random.bytes_to_next(table.interval_at(level))));
        }
    }

    /// Which byte the next arrow hits, as [`due_at`](Self::due_at). If the interval has changed since it was drawn and nothing up
    /// to byte `total` is due, it is drawn anew: it has no memory, so that this changes no chance.
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
