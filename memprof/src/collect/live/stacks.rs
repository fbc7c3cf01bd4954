//! Stacks of recorded blocks that are one place.

use super::place;
use crate::collect::symbols::Symbols;
use crate::collect::symbols::names::Files;
use crate::live::Record;
use crate::report::data::Frame;
use crate::report::leaks::owner::Crates;
use crate::stack::StackId;
use std::collections::HashMap;
use std::path::PathBuf;

/// The stacks of one report, told apart by their places.
pub(crate) struct Stacks<'f> {
    /// Loading what names an address takes long: not where nothing was captured.
    symbols: Option<Symbols<'f>>,
    crates: &'f Crates,
    of_id: HashMap<StackId, StackId>,
    of_place: HashMap<place::PlaceKey, StackId>,
    frames: HashMap<StackId, Vec<Frame>>,
}

impl<'f> Stacks<'f> {
    pub(crate) fn of(records: &[Record], files: &'f Files, crates: &'f Crates) -> Self {
        let symbols = records.iter().any(|record| record.stack != 0).then(|| Symbols::load(files));
        Self { symbols, crates, of_id: HashMap::new(), of_place: HashMap::new(), frames: HashMap::new() }
    }

    /// The first stack that was found to be of the same place as this one, of a block that is live. The profiler's own
    /// frames do not count: it has several ways to a record. And two threads that met a new stack at the same moment
    /// may have stored it twice.
    pub(crate) fn first_alike(&mut self, id: StackId) -> StackId {
        let (first, found) = self.place(id);
        match (self.frames.get_mut(&first), found) {
            // The one with the least recursion shows the place best.
            (Some(shown), Some(found)) if found.len() < shown.len() => *shown = found,
            (None, Some(found)) => drop(self.frames.insert(first, found)),
            _ => {}
        }
        first
    }

    /// As [`first_alike`](Self::first_alike), of a stack of which perhaps no block is live any more: it is not shown.
    pub(crate) fn first_alike_of_reading(&mut self, id: StackId) -> StackId {
        self.place(id).0
    }

    /// The first stack of the same place; and, where this one was not asked for before, its frames.
    fn place(&mut self, id: StackId) -> (StackId, Option<Vec<Frame>>) {
        let Some(symbols) = self.symbols.as_mut() else { return (0, None) };
        if let Some(&first) = self.of_id.get(&id) {
            return (first, None);
        }
        let found = symbols.stack(id);
        let first = *self.of_place.entry(place::key(&found, self.crates)).or_insert(id);
        self.of_id.insert(id, first);
        (first, Some(found))
    }

    /// The modules whose files were replaced since they were loaded.
    pub(crate) fn replaced(&self) -> Vec<PathBuf> {
        self.symbols.as_ref().map(Symbols::replaced).unwrap_or_default()
    }

    /// The functions on a stack that is the [`first_alike`](Self::first_alike) of some, innermost first. Groups of
    /// several call paths can share it.
    pub(crate) fn frames(&self, id: StackId) -> Vec<Frame> {
        self.frames.get(&id).cloned().unwrap_or_default()
    }
}
