//! A record, and copies of many, made without allocating.

use super::stack::StackId;
use crate::os::pages;

/// A copy of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Bytes that were asked for.
    pub(crate) size: u64,
    /// Who allocated the block, as the tracker numbers it.
    pub(crate) owner: usize,
    /// When, in ticks of the coarse clock.
    pub(crate) ticks: u64,
    /// The stack that it was made on; 0: not known.
    pub(crate) stack: StackId,
}

/// Copied records, in system memory that is given back when this is dropped.
pub(crate) struct Records {
    start: *mut Record,
    room: usize,
    len: usize,
}

impl Records {
    /// Room for `room` records; `None` where the system has no memory for it.
    pub(super) fn with_room(room: usize) -> Option<Self> {
        let start = pages::reserve(room.checked_mul(size_of::<Record>())?).cast::<Record>();
        if start.is_null() { None } else { Some(Self { start, room, len: 0 }) }
    }

    /// Adds a record, if there is room.
    pub(super) fn push(&mut self, record: Record) {
        if self.len < self.room {
            // SAFETY: `len` is below the room that was reserved.
            unsafe { self.start.add(self.len).write(record) };
            self.len += 1;
        }
    }

    /// What was pushed.
    pub(crate) fn as_slice(&self) -> &[Record] {
        // SAFETY: the first `len` records were written by `push`.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        // SAFETY: the memory came from `reserve` with the same size, and slices of it borrow `self`.
        unsafe { pages::release(self.start.cast(), self.room * size_of::<Record>()) };
    }
}
