//! A table by address, in system memory, for code that must not allocate.

use crate::os::memory::mapped_vec::MappedVec;

/// Entries by address. Filled first, then sorted, then searched.
#[derive(Debug)]
pub(crate) struct ByAddress<T> {
    capacity: usize,
    /// Addresses and the places of their entries: sorting is compiled once, not for each kind of entry.
    places: MappedVec<(usize, usize)>,
    entries: MappedVec<T>,
}

impl<T: Copy> ByAddress<T> {
    /// Sorted entries, at most `capacity` of them. `None`: the system has no memory for them.
    pub(crate) fn of(capacity: usize, entries: impl Iterator<Item = (usize, T)>) -> Option<Self> {
        let mut table = Self { capacity, places: MappedVec::new(), entries: MappedVec::new() };
        if !table.places.reserve(capacity) || !table.entries.reserve(capacity) {
            return None;
        }
        entries.for_each(|(address, entry)| table.push(address, entry));
        table.sort();
        Some(table)
    }

    /// Adds an entry, if there is capacity; call [`sort`](Self::sort) after the last one.
    pub(crate) fn push(&mut self, address: usize, entry: T) {
        let place = self.places.as_slice().len();
        if place < self.capacity && self.entries.push(entry) {
            self.places.push((address, place));
        }
    }

    pub(crate) fn sort(&mut self) {
        sort(self.places.as_mut_slice());
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.as_slice().is_empty()
    }

    /// The entry of an address.
    pub(crate) fn get(&mut self, address: usize) -> Option<&mut T> {
        let place = place(self.places.as_slice(), address)?;
        self.entries.as_mut_slice().get_mut(place)
    }
}

fn sort(places: &mut [(usize, usize)]) {
    places.sort_unstable_by_key(|(address, _)| *address);
}

fn place(places: &[(usize, usize)], address: usize) -> Option<usize> {
    let index = places.binary_search_by_key(&address, |(its, _)| *its).ok()?;
    places.get(index).map(|(_, place)| *place)
}
