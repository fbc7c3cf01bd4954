//! Filters that are never written to, and the choice of the process, which begins with one of them.

use super::choice::FilterChoice;
use super::counting::{ALIGNED_TO, Filter};
use std::sync::atomic::{AtomicPtr, AtomicU8};

#[repr(align(4096))]
struct Entries([AtomicU8; ALIGNED_TO]);

const SHIFT: u32 = 64 - ALIGNED_TO.trailing_zeros();

static NO_KEY: Entries = Entries([const { AtomicU8::new(0) }; ALIGNED_TO]);
static EVERY_KEY: Entries = Entries([const { AtomicU8::new(1) }; ALIGNED_TO]);

/// The filter that the frees of this process ask: one that has counted nothing, until the first table is made.
pub(crate) static CHOICE: FilterChoice =
    FilterChoice(AtomicPtr::new((&raw const NO_KEY).cast::<AtomicU8>().cast_mut().wrapping_byte_add(SHIFT as usize)));

/// The filter that has counted every key.
pub(crate) fn every_key() -> Filter {
    Filter::of_every_key(EVERY_KEY.0.as_ptr(), ALIGNED_TO)
}
