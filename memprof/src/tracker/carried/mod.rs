//! State that a piece of work carries with it, on whichever threads it runs: its meters and labels.
//!
//! A ledger refers to a [slot](slot) and a set of [labels](labels) while its thread does such work. The bytes that the
//! thread allocates and deallocates are settled with the counters of both when the work is entered, when it is left,
//! and at each publishing: an allocation does nothing for it. The slots come from a [pool](pool) in system memory.

pub(crate) mod current;
pub(crate) mod labels;
pub(crate) mod pool;
pub(crate) mod slot;
pub(crate) mod text;
