//! How frees come to ask another filter, and back.

use crate::capacity::Capacity;
use crate::choice::FilterChoice;
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
    fn filter() -> Filter {
        let entries: &Self = Box::leak(Box::new(Self(std::array::from_fn(|_| AtomicU8::new(0)))));
        Filter::over(entries.0.as_ptr(), N)
    }

    fn short_filter() -> Filter {
        let entries: &Self = Box::leak(Box::new(Self(std::array::from_fn(|_| AtomicU8::new(0)))));
        Filter::short_over(entries.0.as_ptr(), N)
    }
}

/// A table of one slot with both filters.
struct Filtered {
    table: &'static Table,
    whole: Filter,
    short: Filter,
    choice: FilterChoice,
    capacity: Capacity,
}

// SAFETY: the filters' entries are leaked, and only reached through atomics.
unsafe impl Sync for Filtered {}

const MAX: u64 = 1;

impl Filtered {
    fn new() -> &'static Self {
        let (whole, short) = (Entries::<256>::filter(), Entries::<16>::short_filter());
        let choice = FilterChoice::new(&whole);
        let table = Table::new();
        table.remove();
        Box::leak(Box::new(Self { table, whole, short, choice, capacity: Capacity::new(MAX, shares()) }))
    }

    /// As an exact table does. False: there is no room, or the table is a sample.
    fn insert_exact(&self) -> bool {
        let key = slot::key(BLOCK);
        let has_room = self.capacity.take_exact();
        if has_room {
            assert!(self.whole.add(self.whole.index(key)));
            assert!(slot::claim(&self.table.word));
            slot::fill(&self.table.word, &self.table.entry, key, ALIVE);
        }
        has_room
    }

    fn settle(&self, key: u64) {
        let index = self.whole.index(slot::plain(key));
        self.whole.subtract(index);
        if slot::is_listed(key) {
            self.short.subtract(self.short.short_index(slot::plain(key)));
            self.capacity.give_back_listed();
        } else {
            self.capacity.give_back(None);
        }
    }

    fn remove(&self) {
        let key = slot::key(BLOCK);
        if self.choice.ask(key).is_some()
            && slot::may_contain(&self.table.word, key)
            && let Removal::Done(key) = slot::take_from_sweep(&self.table.word, key)
        {
            self.settle(key);
        }
    }

    /// As a sweep that leaves the record.
    fn list(&self) {
        let Some(key) = slot::look(&self.table.word) else { return };
        let lists = !slot::is_listed(key) && self.short.add(self.short.short_index(slot::plain(key)));
        if lists {
            self.capacity.list();
        }
        let listed = if lists { slot::listed(key) } else { key };
        if !slot::keep_as(&self.table.word, key, listed) {
            self.settle(listed);
        }
    }

    fn choose(&self) {
        let choice = self.choice.look();
        let seen = self.capacity.look();
        if seen.is_sampled && seen.unlisted(MAX) == 0 {
            self.choice.change(choice, &self.short);
        }
    }

    /// As for the next profile, of a table without records.
    fn begin(&self) {
        self.choice.close(&self.whole);
        self.capacity.mark_sampled(false);
        self.choice.open(&self.whole);
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
                table.choose();
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
            Box::new(|| table.choose()),
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
            Box::new(|| table.choose()) as Box<dyn FnOnce() + Send>,
            Box::new(|| table.begin()),
            Box::new(|| {
                table.insert_exact();
                table.remove();
            }),
        ]);
        assert!(table.is_empty());
    });
}
