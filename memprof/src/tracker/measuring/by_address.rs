//! A table by address, in system memory, for code that must not allocate.

use crate::os::memory::pages;

/// Entries by address. Filled first, then sorted, then searched.
#[derive(Debug)]
pub(crate) struct ByAddress<T> {
    start: *mut (usize, T),
    capacity: usize,
    len: usize,
}

impl<T: Copy> ByAddress<T> {
    /// Sorted entries, at most `capacity` of them. `None`: the system has no memory for them.
    pub(crate) fn of(capacity: usize, entries: impl Iterator<Item = (usize, T)>) -> Option<Self> {
        let start = pages::reserve(Self::bytes(capacity)?).cast::<(usize, T)>();
        if start.is_null() {
            return None;
        }
        let mut table = Self { start, capacity, len: 0 };
        entries.for_each(|(address, entry)| table.push(address, entry));
        table.sort();
        Some(table)
    }

    /// Adds an entry, if there is capacity; call [`sort`](Self::sort) after the last one.
    pub(crate) fn push(&mut self, address: usize, entry: T) {
        if self.len < self.capacity {
            // SAFETY: `len` is below the reserved capacity, and the mapping is aligned to a page.
            unsafe { self.start.add(self.len).write((address, entry)) };
            self.len += 1;
        }
    }

    pub(crate) fn sort(&mut self) {
        self.all().sort_unstable_by_key(|(address, _)| *address);
    }

    fn bytes(capacity: usize) -> Option<usize> {
        capacity.max(1).checked_mul(size_of::<(usize, T)>())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The entry of an address.
    pub(crate) fn get(&mut self, address: usize) -> Option<&mut T> {
        let all = self.all();
        let index = all.binary_search_by_key(&address, |(its, _)| *its).ok()?;
        all.get_mut(index).map(|(_, entry)| entry)
    }

    fn all(&mut self) -> &mut [(usize, T)] {
        // SAFETY: the first `len` entries were written by `of`, and the slice borrows the table.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.len) }
    }
}

// SAFETY: it owns its memory, as a `Vec` does.
unsafe impl<T: Send> Send for ByAddress<T> {}
// SAFETY: as above; shared references only read.
unsafe impl<T: Sync> Sync for ByAddress<T> {}

impl<T> Drop for ByAddress<T> {
    fn drop(&mut self) {
        // SAFETY: the memory came from `reserve` with the same size; references into it borrow the table.
        unsafe { pages::release(self.start.cast(), self.capacity.max(1) * size_of::<(usize, T)>()) };
    }
}
