//! Which stacks of the tracked allocations are one.

use super::names::Files;
use super::symbols::Symbols;
use crate::live::Record;
use crate::report::data::Frame;
use crate::stack::StackId;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

/// What a reader sees of a frame: where there are names, the address says nothing more.
type Shown = (Option<Arc<str>>, Option<Arc<str>>, Option<u32>, u64);

/// The stacks of one report, told apart by what they show: a loop that the compiler has unrolled is one place.
pub(super) struct Stacks<'f> {
    /// Loading what names an address takes long: not where nothing was captured.
    symbols: Option<Symbols<'f>>,
    of_id: HashMap<StackId, StackId>,
    of_frames: HashMap<Vec<Shown>, StackId>,
    frames: HashMap<StackId, Vec<Frame>>,
}

impl<'f> Stacks<'f> {
    pub(super) fn of(records: &[Record], files: &'f Files) -> Self {
        let symbols = records.iter().any(|record| record.stack != 0).then(|| Symbols::load(files));
        Self { symbols, of_id: HashMap::new(), of_frames: HashMap::new(), frames: HashMap::new() }
    }

    /// The first stack that was found to be like this one. The profiler's own frames do not count: it has several ways to
    /// a record. And two threads that met a new stack at the same moment may have stored it twice.
    pub(super) fn first_alike(&mut self, id: StackId) -> StackId {
        let Some(symbols) = self.symbols.as_mut() else { return 0 };
        let (of_frames, frames) = (&mut self.of_frames, &mut self.frames);
        *self.of_id.entry(id).or_insert_with(|| {
            let found = symbols.stack(id);
            let first = *of_frames.entry(found.iter().map(shown).collect()).or_insert(id);
            frames.entry(first).or_insert(found);
            first
        })
    }

    /// The modules whose files were replaced since they were loaded.
    pub(super) fn replaced(&self) -> Vec<PathBuf> {
        self.symbols.as_ref().map(Symbols::replaced).unwrap_or_default()
    }

    /// The functions on a stack that is the [`first_alike`](Self::first_alike) of some, innermost first. Groups of several
    /// call paths can share it.
    pub(super) fn frames(&self, id: StackId) -> Vec<Frame> {
        self.frames.get(&id).cloned().unwrap_or_default()
    }
}

fn shown(frame: &Frame) -> Shown {
    let address = if frame.function.is_some() { 0 } else { frame.address };
    (frame.function.clone(), frame.file.clone(), frame.line, address)
}
