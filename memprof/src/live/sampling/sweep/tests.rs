use crate::live::probability::MAX_LEVEL;
use crate::live::sampling::exact_guard::ExactGuard;
use crate::live::sampling::next_sample::NextSample;
use crate::live::sampling::sweep::SHARD;
use crate::live::table;
use crate::live::table::state::TableState;
use crate::live::{Drawn, Record, Table, probability};
use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;

fn record(size: u64, ticks: u64, drawn: Drawn) -> Record {
    Record { size, owner_word: 1, ticks, drawn, stack: 7, grown: 3 }
}

/// Marsaglia's xorshift64: repeatable.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

fn remove(table: &Table, address: usize) {
    if table.may_contain(address) {
        table.remove_slow(address);
    }
}

/// The estimate of the live bytes, and its variance.
fn estimate(table: &Table) -> (f64, f64) {
    let records = table.copy().unwrap();
    assert!(records.as_slice().len() as u64 <= table.max.load(Relaxed));
    records.as_slice().iter().fold((0.0, 0.0), |(sum, variance), record| {
        let chance = probability(record.size, records.interval_of(record));
        let stands_for = record.size as f64 / chance;
        (sum + stands_for, variance + (1.0 - chance) * stands_for * stands_for)
    })
}

/// Allocates, frees and reallocates as a thread with samples does; returns the live blocks and their sizes. At each
/// step `steer` may change the interval, as the budget does.
fn work(table: &'static Table, dice: &mut Dice, steps: u64, steer: fn(&Table, &mut Dice)) -> HashMap<usize, u64> {
    let countdown = NextSample::new();
    countdown.seed(dice.below(u64::MAX));
    let mut live: HashMap<usize, u64> = HashMap::new();
    let mut total = 0;
    let addresses = steps / 2;
    let largest = 16 << dice.below(12);
    for step in 0..steps {
        steer(table, dice);
        countdown.follow(total, table);
        let address = 0x7000_0000 + dice.below(addresses) as usize * 16;
        // A block at the address is freed, and mostly replaced by a larger one, as a vector grows.
        let before = live.remove(&address).inspect(|_| remove(table, address));
        if before.is_some() && dice.below(3) == 0 {
            continue;
        }
        let size = before.map_or_else(|| 1 + dice.below(largest), |size| size * 3 / 2 + 1).min(1 << 24);
        total += size;
        if let Some(drawn) = countdown.choose(total, table) {
            assert!(table.insert_chosen(address, None, record(size, step * 8 + dice.below(8), drawn)));
            countdown.draw(total, table);
        }
        live.insert(address, size);
    }
    live
}

/// Compares the estimates of 200 workloads with the truth.
fn assert_unbiased(steer: fn(&Table, &mut Dice)) {
    let (mut within, mut z, mut squares) = (0, 0.0, 0.0);
    for seed in 1..=200 {
        let table = Table::create(1000).unwrap();
        table.begin(1, 0);
        let live = work(table, &mut Dice(seed * 0x1234_5677), 5000, steer);
        assert!(!table.state().is_exact());
        let truth: u64 = live.values().sum();
        let (estimate, variance) = estimate(table);
        let error = estimate - truth as f64;
        within += u32::from(error.abs() <= 2.0 * variance.sqrt());
        z += error / truth as f64;
        squares += (error / truth as f64).powi(2);
    }
    let (mean, deviation) = (z / 200.0, (squares / 200.0).sqrt());
    println!(
        "{within} of 200 within 2 standard errors; mean error {mean:.5}, standard error {:.5}",
        deviation / 200_f64.sqrt()
    );
    assert!(within >= 180, "{within} of 200 within 2 standard errors");
    assert!(mean.abs() <= 3.0 * deviation / 200_f64.sqrt(), "the mean error is {mean}, a single one {deviation}");
}

#[test]
fn estimates_are_right_on_average_and_as_far_off_as_they_say() {
    assert_unbiased(|_, _| {});
}

#[test]
fn estimates_are_right_where_the_interval_goes_up_and_down() {
    assert_unbiased(|table, dice| match dice.below(400) {
        // A sample of a handful of blocks says little about its own error.
        0..4 if table.interval() < 1024 => assert!(table.coarsen(64, 1 + dice.below(3) as u32)),
        4..8 => {
            table.refine(1 + dice.below(3) as u32);
        }
        _ => {}
    });
}

#[test]
fn the_budget_discards_no_record() {
    let table = Table::create(1000).unwrap();
    table.begin(1, 0);
    for block in 0..400 {
        assert!(table.insert_chosen(0x1000 + block * 64, None, record(64, block as u64, Drawn::CERTAIN)));
    }
    assert!(table.coarsen(1 << 20, 6));
    let records = table.copy().unwrap();
    assert_eq!((records.as_slice().len(), records.is_exact), (400, false));
    assert!(records.as_slice().iter().all(|record| records.interval_of(record) == 1));
    assert!(records.interval >= 1 << 20);
    // It does not become exact again, however fine it is.
    for _ in 0..100 {
        table.refine(3);
    }
    assert_eq!((table.state().is_exact(), table.interval()), (false, 2));
}

#[test]
fn a_full_table_becomes_finer_again_once_it_has_capacity_and_was_swept() {
    let table = Table::create(1000).unwrap();
    table.begin(1, 0);
    let address = |block: usize| 0x1000 + block * 64;
    for block in 0..4000 {
        assert!(table.insert_chosen(address(block), None, record(64, block as u64, Drawn::CERTAIN)));
    }
    let coarse = table.interval();
    assert!(coarse > 64);
    while table.refine(1) {}
    assert_eq!(table.interval(), coarse, "it is full");
    (0..3600).for_each(|block| remove(table, address(block)));
    let before = estimate(table).0;
    while table.refine(1) {}
    assert!(table.interval() < coarse);
    let (after, variance) = estimate(table);
    assert!((after - before).abs() <= 1e-6 * before, "{after}, {before} before");
    assert!((after - 400.0 * 64.0).abs() < 5.0 * variance.sqrt(), "{after} ± {}", variance.sqrt());
}

#[test]
fn a_full_table_becomes_a_sample_of_at_most_half() {
    let table = Table::create(1000).unwrap();
    table.begin(1, 0);
    for block in 0..1000 {
        assert!(table.insert_chosen(0x1000 + block * 64, None, record(64, block as u64, Drawn::CERTAIN)));
    }
    assert!(table.state().is_exact());
    assert!(table.insert_chosen(0x10_0000, None, record(64, 1, Drawn::CERTAIN)));
    let records = table.copy().unwrap();
    assert_eq!((records.is_exact, records.interval), (false, 128));
    let kept = records.as_slice().len();
    // 1001 × (1 − exp(−64 / 128)) = 394, give or take 15.
    assert!((334..=454).contains(&kept), "{kept}");
    // Swept only as far as necessary to find capacity.
    assert!(table.len() > 900, "{}", table.len());
}

#[test]
fn one_large_block_among_many_small_ones_stays() {
    let table = Table::create(100).unwrap();
    table.begin(1, 0);
    table.insert_chosen(0x10, None, record(1 << 30, 5, Drawn::CERTAIN));
    for block in 0..10_000 {
        assert!(table.insert_chosen(0x1000 + block * 16, None, record(16, block as u64, Drawn::CERTAIN)));
    }
    assert!(table.copy().unwrap().as_slice().iter().any(|record| record.size == 1 << 30));
    assert!(table.len() <= 100);
}

#[test]
fn while_a_guard_lives_the_table_stays_exact() {
    let table = Table::create(10).unwrap();
    table.begin(1, 0);
    let (one, other) = (ExactGuard::of(table).unwrap(), ExactGuard::of(table).unwrap());
    let insert = |block: usize| table.insert_chosen(block * 16, None, record(16, block as u64, Drawn::CERTAIN));
    assert!((1..=10).all(insert));
    assert!(!insert(11) && table.state().is_exact());
    drop(one);
    assert!(!insert(12) && table.state().is_exact());
    drop(other);
    assert!(insert(13) && !table.state().is_exact());
    assert!(ExactGuard::of(table).is_none());
}

#[test]
fn an_interval_of_1_never_grows_and_a_fixed_one_stays() {
    let table = Table::create(10).unwrap();
    table.begin(1, 1);
    let insert = |block: usize| table.insert_chosen(block * 16, None, record(16, block as u64, Drawn::CERTAIN));
    assert!((1..=10).all(insert) && !insert(11));
    assert!(table.state().is_exact() && table.len() == 10);
    table.begin(2, 4096);
    assert_eq!((table.len(), table.interval()), (0, 4096));
    // 16 of 4096 bytes: about one in 256.
    assert!((1..=1000).all(insert));
    assert!((1..=9).contains(&table.len()), "{}", table.len());
    assert!(!(1000..100_000).all(insert));
    assert_eq!((table.len(), table.interval()), (10, 4096));
}

#[test]
fn what_was_drawn_for_an_earlier_profile_does_not_count() {
    let table = Table::create(10).unwrap();
    table.begin(1, 4096);
    let drawn = Drawn::at(1, 1);
    table.begin(2, 0);
    assert!(table.insert_chosen(0x10, None, record(16, 1, drawn)));
    assert!(table.copy().unwrap().as_slice().is_empty());
    assert!(table.insert_chosen(0x20, None, record(16, 1, Drawn::CERTAIN)));
    assert_eq!(table.copy().unwrap().as_slice().len(), 1);
}

#[test]
fn a_sweep_that_an_earlier_profile_has_begun_leaves_the_records_of_this_one() {
    for interval in [0, 4096] {
        let table = Table::create(1000).unwrap();
        table.begin(1, 0);
        // A thread has taken a shard of a coarse sample, and stops.
        assert!(table.coarsen(1 << 40, 1));
        let state = TableState(table.state().at(MAX_LEVEL).0);
        table.begin(2, interval);
        let drawn = if interval > 1 { Drawn::at(1, 2) } else { Drawn::CERTAIN };
        for block in 0..100 {
            assert!(table.insert_chosen(0x1000 + block * 64, None, record(64, block as u64, drawn)));
        }
        for shard in 0..table.slots() / SHARD {
            table.sweep((0..shard).fold(state, |state, _| state.and_swept()));
        }
        let records = table.copy().unwrap();
        assert_eq!((records.as_slice().len(), table.len()), (100, 100), "{interval}");
        assert!(records.as_slice().iter().all(|record| record.drawn == drawn));
        // Also a sweep that was about to list them.
        (0..table.slots()).for_each(|slot| table.list(Table::slot_number(slot), table::slot::key(0)));
        assert_eq!(table.capacity.look().listed, if interval > 1 { 100 } else { 0 });
    }
}

#[test]
fn threads_that_fill_it_together_leave_no_record_without_a_block() {
    let table = Table::create(1000).unwrap();
    table.begin(1, 0);
    let threads: Vec<_> = (1..=4_u64)
        .map(|thread| {
            std::thread::spawn(move || {
                let mut dice = Dice(thread);
                let mut live = Vec::new();
                for step in 0..10_000 {
                    let address = thread as usize * 0x1000_0000 + dice.below(2000) as usize * 16;
                    remove(table, address);
                    live.retain(|&(other, _)| other != address);
                    if dice.below(2) == 0 {
                        let size = 16 << dice.below(step / 1000 + 1);
                        assert!(table.insert_chosen(address, None, record(size, step, Drawn::CERTAIN)));
                        live.push((address, size));
                    }
                }
                live
            })
        })
        .collect();
    while threads.iter().any(|thread| !thread.is_finished()) {
        assert!(table.copy().unwrap().as_slice().len() <= 1000);
    }
    let live: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    let truth: u64 = live.iter().map(|&(_, size)| size).sum();
    let (estimate, variance) = estimate(table);
    assert!((estimate - truth as f64).abs() < 6.0 * variance.sqrt(), "{estimate} ± {} of {truth}", variance.sqrt());
    for (address, _) in live {
        remove(table, address);
    }
    assert_eq!((table.len(), table.copy().unwrap().as_slice().len()), (0, 0));
    assert_eq!(table.filter.sum(), 0);
}
