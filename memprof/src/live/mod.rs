//! The live table: one record for each tracked allocation, from its birth to its free.
//!
//! Everything in here runs inside allocations, but for [`Table::copy`]. It knows addresses and sizes; who allocated a
//! block is an opaque number to it.

mod filter;
mod records;
pub(crate) mod stack;
mod table;

pub(crate) use records::Record;
pub(crate) use table::{Inserted, Table};

use std::sync::atomic::{AtomicPtr, Ordering::Acquire, Ordering::Release};

/// The table in use; null until a profile starts that tracks allocations. A table is never taken away again.
static TABLE: AtomicPtr<Table> = AtomicPtr::new(std::ptr::null_mut());

/// The table in use.
#[inline(always)]
pub(crate) fn table() -> Option<&'static Table> {
    // SAFETY: only `track_up_to` stores here, and what it stores is a whole table that is never freed.
    unsafe { TABLE.load(Acquire).as_ref() }
}

/// Starts to track up to `max` live allocations. A second call keeps the records when the table is large enough for
/// `max`; else it starts an empty, larger one. Returns false where the system has no memory for it.
pub(crate) fn track_up_to(max: usize) -> bool {
    if let Some(present) = table().filter(|table| table.holds(max)) {
        present.limit_to(max);
        return true;
    }
    match Table::create(max) {
        Some(made) => {
            TABLE.store(std::ptr::from_ref(made).cast_mut(), Release);
            true
        }
        None => false,
    }
}
