//! What threads leave in the table that were in the middle of an insert or a sweep when another one forked.

use super::slot;
use super::table::Table;
use std::sync::atomic::Ordering::Relaxed;

/// The largest table that is looked through: a fork must not take long. 2 MiB of keys, some 100 µs.
const MOST_SLOTS: usize = 1 << 18;

/// In a forked child, which has one thread: ends what other threads of the parent were in the middle of. Nobody ever waits
/// for it, but each such slot would be lost, one for each thread that is gone. In a table of more than 65,536 records, and
/// in a sample, where it is not known whether a record that was being made was counted as listed, they are: few of many.
///
/// What the threads had counted in the filter stays, because it is not known for which address: a free of one block in
/// some ten thousand then looks further than it had to.
pub(crate) fn recover() {
    if let Some(table) = super::table().filter(|table| table.slots() <= MOST_SLOTS) {
        table.recover();
    }
}

impl Table {
    fn recover(&self) {
        let seen = self.room.look();
        let is_exact = self.state().is_exact() && !seen.is_sampled && seen.listed == 0;
        // Empty slots, most of them, are not written to: the page would be copied for the child.
        let places = (0..self.slots()).map(|number| self.key_at(Self::slot_number(number)));
        for place in places.filter(|place| place.load(Relaxed) != 0) {
            if slot::recover(place, is_exact) {
                self.room.give_back();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::{Drawn, Record};
    use super::super::table::Inserted;
    use super::*;

    #[test]
    fn what_others_were_in_the_middle_of_is_ended() {
        let table = Table::create(64).unwrap();
        let record = Record { size: 8, owner: 0, ticks: 1, drawn: Drawn::CERTAIN, stack: 0, grown: 0 };
        let kept: Vec<usize> = (1..=10).map(|number| number * 0x1000).collect();
        for &address in &kept {
            assert_eq!(table.insert(address, || record), Inserted::Yes);
        }
        // One thread has claimed a slot, one sweep looks at a record, another one at a block that was freed meanwhile.
        let slots = || (0..table.slots()).map(|number| table.key_at(Table::slot_number(number)));
        assert!(slot::claim(slots().find(|place| place.load(Relaxed) == 0).unwrap()));
        assert!(table.room.take_exact());
        let looked: Vec<u64> = slots().filter_map(slot::look).take(2).collect();
        table.forget_elsewhere(looked[1] as usize);

        table.recover();
        assert_eq!(table.tracked(), 9);
        for &address in kept.iter().filter(|&&address| address as u64 != looked[1]) {
            assert!(table.remove(address).is_some(), "{address:#x}");
        }
        assert_eq!(table.tracked(), 0);
        assert_eq!(slots().filter(|place| place.load(Relaxed) != 0).count(), 0);
    }
}
