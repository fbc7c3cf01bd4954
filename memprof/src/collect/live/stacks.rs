//! Stacks of recorded blocks that are one place.

use super::place;
use crate::collect::symbols::{Addresses, Symbols};
use crate::live::Records;
use crate::report::data::Frame;
use crate::report::leaks::owner::Crates;
use crate::sorted;
use crate::stack::StackId;
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

/// Limit of the stacks whose frames are shown without names. Smaller ones are grouped by call path alone.
const MOST_ADDRESSES: usize = 200;

/// Detail of the stacks in a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StackDetail {
    #[cfg_attr(not(feature = "serve"), allow(dead_code, reason = "scraped reports have none"))]
    None,
    /// Addresses and modules of the largest ones.
    Addresses,
    Names,
}

/// The stacks of one report, by place.
pub(crate) struct Stacks<'c> {
    /// Loading symbols takes long: only if stacks were captured.
    symbols: Option<Symbols>,
    /// Without names each stack is a place.
    addresses: Option<(Addresses, HashSet<StackId>)>,
    crates: &'c Crates,
    of_id: HashMap<StackId, StackId>,
    of_place: HashMap<place::PlaceKey, StackId>,
    frames: HashMap<StackId, Vec<Frame>>,
}

impl<'c> Stacks<'c> {
    /// All blocks of a call path are one group.
    pub(crate) fn none(crates: &'c Crates) -> Self {
        let (of_id, of_place, frames) = Default::default();
        Self { symbols: None, addresses: None, crates, of_id, of_place, frames }
    }

    /// With the names of functions.
    pub(crate) fn named(crates: &'c Crates) -> Self {
        Self { symbols: Some(Symbols::load()), ..Self::none(crates) }
    }

    /// Reads the names on stacks that will be asked for, of all at once: alone, each would take as long.
    pub(crate) fn read_names(&mut self, ids: impl Iterator<Item = StackId>) {
        if let Some(symbols) = &mut self.symbols {
            symbols.read(ids);
        }
    }

    /// With the addresses of the stacks that hold the most bytes.
    pub(crate) fn addresses(records: Option<&Records>, crates: &'c Crates) -> Self {
        let mut bytes: HashMap<StackId, u64> = HashMap::new();
        for record in records.into_iter().flat_map(Records::as_slice) {
            let sum = bytes.entry(record.stack).or_default();
            *sum = sum.saturating_add(record.size);
        }
        let mut largest: Vec<(StackId, u64)> = bytes.into_iter().collect();
        sorted::by_key(&mut largest, |&(stack, bytes)| (Reverse(bytes), stack));
        let largest = largest.into_iter().take(MOST_ADDRESSES).map(|(stack, _)| stack).collect();
        Self { addresses: Some((Addresses::load(), largest)), ..Self::none(crates) }
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
        if let Some((_, largest)) = &self.addresses {
            return (if largest.contains(&id) { id } else { 0 }, None);
        }
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
        match &self.addresses {
            Some((addresses, _)) => addresses.stack(id),
            None => self.frames.get(&id).cloned().unwrap_or_default(),
        }
    }
}
