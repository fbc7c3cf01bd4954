//! Which stacks of the tracked allocations are one.

use super::symbols::Symbols;
use crate::live::Record;
use crate::live::stack::{self, Known, StackId};
use crate::report::data::Frame;
use std::collections::HashMap;

/// The stacks of one report, told apart by what they show.
pub(super) struct Stacks {
    /// Loading what names an address takes long: not where nothing was captured.
    symbols: Option<Symbols>,
    of_id: HashMap<StackId, StackId>,
    of_frames: HashMap<Vec<(usize, u32)>, StackId>,
}

impl Stacks {
    pub(super) fn of(records: &[Record]) -> Self {
        let symbols = records.iter().any(|record| record.stack != 0).then(Symbols::load);
        Self { symbols, of_id: HashMap::new(), of_frames: HashMap::new() }
    }

    /// The first stack that was found to be like this one. The profiler's own frames do not count: it has several ways to
    /// a record. And two threads that met a new stack at the same moment may have stored it twice.
    pub(super) fn first_alike(&mut self, id: StackId) -> StackId {
        let Some(symbols) = self.symbols.as_mut() else { return 0 };
        let of_frames = &mut self.of_frames;
        *self.of_id.entry(id).or_insert_with(|| {
            let id = symbols.without_own(id);
            let frames = stack::tree().into_iter().flat_map(|tree| tree.frames(id));
            let frames = frames.map(|Known { address, mark, .. }| (address, mark)).collect();
            *of_frames.entry(frames).or_insert(id)
        })
    }

    /// The functions on a stack, innermost first.
    pub(super) fn frames(&mut self, id: StackId) -> Vec<Frame> {
        self.symbols.as_mut().map(|symbols| symbols.stack(id)).unwrap_or_default()
    }
}
