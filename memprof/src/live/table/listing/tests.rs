use crate::live::sampling::sweep::SHARDS_AT_A_TIME;
use crate::live::{Drawn, Inserted, Record, Table};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

/// Far above the intervals here: such a record survives every sweep.
const LARGE: u64 = 1 << 40;

fn record(size: u64) -> Record {
    Record { size, owner_word: 1, ticks: 5, drawn: Drawn::CERTAIN, stack: 7, grown: 3 }
}

fn address(number: usize) -> usize {
    0x7f00_0000_0000 + number * 48
}

fn insert(table: &Table, address: usize) {
    if !matches!(table.insert(address, None, || record(LARGE)), Inserted::Yes) {
        assert!(table.insert_chosen(address, None, record(LARGE)));
    }
}

fn remove(table: &Table, address: usize) {
    table.remove_slow(address);
}

fn asks_short(table: &Table) -> bool {
    table.choice.look().is(&table.short)
}

/// Checks that each listed record is counted, and that frees find all records.
fn adds_up(table: &Table) {
    let reading = table.capacity.look();
    assert_eq!((table.filter.sum(), table.short.sum()), (reading.listed as u64, reading.listed as u64));
    assert!(table.choice.look().counts_every() || reading.listed as u64 == table.len());
    let mut records = 0;
    table.each(|key, _| {
        records += 1;
        assert!(table.may_contain(key as usize));
    });
    assert_eq!(records, table.len());
}

fn searches(table: &Table) -> bool {
    table.choice.look().counts_every()
}

/// A table for 1,000 records, whose short filter has 256 entries, with `count` records from before it became a sample.
fn sampled(count: usize) -> &'static Table {
    let table = Table::create(1000).unwrap();
    table.begin(1, 0);
    (0..count).for_each(|number| insert(table, address(number)));
    assert!(table.coarsen(256, 1));
    table
}

#[test]
fn frees_ask_the_short_filter_once_every_record_is_in_it() {
    let table = sampled(20);
    insert(table, address(20));
    assert!(searches(table), "20 records are in no filter");
    // The table has 4,096 slots: one sweep.
    table.list_more(SHARDS_AT_A_TIME);
    assert!(asks_short(table));
    insert(table, address(21));
    adds_up(table);
    let others = (1000..2000).filter(|&number| table.may_contain(address(number))).count();
    assert!(others < 150, "{others} of 1,000 others may be one of 22 records");
    (0..22).for_each(|number| remove(table, address(number)));
    adds_up(table);
    assert_eq!(table.len(), 0);
}

#[test]
fn with_many_records_frees_ask_the_whole_filter() {
    let table = sampled(0);
    (0..200).for_each(|number| {
        insert(table, address(number));
        assert_eq!(asks_short(table), number < 64, "after {}", number + 1);
    });
    adds_up(table);
    // With few records again, all of them are already listed.
    (0..190).for_each(|number| remove(table, address(number)));
    insert(table, address(300));
    assert!(asks_short(table));
    adds_up(table);
}

#[test]
fn a_table_that_begins_as_a_sample_has_nothing_to_list() {
    let table = Table::create(1000).unwrap();
    table.begin(1, 4096);
    assert!(asks_short(table));
    table.limit_to(500);
    assert!(asks_short(table));
    table.begin(2, 0);
    assert!(searches(table));
}

#[test]
fn many_records_of_an_exact_table_are_listed_too() {
    let table = sampled(900);
    assert!(searches(table));
    adds_up(table);
    for _ in 0..4 {
        table.list_some();
    }
    assert!(!searches(table) && !asks_short(table), "4 times 1,024 of 4,096 slots");
    adds_up(table);
    (0..900).for_each(|number| remove(table, address(number)));
    adds_up(table);
    assert_eq!(table.len(), 0);
}

#[test]
fn frees_of_the_next_exact_table_search() {
    let table = sampled(0);
    insert(table, address(1));
    assert!(asks_short(table));
    table.begin(2, 0);
    assert!(searches(table));
    assert_eq!(table.len(), 0);
    insert(table, address(2));
    adds_up(table);
    assert_eq!(table.capacity.look().listed, 0);
    remove(table, address(2));
    adds_up(table);
}

#[test]
fn a_record_that_no_filter_can_count_is_not_made() {
    let table = sampled(0);
    // All of the keys have the same entry of the short filter.
    let entry = table.short.index(address(0) as u64);
    let crowd: Vec<usize> = (0..).map(address).filter(|&at| table.short.index(at as u64) == entry).take(130).collect();
    let kept = crowd.iter().filter(|&&at| table.insert_chosen(at, None, record(LARGE))).count();
    assert_eq!((kept, table.len()), (128, 128));
    adds_up(table);
    crowd.iter().for_each(|&at| remove(table, at));
    assert_eq!(table.len(), 0);
    adds_up(table);
}

#[test]
fn threads_at_a_table_that_was_replaced_choose_none_of_its_filters() {
    let table = sampled(0);
    table.retire();
    table.choice.close(&table.every);
    table.choice.open(&table.every);
    insert(table, address(1));
    table.list_more(SHARDS_AT_A_TIME);
    assert!(searches(table));
}

#[test]
fn the_most_records_can_change_while_frees_ask_the_short_filter() {
    let table = sampled(0);
    (0..3).for_each(|number| insert(table, address(number)));
    table.limit_to(500);
    (3..6).for_each(|number| insert(table, address(number)));
    assert!(asks_short(table));
    adds_up(table);
}

#[test]
fn threads_that_insert_free_and_sweep_at_once_lose_no_record() {
    for round in 0..20 {
        let table = Table::create(1000).unwrap();
        table.begin(1, 0);
        let is_over = AtomicBool::new(false);
        thread::scope(|threads| {
            let workers: Vec<_> = (0..3)
                .map(|worker| {
                    threads.spawn(move || {
                        for turn in 0..2000 {
                            let of = |number: usize| address(worker * 1000 + (turn * 7 + number) % 20);
                            (0..4).for_each(|number| insert(table, of(number)));
                            (0..4).for_each(|number| remove(table, of(number)));
                        }
                        insert(table, address(worker * 1000 + round));
                    })
                })
                .collect();
            threads.spawn(|| {
                // At most 8 times, so that records this large survive.
                (0..8).for_each(|_| {
                    table.coarsen(256, 1);
                    table.list_more(SHARDS_AT_A_TIME);
                });
                while !is_over.load(Relaxed) {
                    table.list_more(SHARDS_AT_A_TIME);
                }
            });
            for worker in workers {
                worker.join().unwrap();
            }
            is_over.store(true, Relaxed);
        });
        table.list_more(SHARDS_AT_A_TIME);
        table.list_more(SHARDS_AT_A_TIME);
        assert_eq!(table.len(), 3);
        adds_up(table);
        assert!(asks_short(table));
    }
}
