//! How frees come to ask another filter, and back.

use crate::capacity::Capacity;
use crate::choice::{Answer, FilterChoice};
use crate::counting::Filter;
use crate::shares::shares;
use crate::slot::{self, Removal};
use crate::slots::{ALIVE, BLOCK, Table};
use crate::{in_threads, with_few_preemptions};
use loom::sync::atomic::AtomicU8;

/// The entries of a filter, aligned as the table has them.
#[repr(align(4096))]
struct Entries<const N: usize>([AtomicU8; N]);

impl<const N: usize> Entries<N> {
    fn of(count: u8) -> *const AtomicU8 {
        let entries: &Self = Box::leak(Box::new(Self(std::array::from_fn(|_| AtomicU8::new(count)))));
        entries.0.as_ptr()
    }
}

/// A table of one slot with its filters.
struct Filtered {
    table: &'static Table,
    whole: Filter,
    short: Filter,
    every: Filter,
    choice: FilterChoice,
    capacity: Capacity,
}

// SAFETY: the filters' entries are leaked, and only reached through atomics.
unsafe impl Sync for Filtered {}

const MAX: u64 = 1;

impl Filtered {
    fn new() -> &'static Self {
        let (whole, short) = (Filter::over(Entries::<8>::of(0), 8), Filter::over(Entries::<2>::of(0), 2));
        let every = Filter::of_every_key(Entries::<2>::of(1), 2);
        let choice = FilterChoice::new(&every);
        let table = Table::new();
        table.remove();
        Box::leak(Box::new(Self { table, whole, short, every, choice, capacity: Capacity::new(MAX, shares()) }))
    }

    fn fill(&self, key: u64) {
        assert!(slot::claim(&self.table.word));
        slot::fill(&self.table.word, &self.table.entry, key, ALIVE);
    }

    /// As an exact table does. False: there is no room, or the table is a sample.
    fn insert_exact(&self) -> bool {
        let has_room = self.capacity.take_exact();
        if has_room {
            self.fill(slot::key(BLOCK));
        }
        has_room
    }

    /// As any table does.
    fn insert_either(&self, best: &Filter) {
        let Some(is_sampled) = self.capacity.take(None) else { return };
        if is_sampled {
            self.count(slot::key(BLOCK));
            self.capacity.list();
            self.fill(slot::listed(slot::key(BLOCK)));
            self.choose(best);
        } else {
            self.fill(slot::key(BLOCK));
        }
    }

    fn count(&self, key: u64) {
        assert!(self.whole.add(self.whole.index(key)) && self.short.add(self.short.index(key)));
    }

    fn settle(&self, key: u64) {
        if slot::is_listed(key) {
            self.whole.subtract(self.whole.index(slot::plain(key)));
            self.short.subtract(self.short.index(slot::plain(key)));
            self.capacity.give_back_listed();
        } else {
            self.capacity.give_back(None);
        }
    }

    fn remove(&self) {
        let key = slot::key(BLOCK);
        // The second question is that of `Table::remove_slow`.
        if self.choice.ask(key) != Answer::No
            && (self.choice.look().counts_every() || self.whole.may_contain(self.whole.index(key)))
            && slot::may_contain(&self.table.word, key)
            && let Removal::Done(key) = slot::take_from_sweep(&self.table.word, key)
        {
            self.settle(key);
        }
    }

    /// As a sweep that leaves the record.
    fn list(&self) {
        let Some(key) = slot::look(&self.table.word) else { return };
        let lists = !slot::is_listed(key);
        if lists {
            self.count(slot::plain(key));
            self.capacity.list();
        }
        let listed = if lists { slot::listed(key) } else { key };
        if !slot::keep_as(&self.table.word, key, listed) {
            self.settle(listed);
        }
    }

    fn choose(&self, best: &Filter) {
        let choice = self.choice.look();
        let seen = self.capacity.look();
        if seen.is_sampled && seen.unlisted(MAX) == 0 && !choice.is(best) {
            self.choice.change(choice, best);
        }
    }

    /// As for the next profile, of a table without records.
    fn begin(&self) {
        self.choice.close(&self.every);
        self.capacity.mark_sampled(false);
        self.choice.open(&self.every);
    }

    /// As for a larger table that replaces this one.
    fn retire(&self) {
        self.capacity.mark_sampled(true);
        self.capacity.add(-1);
        self.choice.close(&self.every);
        self.choice.open(&self.every);
    }

    fn is_empty(&self) -> bool {
        let seen = self.capacity.look();
        self.table.found().is_none() && (seen.left, seen.listed) == (MAX as i64, 0)
    }
}

#[test]
fn a_block_is_found_whichever_filter_is_asked_when_it_is_freed() {
    with_few_preemptions(|| {
        let table = Filtered::new();
        in_threads([
            Box::new(|| {
                table.insert_exact();
                table.remove();
            }) as Box<dyn FnOnce() + Send>,
            Box::new(|| {
                table.capacity.mark_sampled(true);
                table.list();
                table.choose(&table.short);
            }),
        ]);
        assert!(table.is_empty());
    });
}

#[test]
fn whoever_asks_the_short_filter_sees_what_others_have_listed() {
    with_few_preemptions(|| {
        let table = Filtered::new();
        assert!(table.insert_exact());
        table.capacity.mark_sampled(true);
        in_threads([
            Box::new(|| table.list()) as Box<dyn FnOnce() + Send>,
            Box::new(|| table.choose(&table.short)),
            Box::new(|| table.remove()),
        ]);
        assert!(table.is_empty());
    });
}

#[test]
fn two_sweeps_list_a_record_once() {
    with_few_preemptions(|| {
        let table = Filtered::new();
        assert!(table.insert_exact());
        table.capacity.mark_sampled(true);
        in_threads([
            Box::new(|| table.list()) as Box<dyn FnOnce() + Send>,
            Box::new(|| table.list()),
            Box::new(|| table.remove()),
        ]);
        assert!(table.is_empty());
    });
}

#[test]
fn what_an_exact_table_holds_after_a_sample_is_found() {
    with_few_preemptions(|| {
        let table = Filtered::new();
        table.capacity.mark_sampled(true);
        in_threads([
            Box::new(|| table.choose(&table.short)) as Box<dyn FnOnce() + Send>,
            Box::new(|| table.begin()),
            Box::new(|| {
                table.insert_exact();
                table.remove();
            }),
        ]);
        assert!(table.is_empty());
    });
}

#[test]
fn what_a_sample_inserts_is_found_whichever_filter_is_asked() {
    with_few_preemptions(|| {
        let table = Filtered::new();
        in_threads([
            Box::new(|| {
                table.insert_either(&table.short);
                table.remove();
            }) as Box<dyn FnOnce() + Send>,
            Box::new(|| {
                table.capacity.mark_sampled(true);
                table.choose(&table.whole);
            }),
        ]);
        assert!(table.is_empty());
    });
}

#[test]
fn no_filter_of_a_table_that_was_replaced_is_chosen() {
    with_few_preemptions(|| {
        let table = Filtered::new();
        table.capacity.mark_sampled(true);
        in_threads([
            Box::new(|| table.insert_either(&table.short)) as Box<dyn FnOnce() + Send>,
            Box::new(|| table.choose(&table.whole)),
            Box::new(|| table.retire()),
        ]);
        assert!(table.choice.look().is(&table.every));
    });
}
