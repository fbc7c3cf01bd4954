//! One slot of the live table.

use crate::record::{Drawn, Record};
use crate::slot::{self, Removal, SlotRecord};
use crate::{in_threads, with_few_preemptions};
use loom::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

/// A live table in small: one slot, and how many records were inserted and settled.
pub(crate) struct Table {
    pub(crate) word: AtomicU64,
    pub(crate) entry: SlotRecord,
    inserted: AtomicU32,
    settled: AtomicU32,
}

/// The one block that there is.
pub(crate) const BLOCK: usize = 0x1000;
/// A record that a sweep discards, and one that it keeps.
const DEAD: Record = record(1);
pub(crate) const ALIVE: Record = record(2);

const fn record(number: u64) -> Record {
    Record {
        size: number,
        owner_word: number as usize,
        ticks: number,
        drawn: Drawn::CERTAIN,
        stack: number as u32,
        grown: number as u32,
    }
}

impl Table {
    /// With the record that a sweep discards.
    pub(crate) fn new() -> &'static Self {
        let entry = SlotRecord {
            size: AtomicU64::new(0),
            owner: AtomicUsize::new(0),
            ticks: AtomicU64::new(0),
            stack: AtomicU64::new(0),
        };
        let (word, zero) = (AtomicU64::new(0), || AtomicU32::new(0));
        let table: &Self = Box::leak(Box::new(Self { word, entry, inserted: zero(), settled: zero() }));
        table.insert(DEAD);
        table
    }

    fn insert(&self, record: Record) {
        if slot::claim(&self.word) {
            self.inserted.fetch_add(1, Ordering::Relaxed);
            slot::fill(&self.word, &self.entry, slot::key(BLOCK), record);
        }
    }

    fn settle(&self) {
        self.settled.fetch_add(1, Ordering::Relaxed);
    }

    /// As the table does before the block is freed.
    pub(crate) fn remove(&self) {
        let key = slot::key(BLOCK);
        let found = slot::contains(&self.word, key) && slot::take(&self.word, key);
        if found
            || (slot::may_contain(&self.word, key)
                && matches!(slot::take_from_sweep(&self.word, key), Removal::Done(_)))
        {
            self.settle();
        }
    }

    /// As the table's sweep.
    fn sweep(&self) {
        if slot::read(&self.word, &self.entry).is_none_or(|(_, record)| record == ALIVE) {
            return;
        }
        let Some(key) = slot::look(&self.word) else { return };
        let survives = self.entry.load() == ALIVE;
        if survives && slot::keep(&self.word, key) {
            return;
        }
        if !survives {
            slot::discard(&self.word);
        }
        self.settle();
    }

    /// Records that should be there now.
    fn left(&self) -> u32 {
        self.inserted.load(Ordering::Relaxed) - self.settled.load(Ordering::Relaxed)
    }

    pub(crate) fn found(&self) -> Option<Record> {
        slot::read(&self.word, &self.entry).map(|(_, record)| record)
    }
}

#[test]
fn a_record_that_is_swept_and_freed_at_once_is_settled_once() {
    with_few_preemptions(|| {
        let table = Table::new();
        in_threads([
            Box::new(|| table.sweep()) as Box<dyn FnOnce() + Send>,
            Box::new(|| table.sweep()),
            Box::new(|| table.remove()),
        ]);
        assert_eq!((table.left(), table.found()), (0, None));
        table.insert(ALIVE);
        assert_eq!(table.found(), Some(ALIVE), "the slot can be used again");
    });
}

#[test]
fn a_sweep_never_discards_the_record_of_the_next_block_at_the_address() {
    with_few_preemptions(|| {
        let table = Table::new();
        in_threads([
            Box::new(|| table.sweep()) as Box<dyn FnOnce() + Send>,
            Box::new(|| {
                table.remove();
                table.insert(ALIVE);
            }),
        ]);
        // While the sweep looks the slot is not free, and the insert takes another.
        let inserted = table.inserted.load(Ordering::Relaxed) == 2;
        assert_eq!(table.found(), inserted.then_some(ALIVE));
        assert_eq!(table.left(), u32::from(inserted));
    });
}

#[test]
fn a_block_that_is_freed_under_a_sweep_leaves_no_record() {
    with_few_preemptions(|| {
        let table = Table::new();
        in_threads([
            Box::new(|| table.sweep()) as Box<dyn FnOnce() + Send>,
            Box::new(|| {
                table.remove();
                table.insert(ALIVE);
                table.remove();
            }),
        ]);
        assert_eq!((table.left(), table.found()), (0, None));
    });
}

#[test]
fn a_copy_is_one_record_or_the_other() {
    with_few_preemptions(|| {
        let table = Table::new();
        in_threads([
            Box::new(|| assert!([None, Some(DEAD), Some(ALIVE)].contains(&table.found()))) as Box<dyn FnOnce() + Send>,
            Box::new(|| {
                table.remove();
                table.insert(ALIVE);
            }),
        ]);
    });
}
