//! Stacks of recorded blocks that are one place.

use super::place;
use crate::collect::symbols::Symbols;
use crate::collect::symbols::names::Files;
use crate::report::data::Frame;
use crate::report::leaks::owner::Crates;
use crate::stack::StackId;
use std::collections::HashMap;
use std::path::PathBuf;

/// The stacks of one report, by place.
pub(crate) struct Stacks<'f> {
    /// Loading symbols takes long: only if stacks were captured.
    symbols: Option<Symbols<'f>>,
    crates: &'f Crates,
    of_id: HashMap<StackId, StackId>,
    of_place: HashMap<place::PlaceKey, StackId>,
    frames: HashMap<StackId, Vec<Frame>>,
}

impl<'f> Stacks<'f> {
    /// `are_wanted`: some of the blocks have stacks, which get names.
    pub(crate) fn new(are_wanted: bool, files: &'f Files, crates: &'f Crates) -> Self {
        let symbols = are_wanted.then(|| Symbols::load(files));
        Self { symbols, crates, of_id: HashMap::new(), of_place: HashMap::new(), frames: HashMap::new() }
    }

    /// The first stack with live blocks of the same place as this one. The profiler's own frames do not count: it has
    /// several ways to make a record. Two threads that captured a new stack at once may also have stored it twice.
    pub(crate) fn first_alike(&mut self, id: StackId) -> StackId {
        let (first, found) = self.place(id);
        match (self.frames.get_mut(&first), found) {
            // The stack with the least recursion shows the place best.
            (Some(shown), Some(found)) if found.len() < shown.len() => *shown = found,
            (None, Some(found)) => drop(self.frames.insert(first, found)),
            _ => {}
        }
        first
    }

    /// As [`first_alike`](Self::first_alike), for a stack that may have no live blocks: it is not shown.
    pub(crate) fn first_alike_of_reading(&mut self, id: StackId) -> StackId {
        self.place(id).0
    }

    /// The first stack of the same place, and this stack's frames if it is new.
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

    /// Modules whose files were replaced after they were loaded.
    pub(crate) fn replaced(&self) -> Vec<PathBuf> {
        self.symbols.as_ref().map(Symbols::replaced).unwrap_or_default()
    }

    /// Functions on the [`first_alike`](Self::first_alike) stack, innermost first. Groups of several call paths can
    /// share it.
    pub(crate) fn frames(&self, id: StackId) -> Vec<Frame> {
        self.frames.get(&id).cloned().unwrap_or_default()
    }
}
