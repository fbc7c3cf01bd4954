//! The filter that every free asks, in one word: the whole one, the short one, or one that has counted every key.
//!
//! `tests/models/loom` compiles this very file against loom's atomics.

use super::counting::{ALIGNED_TO, Filter};
use crate::live::hash::spread;
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
/// Set for the filter that has counted every key: each free searches the table.
pub(super) const EVERY: usize = 1 << 11;

/// The filter that every free asks.
///
/// One word, so that its parts always belong to the same filter: the address of the entries, the generation, the flags
/// and the shift.
#[derive(Debug)]
pub(crate) struct FilterChoice(pub(super) AtomicPtr<AtomicU8>);

/// The chosen filter and its generation at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChosenFilter(pub(super) *mut AtomicU8);

impl ChosenFilter {
    pub(super) fn of(filter: &Filter, rest: usize) -> Self {
        let every = if filter.counts_every { EVERY } else { 0 };
        let more = rest & (OPEN | GENERATIONS | SHUT) | every | filter.shift as usize & SHIFT;
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

    /// True if this filter has counted every key, so that its answer says nothing.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn counts_every(self) -> bool {
        self.0.addr() & EVERY != 0
    }
}

/// The answer of a filter: if the table has a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It does not, which is certain.
    No,
    /// If it does, the record is listed. The filter has counted the key, or others with the same entry.
    PerhapsListed,
    /// The filter has counted every key.
    Search,
}

impl FilterChoice {
    #[cfg(test)]
    pub(crate) fn new(filter: &Filter) -> Self {
        Self(AtomicPtr::new(ChosenFilter::of(filter, OPEN).0))
    }

    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn look(&self) -> ChosenFilter {
        // Acquire: a thread that asks a filter sees everything that was listed before the filter was chosen.
        ChosenFilter(self.0.load(Acquire))
    }

    /// Asks the chosen filter for a key.
    ///
    /// PERF: on the path of every free while blocks are recorded. In an exact table nothing is computed.
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn ask(&self, key: u64) -> Answer {
        let chosen = self.look();
        if chosen.counts_every() {
            return Answer::Search;
        }
        // The other bits of the word do not matter to a shift.
        let entry = spread(key, chosen.0.addr() as u32);
        // SAFETY: every word is made by `ChosenFilter::of`, or in `constant`, from a filter that is never freed. The
        // shift belongs to these entries, so the index is below their number.
        let counted = unsafe { &*chosen.entries().add(entry) }.load(Relaxed);
        if counted == 0 { Answer::No } else { Answer::PerhapsListed }
    }

    /// Makes every free ask `filter` until [`open`](Self::open), so that a [`change`](Self::change) prepared before has
    /// no effect. One thread at a time closes and opens.
    pub(crate) fn close(&self, filter: &Filter) {
        // A generation repeats after 8: a thread would have to stop between its look and its change while 4 profiles
        // start, each of which closes twice.
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
            // Release: see `look`. If another thread was faster, it made the same change or started a new generation.
            let _ = self.0.compare_exchange(chosen.0, ChosenFilter::of(filter, rest).0, Release, Relaxed);
        }
    }
}
