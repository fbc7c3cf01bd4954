use crate::live::table::capacity::{Capacity, CapacityReading};
use crate::live::table::share::Shares;
use std::sync::atomic::Ordering::Relaxed;

#[test]
fn the_three_figures_do_not_disturb_each_other() {
    static SHARES: Shares = Shares::new();
    let capacity = Capacity::new(3, &SHARES);
    assert!(capacity.take_exact() && capacity.take_exact());
    capacity.mark_sampled(true);
    capacity.mark_sampled(true);
    assert!(!capacity.take_exact(), "an exact path finds a sample full");
    assert_eq!(capacity.look(), CapacityReading { left: 1, is_sampled: true, listed: 0 });
    assert_eq!(capacity.take(None), Some(true));
    capacity.list();
    assert_eq!(capacity.take(None), None);
    assert_eq!(capacity.look(), CapacityReading { left: 0, is_sampled: true, listed: 1 });
    assert_eq!(capacity.look().unlisted(3), 2);
    capacity.add(-2);
    assert_eq!(capacity.look(), CapacityReading { left: -2, is_sampled: true, listed: 1 });
    assert_eq!(capacity.look().unlisted(1), 2);
    capacity.mark_sampled(false);
    assert_eq!(capacity.look(), CapacityReading { left: -2, is_sampled: false, listed: 1 });
    capacity.give_back_listed();
    capacity.give_back(None);
    capacity.give_back(None);
    assert_eq!(capacity.look(), CapacityReading { left: 1, is_sampled: false, listed: 0 });
    assert!(capacity.take_exact());
}

#[test]
fn every_combination_of_the_three_figures_survives_being_packed() {
    const MOST: i64 = (1 << 29) - 1;
    for left in [-70_000, -1, 0, 1, 5, MOST] {
        for listed in [0, 1, 1000, MOST] {
            for is_sampled in [false, true] {
                static SHARES: Shares = Shares::new();
                let capacity = Capacity::new(0, &SHARES);
                capacity.reset(left, listed, is_sampled);
                let reading = CapacityReading { left, is_sampled, listed };
                assert_eq!(capacity.look(), reading);
                assert_eq!(capacity.word.load(Relaxed) > 0, left > 0 && listed == 0 && !is_sampled);
                assert_eq!(reading.records(MOST as u64), (MOST - left) as u64);
                assert_eq!(reading.unlisted(MOST as u64), MOST - left - listed);
            }
        }
    }
}
