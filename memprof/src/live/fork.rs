//! Recovery of the table in a forked child: other threads may have been in the middle of an insert or a sweep.

use crate::live::table::Table;
use crate::live::table::slot;
use std::sync::atomic::Ordering::Relaxed;

/// Slots of the largest table that is scanned, because a fork must not take long: 2 MiB of keys, about 100 µs.
const MOST_SLOTS: usize = 1 << 18;

/// In a forked child, which has one thread: ends what other threads of the parent were in the middle of. Nobody ever
/// waits for them, but each thread that is gone could leave one slot unusable and the count of listed records wrong
/// forever. In a sample of more than 65,536 records frees search from then on.
///
/// Counts that those threads had added to the filters stay, because their addresses are unknown: the free of one block
/// in about ten thousand then searches the table in vain.
pub(crate) fn recover() {
    super::sampling::overhead::recover();
    if let Some(table) = super::table() {
        table.recover();
    }
}

impl Table {
    fn recover(&self) {
        self.capacity.recover();
        let reading = self.capacity.look();
        if self.slots() > MOST_SLOTS {
            if reading.is_sampled || reading.listed != 0 {
                self.choice.shut(&self.every);
            }
            return;
        }
        let (mut records, mut listed) = (0, 0);
        // Empty slots, which are most of them, are not written to: that would copy their page for the child.
        let words = (0..self.slots()).map(|number| self.key_at(Self::slot_number(number)));
        for key in words.filter_map(slot::recover) {
            records += 1;
            listed += i64::from(slot::is_listed(key));
        }
        self.capacity.reset(self.max.load(Relaxed) as i64 - records, listed, !self.state().is_exact());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::record::{Drawn, Record};
    use crate::live::sampling::sweep::SHARDS_AT_A_TIME;
    use crate::live::table::Inserted;

    /// It survives every sweep.
    const LARGE: Record = Record { size: 1 << 40, owner_word: 0, ticks: 1, drawn: Drawn::CERTAIN, stack: 0, grown: 0 };

    #[test]
    fn what_others_were_in_the_middle_of_is_ended() {
        let table = Table::create(64).unwrap();
        let kept: Vec<usize> = (1..=10).map(|number| number * 0x1000).collect();
        for &address in &kept {
            assert_eq!(table.insert(address, None, || LARGE), Inserted::Yes);
        }
        // One thread has claimed a slot, one sweep is checking a record, another one a block that was freed meanwhile.
        let slots = || (0..table.slots()).map(|number| table.key_at(Table::slot_number(number)));
        assert!(slot::claim(slots().find(|word| word.load(Relaxed) == 0).unwrap()));
        assert!(table.capacity.take_exact());
        let looked: Vec<u64> = slots().filter_map(slot::look).take(2).collect();
        table.remove_slow(looked[1] as usize);

        table.recover();
        assert_eq!(table.len(), 9);
        for &address in kept.iter().filter(|&&address| address as u64 != looked[1]) {
            assert!(table.take_record(address).is_some(), "{address:#x}");
        }
        assert_eq!(table.len(), 0);
        assert_eq!(slots().filter(|word| word.load(Relaxed) != 0).count(), 0);
    }

    /// A sample of two records. A thread has counted the second one as listed and was about to mark it.
    fn about_to_list(max: usize) -> &'static Table {
        let table = Table::create(max).unwrap();
        for address in [0x1000, 0x2000] {
            assert_eq!(table.insert(address, None, || LARGE), Inserted::Yes);
        }
        assert!(table.coarsen(256, 1));
        let word = (0..table.slots()).map(|number| table.key_at(Table::slot_number(number)));
        assert_eq!(word.filter_map(slot::look).last().map(|_| table.capacity.list()), Some(()));
        table
    }

    /// Frees the records after a sweep of the whole table, which may make frees ask the short filter.
    fn free(table: &Table, addresses: &[usize]) {
        table.list_more(SHARDS_AT_A_TIME);
        for &address in addresses {
            table.list_more(SHARDS_AT_A_TIME);
            assert!(table.may_contain(address), "the free of {address:#x} would be missed");
            assert!(table.take_record(address).is_some());
        }
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn records_that_others_were_about_to_list_are_counted_anew() {
        let table = about_to_list(1000);
        table.recover();
        assert_eq!(table.capacity.look().listed, 0);
        table.insert_chosen(0x3000, None, LARGE);
        free(table, &[0x2000, 0x1000, 0x3000]);
        // The next profile's table is exact, and its fast path finds capacity.
        table.begin(2, 0);
        assert_eq!(table.insert(0x4000, None, || LARGE), Inserted::Yes);
        free(table, &[0x4000]);
    }

    #[test]
    fn frees_search_a_large_sample_for_ever() {
        let table = about_to_list(MOST_SLOTS);
        table.recover();
        for _ in 0..MOST_SLOTS {
            table.list_more(SHARDS_AT_A_TIME);
        }
        assert!(table.choice.look().is(&table.every));
        table.begin(2, 2);
        table.insert_chosen(0x3000, None, LARGE);
        table.limit_to(500);
        table.insert_chosen(0x4000, None, LARGE);
        assert!(table.choice.look().is(&table.every));
    }
}
