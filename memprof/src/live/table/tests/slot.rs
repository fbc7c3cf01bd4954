use crate::live::record::{Drawn, Record};
use crate::live::table::slot::*;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};

const RECORD: Record = Record { size: 5, owner_word: 6, ticks: 7, drawn: Drawn::CERTAIN, stack: 8, grown: 9 };

fn empty() -> (AtomicU64, SlotRecord) {
    let word = || AtomicU64::new(0);
    (word(), SlotRecord { size: word(), owner: AtomicUsize::new(0), ticks: word(), stack: word() })
}

#[test]
fn a_key_can_be_listed_and_made_plain_again() {
    for address in [0x10, 0x1000, 0x7fff_ffff_fff0_usize] {
        let key = key(address);
        assert_eq!((key as usize, is_listed(key), plain(key)), (address, false, key));
        let listed = listed(key);
        assert!(is_listed(listed) && listed != key && listed & LOOKED_AT == 0);
        assert_eq!((plain(listed), crate::live::table::slot::listed(listed)), (key, listed));
    }
}

#[test]
fn the_flags_of_a_key_and_its_address_leave_each_other_alone() {
    // The lowest and the highest address that a block can have.
    for address in [4, (1 << 62) - 1] {
        let word = AtomicU64::new(key(address));
        assert_eq!(look(&word), Some(address as u64));
        assert_eq!(word.load(Relaxed), address as u64 | LOOKED_AT);
        assert!(keep_as(&word, address as u64, listed(address as u64)));
        assert_eq!(look(&word), Some(listed(address as u64)));
        assert!(may_contain(&word, key(address)) && !contains(&word, key(address)));
        assert!(keep(&word, listed(address as u64)));
        assert_eq!(plain(word.load(Relaxed)), address as u64);
    }
}

#[test]
fn a_record_goes_through_its_states() {
    let (word, entry) = empty();
    assert!(claim(&word) && !claim(&word));
    assert_eq!((look(&word), read(&word, &entry)), (None, None));
    fill(&word, &entry, 0x1000, RECORD);
    assert!(contains(&word, 0x1000) && !contains(&word, 0x2000));
    assert_eq!((read(&word, &entry), look(&word)), (Some((0x1000, RECORD)), Some(0x1000)));
    // While it is checked it can be read, but neither taken the fast way nor checked again.
    assert_eq!((contains(&word, 0x1000), may_contain(&word, 0x1000), look(&word)), (false, true, None));
    assert!(!take(&word, 0x1000));
    mark(&entry, Record { size: 50, ..RECORD });
    assert!(keep_as(&word, 0x1000, listed(0x1000)));
    assert_eq!(read(&word, &entry), Some((listed(0x1000), Record { size: 50, ..RECORD })));
    assert!(!contains(&word, 0x1000) && may_contain(&word, 0x1000));
    assert_eq!(take_from_sweep(&word, 0x1000), Removal::Done(listed(0x1000)));
    assert_eq!((take_from_sweep(&word, 0x1000), word.load(Relaxed)), (Removal::Lost, EMPTY));
}

#[test]
fn a_block_freed_under_a_sweep_leaves_its_slot_to_it() {
    let (word, entry) = empty();
    for keeps in [true, false] {
        assert!(claim(&word));
        fill(&word, &entry, 0x1000, RECORD);
        assert_eq!(look(&word), Some(0x1000));
        assert_eq!(take_from_sweep(&word, 0x1000), Removal::LeftToSweep);
        assert_eq!((word.load(Relaxed), read(&word, &entry)), (GONE, None));
        if keeps {
            assert!(!keep(&word, 0x1000));
        } else {
            discard(&word);
        }
        assert_eq!(word.load(Relaxed), EMPTY);
    }
}

#[test]
fn a_forked_child_keeps_records_and_empties_all_else() {
    for (before, key) in [(EMPTY, None), (WRITING, None), (GONE, None), (0x1000, Some(0x1000))] {
        for flag in [0, LOOKED_AT] {
            let word = AtomicU64::new(before | flag);
            assert_eq!((recover(&word), word.load(Relaxed)), (key, key.unwrap_or(EMPTY)));
        }
    }
    let word = AtomicU64::new(listed(0x1000) | LOOKED_AT);
    assert_eq!(recover(&word), Some(listed(0x1000)));
}
