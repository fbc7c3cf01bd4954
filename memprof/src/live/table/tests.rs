mod capacity;
mod share;
mod slot;

use super::{Inserted, Record, Table};
use crate::live::Drawn;
use std::collections::HashMap;

fn record(number: u64) -> Record {
    Record {
        size: number,
        owner_word: number as usize * 3,
        ticks: number + 7,
        drawn: Drawn::CERTAIN,
        stack: number as u32 + 5,
        grown: number as u32,
    }
}

fn insert(table: &Table, address: usize, record: Record) -> bool {
    match table.insert(address, None, || record) {
        Inserted::Yes => true,
        Inserted::No | Inserted::ShareEmpty => false,
        Inserted::BucketFull => table.insert_slow(address, record),
    }
}

fn remove(table: &Table, address: usize) {
    table.remove_slow(address);
}

fn sizes(table: &Table) -> Vec<u64> {
    let mut sizes: Vec<u64> = table.copy().unwrap().as_slice().iter().map(|record| record.size).collect();
    sizes.sort_unstable();
    sizes
}

#[test]
fn what_goes_in_comes_out_once() {
    let table = Table::create(100).unwrap();
    assert!(insert(table, 0x1000, record(1)));
    assert!(insert(table, 0x2000, record(2)));
    assert_eq!(table.take_record(0x3000), None);
    assert_eq!(table.take_record(0x1000), Some(record(1)));
    assert_eq!(table.take_record(0x1000), None);
    assert_eq!(sizes(table), [2]);
    remove(table, 0x2000);
    remove(table, 0x2000);
    assert!(sizes(table).is_empty());
    assert_eq!(table.len(), 0);
}

#[test]
fn a_full_table_takes_exactly_max_records_wherever_they_fall() {
    // Addresses 16 bytes apart, as an allocator gives them, and a page apart: the hash must spread both.
    for apart in [16, 4096, 1 << 20] {
        for max in [1, 7, 1000, 10_000] {
            let table = Table::create(max).unwrap();
            let address = |number: usize| 0x7f00_0000_0000 + number * apart;
            for number in 0..max {
                assert!(insert(table, address(number), record(number as u64)), "{number} of {max}, {apart} apart");
            }
            assert!(!insert(table, address(max), record(0)));
            assert_eq!(sizes(table), (0..max as u64).collect::<Vec<_>>());
            for number in 0..max {
                assert_eq!(table.take_record(address(number)), Some(record(number as u64)));
            }
            assert!((0..max).all(|number| table.take_record(address(number)).is_none()));
            assert!(insert(table, address(max), record(0)));
        }
    }
}

#[test]
fn a_table_that_is_impossibly_large_is_not_made() {
    assert!(Table::create(usize::MAX).is_none());
    assert!(Table::create(1 << 40).is_none());
}

#[test]
fn it_agrees_with_a_map_over_a_long_random_run() {
    let table = Table::create(500).unwrap();
    let mut truth: HashMap<usize, Record> = HashMap::new();
    let mut state = 1u64;
    for step in 0..200_000 {
        // Marsaglia's xorshift64: repeatable.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let address = 0x5000_0000 + (state as usize % 700) * 16;
        if let Some(expected) = truth.remove(&address) {
            assert_eq!(table.take_record(address), Some(expected));
        } else {
            assert_eq!(table.take_record(address), None);
            let inserted = insert(table, address, record(step));
            assert_eq!(inserted, truth.len() < 500);
            if inserted {
                truth.insert(address, record(step));
            }
        }
    }
    assert_eq!(table.copy().unwrap().as_slice().len(), truth.len());
}

#[test]
fn a_copy_is_never_a_mixture_while_threads_insert_and_remove() {
    let table = Table::create(64).unwrap();
    let stop = &std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for thread in 0..2usize {
            scope.spawn(move || {
                let mut number = 1u64;
                while !stop.load(super::Relaxed) {
                    for slot in 0..8 {
                        insert(table, (thread + 1) * 0x10_0000 + slot * 16, record(number));
                        number += 1;
                    }
                    for slot in 0..8 {
                        assert!(table.take_record((thread + 1) * 0x10_0000 + slot * 16).is_some());
                    }
                }
            });
        }
        for _ in 0..20_000 {
            for copied in table.copy().unwrap().as_slice() {
                assert_eq!(*copied, record(copied.size));
            }
        }
        stop.store(true, super::Relaxed);
    });
}

#[test]
fn blocks_of_one_size_are_spread_over_the_buckets() {
    for max in [2000, 10_000, 40_000] {
        let table = Table::create(max).unwrap();
        for apart in (1..=24).map(|apart| apart * 16) {
            let address = |number: usize| 0x5555_0000_1010 + number * apart;
            for number in 0..max {
                assert!(insert(table, address(number), record(number as u64)), "{number} of {max}, {apart} apart");
            }
            assert_eq!(table.displaced.load(super::Relaxed), 0, "of {max} records, {apart} apart");
            (0..max).for_each(|number| remove(table, address(number)));
        }
    }
}

#[test]
fn records_that_all_fall_into_an_eighth_of_the_buckets_have_a_place() {
    let max = 4096;
    let table = Table::create(max).unwrap();
    // As many of the buckets as hold an eighth of the records: the worst that a hash can do.
    let buckets = table.slots() / super::SLOTS;
    let is_crowded = |address: usize| (table.slot(address as u64).0 >> 3) < buckets / 8;
    let crowd: Vec<usize> = (0x100_0000..).map(|n| n * 16).filter(|&address| is_crowded(address)).take(max).collect();
    for &address in &crowd {
        assert!(insert(table, address, record(address as u64)));
    }
    assert!(table.displaced.load(super::Relaxed) > max as u64 / 3);
    assert!(!insert(table, 0x10, record(0)), "full");
    for &address in &crowd {
        assert_eq!(table.take_record(address), Some(record(address as u64)));
    }
    assert_eq!((table.displaced.load(super::Relaxed), table.len()), (0, 0));
}

#[test]
fn records_beyond_a_full_bucket_are_found_in_another() {
    let table = Table::create(32).unwrap();
    // 256 slots in 32 buckets: of these addresses more than 8 have the same first bucket.
    let bucket = |address: usize| table.slot(address as u64).0 >> 3;
    let wanted = bucket(0x1000);
    let crowd: Vec<usize> = (0x100..).map(|n| n * 16).filter(|&address| bucket(address) == wanted).take(20).collect();
    for (number, &address) in crowd.iter().enumerate() {
        assert!(insert(table, address, record(number as u64)));
    }
    assert_eq!(table.displaced.load(super::Relaxed), 12);
    for (number, &address) in crowd.iter().enumerate() {
        if number % 2 == 0 {
            assert_eq!(table.take_record(address), Some(record(number as u64)));
        } else {
            remove(table, address);
        }
    }
    assert_eq!((table.displaced.load(super::Relaxed), table.len()), (0, 0));
}
