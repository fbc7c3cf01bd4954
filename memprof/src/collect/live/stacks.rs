//! Stacks of the tracked allocations that are one place.

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
    of_place: HashMap<place::Key, StackId>,
    frames: HashMap<StackId, Vec<Frame>>,
}

impl<'f> Stacks<'f> {
    pub(crate) fn of(records: &[Record], files: &'f Files, crates: &'f Crates) -> Self {
        let symbols = records.iter().any(|record| record.stack != 0).then(|| Symbols::load(files));
        Self { symbols, crates, of_id: HashMap::new(), of_place: HashMap::new(), frames: HashMap::new() }
    }

    /// The first stack that was found to be of the same place as this one. The profiler's own frames do not count: it has
    /// several ways to a record. And two threads that met a new stack at the same moment may have stored it twice.
    pub(crate) fn first_alike(&mut self, id: StackId) -> StackId {
        let Some(symbols) = self.symbols.as_mut() else { return 0 };
        let (of_place, frames, crates) = (&mut self.of_place, &mut self.frames, self.crates);
        *self.of_id.entry(id).or_insert_with(|| {
            let found = symbols.stack(id);
            let first = *of_place.entry(place::key(&found, crates)).or_insert(id);
            match frames.get_mut(&first) {
                // The one with the least recursion shows the place best.
                Some(shown) if found.len() < shown.len() => *shown = found,
                Some(_) => {}
                None => drop(frames.insert(first, found)),
            }
            first
        })
    }

    /// The modules whose files were replaced since they were loaded.
    pub(crate) fn replaced(&self) -> Vec<PathBuf> {
        self.symbols.as_ref().map(Symbols::replaced).unwrap_or_default()
    }

    /// The functions on a stack that is the [`first_alike`](Self::first_alike) of some, innermost first. Groups of several
    /// call paths can share it.
    pub(crate) fn frames(&self, id: StackId) -> Vec<Frame> {
        self.frames.get(&id).cloned().unwrap_or_default()
    }
}
