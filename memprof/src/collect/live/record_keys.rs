//! The records by node and stack: most share theirs with others, so that the rest is done once for many.

use super::readings::ReadingKey;
use crate::collect::merge::Paths;
use crate::live::{Record, Records};
use crate::stack::StackId;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// The different keys of all records.
pub(crate) struct RecordKeys<'r> {
    /// In the order of their first records.
    pub(super) first: Vec<(ReadingKey, &'r Record)>,
    /// For each record the index of its key.
    pub(super) of_record: Vec<u32>,
}

impl<'r> RecordKeys<'r> {
    pub(crate) fn of(records: &'r Records) -> Self {
        let records = records.as_slice();
        let mut first = Vec::new();
        let mut of_record = Vec::with_capacity(records.len());
        let mut index: HashMap<ReadingKey, u32, BuildHasherDefault<KeyHasher>> = HashMap::default();
        for record in records {
            let key = ReadingKey { owner: record.owner(), stack: record.stack };
            of_record.push(*index.entry(key).or_insert_with(|| {
                first.push((key, record));
                first.len() as u32 - 1
            }));
        }
        Self { first, of_record }
    }

    /// The stacks of the records, and those of readings on the same call paths. Some may be there several times.
    pub(crate) fn stacks(&self, paths: &Paths, readings: impl Iterator<Item = ReadingKey>) -> Vec<StackId> {
        let path = |key: &ReadingKey| paths.of_node.get(&key.owner);
        let with_records: HashSet<usize> = self.first.iter().filter_map(|(key, _)| path(key)).copied().collect();
        let of_readings = readings.filter(|key| path(key).is_some_and(|path| with_records.contains(path)));
        self.first.iter().map(|(key, _)| *key).chain(of_readings).map(|key| key.stack).collect()
    }
}

/// Hasher for addresses and numbers, which nobody chooses to collide.
#[derive(Default)]
struct KeyHasher(u64);

/// 2^64 divided by the golden ratio.
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

impl KeyHasher {
    fn add(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(FACTOR);
    }
}

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.add(byte.into()));
    }

    fn write_u32(&mut self, number: u32) {
        self.add(number.into());
    }

    fn write_usize(&mut self, number: usize) {
        self.add(number as u64);
    }

    fn finish(&self) -> u64 {
        // The table takes the lowest and the highest bits. The lowest bits of a product depend on few of its factor.
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(FACTOR);
        mixed ^ (mixed >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::BuildHasher;

    #[test]
    fn addresses_and_numbers_in_order_are_spread() {
        let hasher = BuildHasherDefault::<KeyHasher>::default();
        let keys =
            |owner: usize| (1..=64).map(move |stack| ReadingKey { owner: 0x7f00_0000_0000 + owner * 448, stack });
        let hashes: Vec<u64> = (0..64).flat_map(keys).map(|key| hasher.hash_one(key)).collect();
        for bits in [|hash: u64| hash & 0xFFF, |hash: u64| hash >> 52] {
            let different: HashSet<u64> = hashes.iter().map(|&hash| bits(hash)).collect();
            // By chance 2,589 of 4,096.
            assert!(different.len() > 2_300, "{}", different.len());
        }
    }
}
