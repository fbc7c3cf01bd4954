use crate::live::table::capacity::{Capacity, CapacityReading};
use crate::live::table::share::{CLOSED, NEAR, Share, ShareReading, Shares, TOO_MUCH};
use crate::live::{Drawn, Record, Table};
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

fn share() -> &'static Share {
    Box::leak(Box::new(Share::new()))
}

fn shares() -> &'static Shares {
    Box::leak(Box::new(Shares::new()))
}

fn takes(share: &Share) -> bool {
    let takes = share.take();
    if !takes {
        share.not_taken();
    }
    takes
}

fn left(capacity: &Capacity) -> i64 {
    capacity.look().left
}

#[test]
fn every_word_of_a_share_has_one_meaning() {
    let mut seen = std::collections::BTreeSet::new();
    for word in i8::MIN..=i8::MAX {
        let reading = ShareReading::of(word);
        assert!(seen.insert((reading.is_open, reading.left)), "{word} reads as another one: {reading:?}");
        if reading.is_open {
            // 127 and the frees of a thread and its signal handlers that are just passing it on.
            assert!((-2 * i64::from(NEAR)..=192).contains(&reading.left), "{word}: {reading:?}");
            assert_eq!(reading.left as i8, word);
        } else {
            assert!(reading.left.abs() < i64::from(NEAR));
            assert_eq!(reading.left, i64::from(word) - i64::from(CLOSED));
        }
    }
    assert_eq!(ShareReading::of(0), ShareReading { is_open: true, left: 0 });
    assert_eq!(ShareReading::of(CLOSED), ShareReading { is_open: false, left: 0 });
}

#[test]
fn a_closed_share_gives_nothing_and_keeps_nothing() {
    let share = share();
    assert!(!takes(share));
    assert_eq!(share.look(), ShareReading { is_open: false, left: 0 });
    assert!(!share.add());
    assert_eq!((share.give_up(), share.look().left), (1, 0));
}

#[test]
fn a_thread_that_only_frees_passes_its_capacity_on() {
    let (shares, share) = (shares(), share());
    assert_eq!(shares.open(share, 2), 2);
    let mut passed_on = 0;
    for freed in 1..=1000 {
        if !share.add() {
            passed_on += share.give_up();
        }
        let left = share.look().left;
        assert_eq!(left + passed_on, 2 + freed);
        assert!(left < 128, "{left}");
    }
    assert!(passed_on % i64::from(TOO_MUCH) == 0 && shares.is_any_open());
    assert_eq!(shares.close(share) + passed_on, 1002);
    assert!(!shares.is_any_open());
}

#[test]
fn closing_between_a_failed_attempt_and_its_end_loses_nothing() {
    let (shares, share) = (shares(), share());
    shares.open(share, 1);
    assert!(takes(share));
    assert!(!share.take());
    assert_eq!(shares.close(share), -1);
    share.not_taken();
    assert_eq!((share.drain(), share.drain(), share.look().left), (1, 0, 0));
}

#[test]
fn capacity_passes_from_the_word_to_shares_and_back() {
    let capacity = Capacity::new(1000, shares());
    let (one, other) = (share(), share());
    assert!(!takes(one));
    assert_eq!(capacity.take(Some(one)), Some(false));
    // 1 is taken, and 1 of 64 parts is in the share.
    assert_eq!((left(&capacity), capacity.in_shares()), (984, 15));
    assert!(takes(one));
    assert_eq!((left(&capacity), capacity.in_shares()), (984, 14));
    capacity.give_back(Some(one));
    capacity.give_back(Some(one));
    assert_eq!((left(&capacity), capacity.in_shares()), (984, 16));
    // A share that is closed passes it on at once.
    assert_eq!(capacity.take(None), Some(false));
    capacity.give_back(Some(other));
    assert_eq!((left(&capacity), capacity.in_shares()), (984, 16));
    capacity.close_share(one);
    assert_eq!((left(&capacity), capacity.in_shares()), (1000, 0));
}

#[test]
fn a_table_is_full_only_when_no_share_has_capacity() {
    for max in [1, 7, 127, 128, 200, 5000] {
        let capacity = Capacity::new(max, shares());
        let all = [share(), share(), share()];
        let taken = (0..).take_while(|number| capacity.take(Some(all[number % 3])).is_some()).count();
        assert_eq!(taken as u64, max);
        assert_eq!((left(&capacity), capacity.in_shares()), (0, 0));
        // With little left, every free is seen by all threads.
        capacity.give_back(Some(all[0]));
        assert_eq!((left(&capacity), capacity.take(Some(all[1]))), (1, Some(false)));
    }
}

#[test]
fn a_sample_has_no_open_share_and_what_lies_in_shares_is_not_listed() {
    let capacity = Capacity::new(6400, shares());
    let one = share();
    assert_eq!(capacity.take(Some(one)), Some(false));
    assert_eq!(capacity.look().unlisted(6400), 65, "the record, and 64 in the share");
    capacity.mark_sampled(true);
    assert!(!takes(one));
    assert_eq!(capacity.look(), CapacityReading { left: 6399, is_sampled: true, listed: 0 });
    assert_eq!(capacity.take(Some(one)), Some(true), "it has to be listed");
    capacity.list();
    capacity.give_back(Some(one));
    assert_eq!(capacity.look().unlisted(6400), 0);
    capacity.give_back_listed();
    capacity.mark_sampled(false);
    assert!(!takes(one) && capacity.take(Some(one)) == Some(false));
    assert!(takes(one));
}

#[test]
fn another_limit_holds_for_what_lies_in_shares() {
    let capacity = Capacity::new(6400, shares());
    let one = share();
    assert_eq!(capacity.take(Some(one)), Some(false));
    capacity.add(-6399);
    assert_eq!((left(&capacity), capacity.in_shares()), (0, 0));
    assert!(!takes(one) && capacity.take(Some(one)).is_none());
}

#[test]
fn a_forked_child_closes_the_shares_of_the_parents_threads() {
    let shares = shares();
    let capacity = Capacity::new(6400, shares);
    let (one, other) = (share(), share());
    assert!(capacity.take(Some(one)).is_some() && capacity.take(Some(other)).is_some());
    // A thread was about to open its share.
    shares.open.fetch_add(1, Relaxed);
    capacity.recover();
    assert_eq!((left(&capacity), capacity.in_shares()), (6398, 0));
    assert!(!shares.is_any_open());
    assert_eq!(capacity.take(Some(one)), Some(false));
}

#[test]
fn threads_never_make_more_records_than_the_maximum_and_lose_none() {
    for max in [100, 3000] {
        let table = Table::create_alone(max, shares()).unwrap();
        let record = Record { size: 1 << 40, owner_word: 1, ticks: 5, drawn: Drawn::CERTAIN, stack: 0, grown: 0 };
        // They keep the table exact: it may be full.
        assert!(table.keep_exact());
        let mut all: Vec<usize> = thread::scope(|scope| {
            let workers: Vec<_> = (1..=4)
                .map(|thread| {
                    scope.spawn(move || {
                        let share = share();
                        let (mut state, mut kept) = (thread as u64, Vec::new());
                        for number in 0..40_000 {
                            // Marsaglia's xorshift64: repeatable.
                            state ^= state << 13;
                            state ^= state >> 7;
                            state ^= state << 17;
                            let address = thread * 0x1000_0000 + number * 16;
                            // Each thread has phases in which it mostly allocates, and others in which it mostly frees.
                            if state % 8 < if number / 1000 % 2 == 0 { 7 } else { 1 } {
                                if table.insert_chosen(address, Some(share), record) {
                                    kept.push(address);
                                }
                            } else if !kept.is_empty() {
                                let address = kept.swap_remove(state as usize / 8 % kept.len());
                                assert!(table.may_contain(address));
                                if !table.remove(address, share) {
                                    table.remove_slow(address);
                                }
                            }
                            if number % 1000 == 0 {
                                let mut records = 0;
                                table.each(|_, _| records += 1);
                                // A copy can meet a record and its successor in another slot.
                                assert!(records <= max + max / 2, "{records}");
                            }
                        }
                        kept
                    })
                })
                .collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
        });
        assert!(all.len() <= max);
        assert_eq!(table.len(), all.len() as u64);
        // The rest of the maximum is there, whichever thread asks for it.
        let share = share();
        let more = (0x100..).map(|number| number * 16);
        all.extend(more.take_while(|&address| table.insert_chosen(address, Some(share), record)));
        assert_eq!((all.len(), table.len()), (max, max as u64));
        for address in all {
            assert!(table.take_record(address).is_some());
        }
        assert_eq!(table.len(), 0);
    }
}
