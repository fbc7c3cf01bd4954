//! The filter that every free asks: the whole one or the short one, in one word.
//!
//! `tests/models/loom` compiles this very file against loom's atomics.

use super::counting::{ALIGNED_TO, Filter, Index, entry_of, short_entry_of};
use crate::live::sync::{Acquire, AtomicPtr, AtomicU8, Relaxed, Release};

/// Bits of [`FilterChoice`] that hold the shift from a hash to an index.
pub(super) const SHIFT: usize = 63;
/// Set while the choice may be changed.
pub(super) const OPEN: usize = 1 << 6;
/// One generation, and the bits that count generations.
pub(super) const GENERATION: usize = 1 << 7;
pub(super) const GENERATIONS: usize = 7 << 7;
/// Set when the choice will never be changed again.
pub(super) const SHUT: usize = 1 << 10;
/// Set for the short filter.
pub(super) const SHORT: usize = 1 << 11;

/// The filter of a table that every free asks.
///
/// One word, so that its parts always belong to the same filter: the address of the entries, the generation, the flags
/// and the shift.
#[derive(Debug)]
pub(crate) struct FilterChoice(AtomicPtr<AtomicU8>);

/// The chosen filter and its generation at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChosenFilter(pub(super) *mut AtomicU8);

impl ChosenFilter {
    pub(super) fn of(filter: &Filter, rest: usize) -> Self {
        let short = if filter.is_short { SHORT } else { 0 };
        let more = rest & (OPEN | GENERATIONS | SHUT) | short | filter.shift as usize & SHIFT;
        Self(filter.entries.cast_mut().map_addr(|address| address | more))
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    fn entries(self) -> *mut AtomicU8 {
        self.0.map_addr(|address| address & !(ALIGNED_TO - 1))
    }

    pub(crate) fn is(self, filter: &Filter) -> bool {
        std::ptr::eq(self.entries(), filter.entries)
    }

    pub(crate) fn is_shut(self) -> bool {
        self.0.addr() & SHUT != 0
    }
}

/// The answer of the chosen filter that has counted a key or others with the same entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FilterHit {
    entry: usize,
    shift: u32,
}

impl FilterHit {
    /// The index in the whole filter, if that has answered: the short one has another length. Otherwise all records are
    /// listed. PERF: asked after the answer is known, or every free would compute both.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn of(self, whole: &Filter) -> Option<Index> {
        (self.shift == whole.shift).then_some(Index(self.entry))
    }
}

impl FilterChoice {
    pub(crate) fn new(filter: &Filter) -> Self {
        Self(AtomicPtr::new(ChosenFilter::of(filter, OPEN).0))
    }

    pub(crate) fn look(&self) -> ChosenFilter {
        // Acquire: see `may_contain`.
        ChosenFilter(self.0.load(Acquire))
    }

    /// Asks the chosen filter for a key. `None`: the table does not have it, which is certain.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn ask(&self, key: u64) -> Option<FilterHit> {
        // Acquire: a thread that asks the short filter sees everything listed before it was chosen.
        let chosen = self.look();
        let shift = (chosen.0.addr() & SHIFT) as u32;
        let is_short = chosen.0.addr() & SHORT != 0;
        let entry = if is_short { short_entry_of(key, shift) } else { entry_of(key, shift) };
        // SAFETY: every word is made by `ChosenFilter::of` from a filter that is never freed. The shift belongs to
        // these entries, so the index is below their number.
        let counted = unsafe { &*chosen.entries().add(entry) }.load(Relaxed);
        (counted != 0).then_some(FilterHit { entry, shift })
    }

    /// Makes every free ask `filter` until [`open`](Self::open), so that a [`change`](Self::change) prepared before has
    /// no effect. One thread at a time closes and opens.
    pub(crate) fn close(&self, filter: &Filter) {
        // A generation repeats after 8: a thread would have to stop between its look and its change while 8 profiles
        // start.
        let chosen = self.look();
        let shut = chosen.0.addr() & SHUT;
        let next = chosen.0.addr().wrapping_add(GENERATION) & GENERATIONS;
        // A store would do; the swap is for loom (see `slot::discard`).
        self.0.swap(ChosenFilter::of(filter, next | shut).0, Release);
    }

    /// As [`close`](Self::close), forever.
    pub(crate) fn shut(&self, filter: &Filter) {
        self.0.swap(ChosenFilter::of(filter, SHUT).0, Release);
    }

    /// Ends [`close`](Self::close), unless the choice is shut.
    pub(crate) fn open(&self, filter: &Filter) {
        let chosen = self.look();
        let open = if chosen.is_shut() { 0 } else { OPEN };
        self.0.store(ChosenFilter::of(filter, chosen.0.addr() | open).0, Release);
    }

    /// Makes every free ask `filter`, if nothing has changed since the look.
    pub(crate) fn change(&self, chosen: ChosenFilter, filter: &Filter) {
        let rest = chosen.0.addr();
        if rest & OPEN != 0 {
            // Release: see `may_contain`. If another thread was faster, it made the same change or started a new
            // generation.
            let _ = self.0.compare_exchange(chosen.0, ChosenFilter::of(filter, rest).0, Release, Relaxed);
        }
    }
}
