//! A vector in system memory, for data that is built inside an allocation.

use super::pages;

/// A vector of plain values in memory from the system. It grows by doubling and never panics: without memory it keeps
/// the items that it has.
#[derive(Debug)]
pub(crate) struct MappedVec<T> {
    start: *mut T,
    capacity: usize,
    len: usize,
}

// SAFETY: it owns its memory, and `T` may be sent.
unsafe impl<T: Send> Send for MappedVec<T> {}
// SAFETY: as above; shared references only read.
unsafe impl<T: Sync> Sync for MappedVec<T> {}

impl<T: Copy> MappedVec<T> {
    /// An empty one, without memory.
    pub(crate) const fn new() -> Self {
        const { assert!(size_of::<T>() > 0) };
        Self { start: std::ptr::null_mut(), capacity: 0, len: 0 }
    }

    /// Ensures memory for `capacity` items. False: the system has none, and nothing has changed.
    pub(crate) fn reserve(&mut self, capacity: usize) -> bool {
        if capacity <= self.capacity {
            return true;
        }
        let Some(bytes) = capacity.checked_mul(size_of::<T>()) else { return false };
        let start = pages::reserve(bytes).cast::<T>();
        if start.is_null() {
            return false;
        }
        let mut larger = Self { start, capacity, len: self.len };
        if self.len > 0 {
            // SAFETY: the first `len` items were written; the new memory is larger, aligned to a page, and nobody
            // else's.
            unsafe { start.copy_from_nonoverlapping(self.start, self.len) };
        }
        std::mem::swap(self, &mut larger);
        true
    }

    /// Adds an item. False: the system has no memory for it.
    pub(crate) fn push(&mut self, item: T) -> bool {
        if self.len >= self.capacity && !self.reserve(self.capacity.saturating_mul(2).max(64)) {
            return false;
        }
        // SAFETY: `len` is below the capacity.
        unsafe { self.start.add(self.len).write(item) };
        self.len += 1;
        true
    }

    /// Replaces the contents by `len` copies of an item. False: the system has no memory for them.
    pub(crate) fn fill(&mut self, len: usize, item: T) -> bool {
        self.len = 0;
        if !self.reserve(len) {
            return false;
        }
        for index in 0..len {
            // SAFETY: `index` is below the capacity.
            unsafe { self.start.add(index).write(item) };
        }
        self.len = len;
        true
    }

    /// Removes all items; the memory stays.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    pub(crate) fn as_slice(&self) -> &[T] {
        if self.start.is_null() {
            return &[];
        }
        // SAFETY: the first `len` items were written.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        if self.start.is_null() {
            return &mut [];
        }
        // SAFETY: as above, and `self` is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.start, self.len) }
    }
}

impl<T> Drop for MappedVec<T> {
    fn drop(&mut self) {
        if !self.start.is_null() {
            // SAFETY: the memory came from `reserve` with the same size, and slices of it borrow `self`.
            unsafe { pages::release(self.start.cast(), self.capacity * size_of::<T>()) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_its_items_when_it_grows() {
        let mut items = MappedVec::new();
        assert!(items.as_slice().is_empty() && items.as_mut_slice().is_empty());
        assert!((0..10_000_u64).all(|number| items.push(number)));
        assert!(items.as_slice().iter().copied().eq(0..10_000));
        items.clear();
        assert!(items.as_slice().is_empty() && items.fill(300, 7) && items.as_slice() == [7; 300]);
        items.as_mut_slice()[299] = 8;
        assert!(items.fill(2, 1) && items.push(9) && items.as_slice() == [1, 1, 9]);
    }

    #[test]
    fn without_memory_nothing_changes() {
        let mut items = MappedVec::new();
        assert!(items.push(5_u64) && !items.reserve(usize::MAX) && !items.reserve(usize::MAX / 16));
        assert_eq!(items.as_slice(), [5]);
    }
}
