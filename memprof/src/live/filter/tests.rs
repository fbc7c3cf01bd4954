use super::choice::*;
use super::constant::{CHOICE, every_key};
use super::counting::{ALIGNED_TO, Filter};
use std::sync::atomic::AtomicU8;

#[repr(align(4096))]
struct Entries([AtomicU8; 256]);

fn filter() -> Filter {
    let entries: &Entries = Box::leak(Box::new(Entries([const { AtomicU8::new(0) }; 256])));
    Filter::over(entries.0.as_ptr(), 256)
}

#[test]
fn a_change_that_was_thought_of_before_has_no_effect() {
    let (one, other) = (filter(), filter());
    let choice = FilterChoice::new(&one);
    let chosen = choice.look();
    choice.close(&one);
    choice.change(choice.look(), &other);
    assert!(choice.look().is(&one), "it is closed");
    choice.open(&one);
    choice.change(chosen, &other);
    assert!(choice.look().is(&one), "that look is of an earlier generation");
    choice.change(choice.look(), &other);
    assert!(choice.look().is(&other));
}

#[test]
fn an_entry_is_counted_up_to_its_limit_and_its_neighbours_stay() {
    let filter = filter();
    // Consecutive entries of the filter, by keys that lead to them.
    let index = |number: usize| {
        (0..).map(|key| filter.index(key)).find(|index| index.0 == number).expect("a key leads to each entry")
    };
    let [before, entry, after] = [41, 42, 43].map(index);
    assert!(filter.add(before));
    for _ in 0..128 {
        assert!(filter.add(entry));
    }
    assert!(!filter.add(entry), "it is full");
    assert_eq!((filter.sum(), filter.may_contain(after)), (129, false));
    for _ in 0..128 {
        assert!(filter.may_contain(entry));
        filter.subtract(entry);
    }
    assert_eq!((filter.sum(), filter.may_contain(entry), filter.may_contain(before)), (1, false, true));
}

#[test]
fn a_word_has_the_filter_the_generation_and_the_flags() {
    let (one, other) = (filter(), filter());
    for shift in [32, 40, 56, 63] {
        let one = Filter { entries: one.entries, shift, counts_every: shift == 56 };
        for generation in (0..=GENERATIONS).step_by(GENERATION) {
            for flags in [0, OPEN, SHUT] {
                let chosen = ChosenFilter::of(&one, generation | flags);
                let word = chosen.0.addr();
                assert!(chosen.is(&one) && !chosen.is(&other));
                assert_eq!((word & SHIFT, word & GENERATIONS), (shift as usize, generation));
                assert_eq!((word & EVERY != 0, chosen.counts_every()), (one.counts_every, one.counts_every));
                assert_eq!((word & OPEN != 0, chosen.is_shut()), (flags == OPEN, flags == SHUT));
                // Only the generation and the flags of another word are passed on.
                assert_eq!(ChosenFilter::of(&one, usize::MAX).0.addr() & SHIFT, shift as usize);
            }
        }
    }
    assert_eq!((SHIFT | OPEN | GENERATIONS | SHUT | EVERY) & !(ALIGNED_TO - 1), 0);
}

#[test]
fn generations_wrap_and_what_is_shut_stays_shut() {
    let (one, other) = (filter(), filter());
    let choice = FilterChoice::new(&one);
    let before = choice.look().0.addr();
    for _ in 0..=GENERATIONS / GENERATION {
        choice.close(&one);
        choice.open(&one);
    }
    assert_eq!(choice.look().0.addr(), before);
    choice.shut(&one);
    choice.close(&one);
    choice.open(&one);
    choice.change(choice.look(), &other);
    assert!(choice.look().is_shut() && choice.look().is(&one));
}

#[test]
fn before_the_first_table_there_is_no_key_and_the_filter_of_an_exact_table_has_all() {
    let every = FilterChoice::new(&every_key());
    for key in (0..100_000).map(|number| number * 0x1_0010) {
        assert_eq!((CHOICE.ask(key), every.ask(key)), (Answer::No, Answer::Search));
    }
}
