//! When a thread's next sample is due.

use super::chance::Random;
use super::record::Drawn;
use super::state::State;
use super::table::Table;
use std::cell::Cell;

/// How many bytes a thread will allocate until its next sample. For the owner of a ledger alone.
#[derive(Debug)]
pub(crate) struct Countdown {
    /// Which of the thread's bytes the next arrow hits.
    due_at: Cell<u64>,
    /// The state of the table that it was drawn in; exact: it was not.
    drawn_in: Cell<State>,
    random: Random,
}

impl Countdown {
    pub(crate) const fn new() -> Self {
        Self { due_at: Cell::new(0), drawn_in: Cell::new(State::EXACT), random: Random::new() }
    }

    /// Makes its random numbers others than those of the other threads.
    pub(crate) fn seed(&self, seed: u64) {
        self.random.seed(seed);
    }

    /// Which byte the next arrow hits, if it was drawn for the table as it is now.
    pub(crate) fn due_at(&self, table: &Table) -> Option<u64> {
        let drawn_in = self.drawn_in.get();
        let holds = !drawn_in.is_exact() && !table.state().is_exact() && drawn_in.period() == table.state().period();
        holds.then_some(self.due_at.get())
    }

    /// Whether the allocation that ends at byte `total` is chosen, and how. Without a countdown nothing has decided about
    /// it yet: then it is certain, and what the table keeps of it is for the table to say.
    pub(crate) fn choose(&self, total: u64, table: &Table) -> Option<Drawn> {
        match self.due_at(table) {
            Some(due_at) if total < due_at => None,
            Some(_) => Some(self.drawn_in.get().drawn()),
            None => Some(Drawn::CERTAIN),
        }
    }

    /// Draws the next one after byte `total`, by the table's present interval.
    pub(crate) fn draw(&self, total: u64, table: &Table) {
        let state = table.state();
        self.drawn_in.set(state);
        if !state.is_exact() {
            self.due_at.set(total.saturating_add(self.random.bytes_to_next(table.interval(state))));
        }
    }
}
